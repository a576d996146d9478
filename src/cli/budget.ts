/** `budget list` and `budget raise`. */
import { type Command, InvalidArgumentError } from 'commander';
import { actorOption, type Context } from './context.ts';
import type { SuggestedBudgetsAnswer } from '../control/suggest-schemas.ts';
import { addFormats, formatOf, printRows, withQuery } from './lists.ts';
import type { Format, RowValues } from './rows.ts';
import { plainText } from '../plain-text.ts';
import { openSource, order } from './source.ts';
import { minuteText, printNotes, roomOf, toTable, zoneOf, type Column } from './table.ts';
import { wrapText } from './text-width.ts';

export type BudgetRow = RowValues & {
  name: string;
  perValue?: string | null;
  timeZone: string;
  limitUsd: number | null;
  raises: readonly { byCredits: number; until: string; actor: string; reason: string }[];
};

const BUDGET_COLUMNS: readonly Column[] = [
  { field: 'name', title: 'budget' },
  { field: 'windowKey', title: 'window', drop: 3 },
  { field: 'limitCredits', title: 'limit' },
  { field: 'settledCredits', title: 'settled', drop: 5 },
  { field: 'heldCredits', title: 'held', drop: 6 },
  { field: 'inDoubtCredits', title: 'in doubt', drop: 4 },
  { field: 'remainingCredits', title: 'remaining' },
  { field: 'usedPercent', title: 'used %' },
  { field: 'mode', title: 'mode', drop: 2 },
  { field: 'resetsAt', title: 'resets at', kind: 'own-time', drop: 8 },
  { field: 'timeZone', title: 'zone', drop: 1 },
];

const USD_COLUMNS: readonly Column[] = [
  { field: 'limitUsd', title: 'limit USD', kind: 'money' },
  { field: 'usedUsd', title: 'used USD', kind: 'money', drop: 7 },
  { field: 'remainingUsd', title: 'left USD', kind: 'money' },
];

/** Writes budgets as a table, with US dollars if a limit is in dollars, and below it the raises. */
export function budgetsText(context: Context, budgets: readonly BudgetRow[]): string {
  const { terminal } = context;
  const hasUsd = budgets.some(({ limitUsd }) => limitUsd !== null);
  const columns = hasUsd ? [...BUDGET_COLUMNS, ...USD_COLUMNS] : BUDGET_COLUMNS;
  const room = roomOf(terminal);
  const raises = budgets.flatMap((budget) =>
    budget.raises.map(({ byCredits, until, actor, reason }) => {
      const end = terminal.isTerminal ? `${minuteText(budget.timeZone, until)} (${budget.timeZone})` : until;
      return `${nameOf(budget)} is raised by ${byCredits} credits until ${end}, by ${actor}: ${reason}`;
    }),
  );
  const lines = raises.flatMap((text) => wrapText(plainText(text), room.width));
  return (
    toTable(budgetRows(budgets), columns, room) +
    (lines.length === 0 ? '' : `\n${[...new Set(lines)].join('\n')}\n`)
  );
}

/** Gives budgets for a table: a budget with `per` names its value. */
function budgetRows(budgets: readonly BudgetRow[]): RowValues[] {
  return budgets.map((budget) => ({
    ...budget,
    name: budget['pending'] === true ? `${nameOf(budget)}, still counting` : nameOf(budget),
  }));
}

function nameOf({ name, perValue }: BudgetRow): string {
  return perValue ? `${name} (${perValue})` : name;
}

/** Makes commander's parser of an amount of credits above 0, with at most three places. */
export function creditsArgument(text: string): number {
  const value = /^\d{1,9}(\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  if (value > 0) return value;
  throw new InvalidArgumentError('A number of credits above 0 with at most three places is wanted.');
}

interface RaiseOptions {
  by: number;
  until: string;
  reason: string;
  json?: boolean;
}

/** Adds the commands. */
export function addBudget(program: Command, context: () => Context): void {
  const budget = program.command('budget').description('what may be spent, and what is');
  addFormats(budget.command('list').description('every budget in its present window')).action(
    (options: { format?: Format; json?: boolean }) => listBudgets(context(), options),
  );
  budget
    .command('suggest')
    .description(
      'limits by what was spent: Kling’s ledgers for the account, our creates for each app; changes nothing',
    )
    .option('--from <time>', 'inclusive: ISO 8601 with a zone, or a UTC day (default: 30 days ago)')
    .option('--to <time>', 'exclusive (default: now)')
    .option('--time-zone <zone>', 'of the windows: an IANA zone (default: that of the budgets)')
    .option('--headroom <percent>', 'above the most that was spent in a window (default: 25)')
    .option('--json', 'print JSON')
    .action((options: SuggestOptions) => suggestBudgets(context(), options));
  budget
    .command('raise')
    .description('raise a budget’s limit for a while (needs the running sidecar)')
    .argument('<name>', 'the budget')
    .requiredOption('--by <credits>', 'credits to add', creditsArgument)
    .requiredOption('--until <time>', 'when the raise ends: ISO 8601 with a zone, or a UTC day')
    .requiredOption('--reason <text>', 'kept in the audit')
    .addOption(actorOption())
    .option('--json', 'print JSON')
    .action((name: string, options: RaiseOptions) => raiseBudget(context(), name, options));
}

interface SuggestOptions {
  from?: string;
  to?: string;
  timeZone?: string;
  headroom?: string;
  json?: boolean;
}

async function suggestBudgets(context: Context, options: SuggestOptions): Promise<void> {
  const { terminal } = context;
  const source = await openSource(context);
  try {
    const { from, to, headroom, timeZone = zoneOf(context.loaded().config) } = options;
    const path = withQuery('/v1/suggestions/budgets', { from, to, headroom, timeZone });
    const answer = (await source.get(path)) as SuggestedBudgetsAnswer;
    if (options.json) return terminal.out(`${JSON.stringify(answer, null, 2)}\n`);
    if (answer.limits.length === 0) return terminal.out('Nothing was spent: there is nothing to suggest.\n');
    const rows = answer.limits.map(({ app, ...limit }) => ({ app: app ?? 'all', ...limit }));
    terminal.out(toTable(rows, SUGGESTED_COLUMNS, roomOf(terminal)));
    terminal.out(`\n"budgets": ${JSON.stringify(answer.budgets, null, 2)}\n`);
    if (answer.source === 'ours')
      printNotes(terminal, ['Kling’s ledgers were never read: this is what was spent through this sidecar.']);
  } finally {
    await source.close();
  }
}

const SUGGESTED_COLUMNS: readonly Column[] = [
  { field: 'app', title: 'app' },
  { field: 'window', title: 'window' },
  { field: 'highestCredits', title: 'highest' },
  { field: 'windows', title: 'windows', drop: 1 },
  { field: 'limitCredits', title: 'limit' },
];

async function listBudgets(context: Context, options: { format?: Format; json?: boolean }): Promise<void> {
  const source = await openSource(context);
  try {
    const { budgets } = (await source.get('/v1/budgets')) as { budgets: BudgetRow[] };
    printBudgets(context, budgets, formatOf(options));
  } finally {
    await source.close();
  }
}

function printBudgets(context: Context, budgets: readonly BudgetRow[], format: Format): void {
  if (format === 'table' && budgets.length > 0) {
    context.terminal.out(budgetsText(context, budgets));
    return;
  }
  const empty = 'No budget is configured: creates are recorded and never refused for money.';
  printRows(context, { rows: 'budgets', columns: BUDGET_COLUMNS, empty }, budgets, { format });
}

async function raiseBudget(context: Context, name: string, options: RaiseOptions): Promise<void> {
  const { by, until, reason, json } = options;
  const { budgets } = (await order(context, 'Raising a budget', {
    method: 'POST',
    path: `/v1/budgets/${encodeURIComponent(name)}/raise`,
    body: { byCredits: by, until, reason },
  })) as { budgets: BudgetRow[] };
  const raised = budgets.filter((budget) => budget.name === name);
  printBudgets(context, raised, json ? 'json' : 'table');
}
