/** `jobs list` shows what runs beside requests, and is what `jobs` alone does; `jobs run` begins a run and waits for its end. */
import { Argument, type Command } from 'commander';
import { sleep, stayAwake } from '../clock.ts';
import type { JobAnswer, JobRow, JobsAnswer } from '../control/job-schemas.ts';
import { JOB_NAMES } from '../jobs/job-names.ts';
import type { Ms } from '../units.ts';
import { actorOption, type Context } from './context.ts';
import { addFormats, formatOf, printRows } from './lists.ts';
import type { Format } from './rows.ts';
import { openSource, order, type Source } from './source.ts';
import type { Column } from './table.ts';
import { paint } from './terminal.ts';

const COLUMNS: readonly Column[] = [
  { field: 'name', title: 'job' },
  { field: 'state', title: 'state' },
  { field: 'lastStartedAt', title: 'last run', kind: 'time' },
  { field: 'took', title: 'took', drop: 4 },
  { field: 'missed', title: 'missed', drop: 3 },
  { field: 'nextAt', title: 'next run', kind: 'time' },
  { field: 'cron', title: 'cron', drop: 2 },
  { field: 'timeZone', title: 'zone', drop: 1 },
  { field: 'lastError', title: 'error', cut: true, drop: 5 },
];

/** How often the end of a run is looked for. */
const LOOK_MS: Ms = 500;

interface RunOptions {
  reason?: string;
  wait: boolean;
  json?: boolean;
}

/** Adds the commands. */
export function addJobs(program: Command, context: () => Context): void {
  const jobs = program.command('jobs').description('what runs beside requests, by the clock');
  addFormats(
    jobs
      .command('list', { isDefault: true })
      .description('every job: how its last run ended, and when it runs next'),
  ).action((options: { format?: Format; json?: boolean }) => list(context(), formatOf(options)));
  jobs
    .command('run')
    .description('run a job now and wait for its end (needs the running sidecar); exit code 1 where it fails')
    .addArgument(new Argument('<name>', 'the job').choices(JOB_NAMES))
    .option('--no-wait', 'end as soon as it has begun')
    .option('--reason <text>', 'kept in the audit')
    .addOption(actorOption())
    .option('--json', 'print JSON')
    .action((name: string, options: RunOptions) => run(context(), name, options));
}

async function list(context: Context, format: Format): Promise<void> {
  const source = await openSource(context);
  try {
    const rows = await jobsOf(source);
    const shown = format === 'table' ? rows.map((row) => ({ ...row, ...forPeople(row) })) : rows;
    const shape = { rows: 'jobs', columns: COLUMNS, empty: 'No jobs.' };
    printRows(context, shape, shown, { format });
  } finally {
    await source.close();
  }
}

async function jobsOf(source: Source): Promise<JobRow[]> {
  return ((await source.get('/v1/jobs')) as JobsAnswer).jobs;
}

function forPeople({ state, lastDurationMs }: JobRow): { state: string; took: string } {
  return {
    state: state === 'never' ? 'never ran' : state,
    took: lastDurationMs === null ? '' : tookText(lastDurationMs),
  };
}

async function run(context: Context, name: string, options: RunOptions): Promise<void> {
  const { terminal } = context;
  const { reason, wait, json } = options;
  const path = `/v1/jobs/${name}/run`;
  const begun = (await order(context, 'Running a job', {
    method: 'POST',
    path,
    body: { reason },
  })) as JobAnswer;
  const job = wait ? await whenOver(context, begun.job) : begun.job;
  if (json) terminal.out(`${JSON.stringify({ job }, null, 2)}\n`);
  else terminal.out(`${resultText(context, job)}\n`);
  if (job.state !== 'running' && job.lastResult === 'failed') context.exit(1);
}

/** Asks for the job until its run is over; another run that has begun meanwhile is the next one. */
export async function whenOver(
  context: Context,
  begun: JobRow,
  onLook: (job: JobRow) => void = () => undefined,
): Promise<JobRow> {
  const since = begun.runningSince;
  if (since === null) return begun;
  const source = await openSource(context);
  const awake = stayAwake();
  try {
    for (;;) {
      const now = (await jobsOf(source)).find(({ name }) => name === begun.name) ?? begun;
      if (now.runningSince !== since) return now;
      onLook(now);
      await sleep(context.terminal.clock, LOOK_MS);
    }
  } finally {
    awake.end();
    await source.close();
  }
}

function resultText({ terminal }: Context, job: JobRow): string {
  if (job.state === 'running') return `${job.name} is running.`;
  const took = tookText(job.lastDurationMs ?? 0);
  if (job.lastResult !== 'failed') return `${job.name} is done, after ${took}.`;
  return `${job.name} ${paint(terminal, 'bad', 'failed')} after ${took}: ${job.lastError ?? ''}`;
}

/** Writes how long a run took: `35 ms`, `2.3 s`, `12 min 5 s`. */
function tookText(durationMs: Ms): string {
  const seconds = durationMs / 1000;
  if (seconds < 1) return `${durationMs} ms`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}
