/**
 * Tables and lists of fields for people.
 *
 * On a terminal a table keeps to its width: long texts are cut, then the columns that matter least are left out, and
 * where even the rest has no room each row becomes a list of its fields. Into a pipe goes everything, as it is.
 *
 * **Invariant**: no line of a table is wider than the room that it was laid out for.
 */
import { commonZone } from '../budget/budget-rule.ts';
import type { Config } from '../config/config.ts';
import { localParts } from '../zone.ts';
import type { RowValues } from './rows.ts';
import { plainText } from '../plain-text.ts';
import { paint, type Terminal } from './terminal.ts';
import { cutText, padText, textWidth, wrapText } from './text-width.ts';

/** A column of a table: the row's field, and its heading. */
export interface Column {
  field: string;
  title: string;
  /**
   * `time` is an instant, shown to the minute in the room's zone, `own-time` one in that of the row's `timeZone`;
   * `money` has two places, more where the amount is below a hundredth.
   */
  kind?: 'time' | 'own-time' | 'money';
  /** Columns with a number may be left out where there is no room, the lowest number first. */
  drop?: number;
  /** A long text that may be cut. */
  cut?: true;
}

/** What a table has to keep to. */
export interface Room {
  /** Cells of a line; infinite for a pipe. */
  width: number;
  /** The zone of times; null leaves them as they are, ISO 8601 in UTC. */
  zone: string | null;
}

/** A table as it goes into a pipe. */
export const EVERYTHING: Room = { width: Infinity, zone: null };

const WIDTH_DEFAULT = 80;
/** The least that is left of a text that is cut. */
const CUT_WIDTH_MIN = 20;
const GAP = '  ';

/** Gives the room of a command's tables; `zone` is that of its times. */
export function roomOf(terminal: Terminal, zone = 'UTC'): Room {
  return terminal.isTerminal ? { width: terminal.columns ?? WIDTH_DEFAULT, zone } : EVERYTHING;
}

/** Gives the zone in which an operator thinks: that of the budgets, where they have one in common, else UTC. */
export function zoneOf({ budgets }: Pick<Config, 'budgets'>): string {
  return commonZone(budgets) ?? 'UTC';
}

/** A table's columns with their widths, settled by its first rows. */
export interface Layout {
  room: Room;
  columns: readonly (Column & { width: number; isNumeric: boolean })[];
  /** Titles of the columns that were left out. */
  dropped: readonly string[];
  /** Whether each row is a list of its fields. */
  isListed: boolean;
}

/** Lays a table out for its room. */
export function layOut(rows: readonly RowValues[], columns: readonly Column[], room: Room): Layout {
  const full = columns.map((column) => ({
    ...column,
    width: Math.max(
      textWidth(column.title),
      ...rows.map((row) => textWidth(cellText(row, column, room.zone))),
    ),
    isNumeric: rows.some((row) => typeof row[column.field] === 'number'),
  }));
  const kept = [...full];
  const dropped: string[] = [];
  while (leastWidth(kept) > room.width) {
    const next = kept
      .filter(({ drop }) => drop !== undefined)
      .sort((a, b) => (a.drop ?? 0) - (b.drop ?? 0))[0];
    if (next === undefined) break;
    kept.splice(kept.indexOf(next), 1);
    dropped.push(next.title);
  }
  return {
    room,
    columns: cutToFit(kept, room.width),
    dropped,
    isListed: leastWidth(kept) > room.width,
  };
}

type Measured = Layout['columns'][number];

function lineWidth(columns: readonly Measured[]): number {
  return columns.reduce((sum, { width }) => sum + width, 0) + GAP.length * (columns.length - 1);
}

function leastWidth(columns: readonly Measured[]): number {
  return lineWidth(columns.map((column) => ({ ...column, width: leastOf(column) })));
}

function leastOf({ cut, title, width }: Measured): number {
  return cut ? Math.min(width, Math.max(CUT_WIDTH_MIN, textWidth(title))) : width;
}

/** Narrows the columns that may be cut, the last one first. */
function cutToFit(columns: readonly Measured[], width: number): Measured[] {
  let over = lineWidth(columns) - width;
  return columns
    .toReversed()
    .map((column) => {
      const less = Math.max(0, Math.min(over, column.width - leastOf(column)));
      over -= less;
      return { ...column, width: column.width - less };
    })
    .toReversed();
}

/** Writes a table's heading; empty if rows are lists of fields. */
export function headingOf({ columns, isListed }: Layout): string {
  if (isListed) return '';
  return lineOf(
    columns,
    columns.map(({ title }) => title),
  );
}

/** Writes rows of a table as it was laid out; what is wider than the first rows were is cut. */
export function rowsOf(layout: Layout, rows: readonly RowValues[]): string {
  const { columns, room, isListed } = layout;
  if (isListed) return rows.map((row) => `${listOf(row, layout)}\n`).join('');
  return rows
    .map((row) => {
      const cells = columns.map((column) => {
        const text = cellText(row, column, room.zone);
        return room.width === Infinity ? text : cutText(text, column.width);
      });
      return lineOf(columns, cells);
    })
    .join('');
}

function lineOf(columns: readonly Measured[], cells: readonly string[]): string {
  const padded = columns.map(({ width, isNumeric }, at) =>
    padText(cells[at] ?? '', width, isNumeric ? 'right' : 'left'),
  );
  return `${padded.join(GAP).trimEnd()}\n`;
}

function listOf(row: RowValues, { columns, room }: Layout): string {
  const fields = columns.map((column): [string, string] => [column.title, cellText(row, column, room.zone)]);
  return fieldsText(fields, room.width);
}

/** Writes the rows as an aligned table; numbers are aligned to the right. */
export function toTable(
  rows: readonly RowValues[],
  columns: readonly Column[],
  room: Room = EVERYTHING,
): string {
  const layout = layOut(rows, columns, room);
  return headingOf(layout) + rowsOf(layout, rows);
}

/** Writes names and texts as two columns; long texts go on below themselves. */
export function fieldsText(fields: readonly (readonly [string, string])[], width: number): string {
  const nameWidth = Math.max(0, ...fields.map(([name]) => textWidth(name)));
  const indent = ' '.repeat(nameWidth + GAP.length);
  return fields
    .map(([name, text]) => {
      const lines = wrapText(text, Math.max(CUT_WIDTH_MIN, width - indent.length));
      return `${padText(name, nameWidth)}${GAP}${lines.join(`\n${indent}`)}\n`;
    })
    .join('');
}

/** Prints, on a terminal, what a table left out and the zone of its times. */
export function notesOf({ columns, dropped, room }: Layout): string[] {
  if (room.zone === null) return [];
  const notes: string[] = [];
  if (columns.some(({ kind }) => kind === 'time')) notes.push(`Times are in ${room.zone}.`);
  if (dropped.length > 0)
    notes.push(`No room for: ${dropped.join(', ')} (a wider terminal or --format json has them).`);
  return notes;
}

/** Breaks a message between words at a terminal's width; as it is elsewhere. Lines keep their indent. */
export function wrapMessage(text: string, { isErrTerminal, columns }: Terminal): string {
  if (!isErrTerminal) return text;
  const width = columns ?? WIDTH_DEFAULT;
  return text
    .split('\n')
    .map((line) => {
      const indent = /^ */.exec(line)?.[0] ?? '';
      const room = Math.max(CUT_WIDTH_MIN, width - indent.length);
      return wrapText(line.slice(indent.length), room)
        .map((part) => indent + part)
        .join('\n');
    })
    .join('\n');
}

/** Writes notes below a table, on standard error, so that a table's reader gets rows alone. */
export function printNotes(terminal: Terminal, notes: readonly string[]): void {
  if (notes.length === 0) return;
  const room = roomOf(terminal);
  const lines = notes.flatMap((note) => wrapText(note, room.width));
  const tone = { isTerminal: terminal.isErrTerminal, env: terminal.env };
  terminal.err(lines.map((line) => `${paint(tone, 'dim', line)}\n`).join(''));
}

function cellText(row: RowValues, column: Column, zone: string | null): string {
  const value = row[column.field];
  if (value === null || value === undefined) return '-';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (column.kind === 'money' && typeof value === 'number') return moneyText(value);
  if (column.kind !== undefined && zone !== null && typeof value === 'string') {
    return minuteText(column.kind === 'own-time' ? String(row['timeZone']) : zone, value);
  }
  if (typeof value === 'number') return String(Number(value.toFixed(3)));
  return plainText(typeof value === 'string' ? value : JSON.stringify(value));
}

/** Writes an amount with two places, or with as many as show that it is not nothing. */
function moneyText(amount: number): string {
  const isSmall = amount !== 0 && Math.abs(amount) < 0.01;
  return isSmall ? String(amount) : amount.toFixed(2);
}

/** Gives an instant (ISO 8601) to the minute as a zone's clock shows it: `2026-11-21 18:05`. */
export function minuteText(zone: string, instant: string): string {
  const at = Date.parse(instant);
  if (Number.isNaN(at)) return plainText(instant);
  const { year, month, day, hour, minute } = localParts(zone, at);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${year}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}`;
}
