/**
 * CSV (RFC 4180) with a header: each row is a call. Separator: the most frequent one of comma, semicolon, tab.
 *
 * Column names are the keys of an import's line in any spelling (`request_id`), or the names that other programs use
 * (`timestamp`, `url`, `status_code`); a mapping adds further names. Columns with unknown names are not read.
 */
import { SidecarError } from '../errors.ts';
import { foreignRecord, type ForeignCall, type ForeignOptions } from './foreign.ts';
import { keyMeant, LINE_KEYS, type LineKey } from './line-keys.ts';
import type { Line } from './line-values.ts';
import { LINE_LENGTH_MAX, type FileRecord } from './records.ts';

const DELIMITERS = [',', ';', '\t'] as const;
type Delimiter = (typeof DELIMITERS)[number];

/** What columns mean, by their names in the header. */
export type ColumnMap = Readonly<Record<string, LineKey>>;

/** Recognises a header: columns for time and path, and at least one other. */
export function isCsvHeader(firstLine: string): boolean {
  const names = splitRow(firstLine, delimiterOf(firstLine));
  const keys = names.map((name) => keyMeant(name));
  return names.length >= 3 && keys.includes('time') && keys.includes('path');
}

/** Reads rows; the header first. @throws SidecarError `bad_usage` if the header lacks a needed column. */
export async function* readCsv(
  chunks: AsyncIterable<string>,
  options: ForeignOptions & { columns?: ColumnMap },
): AsyncGenerator<FileRecord[]> {
  let keys: (LineKey | undefined)[] | null = null;
  let row = 0;
  for await (const rows of rowsOf(chunks)) {
    const records: FileRecord[] = [];
    for (const cells of rows) {
      row += 1;
      if (keys === null) keys = keysOf(cells, options.columns ?? {});
      else if (cells.length > 1 || cells[0] !== '') records.push(recordOf(cells, { keys, row, options }));
    }
    yield records;
  }
}

function keysOf(names: readonly string[], columns: ColumnMap): (LineKey | undefined)[] {
  const missing = Object.keys(columns).filter((name) => !names.includes(name));
  if (missing.length > 0) {
    throw new SidecarError(
      'bad_usage',
      `--columns names ${missing.map((name) => `"${name}"`).join(', ')}, and the header has ${names.map((name) => `"${name}"`).join(', ')}.`,
    );
  }
  const mapped = new Set<LineKey | undefined>(Object.values(columns));
  const keys = names.map((name) => {
    const meant = keyMeant(name);
    return columns[name] ?? (mapped.has(meant) ? undefined : meant);
  });
  for (const needed of ['time', 'path'] as const) if (!keys.includes(needed)) throw lacks(needed, names);
  if (!keys.includes('status') && !keys.includes('error')) throw lacks('status', names);
  const twice = LINE_KEYS.find((key) => keys.filter((one) => one === key).length > 1);
  if (twice === undefined) return keys;
  throw new SidecarError('bad_usage', `two columns mean ${twice}: say which with --columns ${twice}=COLUMN.`);
}

function lacks(key: LineKey, names: readonly string[]): SidecarError {
  const header = names.map((name) => `"${name.slice(0, 40)}"`).join(', ');
  return new SidecarError(
    'bad_usage',
    `no column of the CSV means ${key} (the header has ${header.slice(0, 400)}): name it with --columns ${key}=COLUMN.`,
  );
}

function recordOf(
  cells: readonly string[],
  at: { keys: readonly (LineKey | undefined)[]; row: number; options: ForeignOptions },
): FileRecord {
  const { keys, row, options } = at;
  if (cells.length !== keys.length) {
    return { kind: 'bad', line: row, problem: `${cells.length} cells, and the header has ${keys.length}` };
  }
  if (cells.reduce((sum, cell) => sum + cell.length, 0) > LINE_LENGTH_MAX) {
    return { kind: 'bad', line: row, problem: `longer than ${LINE_LENGTH_MAX} characters` };
  }
  const line: Line = {};
  for (const [index, key] of keys.entries()) {
    const cell = cells[index]?.trim() ?? '';
    if (key !== undefined && cell !== '') line[key] = cell;
  }
  const { method = null, path, klingRequestId, ...rest } = line;
  const record = foreignRecord(
    { ...(rest as Omit<ForeignCall, 'method' | 'target'>), method: method as string | null, target: path },
    row,
    options,
  );
  if (record.kind !== 'line' || klingRequestId === undefined) return record;
  return { ...record, text: JSON.stringify({ ...(JSON.parse(record.text) as Line), klingRequestId }) };
}

function delimiterOf(firstLine: string): Delimiter {
  const count = (delimiter: Delimiter): number => splitRow(firstLine, delimiter).length;
  return DELIMITERS.reduce((best, one) => (count(one) > count(best) ? one : best));
}

function splitRow(line: string, delimiter: Delimiter): string[] {
  const parser = new RowParser(delimiter);
  return parser.push(`${line}\n`)[0] ?? [];
}

async function* rowsOf(chunks: AsyncIterable<string>): AsyncGenerator<string[][]> {
  let parser: RowParser | null = null;
  let before = '';
  for await (const chunk of chunks) {
    if (parser === null) {
      before += chunk;
      const end = before.indexOf('\n');
      if (end < 0 && before.length <= LINE_LENGTH_MAX) continue;
      parser = new RowParser(delimiterOf(before.slice(0, end < 0 ? undefined : end)));
      yield parser.push(before);
    } else yield parser.push(chunk);
  }
  if (parser !== null) yield parser.end('');
  else yield new RowParser(delimiterOf(before)).end(before);
}

/** Takes text piece by piece and gives the complete rows. */
class RowParser {
  readonly #delimiter: string;
  #cells: string[] = [];
  #cell = '';
  #isQuoted = false;
  /** After a quote within quotes: either the second half of a doubled one, or the end. */
  #mayEnd = false;

  constructor(delimiter: string) {
    this.#delimiter = delimiter;
  }

  push(text: string): string[][] {
    const rows: string[][] = [];
    for (const char of text) {
      if (this.#isQuoted && !this.#mayEnd) this.#takeQuoted(char);
      else this.#takePlain(char, rows);
    }
    return rows;
  }

  end(text: string): string[][] {
    const rows = this.push(text);
    if (this.#isQuoted && !this.#mayEnd) {
      throw new SidecarError(
        'bad_usage',
        'the CSV ends within a quoted cell: a quote is missing, or the end.',
      );
    }
    if (this.#cell !== '' || this.#cells.length > 0) rows.push(this.#endRow());
    return rows;
  }

  #takeQuoted(char: string): void {
    if (char === '"') this.#mayEnd = true;
    else this.#cell += char;
    if (this.#cell.length > LINE_LENGTH_MAX) {
      throw new SidecarError('bad_usage', `a cell of the CSV is longer than ${LINE_LENGTH_MAX} characters.`);
    }
  }

  #takePlain(char: string, rows: string[][]): void {
    if (this.#mayEnd && char === '"') {
      this.#cell += '"';
      this.#mayEnd = false;
      return;
    }
    if (char === '"' && this.#cell === '' && !this.#isQuoted) this.#isQuoted = true;
    else if (char === this.#delimiter) this.#endCell();
    else if (char === '\n') rows.push(this.#endRow());
    else if (char !== '\r') this.#cell += char;
  }

  #endCell(): void {
    this.#cells.push(this.#cell);
    this.#cell = '';
    this.#isQuoted = false;
    this.#mayEnd = false;
  }

  #endRow(): string[] {
    this.#endCell();
    const row = this.#cells;
    this.#cells = [];
    return row;
  }
}
