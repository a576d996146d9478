/**
 * `reconcile`: our ledger against Kling's, day by day.
 *
 * With a running sidecar it reads Kling's ledgers first (the job `reconcile`), and says how far. The reading is the sidecar's:
 * an interrupted command ends the wait alone, and the next run goes on where the reading came to. Without a sidecar, or with
 * `--stored`, it compares what was read before.
 */
import type { Command } from 'commander';
import type { ReconciliationAnswer } from '../control/reconcile-schemas.ts';
import { SidecarError } from '../errors.ts';
import { actorOption, type Context } from './context.ts';
import { whenOver } from './jobs.ts';
import { withQuery } from './lists.ts';
import { openSource, order, type Source } from './source.ts';
import { printNotes, roomOf, toTable, zoneOf, type Column } from './table.ts';
import { paint } from './terminal.ts';
import type { JobAnswer, JobRow, JobsAnswer } from '../control/job-schemas.ts';

const JOB = 'reconcile';
/** A difference of at least this share makes a price stale, with at least so many creates. */
const STALE_PERCENT = 1;
const STALE_CREATES = 5;

interface ReconcileOptions {
  from?: string;
  to?: string;
  timeZone?: string;
  stored?: boolean;
  json?: boolean;
}

/** Adds the command: exit code 1 where the ledgers differ. */
export function addReconcile(program: Command, context: () => Context): void {
  program
    .command('reconcile')
    .description('our ledger against Kling’s, day by day; exit code 1 where they differ')
    .option('--from <time>', 'inclusive: ISO 8601 with a zone, or a UTC day (default: 30 days ago)')
    .option('--to <time>', 'exclusive (default: now)')
    .option('--time-zone <zone>', 'whose days: an IANA zone (default: that of the budgets)')
    .option('--stored', 'compare what was read before, and ask Kling nothing')
    .addOption(actorOption())
    .option('--json', 'print JSON')
    .action((options: ReconcileOptions) => run(context(), options));
}

async function run(context: Context, options: ReconcileOptions): Promise<void> {
  const { terminal } = context;
  const source = await openSource(context);
  try {
    const notes = options.stored === true ? [] : await readFirst(context, source);
    const timeZone = options.timeZone ?? zoneOf(context.loaded().config);
    const path = withQuery('/v1/reconciliation', { from: options.from, to: options.to, timeZone });
    const answer = (await source.get(path)) as ReconciliationAnswer;
    if (options.json) terminal.out(`${JSON.stringify(answer, null, 2)}\n`);
    else print(context, answer);
    printNotes(terminal, [...notes, ...problemsOf(answer)]);
    context.exit(isEqual(answer) ? 0 : 1);
  } finally {
    await source.close();
  }
}

/** Lets the running sidecar read Kling's ledgers, and waits; gives what a reader of the table must know of it. */
async function readFirst(context: Context, source: Source): Promise<string[]> {
  if (source.kind === 'store') return ['No sidecar runs: this is what was read before.'];
  if (!context.loaded().config.account.poll)
    return ['account.poll is off, so Kling’s ledgers are not read: this is what was read before.'];
  const begun = await beginJob(context, source);
  const over = await whenOver(context, begun, showProgress(context));
  if (over.lastResult !== 'failed') return [];
  return [`Kling’s ledgers could not be read: ${over.lastError ?? ''} This is what was read before.`];
}

/** Begins the job, or joins a run that has begun already. */
async function beginJob(context: Context, source: Source): Promise<JobRow> {
  const question = {
    method: 'POST',
    path: `/v1/jobs/${JOB}/run`,
    body: { reason: 'kling-sidecar reconcile' },
  } as const;
  try {
    return ((await order(context, 'Reading Kling’s ledgers', question)) as JobAnswer).job;
  } catch (error) {
    if (!(error instanceof SidecarError) || error.code !== 'already_running') throw error;
    const { jobs } = (await source.get('/v1/jobs')) as JobsAnswer;
    const job = jobs.find(({ name }) => name === JOB);
    if (!job) throw error;
    return job;
  }
}

/** Shows on a terminal what the job reads, each time that it is something else. */
function showProgress({ terminal }: Context): (job: JobRow) => void {
  let shown: string | null = null;
  return ({ progress }) => {
    if (progress === null || progress === shown || !terminal.isErrTerminal) return;
    shown = progress;
    printNotes(terminal, [`The sidecar ${progress}.`]);
  };
}

function isEqual({ totals }: ReconciliationAnswer): boolean {
  return totals.oursOnly.tasks + totals.theirsOnly.tasks + totals.different.tasks === 0;
}

const DAYS: readonly Column[] = [
  { field: 'day', title: 'day' },
  { field: 'matched', title: 'matched' },
  { field: 'credits', title: 'credits' },
  { field: 'kling', title: 'Kling', cut: true },
  { field: 'oursOnly', title: 'ours only' },
  { field: 'theirsOnly', title: 'theirs only' },
  { field: 'different', title: 'different' },
  { field: 'pending', title: 'pending', drop: 1 },
];
const EXAMPLES: readonly Column[] = [
  { field: 'kind', title: 'in question' },
  { field: 'at', title: 'time', kind: 'time' },
  { field: 'taskId', title: 'task' },
  { field: 'credits', title: 'our credits' },
  { field: 'klingCredits', title: 'Kling’s' },
  { field: 'app', title: 'app', drop: 3 },
  { field: 'key', title: 'key at Kling', drop: 2 },
  { field: 'holdId', title: 'hold', drop: 1 },
];
const PACKS: readonly Column[] = [
  { field: 'name', title: 'pack', cut: true },
  { field: 'remaining', title: 'remaining' },
  { field: 'expectedLeast', title: 'by the ledger, least' },
  { field: 'expectedMost', title: 'most' },
  { field: 'difference', title: 'difference' },
];
const PRICES: readonly Column[] = [
  { field: 'operation', title: 'stale price of' },
  { field: 'model', title: 'model' },
  { field: 'creates', title: 'creates' },
  { field: 'heldCredits', title: 'held' },
  { field: 'deductedCredits', title: 'deducted' },
  { field: 'errorPercent', title: 'error %' },
];

function print(context: Context, answer: ReconciliationAnswer): void {
  const { terminal } = context;
  const room = roomOf(terminal, answer.timeZone);
  const table = (rows: readonly Record<string, unknown>[], columns: readonly Column[]): string =>
    rows.length === 0 ? '' : `\n${toTable(rows, columns, room)}`;
  const { days, totals, examples, packs, estimates } = answer;
  const busy = days.filter((day) => tasksIn(day) > 0).map((day) => rowOf(day.day, day));
  const verdict = isEqual(answer) ? paint(terminal, 'good', 'agree') : paint(terminal, 'bad', 'do not agree');
  terminal.out(`Our ledger and Kling’s ${verdict} from ${answer.from} to ${answer.to}.\n`);
  terminal.out(table(busy.length === 0 ? [] : [...busy, rowOf('all', totals)], DAYS));
  terminal.out(
    table(
      examples.map((example) => ({ ...example, kind: WORDS[example.kind] })),
      EXAMPLES,
    ),
  );
  terminal.out(
    table(
      packs.filter(({ difference }) => difference !== null && difference !== 0),
      PACKS,
    ),
  );
  terminal.out(table(estimates.filter(isStale), PRICES));
}

const WORDS = { oursOnly: 'ours only', theirsOnly: 'theirs only', different: 'different' } as const;

type Compared = ReconciliationAnswer['totals'];

function tasksIn({ matched, oursOnly, theirsOnly, different, pending }: Compared): number {
  return matched.tasks + oursOnly.tasks + theirsOnly.tasks + different.tasks + pending.tasks;
}

function rowOf(day: string, compared: Compared): Record<string, unknown> {
  const { matched, oursOnly, theirsOnly, different, pending, klingUnits, klingCash } = compared;
  const units = Object.entries(klingUnits).map(([product, amount]) => `${amount} ${product} units`);
  const cash = Object.entries(klingCash).map(([currency, amount]) => `${amount} ${currency}`);
  return {
    day,
    matched: matched.tasks,
    credits: matched.credits,
    kling: [...units, ...cash].join(', ') || '-',
    oursOnly: countOf(oursOnly, oursOnly.credits),
    theirsOnly: countOf(theirsOnly, theirsOnly.klingCredits),
    different: countOf(different, different.klingCredits - different.credits),
    pending: countOf(pending, pending.credits),
  };
}

/** Writes `3 (120.5)`: the tasks and their credits. */
function countOf({ tasks }: { tasks: number }, credits: number): string {
  return tasks === 0 ? '0' : `${tasks} (${Number(credits.toFixed(3))})`;
}

function isStale({ errorPercent, exact, creates }: ReconciliationAnswer['estimates'][number]): boolean {
  if (errorPercent === null || creates < STALE_CREATES || Math.abs(errorPercent) < STALE_PERCENT)
    return false;
  // Without a published price the highest is held, and less is expected.
  return exact || errorPercent > 0;
}

function problemsOf({ ledgers, comparedSince, from }: ReconciliationAnswer): string[] {
  const notes: string[] = [];
  for (const [name, { readAt, problem }] of [
    ['units', ledgers.package],
    ['money', ledgers.balance],
  ] as const) {
    if (problem !== null) notes.push(`The ledger of ${name} could not be read: ${problem}`);
    else if (readAt === null) notes.push(`The ledger of ${name} was never read.`);
  }
  const { through } = ledgers.package;
  if (through !== null)
    notes.push(
      `Kling’s ledgers are complete up to ${through}; what is later may be pending. What others spent in the last hour is left out.`,
    );
  if (comparedSince !== null && comparedSince > from)
    notes.push(`Kling’s charges are compared from ${comparedSince} on, when this store began.`);
  return notes;
}
