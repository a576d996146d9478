/** `usage`: what each create cost, or sums of it. */
import { type Command, InvalidArgumentError } from 'commander';
import type { Context } from './context.ts';
import { addListOptions, printList, type ListOptions, type ListShape } from './lists.ts';
import { zoneOf, type Column } from './table.ts';

const ROWS: ListShape = {
  path: '/v1/usage',
  rows: 'rows',
  columns: [
    { field: 'timestamp', title: 'time', kind: 'time' },
    { field: 'task_id', title: 'task' },
    { field: 'credits', title: 'credits' },
    { field: 'settled', title: 'settled', drop: 3 },
    { field: 'operation', title: 'operation', drop: 7 },
    { field: 'model', title: 'model', drop: 6 },
    { field: 'mode', title: 'mode', drop: 2 },
    { field: 'duration', title: 'seconds', drop: 1 },
    { field: 'app', title: 'app', drop: 5 },
    { field: 'prompt_preview', title: 'prompt', cut: true, drop: 4 },
  ],
  empty: 'Nothing was spent.',
};

const KEYS = ['app', 'operation', 'model', 'mode', 'tag', 'day', 'month'];

interface UsageOptions extends ListOptions {
  from?: string;
  to?: string;
  by?: string[];
  month?: string;
  timeZone?: string;
}

/** Adds the command. */
export function addUsage(program: Command, context: () => Context): void {
  addListOptions(program.command('usage').description('what each create cost, or sums of it'))
    .option('--from <time>', 'inclusive: ISO 8601 with a zone, or a UTC day')
    .option('--to <time>', 'exclusive')
    .option('--month <month>', 'in place of the two: such as 2026-11')
    .option('--by <keys>', `sums by some of ${KEYS.join(',')}`, keysArgument)
    .option('--time-zone <zone>', 'whose days and months: an IANA zone (default: that of the budgets)')
    .action((options: UsageOptions) => showUsage(context(), options));
}

async function showUsage(context: Context, options: UsageOptions): Promise<void> {
  const { by, from, to, month } = options;
  const { config } = context.loaded();
  const timeZone = options.timeZone ?? zoneOf(config);
  const shape = by ? sumsOf(by) : ROWS;
  const cost: Column = { field: 'cost', title: config.price.currency, kind: 'money' };
  const query = { from, to, month, timeZone, by: by?.join(',') };
  await printList(context, { ...shape, columns: withCost(shape.columns, cost), timeZone }, query, options);
}

/** Puts the cost behind the credits. */
function withCost(columns: readonly Column[], cost: Column): Column[] {
  return columns.flatMap((column) => (column.field === 'credits' ? [column, cost] : [column]));
}

function keysArgument(text: string): string[] {
  const keys = text.split(',').map((key) => key.trim());
  if (keys.every((key) => KEYS.includes(key))) return keys;
  throw new InvalidArgumentError(`Some of ${KEYS.join(', ')} are wanted, separated by commas.`);
}

function sumsOf(by: readonly string[]): ListShape {
  const sums = [
    { field: 'tasks', title: 'tasks' },
    { field: 'credits', title: 'credits' },
    { field: 'heldCredits', title: 'held' },
  ];
  return { ...ROWS, columns: [...by.map((field) => ({ field, title: field })), ...sums] };
}
