/**
 * Feishu and Lark: the custom bot of a group, sent a card.
 *
 * Its rules (open.feishu.cn/document/client-docs/bot-v3/add-custom-bot, read 2026-11-28): 100 messages a minute and 5 a second
 * for each bot, at most 20 KB for each request; if signatures are on, `sign` is the HMAC-SHA256 of an empty text, keyed by the
 * timestamp in seconds, a line feed and the secret, and is valid for an hour. It answers 200 and a `code`; 11232 is its rate
 * limit, which it also reaches by itself at full and half hours. Some refusals come as a 400 with the same body.
 *
 * Every text is in a `plain_text` element: the card makes no link, mention or style of it.
 */
import { createHmac } from 'node:crypto';
import { z } from 'zod';
import type { AlertMessage } from '../alert.ts';
import type { Channel } from '../channel.ts';
import { channelHosts, channelName, hasSecret, onePlace, secretPlace } from './channel-fields.ts';
import type { ChannelDeps } from './channel-deps.ts';
import { integerOf, postCoded, type CodeMeaning } from './coded-answer.ts';
import { alertLines, headingOf, moreLine, placeLine } from './message-lines.ts';
import { fitMessage, messageTone, type ShownMessage, type Tone } from './shown-message.ts';
import { checkSecret } from './secret-check.ts';
import { webhookAddress } from './webhook-host.ts';

export const feishuSection = z
  .strictObject({
    name: channelName,
    type: z.literal('feishu'),
    ...secretPlace('webhookUrl'),
    ...secretPlace('secret'),
    hosts: channelHosts,
  })
  .superRefine(onePlace('webhookUrl'))
  .superRefine(onePlace('secret', { isNeeded: false }));
export type FeishuConfig = z.output<typeof feishuSection>;

const HOSTS = ['open.feishu.cn', 'open.larksuite.com'] as const;
/** A little slower than 100 a minute. */
const PACE_MS = 650;
/** Below 20 KB, with room for the signature. */
const BODY_BYTES_MAX = 19_000;
const RATE_WAIT_MS = 60_000;

/**
 * Opens a channel to a custom bot of Feishu or Lark.
 *
 * @throws SidecarError `secret_invalid` if the webhook's address is none, or on another host.
 */
export function openFeishu(config: FeishuConfig, deps: ChannelDeps): Channel {
  const receiver = 'Feishu';
  const address = (): URL =>
    webhookAddress(deps.secret('webhookUrl').reveal(), { receiver, own: HOSTS, added: config.hosts });
  checkSecret(config, address);
  return {
    name: config.name,
    type: 'feishu',
    paceMs: PACE_MS,
    async send(message) {
      const url = address();
      const signature = hasSecret(config, 'secret') ? signatureOf(deps) : {};
      const body = JSON.stringify({ ...signature, msg_type: 'interactive', card: feishuCard(message) });
      await postCoded(deps.post, {
        url: url.href,
        body,
        receiver,
        privateHosts: config.hosts,
        codeOf: ({ code, StatusCode: older }) => integerOf(code ?? older),
        meaningOf,
      });
      return {};
    },
    close: () => Promise.resolve(),
  };
}

function signatureOf({ clock, secret }: ChannelDeps): { timestamp: string; sign: string } {
  const timestamp = String(Math.floor(clock.now() / 1_000));
  const key = `${timestamp}\n${secret('secret').reveal()}`;
  return { timestamp, sign: createHmac('sha256', key).digest('base64') };
}

const TEMPLATES: Readonly<Record<Tone, string>> = {
  page: 'red',
  ticket: 'orange',
  info: 'blue',
  over: 'green',
};

/** Makes the card of a message, within the size limit. */
export function feishuCard(message: AlertMessage): object {
  return fitMessage(message, cardOf, (card) => Buffer.byteLength(JSON.stringify(card)) <= BODY_BYTES_MAX);
}

function cardOf(message: ShownMessage): object {
  const elements = message.alerts.flatMap((alert, index): object[] => [
    ...(index === 0 ? [] : [{ tag: 'hr' }]),
    { tag: 'div', text: plainText(alertLines(message, alert).join('\n')) },
    ...(alert.runbookUrl === '' ? [] : [linkButton(message.frame.runbook, alert.runbookUrl)]),
  ]);
  const more = moreLine(message);
  return {
    config: { wide_screen_mode: true },
    header: { template: TEMPLATES[messageTone(message)], title: plainText(headingOf(message)) },
    elements: [
      ...elements,
      ...(more === '' ? [] : [{ tag: 'div', text: plainText(more) }]),
      { tag: 'note', elements: [plainText(placeLine(message))] },
    ],
  };
}

function plainText(content: string): object {
  return { tag: 'plain_text', content };
}

function linkButton(text: string, url: string): object {
  return { tag: 'action', actions: [{ tag: 'button', type: 'default', text: plainText(text), url }] };
}

const MEANINGS: ReadonlyMap<number, CodeMeaning> = new Map([
  [9499, { reason: 'the request has the wrong shape', isFinal: true }],
  [11232, { reason: 'too many messages', isFinal: false, retryAfterMs: RATE_WAIT_MS }],
  [19001, { reason: 'the address has no bot: write the webhook address again', isFinal: true }],
  [19002, { reason: 'the request has the wrong shape', isFinal: true }],
  [19007, { reason: 'the bot is not enabled in its group', isFinal: true }],
  [
    19021,
    {
      reason: 'the signature is wrong or older than an hour: check the secret, and the clock of this machine',
      isFinal: true,
    },
  ],
  [19022, { reason: "this machine's address is not on the bot's list", isFinal: true }],
  [
    19024,
    {
      reason: 'the bot asks for keywords: make "kling-sidecar" one of them, every message has it',
      isFinal: true,
    },
  ],
]);

function meaningOf(code: number, { msg }: Readonly<Record<string, unknown>>): CodeMeaning {
  if (typeof msg === 'string' && /too many|frequency|rate limit/i.test(msg)) {
    return { reason: 'too many messages', isFinal: false, retryAfterMs: RATE_WAIT_MS };
  }
  return MEANINGS.get(code) ?? { reason: 'its meaning is not known', isFinal: false };
}
