/**
 * Commands that print a list: their options, their pages, their formats.
 *
 * **Invariant**: CSV, JSON and JSON lines hold every row, unless `--limit` says otherwise; a table that shows fewer
 * says how many there are. Rows are printed page by page: memory does not grow with them.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { COUNT_MAX, type Counted } from '../store/count.ts';
import type { Context } from './context.ts';
import { FORMATS, toCsv, toCsvRows, toJsonLines, type Format, type RowValues } from './rows.ts';
import { openSource, type Source } from './source.ts';
import { headingOf, layOut, notesOf, printNotes, roomOf, rowsOf, zoneOf, type Column } from './table.ts';

export interface ListOptions {
  format?: Format;
  json?: boolean;
  /** Rows to print; absent prints all, and of a table the first hundred. */
  limit?: number;
  cursor?: string;
  all?: boolean;
}

/** One list: its path, the field with its rows, and the columns of its table. */
export interface ListShape {
  path: string;
  /** The answer's field with the rows. */
  rows: string;
  columns: readonly Column[];
  /** The text in place of an empty table. */
  empty: string;
  /** The zone of a table's times on a terminal; absent is that of the budgets. */
  timeZone?: string;
}

type Query = Readonly<Record<string, string | undefined>>;

/** Rows of one answer of the API. */
const PAGE_ROWS = 1000;
const TABLE_ROWS = 100;
const LIMIT_MAX = 999_999_999;

/** Adds `--format` and `--json`. */
export function addFormats(command: Command): Command {
  return command
    .addOption(new Option('--format <format>', 'how to print').choices(FORMATS).default('table'))
    .option('--json', 'the same as --format json');
}

/** Adds what all lists take. */
export function addListOptions(command: Command): Command {
  return addFormats(command)
    .option(
      '--limit <rows>',
      `rows to print (default: all, of a table ${TABLE_ROWS})`,
      wholeNumber(1, LIMIT_MAX),
    )
    .option('--cursor <cursor>', 'go on where an earlier list ended')
    .option('--all', 'every row, of a table too');
}

/** Makes commander's parser of a whole number in a range. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`A whole number from ${min} to ${max} is wanted.`);
  };
}

/** Gives the format that the two options name together. */
export function formatOf({ format = 'table', json = false }: { format?: Format; json?: boolean }): Format {
  return json ? 'json' : format;
}

/** Asks for a list page by page, and prints each page as it comes. */
export async function printList(
  context: Context,
  shape: ListShape,
  query: Query,
  options: ListOptions,
): Promise<void> {
  const source = await openSource(context);
  try {
    const format = formatOf(options);
    const { limit, all = false, cursor } = options;
    const rowsMax = all ? Infinity : (limit ?? (format === 'table' ? TABLE_ROWS : Infinity));
    const printer = printerOf(context, shape, format);
    let shown = 0;
    let next: string | null = null;
    for await (const page of pagesOf(source, shape, query, { cursor: cursor ?? null, rowsMax })) {
      shown += page.rows.length;
      next = page.nextCursor;
      printer.page(page.rows);
    }
    const total = next === null ? null : await countAll(source, shape, query);
    printer.end({ nextCursor: next, shown, total });
  } finally {
    await source.close();
  }
}

interface Page {
  rows: RowValues[];
  nextCursor: string | null;
}

async function* pagesOf(
  source: Source,
  shape: ListShape,
  query: Query,
  { cursor, rowsMax }: { cursor: string | null; rowsMax: number },
): AsyncGenerator<Page> {
  let left = rowsMax;
  for (let next = cursor; ;) {
    const limit = String(Math.min(PAGE_ROWS, left));
    const path = withQuery(shape.path, { ...query, limit, cursor: next ?? undefined });
    const answer = (await source.get(path)) as Record<string, unknown>;
    const rows = (answer[shape.rows] ?? []) as RowValues[];
    next = (answer['nextCursor'] ?? null) as string | null;
    left -= rows.length;
    // A page may be empty only because it looked at as many rows as one may: the list goes on.
    if (rows.length > 0 || next === null) yield { rows, nextCursor: next };
    if (next === null || left <= 0) return;
  }
}

/** Gives how many rows a list has, in words; null if nobody counts them. */
async function countAll(source: Source, shape: ListShape, query: Query): Promise<string | null> {
  const path = withQuery(shape.path, { ...query, limit: '1', total: 'true' });
  const { total, totalIsBounded } = (await source.get(path)) as Counted;
  if (total === undefined) return null;
  if (total > COUNT_MAX) return `more than ${numberText(COUNT_MAX)}`;
  return totalIsBounded === true ? `at least ${numberText(total)}` : numberText(total);
}

/** Writes a path with those parts of a query that are set. */
export function withQuery(path: string, query: Query): string {
  const parts = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parts.set(name, value);
  const text = parts.toString();
  return text === '' ? path : `${path}?${text}`;
}

interface End {
  /** Undefined for lists that have no pages. */
  nextCursor?: string | null;
  shown: number;
  /** Rows of the whole list in words, where some are not shown. */
  total: string | null;
}

interface Printer {
  page(rows: readonly RowValues[]): void;
  end(end: End): void;
}

type Printed = Pick<ListShape, 'rows' | 'columns' | 'empty' | 'timeZone'>;

function printerOf(context: Context, shape: Printed, format: Format): Printer {
  if (format === 'json') return jsonPrinter(context, shape);
  if (format === 'csv') return csvPrinter(context, shape);
  if (format === 'table') return tablePrinter(context, shape);
  return {
    page: (rows) => context.terminal.out(toJsonLines(rows)),
    end: () => undefined,
  };
}

/** Prints one JSON object, its rows as they come. */
function jsonPrinter({ terminal }: Context, shape: Printed): Printer {
  let count = 0;
  return {
    page(rows) {
      if (count === 0) terminal.out(`{\n  ${JSON.stringify(shape.rows)}: [`);
      for (const row of rows) {
        const text = JSON.stringify(row, null, 2).replaceAll('\n', '\n    ');
        terminal.out(`${count === 0 ? '' : ','}\n    ${text}`);
        count += 1;
      }
    },
    end({ nextCursor }) {
      const next = nextCursor === undefined ? '' : `,\n  "nextCursor": ${JSON.stringify(nextCursor)}`;
      terminal.out(`${count === 0 ? '' : '\n  '}]${next}\n}\n`);
    },
  };
}

function csvPrinter({ terminal }: Context, shape: Printed): Printer {
  let fields: string[] | null = null;
  return {
    page(rows) {
      if (fields !== null) return terminal.out(toCsvRows(rows, fields));
      fields = rows[0] ? Object.keys(rows[0]) : shape.columns.map(({ field }) => field);
      terminal.out(toCsv(rows, fields));
    },
    end: () => undefined,
  };
}

function tablePrinter(context: Context, shape: Printed): Printer {
  const { terminal } = context;
  const zone = shape.timeZone ?? (terminal.isTerminal ? zoneOf(context.loaded().config) : undefined);
  const room = roomOf(terminal, zone);
  let layout: ReturnType<typeof layOut> | null = null;
  return {
    page(rows) {
      if (rows.length === 0) return layout === null ? terminal.out(`${shape.empty}\n`) : undefined;
      if (layout === null) {
        layout = layOut(rows, shape.columns, room);
        terminal.out(headingOf(layout));
      }
      terminal.out(rowsOf(layout, rows));
    },
    end(end) {
      printNotes(terminal, [...moreOf(end), ...(layout === null ? [] : notesOf(layout))]);
    },
  };
}

function moreOf({ nextCursor, shown, total }: End): string[] {
  if (nextCursor === undefined || nextCursor === null) return [];
  return [
    `${numberText(shown)} of ${total ?? 'more'}. More with --limit N, --all, or --cursor ${nextCursor}`,
  ];
}

function numberText(count: number): string {
  return count.toLocaleString('en-US');
}

/** Prints rows that are all there are in one of the formats. */
export function printRows(
  context: Context,
  shape: Printed,
  rows: readonly RowValues[],
  { format }: { format: Format },
): void {
  const printer = printerOf(context, shape, format);
  printer.page(rows);
  printer.end({ shown: rows.length, total: null });
}
