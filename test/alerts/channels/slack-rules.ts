/**
 * What Slack refuses of a message, from its documentation and not from our own code: docs.slack.dev, reference/block-kit and
 * reference/methods/chat.postMessage (errors), read 2026-11-28. Stricter where Slack is silent: nothing unknown is taken.
 */
type Json = Readonly<Record<string, unknown>>;

/** Slack's word for why a message is refused, with what we see as the cause; null where it is taken. */
export function refusedBySlack(message: Json): string | null {
  const { text, blocks } = message;
  if (typeof text !== 'string' || text === '') return 'no_text';
  if (text.length > 4_000) return `msg_too_long: a fallback of ${text.length}`;
  if (mentions(text)) return 'the fallback has markup';
  if (!Array.isArray(blocks) || blocks.length === 0) return 'invalid_blocks: none';
  if (blocks.length > 50) return `invalid_blocks: ${blocks.length} of them`;
  if (JSON.stringify(blocks).length > 13_000) return 'msg_blocks_too_long';
  const ids = blocks.map((block) => (block as Json)['block_id']).filter((id) => id !== undefined);
  if (new Set(ids).size !== ids.length) return 'invalid_blocks: a block_id twice';
  for (const block of blocks) {
    const fault = blockFault(block as Json);
    if (fault !== null) return `invalid_blocks: ${fault}`;
  }
  return null;
}

function blockFault(block: Json): string | null {
  const { type, block_id: id } = block;
  if (id !== undefined && (typeof id !== 'string' || id.length === 0 || id.length > 255)) return 'block_id';
  switch (type) {
    case 'header':
      return unknownKey(block, ['text']) ?? textFault(block['text'], { types: ['plain_text'], max: 150 });
    case 'section':
      return unknownKey(block, ['text', 'fields', 'expand']) ?? sectionFault(block);
    case 'context':
      return unknownKey(block, ['elements']) ?? listFault(block['elements'], 3_000);
    case 'divider':
      return unknownKey(block, []);
    default:
      return `unsupported type ${String(type)}`;
  }
}

function sectionFault({ text, fields, expand }: Json): string | null {
  if (text === undefined && fields === undefined) return 'a section without text and fields';
  if (expand !== undefined && typeof expand !== 'boolean') return 'expand';
  const types = ['mrkdwn', 'plain_text'];
  return (
    (text === undefined ? null : textFault(text, { types, max: 3_000 })) ??
    (fields === undefined ? null : listFault(fields, 2_000))
  );
}

function listFault(list: unknown, max: number): string | null {
  if (!Array.isArray(list) || list.length === 0 || list.length > 10) return 'a list of 1 to 10 texts';
  for (const each of list) {
    const fault = textFault(each, { types: ['mrkdwn', 'plain_text'], max });
    if (fault !== null) return fault;
  }
  return null;
}

function textFault(value: unknown, { types, max }: { types: string[]; max: number }): string | null {
  const object = (value ?? {}) as Json;
  const { type, text, emoji, verbatim } = object;
  if (typeof type !== 'string' || !types.includes(type)) return `a text of type ${String(type)}`;
  if (typeof text !== 'string' || text.length === 0) return 'an empty text';
  if (text.length > max) return `must be less than ${max + 1} characters`;
  if (type === 'plain_text' ? verbatim !== undefined : emoji !== undefined) return 'a flag of another type';
  const strange = Object.keys(object).filter((key) => !['type', 'text', 'emoji', 'verbatim'].includes(key));
  if (strange.length > 0) return `unknown ${strange.join(', ')}`;
  if (type === 'mrkdwn' && verbatim !== true) return 'texts of others that may link and mention';
  if (!text.isWellFormed()) return 'half a character';
  return (type === 'mrkdwn' ? mentions(text.replaceAll(OUR_LINK, '')) : mentions(text)) ? 'markup' : null;
}

function unknownKey(block: Json, keys: readonly string[]): string | null {
  const strange = Object.keys(block).filter((key) => !['type', 'block_id', ...keys].includes(key));
  return strange.length === 0 ? null : `unknown ${strange.join(', ')}`;
}

/** The one link that alerts have. */
const OUR_LINK = /<https:\/\/docs\.example\/[\w/.-]+\|[^<>|]+>/g;

/** Slack reads `<…>` as a mention, a link or a command, and `&` as the beginning of an escape. */
function mentions(text: string): boolean {
  return /[<>]|&(?!(?:amp|lt|gt);)|@(?:here|channel|everyone|all)/i.test(text);
}
