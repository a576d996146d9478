/**
 * DingTalk: the custom bot of a group, sent Markdown.
 *
 * Its rules (open.dingtalk.com/document/orgapp/custom-robot-access and .../custom-robots-send-group-messages, read 2026-11-28
 * in copies): 20 messages a minute for each bot, and none for 10 minutes after more; if signatures are on, `timestamp` in ms
 * and `sign`, the HMAC-SHA256 of timestamp, line feed and secret by the secret, are added to the URL and valid for an hour. It
 * answers 200 and an `errcode`; a message above 20,000 bytes gets 460101 (timonwong/prometheus-webhook-dingtalk #30).
 *
 * Its Markdown has no documented escapes, so full-width signs replace the marks in texts, and a space without width breaks an
 * address in a text: no part of a text becomes a link or a mention.
 */
import { createHmac } from 'node:crypto';
import { z } from 'zod';
import type { AlertMessage, WordedAlert } from '../alert.ts';
import type { Channel } from '../channel.ts';
import { channelHosts, channelName, hasSecret, onePlace, secretPlace } from './channel-fields.ts';
import type { ChannelDeps } from './channel-deps.ts';
import { integerOf, postCoded, type CodeMeaning } from './coded-answer.ts';
import { cutText } from './cut-text.ts';
import { adviceLine, headingOf, moreLine, placeLine, subheadingOf, timeLine } from './message-lines.ts';
import { fitMessage, type ShownMessage } from './shown-message.ts';
import { withoutLinks } from './without-links.ts';
import { checkSecret } from './secret-check.ts';
import { webhookAddress } from './webhook-host.ts';

export const dingtalkSection = z
  .strictObject({
    name: channelName,
    type: z.literal('dingtalk'),
    ...secretPlace('webhookUrl'),
    ...secretPlace('secret'),
    hosts: channelHosts,
  })
  .superRefine(onePlace('webhookUrl'))
  .superRefine(onePlace('secret', { isNeeded: false }));
export type DingtalkConfig = z.output<typeof dingtalkSection>;

const HOSTS = ['oapi.dingtalk.com'] as const;
/** A little slower than 20 a minute: one message more costs 10 minutes. */
const PACE_MS = 3_500;
const BODY_BYTES_MAX = 18_000;
const RATE_WAIT_MS = 600_000;
const TITLE_MAX = 200;

/**
 * Opens a channel to a custom bot of DingTalk.
 *
 * @throws SidecarError `secret_invalid` if the webhook's address is none, or on another host.
 */
export function openDingtalk(config: DingtalkConfig, deps: ChannelDeps): Channel {
  const receiver = 'DingTalk';
  const address = (): URL =>
    webhookAddress(deps.secret('webhookUrl').reveal(), { receiver, own: HOSTS, added: config.hosts });
  checkSecret(config, address);
  return {
    name: config.name,
    type: 'dingtalk',
    paceMs: PACE_MS,
    async send(message) {
      const url = address();
      if (hasSecret(config, 'secret')) sign(url, deps);
      await postCoded(deps.post, {
        url: url.href,
        body: dingtalkBody(message),
        receiver,
        privateHosts: config.hosts,
        codeOf: ({ errcode }) => integerOf(errcode),
        meaningOf,
      });
      return {};
    },
    close: () => Promise.resolve(),
  };
}

/** Adds timestamp and signature to an address. */
function sign(url: URL, { clock, secret }: ChannelDeps): void {
  const key = secret('secret');
  const timestamp = String(clock.now());
  const signature = createHmac('sha256', key.key()).update(`${timestamp}\n${key.reveal()}`).digest('base64');
  url.searchParams.set('timestamp', timestamp);
  url.searchParams.set('sign', signature);
}

/** Makes the request of a message, within the size limit. */
export function dingtalkBody(message: AlertMessage): string {
  return fitMessage(message, bodyOf, (body) => Buffer.byteLength(body) <= BODY_BYTES_MAX);
}

function bodyOf(message: ShownMessage): string {
  const text = [
    `### ${escapeDingtalk(headingOf(message))}`,
    ...message.alerts.map((alert) => alertText(message, alert)),
    escapeDingtalk(moreLine(message)),
    `> ${escapeDingtalk(placeLine(message))}`,
  ];
  return JSON.stringify({
    msgtype: 'markdown',
    markdown: { title: cutText(headingOf(message), TITLE_MAX), text: paragraphs(text) },
    at: { isAtAll: false },
  });
}

function alertText(message: ShownMessage, alert: WordedAlert): string {
  const subheading = subheadingOf(message, alert);
  return paragraphs([
    subheading === '' ? '' : `**${escapeDingtalk(subheading)}**`,
    escapeDingtalk(alert.finding),
    escapeDingtalk(adviceLine(message, alert)),
    escapeDingtalk(timeLine(message, alert)),
    alert.runbookUrl === '' ? '' : `[${escapeDingtalk(message.frame.runbook)}](${alert.runbookUrl})`,
  ]);
}

function paragraphs(texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join('\n\n');
}

const LIKENESSES: Readonly<Record<string, string>> = {
  '\\': '＼',
  '*': '＊',
  '`': '＇',
  '[': '［',
  ']': '］',
  '<': '＜',
  '>': '＞',
  '#': '＃',
  '~': '～',
  '|': '｜',
};

/** Writes a text of one line without DingTalk's Markdown marks. */
export function escapeDingtalk(text: string): string {
  return withoutLinks(text)
    .replaceAll(/[\\*`[\]<>#~|]/g, (mark) => LIKENESSES[mark] ?? mark)
    .replaceAll(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '＿')
    .replace(/^(\s*)([-+]|\d+[.)])(?=\s)/, '$1\u200b$2');
}

const MEANINGS: ReadonlyMap<number, CodeMeaning> = new Map([
  [-1, { reason: 'it is busy', isFinal: false }],
  [40_035, { reason: 'the request has the wrong shape', isFinal: true }],
  [101_002, { reason: 'the message is too long', isFinal: true }],
  [130_101, { reason: 'too many messages', isFinal: false, retryAfterMs: RATE_WAIT_MS }],
  [300_001, { reason: 'the address has no bot: write the webhook address again', isFinal: true }],
  [300_005, { reason: 'the address has no bot: write the webhook address again', isFinal: true }],
  [400_013, { reason: 'the group was dissolved', isFinal: true }],
  [400_101, { reason: 'the address has no bot: write the webhook address again', isFinal: true }],
  [400_102, { reason: 'the bot is stopped', isFinal: true }],
  [400_105, { reason: 'the kind of message is not supported', isFinal: true }],
  [400_106, { reason: 'the bot is not in its group', isFinal: true }],
  [410_100, { reason: 'too many messages', isFinal: false, retryAfterMs: RATE_WAIT_MS }],
  [430_101, { reason: 'a link in the message counts as unsafe there', isFinal: true }],
  [430_102, { reason: 'it does not allow a text in the message', isFinal: true }],
  [430_104, { reason: 'it does not allow the content of the message', isFinal: true }],
  [460_101, { reason: 'the message is too long', isFinal: true }],
]);

/** 310000 is every refusal of the bot's security settings; only its text names the setting. */
const SECURITY: readonly (readonly [RegExp, string])[] = [
  [/keyword/i, 'the bot asks for keywords: make "kling-sidecar" one of them, every message has it'],
  [/timestamp/i, 'the signature is older than an hour: check the clock of this machine'],
  [/sign/i, 'the signature is wrong: check the secret'],
  [/\bip\b|whitelist/i, "this machine's address is not on the bot's list"],
];

function meaningOf(code: number, { errmsg }: Readonly<Record<string, unknown>>): CodeMeaning {
  const words = typeof errmsg === 'string' ? errmsg : '';
  if (code === 310_000) {
    const reason = SECURITY.find(([pattern]) => pattern.test(words))?.[1];
    return { reason: reason ?? "the bot's security settings refuse it", isFinal: true };
  }
  return MEANINGS.get(code) ?? { reason: 'its meaning is not known', isFinal: false };
}
