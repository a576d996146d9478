/**
 * Documents as typed blocks, written as Markdown or as HTML.
 *
 * **Invariant**: every text is shown unchanged. Text of an operator, a log or the vendor can make no heading, list,
 * table cell, link or tag: only {@link bold} and {@link code} make bold and code.
 */

/** A run of text in one style. */
export interface TextRun {
  style: 'plain' | 'bold' | 'code';
  text: string;
}
export type Text = readonly TextRun[];
type Value = string | number | Text | TextRun;

/** A block of a document. Headings have level 1 or 2; a table without a head begins with its rows. */
export type Block =
  | { kind: 'heading'; level: 1 | 2; text: Text }
  | { kind: 'paragraph'; text: Text }
  | { kind: 'list'; ordered: boolean; items: readonly Text[] }
  | { kind: 'table'; head: readonly Text[] | null; rows: readonly (readonly Text[])[] };

/** Makes a text from words and values; both are shown unchanged. */
export function say(words: TemplateStringsArray, ...values: readonly Value[]): Text {
  return words.flatMap((word, index) => [...runsOf(word), ...runsOf(values[index] ?? '')]);
}

/** Makes a text in bold. */
export function bold(text: string | number): TextRun {
  return { style: 'bold', text: String(text) };
}

/** Makes a text in the letters of code: names of files, columns and fields. */
export function code(text: string): TextRun {
  return { style: 'code', text };
}

/** Joins texts, with a text between them. */
export function joinTexts(texts: readonly Text[], between = ''): Text {
  return texts.flatMap((text, index) => (index === 0 || between === '' ? text : [plain(between), ...text]));
}

/** Gives the characters of a text, without its styles. */
export function plainTextOf(text: Text): string {
  return text.map((run) => run.text).join('');
}

function runsOf(value: Value): Text {
  if (typeof value === 'number') return [plain(String(value))];
  if (typeof value === 'string') return value === '' ? [] : [plain(value)];
  return 'style' in value ? [value] : value;
}

function plain(text: string): TextRun {
  return { style: 'plain', text };
}

/** Makes a heading. */
export function heading(level: 1 | 2, text: Text): Block {
  return { kind: 'heading', level, text };
}

/** Makes a paragraph. */
export function paragraph(text: Text): Block {
  return { kind: 'paragraph', text };
}

/** Makes a list, numbered where `ordered`. */
export function list(items: readonly Text[], ordered = false): Block {
  return { kind: 'list', ordered, items };
}

/** Makes a table. */
export function table(head: readonly Text[] | null, rows: readonly (readonly Text[])[]): Block {
  return { kind: 'table', head, rows };
}

/** Writes blocks as Markdown (CommonMark with tables). */
export function toMarkdown(blocks: readonly Block[]): string {
  return `${blocks.map(blockMarkdown).join('\n\n')}\n`;
}

function blockMarkdown(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `${'#'.repeat(block.level)} ${inlineMarkdown(block.text)}`;
    case 'paragraph':
      return guardStart(inlineMarkdown(block.text));
    case 'list':
      return block.items
        .map((item, index) => `${block.ordered ? `${index + 1}.` : '-'} ${guardStart(inlineMarkdown(item))}`)
        .join('\n');
    case 'table':
      return tableMarkdown(block.head, block.rows);
  }
}

function tableMarkdown(head: readonly Text[] | null, rows: readonly (readonly Text[])[]): string {
  const width = head?.length ?? rows[0]?.length ?? 0;
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const cellsOf = (cells: readonly Text[]): string[] => cells.map(inlineMarkdown);
  return [
    line(head ? cellsOf(head) : Array.from({ length: width }, () => '')),
    line(Array.from({ length: width }, () => '---')),
    ...rows.map((row) => line(cellsOf(row))),
  ].join('\n');
}

function inlineMarkdown(text: Text): string {
  return text
    .map((run) => {
      if (run.style === 'code') return `\`${oneLine(run.text).replaceAll('`', "'").replaceAll('|', '\\|')}\``;
      const escaped = escapeMarkdown(run.text);
      return run.style === 'bold' ? `**${escaped}**` : escaped;
    })
    .join('');
}

/** Characters that show nothing, or turn the direction of what follows. */
const INVISIBLE = /[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const BREAKS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;

/** Gives a text as one line, without invisible characters. */
export function oneLine(text: string): string {
  return text.replaceAll(INVISIBLE, '').replaceAll(BREAKS, ' ');
}

/** Writes a text so that Markdown shows it unchanged, on one line. */
export function escapeMarkdown(text: string): string {
  return oneLine(text)
    .replaceAll(/[\\`*[<|~]/g, '\\$&')
    .replaceAll(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '\\_')
    .replaceAll(/&(?=#?\w+;)/g, '\\&');
}

/** Keeps the beginning of a block from being read as a heading, a quote, a list or a rule. */
function guardStart(text: string): string {
  return text.replace(/^(\s*)([#>+=-])/, '$1\\$2').replace(/^(\s*\d+)([.)])(?=\s|$)/, '$1\\$2');
}

/** Writes blocks as HTML, a line each. */
export function toHtml(blocks: readonly Block[]): string {
  return blocks.map(blockHtml).join('\n');
}

function blockHtml(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `<h${block.level}>${inlineHtml(block.text)}</h${block.level}>`;
    case 'paragraph':
      return `<p>${inlineHtml(block.text)}</p>`;
    case 'list': {
      const tag = block.ordered ? 'ol' : 'ul';
      return `<${tag}>${block.items.map((item) => `<li>${inlineHtml(item)}</li>`).join('')}</${tag}>`;
    }
    case 'table':
      return tableHtml(block.head, block.rows);
  }
}

function tableHtml(head: readonly Text[] | null, rows: readonly (readonly Text[])[]): string {
  const row = (cells: readonly Text[], tag: 'td' | 'th'): string =>
    `<tr>${cells.map((cell) => `<${tag}>${inlineHtml(cell)}</${tag}>`).join('')}</tr>`;
  const body = rows.map((cells) => row(cells, 'td')).join('\n');
  return `<table>${head ? `<thead>${row(head, 'th')}</thead>` : ''}<tbody>${body}</tbody></table>`;
}

function inlineHtml(text: Text): string {
  const tags = { plain: null, bold: 'strong', code: 'code' } as const;
  return text
    .map(({ style, text: shown }) => {
      const tag = tags[style];
      const escaped = escapeXml(oneLine(shown));
      return tag === null ? escaped : `<${tag}>${escaped}</${tag}>`;
    })
    .join('');
}

/** Makes text safe within XML and HTML, attributes included. */
export function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
