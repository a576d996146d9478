/**
 * Cells of CSV files (RFC 4180) that a spreadsheet does not run.
 *
 * **Invariant**: a text cell that a spreadsheet could take for a formula begins with an apostrophe.
 */

/**
 * The beginnings that make a cell's text a formula: `=`, `+`, `-`, `@`, their full-width forms (Excel reads them alike if the
 * input language is Chinese or Japanese), and any white space or control character in front, which spreadsheets skip
 * (OWASP, "CSV Injection", read 2026-11-21).
 */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const FORMULA_START = /^[\s\u0000-\u001f\u007f\u200b-\u200f\u2060\ufeff=+\-@＝＋－＠]/u;

/** A value of a cell; null writes an empty one. */
export type CsvCell = string | number | boolean | null;

/** Writes one cell. */
export function csvCell(cell: CsvCell): string {
  if (cell === null) return '';
  if (typeof cell !== 'string') return String(cell);
  const safe = FORMULA_START.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Writes rows, each ended by CR and LF. */
export function csvLines(rows: readonly (readonly CsvCell[])[]): string {
  return rows.map((row) => `${row.map(csvCell).join(',')}\r\n`).join('');
}
