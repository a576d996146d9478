/** `pricing suggest`: the overrides of prices that would have been right, by Kling's own deductions. */
import { type Command, InvalidArgumentError } from 'commander';
import type { PricesAnswer } from '../control/suggest-schemas.ts';
import type { Context } from './context.ts';
import { withQuery } from './lists.ts';
import { openSource } from './source.ts';
import { printNotes, roomOf, toTable, type Column } from './table.ts';

const COLUMNS: readonly Column[] = [
  { field: 'operation', title: 'operation' },
  { field: 'model', title: 'model' },
  { field: 'mode', title: 'mode' },
  { field: 'sound', title: 'sound', drop: 1 },
  { field: 'per', title: 'per' },
  { field: 'heldCredits', title: 'held' },
  { field: 'deductedCredits', title: 'deducted' },
  { field: 'tasks', title: 'tasks' },
];

interface SuggestOptions {
  from?: string;
  to?: string;
  tasks?: number;
  json?: boolean;
}

/** Adds the command. */
export function addPricing(program: Command, context: () => Context): void {
  program
    .command('pricing')
    .description('prices of creates')
    .command('suggest')
    .description('the pricing.overrides that would have been right, by Kling’s deductions; changes nothing')
    .option('--from <time>', 'inclusive: ISO 8601 with a zone, or a UTC day (default: 30 days ago)')
    .option('--to <time>', 'exclusive (default: now)')
    .option('--tasks <number>', 'the fewest tasks that a price is suggested by (default: 3)', tasksArgument)
    .option('--json', 'print JSON')
    .action((options: SuggestOptions) => run(context(), options));
}

function tasksArgument(text: string): number {
  const tasks = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (tasks >= 1 && tasks <= 1000) return tasks;
  throw new InvalidArgumentError('A number from 1 to 1000 is wanted.');
}

async function run(context: Context, { from, to, tasks, json }: SuggestOptions): Promise<void> {
  const { terminal } = context;
  const source = await openSource(context);
  try {
    const path = withQuery('/v1/suggestions/prices', { from, to, tasks: tasks?.toString() });
    const answer = (await source.get(path)) as PricesAnswer;
    if (json) terminal.out(`${JSON.stringify(answer, null, 2)}\n`);
    else print(context, answer);
  } finally {
    await source.close();
  }
}

function print({ terminal }: Context, { suggestions, overrides, unclear }: PricesAnswer): void {
  if (suggestions.length === 0) terminal.out('Kling’s deductions suggest no other price.\n');
  else {
    terminal.out(toTable(suggestions, COLUMNS, roomOf(terminal)));
    terminal.out(`\n"overrides": ${JSON.stringify(overrides, null, 2)}\n`);
  }
  printNotes(
    terminal,
    unclear.map(({ operation, model, mode, per, tasks, rates }) => {
      const what = [operation, model, mode].filter((part) => part !== null).join(' ');
      return `${what}: ${tasks} tasks cost ${rates.join(', ')} credits per ${per}; no single price fits.`;
    }),
  );
}
