/**
 * Discord: a channel's webhook, sent one embed for each alert.
 *
 * Its rules (discord.com/developers/docs, resources/webhook, resources/message and topics/rate-limits, read 2026-11-28): at most
 * 10 embeds of together 6,000 characters, a title of 256, a description of 4,096, a field's value of 1,024, a footer of 2,048,
 * a content of 2,000; without `wait=true` a message that is not kept is no error; embeds of one URL are shown once, so an
 * alert's runbook is a link in a field. The headers give the limits: a 429 has `Retry-After` and `retry_after`. In
 * practice a webhook may send 5 messages in 2 s and 30 a minute. A 404 means that the webhook is gone: more tries are punished.
 *
 * Nobody is mentioned: `allowed_mentions` parses nothing. Marks in texts are escaped.
 */
import { z } from 'zod';
import type { AlertMessage, WordedAlert } from '../alert.ts';
import type { Channel } from '../channel.ts';
import { channelName, onePlace, secretPlace } from './channel-fields.ts';
import type { ChannelDeps } from './channel-deps.ts';
import { jsonObject } from './coded-answer.ts';
import { cutText } from './cut-text.ts';
import { adviceLine, headingOf, moreLine, placeLine, subheadingOf } from './message-lines.ts';
import type { Explanation, PostAnswer } from './post.ts';
import { alertTone, fitMessage, type ShownMessage, type Tone } from './shown-message.ts';
import { checkSecret } from './secret-check.ts';
import { anyAddress } from './webhook-host.ts';
import { withoutLinks } from './without-links.ts';

export const discordSection = z
  .strictObject({ name: channelName, type: z.literal('discord'), ...secretPlace('webhookUrl') })
  .superRefine(onePlace('webhookUrl'));
export type DiscordConfig = z.output<typeof discordSection>;

const PACE_MS = 2_000;
const EMBEDS_MAX = 10;
const CONTENT_MAX = 2_000;
const TITLE_MAX = 256;
const DESCRIPTION_MAX = 4_096;
const FIELD_MAX = 1_024;
const FOOTER_MAX = 2_048;
const CHARACTERS_MAX = 6_000;

/**
 * Opens a channel to a webhook of Discord.
 *
 * @throws SidecarError `secret_invalid` if the webhook's address is none.
 */
export function openDiscord(config: DiscordConfig, deps: ChannelDeps): Channel {
  const receiver = 'Discord';
  const address = (): URL => anyAddress(deps.secret('webhookUrl').reveal(), receiver);
  checkSecret(config, address);
  return {
    name: config.name,
    type: 'discord',
    paceMs: PACE_MS,
    async send(message) {
      const url = address();
      url.searchParams.set('wait', 'true');
      await deps.post({ url: url.href, body: JSON.stringify(discordBody(message)), receiver, explain });
      return {};
    },
    close: () => Promise.resolve(),
  };
}

function explain({ status, body }: PostAnswer): Explanation | null {
  if (status === 404)
    return { reason: 'the webhook was deleted: write the webhook address again', isFinal: true };
  if (status !== 429) return null;
  const { retry_after: seconds } = jsonObject(body);
  const isKnown = typeof seconds === 'number' && seconds >= 0 && seconds < 86_400;
  const reason = 'too many messages';
  return isKnown ? { reason, retryAfterMs: Math.ceil(seconds * 1_000) } : { reason };
}

interface Embed {
  /** Absent if it would be empty, like the description: Discord refuses empty texts. */
  title?: string;
  description?: string;
  color: number;
  timestamp: string;
  fields: readonly { name: string; value: string; inline: boolean }[];
  footer: { text: string };
}

interface Body {
  content: string;
  embeds: readonly Embed[];
  allowed_mentions: { parse: readonly string[] };
}

/** Makes the request of a message, within the size limit. */
export function discordBody(message: AlertMessage): Body {
  return fitMessage(message, bodyOf, isWithin);
}

function bodyOf(message: ShownMessage): Body {
  const content = [headingOf(message), moreLine(message)].filter((text) => text !== '');
  return {
    content: cutText(content.join(' · '), CONTENT_MAX, escapeDiscord),
    embeds: message.alerts.map((alert) => embedOf(message, alert)),
    allowed_mentions: { parse: [] },
  };
}

const COLOURS: Readonly<Record<Tone, number>> = {
  page: 0xd92d20,
  ticket: 0xf79009,
  info: 0x2e90fa,
  over: 0x12b76a,
};

function embedOf(message: ShownMessage, alert: WordedAlert): Embed {
  const { frame } = message;
  const texts = [alert.finding, adviceLine(message, alert)].filter((text) => text !== '');
  const title = cutText(subheadingOf(message, alert), TITLE_MAX, escapeDiscord);
  const description = cutText(texts.join('\n\n'), DESCRIPTION_MAX, escapeDiscord);
  const field = (name: string, value: string): Embed['fields'][number] => ({ name, value, inline: true });
  const fields = [field(escapeDiscord(frame.since), escapeDiscord(frame.time(alert.startedAt)))];
  if (alert.endedAt !== null) {
    fields.push(field(escapeDiscord(frame.until), escapeDiscord(frame.time(alert.endedAt))));
  }
  const link = `[${escapeDiscord(alert.rule)}](${alert.runbookUrl})`;
  if (alert.runbookUrl !== '' && link.length <= FIELD_MAX)
    fields.push(field(escapeDiscord(frame.runbook), link));
  return {
    ...(title === '' ? {} : { title }),
    ...(description === '' ? {} : { description }),
    color: COLOURS[alertTone(alert)],
    timestamp: new Date(alert.at).toISOString(),
    fields,
    footer: { text: cutText(placeLine(message), FOOTER_MAX) },
  };
}

function isWithin({ embeds }: Body): boolean {
  return (
    embeds.length <= EMBEDS_MAX &&
    embeds.reduce((sum, embed) => sum + charactersOf(embed), 0) <= CHARACTERS_MAX
  );
}

function charactersOf({ title = '', description = '', fields, footer }: Embed): number {
  const texts = [title, description, footer.text, ...fields.flatMap(({ name, value }) => [name, value])];
  return texts.reduce((sum, text) => sum + text.length, 0);
}

/** Writes a text so that Discord shows it unchanged; only marks are escaped, since push notifications show the escapes. */
export function escapeDiscord(text: string): string {
  return withoutLinks(text)
    .replaceAll(/[\\*~`|<[\]]|:(?=\w+:)/g, '\\$&')
    .replaceAll(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '\\_')
    .replaceAll(/^(\s*)([-+#>])/gm, '$1\\$2')
    .replaceAll(/^(\s*\d+)\.(?=\s)/gm, '$1\\.');
}
