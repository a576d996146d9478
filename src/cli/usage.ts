/** `usage`: what each create cost, or sums of it. */
import { type Command, InvalidArgumentError } from 'commander';
import type { Context } from './context.ts';
import { addListOptions, printList, type ListOptions, type ListShape } from './lists.ts';

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

const KEYS = ['app', 'operation', 'model', 'mode', 'tag', 'day'];

interface UsageOptions extends ListOptions {
  from?: string;
  to?: string;
  by?: string[];
}

/** Adds the command. */
export function addUsage(program: Command, context: () => Context): void {
  addListOptions(program.command('usage').description('what each create cost, or sums of it'))
    .option('--from <time>', 'inclusive: ISO 8601 with a zone, or a UTC day')
    .option('--to <time>', 'exclusive')
    .option('--by <keys>', `sums by some of ${KEYS.join(',')}`, keysArgument)
    .action((options: UsageOptions) => {
      const { by, from, to } = options;
      return printList(context(), by ? sumsOf(by) : ROWS, { from, to, by: by?.join(',') }, options);
    });
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
