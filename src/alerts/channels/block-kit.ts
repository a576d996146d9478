/**
 * Slack's Block Kit: the four kinds of blocks of an alert, within Slack's limits.
 *
 * Limits: docs.slack.dev, reference/block-kit (blocks/header-block, section-block, context-block, composition-objects/text-object)
 * and reference/methods/chat.postMessage, read 2026-11-28. All blocks of a message together have an undocumented limit of
 * about 13,000 characters (`msg_blocks_too_long`; slackapi/bolt-js #2509).
 *
 * **Invariant**: {@link plain} or {@link literal} writes every text from elsewhere, so that it has no mentions, links or
 * formats. Slack reads `&`, `<` and `>` as markup everywhere, and `*`, `_`, `~` and a back-tick in mrkdwn. `verbatim`
 * keeps Slack from making links and mentions by itself.
 */
import { cutText } from './cut-text.ts';

export const BLOCKS_MAX = 50;
/** The limit of all blocks as JSON, in bytes of UTF-8: below the limit that people reported. */
const BLOCK_BYTES_MAX = 12_000;
const HEADER_MAX = 150;
const TEXT_MAX = 3_000;
const FIELD_MAX = 2_000;
const FIELDS_MAX = 10;
const ELEMENTS_MAX = 10;
const BLOCK_ID_MAX = 255;

interface PlainText {
  type: 'plain_text';
  text: string;
  emoji: boolean;
}

interface Mrkdwn {
  type: 'mrkdwn';
  text: string;
  verbatim: true;
}

export type SlackBlock =
  | { type: 'header'; text: PlainText }
  | { type: 'section'; text?: Mrkdwn; fields?: readonly Mrkdwn[]; expand: true }
  | { type: 'context'; elements: readonly Mrkdwn[]; block_id?: string }
  | { type: 'divider' };

/** A piece of mrkdwn; only {@link literal}, {@link strong}, {@link link} and {@link joined} make one. */
export type Markup = string & { readonly brand: 'mrkdwn' };

/** A character without width that is no part of a word. */
const BREAK = '\u200b';
/** Other servers that take Slack's messages notify everybody at such a word. */
const EVERYBODY = /@(?=here|channel|everyone|all)/gi;
/** Slack reads a sign as markup only at the edge of a word, so the character that prevents it is on both sides. */
const MARKS = /(?<![\p{L}\p{N}*_~`])[*_~`]+|[*_~`]+(?![\p{L}\p{N}*_~`])/gu;
const EMOJI = /:(?=[a-z0-9_+-]*[a-z][a-z0-9_+-]*:)/gi;

/** Writes a text for plain places: a header, or the fallback of a message. */
export function plain(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(EVERYBODY, `@${BREAK}`);
}

/** Writes a text so that mrkdwn shows it unchanged, in at most `max` UTF-16 units. */
export function literal(text: string, max: number = TEXT_MAX): Markup {
  return cutText(text, max, escapeMrkdwn) as Markup;
}

function escapeMrkdwn(text: string): string {
  const unmarked = text
    .replaceAll(MARKS, (marks) => [...marks].map((mark) => `${BREAK}${mark}${BREAK}`).join(''))
    .replaceAll(EMOJI, `:${BREAK}`);
  return plain(unmarked);
}

/** Writes a text in bold; an empty one stays empty. */
export function strong(text: string): Markup {
  const shown = literal(text).trim();
  return (shown === '' ? '' : `*${shown}*`) as Markup;
}

/** Writes a link; `url` is one that browsers accept, without `<`, `>` and `|`. Without a URL, only the text. */
export function link(url: string, text: string): Markup {
  if (url === '') return literal(text);
  return `<${url.replaceAll('&', '&amp;')}|${literal(text)}>` as Markup;
}

/** Joins pieces that are not empty. */
export function joined(separator: '\n' | ' · ' | ' ', ...pieces: readonly string[]): Markup {
  return pieces.filter((piece) => piece !== '').join(separator) as Markup;
}

/** Makes the large first line of a message. */
export function header(text: string): SlackBlock {
  return {
    type: 'header',
    text: { type: 'plain_text', text: cutText(text, HEADER_MAX, plain), emoji: true },
  };
}

/** Makes a paragraph that is shown in full. Without a text none, since Slack would refuse it. */
export function section(text: Markup): SlackBlock[] {
  return text === '' ? [] : [{ type: 'section', text: mrkdwn(text), expand: true }];
}

/** Makes texts in columns, at most 10; empty ones are left out. */
export function fields(...texts: readonly Markup[]): SlackBlock[] {
  const shown = texts.filter((text) => text !== '').slice(0, FIELDS_MAX);
  return shown.length === 0 ? [] : [{ type: 'section', fields: shown.map(mrkdwn), expand: true }];
}

/** Makes a line of small text, of at most 10 pieces; `id` names the block to programs. */
export function context(id: string | null, ...texts: readonly Markup[]): SlackBlock[] {
  const shown = texts.filter((text) => text !== '').slice(0, ELEMENTS_MAX);
  if (shown.length === 0) return [];
  const named = id === null ? {} : { block_id: id.slice(0, BLOCK_ID_MAX) };
  return [{ type: 'context', elements: shown.map(mrkdwn), ...named }];
}

export const DIVIDER: SlackBlock = { type: 'divider' };

function mrkdwn(text: Markup): Mrkdwn {
  return { type: 'mrkdwn', text, verbatim: true };
}

/** Returns whether blocks are within the limits of a message: their number, their sizes, and all together. */
export function isWithinLimits(blocks: readonly SlackBlock[]): boolean {
  return (
    blocks.length <= BLOCKS_MAX &&
    blocks.every(isBlockWithin) &&
    Buffer.byteLength(JSON.stringify(blocks)) <= BLOCK_BYTES_MAX
  );
}

function isBlockWithin(block: SlackBlock): boolean {
  switch (block.type) {
    case 'header':
    case 'divider':
      return true;
    case 'section':
      return (
        (block.text?.text.length ?? 0) <= TEXT_MAX &&
        (block.fields ?? []).every(({ text }) => text.length <= FIELD_MAX)
      );
    case 'context':
      return block.elements.every(({ text }) => text.length <= TEXT_MAX);
  }
}
