/**
 * Reads Markdown as `markup.ts` writes it, back into blocks: a letter that was written to a file, and perhaps edited there.
 *
 * **Invariant**: what {@link toMarkdown} wrote gives the same blocks. Of any other text every word is kept, and what is not read here
 * (links, quotes, nested lists) stays as its characters. Nothing becomes a tag or a link.
 */
import { heading, list, paragraph, table, type Block, type Text, type TextRun } from './markup.ts';

const HEADING = /^(#{1,6}) +(.*)$/;
const POINT = /^\s{0,3}(?:[-*+]|(\d{1,9})[.)]) +(.*)$/;
const ROW = /^\s*\|(.*)\|\s*$/;
const RULE = /^[\s|:-]*-[\s|:-]*$/;
/** What a backslash may hide (CommonMark 0.31.2, section 2.4). */
const PUNCTUATION = /[!-/:-@[-`{-~]/;

/** Reads a text into blocks. */
export function fromMarkdown(markdown: string): Block[] {
  const blocks: Block[] = [];
  let lines: string[] = [];
  const end = (): void => {
    if (lines.length > 0) blocks.push(blockOf(lines));
    lines = [];
  };
  let kind: Kind | null = null;
  for (const line of markdown.split(/\r?\n/)) {
    const next = kindOf(line);
    if (next !== kind || next === 'heading') end();
    kind = next;
    if (next !== null) lines.push(line);
  }
  end();
  return blocks;
}

type Kind = 'heading' | 'points' | 'numbers' | 'table' | 'text';

function kindOf(line: string): Kind | null {
  if (line.trim() === '') return null;
  if (HEADING.test(line)) return 'heading';
  if (ROW.test(line)) return 'table';
  const point = POINT.exec(line);
  if (!point) return 'text';
  return point[1] === undefined ? 'points' : 'numbers';
}

/** Makes a block of lines of one kind. */
function blockOf(lines: readonly string[]): Block {
  const [first = ''] = lines;
  const kind = kindOf(first);
  const [, hashes = '', title = ''] = HEADING.exec(first) ?? [];
  if (kind === 'heading') return heading(hashes.length === 1 ? 1 : 2, inline(title));
  if (kind === 'table') return tableOf(lines);
  if (kind === 'points' || kind === 'numbers') {
    return list(
      lines.map((line) => inline(POINT.exec(line)?.[2] ?? '')),
      kind === 'numbers',
    );
  }
  return paragraph(inline(lines.map((line) => line.trim()).join(' ')));
}

function tableOf(lines: readonly string[]): Block {
  const rows = lines.map(cellsOf);
  const [head = [], ...rest] = rows;
  const hasHead = lines.length > 1 && RULE.test(lines[1] ?? '');
  if (!hasHead) return table(null, rows);
  return table(head.every((cell) => cell.length === 0) ? null : head, rest.slice(1));
}

/** Splits a row at its bars; a bar after a backslash belongs to a cell, in code too (GFM 0.29, section 4.10). */
function cellsOf(line: string): Text[] {
  const inner = ROW.exec(line)?.[1] ?? '';
  return inner.split(/(?<!\\)\|/).map((cell) => inline(cell.trim()));
}

/** Reads bold and code; everything else is plain. */
function inline(text: string): Text {
  const runs: TextRun[] = [];
  let isBold = false;
  let plain = '';
  const end = (): void => {
    if (plain !== '') runs.push({ style: isBold ? 'bold' : 'plain', text: plain });
    plain = '';
  };
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? '';
    const next = text[at + 1] ?? '';
    const closing = char === '`' ? text.indexOf('`', at + 1) : -1;
    if (char === '\\' && PUNCTUATION.test(next)) {
      plain += next;
      at += 1;
    } else if (char === '*' && next === '*') {
      end();
      isBold = !isBold;
      at += 1;
    } else if (closing > at) {
      end();
      runs.push({ style: 'code', text: text.slice(at + 1, closing).replaceAll('\\|', '|') });
      at = closing;
    } else plain += char;
  }
  end();
  return runs;
}
