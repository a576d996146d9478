/** The judged checklist for people, for programs, and for a pull request. */
import type { LineLevel } from '../check.ts';
import { plainText } from '../plain-text.ts';
import type { Judged } from './checklist.ts';
import type { JudgedLine } from './checklist-lines.ts';
import { packageVersion } from './control-client.ts';
import { fieldsText, roomOf } from './table.ts';
import { paint, type Terminal, type Tone } from './terminal.ts';
import { padText } from './text-width.ts';

const MARKS: Readonly<Record<LineLevel, { text: string; tone: Tone }>> = {
  ok: { text: 'ok', tone: 'good' },
  warn: { text: 'warn', tone: 'warn' },
  fail: { text: 'FAIL', tone: 'bad' },
  'not ours': { text: 'not ours', tone: 'bold' },
};
const LEVELS: readonly LineLevel[] = ['ok', 'warn', 'fail', 'not ours'];
const MARK_WIDTH = 8;

/** The number of lines with each verdict. */
function countsOf(lines: readonly JudgedLine[]): Record<LineLevel, number> {
  const count = (level: LineLevel): number => lines.filter((line) => line.level === level).length;
  return { ok: count('ok'), warn: count('warn'), fail: count('fail'), 'not ours': count('not ours') };
}

function summaryOf({ lines, environment, upstream, fingerprint }: Judged): string {
  const counts = countsOf(lines);
  const each = LEVELS.map((level) => `${counts[level]} ${level}`).join(', ');
  return `${each}. Environment ${environment}, ${upstream}, key ${fingerprint ?? 'not known'}.`;
}

/** Writes headings with their lines, and below each line its finding. */
export function checklistText(terminal: Terminal, judged: Judged): string {
  const { width } = roomOf(terminal);
  let heading = '';
  const parts = judged.lines.map((line) => {
    const title =
      line.heading === heading
        ? ''
        : `${heading === '' ? '' : '\n'}${paint(terminal, 'bold', line.heading)}\n`;
    ({ heading } = line);
    const { text: word, tone } = MARKS[line.level];
    const said = [line.reason, ...(line.remedy === null ? [] : [`→ ${line.remedy}`])].map(plainText);
    const mark = paint(terminal, tone, padText(word, MARK_WIDTH));
    const below = said.map((text): [string, string] => [' '.repeat(MARK_WIDTH), text]);
    return `${title}${fieldsText([[mark, paint(terminal, 'bold', line.line)], ...below], width)}`;
  });
  return `${parts.join('')}\n${summaryOf(judged)}\n`;
}

/** Writes JSON with everything. */
export function checklistJson(judged: Judged): string {
  const { lines, checks, ...rest } = judged;
  return `${JSON.stringify({ version: packageVersion(), ...rest, counts: countsOf(lines), lines, checks }, null, 2)}\n`;
}

const TICKS: Readonly<Record<LineLevel, string>> = {
  ok: '✅ ok',
  warn: '⚠️ warn',
  fail: '❌ fail',
  'not ours': '➖ not ours',
};

/** Writes a Markdown table for each heading. */
export function checklistMarkdown(judged: Judged): string {
  const headings = [...new Set(judged.lines.map(({ heading }) => heading))];
  const tables = headings.map((heading) => {
    const rows = judged.lines
      .filter((line) => line.heading === heading)
      .map(({ level, line, reason, remedy }) => {
        const said = remedy === null ? cell(reason) : `${cell(reason)} **${cell(remedy)}**`;
        return `| ${TICKS[level]} | ${cell(line)} | ${said} |`;
      });
    return [`### ${heading}`, '', '| | line | finding |', '| --- | --- | --- |', ...rows].join('\n');
  });
  return `## Production checklist\n\n${summaryOf(judged)}\n\n${tables.join('\n\n')}\n`;
}

/** Escapes a text for a cell of a table: no character in it acts as Markdown or HTML. */
function cell(text: string): string {
  return plainText(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(/[\\`*_[\]|~]/g, String.raw`\$&`);
}
