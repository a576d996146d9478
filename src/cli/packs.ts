/** `packs`: the account's packs, how long they last, and what will be left in them when they end. */
import type { Command } from 'commander';
import type { PacksAnswer } from '../control/pack-schemas.ts';
import { plainText } from '../plain-text.ts';
import type { Context } from './context.ts';
import { addFormats, formatOf, printRows, withQuery } from './lists.ts';
import type { Format } from './rows.ts';
import { openSource } from './source.ts';
import { printNotes, type Column } from './table.ts';

const COLUMNS: readonly Column[] = [
  { field: 'name', title: 'pack' },
  { field: 'type', title: 'type', drop: 2 },
  { field: 'product', title: 'product', drop: 5 },
  { field: 'state', title: 'state', drop: 6 },
  { field: 'remainingUnits', title: 'units left' },
  { field: 'remainingCredits', title: 'credits left', drop: 8 },
  { field: 'expiresAt', title: 'expires', kind: 'time' },
  { field: 'concurrency', title: 'at once', drop: 7 },
  { field: 'perDayUnits', title: 'a day', drop: 4 },
  { field: 'daysLeft', title: 'days left' },
  { field: 'unusedUnits', title: 'unused at end' },
  { field: 'amount', title: 'price', drop: 3 },
  { field: 'currency', title: 'in', drop: 1 },
];

interface PacksOptions {
  all?: boolean;
  format?: Format;
  json?: boolean;
}

/** Adds the command. */
export function addPacks(program: Command, context: () => Context): void {
  addFormats(
    program
      .command('packs')
      .description('the account’s packs: what is left, how long it lasts, what will expire unused')
      .option('--all', 'packs that have ended, too'),
  ).action((options: PacksOptions) => run(context(), options));
}

async function run(context: Context, options: PacksOptions): Promise<void> {
  const source = await openSource(context);
  try {
    const path = withQuery('/v1/packs', { all: options.all === true ? 'true' : undefined });
    print(context, (await source.get(path)) as PacksAnswer, formatOf(options));
  } finally {
    await source.close();
  }
}

function print(context: Context, answer: PacksAnswer, format: Format): void {
  const rows = answer.packs.map(({ price, ...pack }) => ({
    ...pack,
    amount: price?.amount ?? null,
    currency: price?.currency ?? null,
    perCredit: price?.perCredit ?? null,
  }));
  const empty =
    answer.readAt === null
      ? 'Kling’s list was never read: a running sidecar reads it each hour, if account.poll is on.'
      : 'The account has no usable pack: creates are paid from the balance.';
  printRows(context, { rows: 'packs', columns: COLUMNS, empty }, rows, { format });
  if (format === 'table') printNotes(context.terminal, notesOf(answer));
}

function notesOf({ products, problem }: PacksAnswer): string[] {
  const notes = products
    .filter(({ remainingUnits, perDayUnits }) => (remainingUnits ?? 0) > 0 || perDayUnits > 0)
    .map(({ product, remainingUnits, perDayUnits, daysLeft }) => {
      const lasts = daysLeft === null ? '' : `: ${daysLeft} days left`;
      return `${product}: ${remainingUnits ?? 'an unknown number of'} units left, ${perDayUnits} a day in the last week${lasts}.`;
    });
  if (problem !== null) notes.push(`Kling’s list could not be read the last time: ${plainText(problem)}`);
  return notes;
}
