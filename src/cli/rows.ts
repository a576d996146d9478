/** Lists as people and programs want them: a table, JSON, JSON lines or CSV. */
import { csvLines, type CsvCell } from '../csv.ts';
import { plainText } from './terminal.ts';

export const FORMATS = ['table', 'json', 'jsonl', 'csv'] as const;
export type Format = (typeof FORMATS)[number];
export type RowValues = Readonly<Record<string, unknown>>;

/** A column of a table: the row's field, and its heading. */
export interface Column {
  field: string;
  title: string;
}

/** Writes the rows as an aligned table; numbers stand to the right. */
export function toTable(rows: readonly RowValues[], columns: readonly Column[]): string {
  const cells = rows.map((row) => columns.map(({ field }) => cellText(row[field])));
  const isNumeric = columns.map(({ field }) => rows.some((row) => typeof row[field] === 'number'));
  const widths = columns.map(({ title }, at) =>
    Math.max(title.length, ...cells.map((line) => line[at]?.length ?? 0)),
  );
  const lineOf = (line: readonly string[]): string =>
    line
      .map((text, at) => (isNumeric[at] ? text.padStart(widths[at] ?? 0) : text.padEnd(widths[at] ?? 0)))
      .join('  ')
      .trimEnd();
  return [columns.map(({ title }) => title), ...cells].map((line) => `${lineOf(line)}\n`).join('');
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return '-';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return plainText(typeof value === 'string' ? value : JSON.stringify(value));
}

/** Writes one JSON object a line. */
export function toJsonLines(rows: readonly RowValues[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

/** Writes CSV (RFC 4180) with a heading, all fields of the first row in their order. */
export function toCsv(rows: readonly RowValues[], fields: readonly string[]): string {
  return csvLines([fields, ...rows.map((row) => fields.map((field) => csvValue(row[field])))]);
}

function csvValue(value: unknown): CsvCell {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string') return value;
  return JSON.stringify(value);
}
