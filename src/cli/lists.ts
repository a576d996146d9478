/** Commands that print a list: their options, their pages, their formats. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Context } from './context.ts';
import { FORMATS, toCsv, toJsonLines, toTable, type Column, type Format, type RowValues } from './rows.ts';
import { openSource, type Source } from './source.ts';

export interface ListOptions {
  format?: Format;
  json?: boolean;
  limit: number;
  cursor?: string;
  all?: boolean;
}

/** What one list is: where it is asked for, where its rows stand, what a table shows of them. */
export interface ListShape {
  path: string;
  /** The answer's field with the rows. */
  rows: string;
  columns: readonly Column[];
  /** Said in place of an empty table. */
  empty: string;
}

const LIMIT_MAX = 1000;

/** Adds `--format` and `--json`. */
export function addFormats(command: Command): Command {
  return command
    .addOption(new Option('--format <format>', 'how to print').choices(FORMATS).default('table'))
    .option('--json', 'the same as --format json');
}

/** Adds what all lists take. */
export function addListOptions(command: Command): Command {
  return addFormats(command)
    .option('--limit <rows>', `rows of a page, 1 to ${LIMIT_MAX}`, wholeNumber(1, LIMIT_MAX), 100)
    .option('--cursor <cursor>', 'go on where an earlier page ended')
    .option('--all', 'every page');
}

/** Makes commander's parser of a whole number in a range. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`A whole number from ${min} to ${max} is wanted.`);
  };
}

/** Gives the format that the two options name together. */
export function formatOf({ format = 'table', json = false }: { format?: Format; json?: boolean }): Format {
  return json ? 'json' : format;
}

/** Asks for a list, a page or all pages, and prints it. */
export async function printList(
  context: Context,
  shape: ListShape,
  query: Readonly<Record<string, string | undefined>>,
  options: ListOptions,
): Promise<void> {
  const source = await openSource(context);
  try {
    const { rows, nextCursor } = await readPages(source, shape, query, options);
    printRows(context, shape, rows, { format: formatOf(options), nextCursor });
  } finally {
    await source.close();
  }
}

interface Pages {
  rows: RowValues[];
  nextCursor: string | null;
}

async function readPages(
  source: Source,
  shape: ListShape,
  query: Readonly<Record<string, string | undefined>>,
  { limit, cursor, all = false }: ListOptions,
): Promise<Pages> {
  const rows: RowValues[] = [];
  for (let next: string | null = cursor ?? null; ;) {
    const page: Record<string, string | undefined> = {
      ...query,
      limit: String(limit),
      cursor: next ?? undefined,
    };
    const answer = (await source.get(withQuery(shape.path, page))) as Record<string, unknown>;
    rows.push(...((answer[shape.rows] ?? []) as RowValues[]));
    next = (answer['nextCursor'] ?? null) as string | null;
    if (!all || next === null) return { rows, nextCursor: next };
  }
}

/** Writes a path with those parts of a query that are set. */
export function withQuery(path: string, query: Readonly<Record<string, string | undefined>>): string {
  const parts = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parts.set(name, value);
  const text = parts.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** Prints rows in one of the formats; a table says where more are to be had. */
export function printRows(
  { terminal }: Context,
  shape: Pick<ListShape, 'rows' | 'columns' | 'empty'>,
  rows: readonly RowValues[],
  { format, nextCursor }: { format: Format; nextCursor?: string | null },
): void {
  const cursor = nextCursor ?? null;
  if (format === 'json') {
    const paged = nextCursor === undefined ? {} : { nextCursor: cursor };
    terminal.out(`${JSON.stringify({ [shape.rows]: rows, ...paged }, null, 2)}\n`);
  } else if (format === 'jsonl') {
    terminal.out(toJsonLines(rows));
  } else if (format === 'csv') {
    const fields = rows[0] ? Object.keys(rows[0]) : shape.columns.map(({ field }) => field);
    terminal.out(toCsv(rows, fields));
  } else if (rows.length === 0) {
    terminal.out(`${shape.empty}\n`);
  } else {
    terminal.out(toTable(rows, shape.columns));
    if (cursor !== null) terminal.err(`More with --cursor ${cursor}, or --all.\n`);
  }
}
