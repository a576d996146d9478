/** Lists as programs want them: JSON, JSON lines or CSV; tables are in `table.ts`. */
import { csvLines, type CsvCell } from '../csv.ts';

export const FORMATS = ['table', 'json', 'jsonl', 'csv'] as const;
export type Format = (typeof FORMATS)[number];
export type RowValues = Readonly<Record<string, unknown>>;

/** Writes one JSON object a line. */
export function toJsonLines(rows: readonly RowValues[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

/** Writes CSV (RFC 4180) with a heading, the fields in their order. */
export function toCsv(rows: readonly RowValues[], fields: readonly string[]): string {
  return csvLines([fields]) + toCsvRows(rows, fields);
}

/** The same without the heading, for the pages behind the first. */
export function toCsvRows(rows: readonly RowValues[], fields: readonly string[]): string {
  return csvLines(rows.map((row) => fields.map((field) => csvValue(row[field]))));
}

function csvValue(value: unknown): CsvCell {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string') return value;
  return JSON.stringify(value);
}
