/** Checks as lines for people: level, name, finding, advice. */
import { plainText } from '../plain-text.ts';
import type { Check, Level } from '../check.ts';
import { fieldsText, roomOf } from './table.ts';
import { paint, type Terminal, type Tone } from './terminal.ts';
import { padText, textWidth } from './text-width.ts';

const MARKS: Readonly<Record<Level, { text: string; tone: Tone }>> = {
  ok: { text: 'ok', tone: 'good' },
  note: { text: 'note', tone: 'bold' },
  warn: { text: 'warn', tone: 'warn' },
  fail: { text: 'FAIL', tone: 'bad' },
};

/** Writes checks as lines; names have at least `nameWidthMin` cells, so that lines that are printed one by one align. */
export function checkLines(terminal: Terminal, checks: readonly Check[], nameWidthMin = 0): string {
  const nameWidth = Math.max(nameWidthMin, ...checks.map(({ name }) => textWidth(name)));
  const fields = checks.map(({ level, name, finding, advice }): [string, string] => {
    const { text, tone } = MARKS[level];
    const said = plainText(advice === null ? finding : `${finding} ${advice}`);
    return [`${paint(terminal, tone, text.padEnd(4))}  ${padText(name, nameWidth)}`, said];
  });
  return fieldsText(fields, roomOf(terminal).width);
}
