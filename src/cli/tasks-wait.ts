/**
 * `tasks wait`: blocks until a task ends, for scripts.
 *
 * The running sidecar asks Kling; this command asks the sidecar. The exit code says how it ended: 0 succeeded, 1 failed or lost,
 * {@link TIMED_OUT} still open at the end of `--timeout`, as `timeout(1)` has it.
 */
import { type Command, InvalidArgumentError } from 'commander';
import { sleep, stayAwake } from '../clock.ts';
import type { TaskAnswer } from '../control/task-schemas.ts';
import { SidecarError } from '../errors.ts';
import { durationText } from '../phrases.ts';
import { plainText } from '../plain-text.ts';
import type { Ms } from '../units.ts';
import type { Context } from './context.ts';
import { openSource, type Source } from './source.ts';

const TIMED_OUT = 124;
/** Between two looks at the task in the sidecar. */
const LOOK_MS: Ms = 1_000;
/** How long a sidecar may be away, such as for a restart. */
const AWAY_MS_MAX: Ms = 60_000;
const UNITS: Readonly<Record<string, Ms>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

interface WaitOptions {
  timeout?: Ms;
  json?: boolean;
}

/** Adds the command below `tasks`. */
export function addTasksWait(tasks: Command, context: () => Context): void {
  tasks
    .command('wait')
    .description('wait until a task ends; exit code 0 succeeded, 1 failed or lost, 124 timed out')
    .argument('<id>', 'a task’s id')
    .option('--timeout <time>', 'wait at most so long, such as 90s, 30m or 2h', timeoutArgument)
    .option('--json', 'print the task as JSON at its end')
    // `tasks` takes --json too, and commander gives an option of both to the parent.
    .action((id: string, _: unknown, command: Command) =>
      waitForTask(context(), id, command.optsWithGlobals<WaitOptions>()),
    );
}

function timeoutArgument(text: string): Ms {
  const [, number = '', unit = ''] = /^(\d{1,7})(s|m|h|d)$/.exec(text) ?? [];
  const ms = Number(number) * (UNITS[unit] ?? 0);
  if (ms > 0) return ms;
  throw new InvalidArgumentError('A number with its unit is wanted: 90s, 30m, 2h or 1d.');
}

async function waitForTask(context: Context, id: string, { timeout, json }: WaitOptions): Promise<void> {
  const source = await openSource(context);
  const awake = stayAwake();
  try {
    const task = await lastSight(context, source, { id, waitMs: timeout ?? Infinity });
    context.exit(exitCodeOf(task));
    if (json) context.terminal.out(`${JSON.stringify(task, null, 2)}\n`);
    else printEnd(context, task);
  } finally {
    awake.end();
    await source.close();
  }
}

/** Gives the task at its end, or at the end of the wait. @throws SidecarError `not_found`, `daemon_required`. */
async function lastSight(
  context: Context,
  source: Source,
  { id, waitMs }: { id: string; waitMs: Ms },
): Promise<TaskAnswer> {
  const { clock, isErrTerminal, err } = context.terminal;
  const startedTick = clock.monotonic();
  let shown = '';
  for (;;) {
    const task = await sight(context, source, id);
    const waitedMs = clock.monotonic() - startedTick;
    if (!isOpen(task) || waitedMs >= waitMs) return task;
    if (source.kind === 'store') throw needsSidecar(task);
    if (isErrTerminal && task.state !== shown)
      err(`task ${plainText(id)} is ${task.state}, after ${durationText(waitedMs)}\n`);
    shown = task.state;
    await sleep(clock, Math.min(LOOK_MS, waitMs - waitedMs));
  }
}

/** Reads the task; a sidecar that is away is asked again for a minute. */
async function sight({ terminal: { clock } }: Context, source: Source, id: string): Promise<TaskAnswer> {
  const startedTick = clock.monotonic();
  for (;;) {
    try {
      return (await source.get(`/v1/tasks/${encodeURIComponent(id)}`)) as TaskAnswer;
    } catch (error) {
      const isAway = error instanceof SidecarError && error.code === 'ledger_unavailable';
      if (!isAway || clock.monotonic() - startedTick >= AWAY_MS_MAX) throw error;
      await sleep(clock, LOOK_MS);
    }
  }
}

function isOpen({ state }: TaskAnswer): boolean {
  return state === 'submitted' || state === 'processing';
}

function exitCodeOf(task: TaskAnswer): number {
  if (isOpen(task)) return TIMED_OUT;
  return task.state === 'succeeded' ? 0 : 1;
}

function needsSidecar({ id, state }: TaskAnswer): SidecarError {
  const text = `Task ${id} is ${state}, and no sidecar runs that could learn its end: kling-sidecar start.`;
  return new SidecarError('daemon_required', text);
}

/** The state, then the address of each result: a script takes the lines after the first. */
function printEnd({ terminal }: Context, { state, statusMessage, results }: TaskAnswer): void {
  terminal.out(`${state}\n`);
  for (const { url } of results) if (url !== null) terminal.out(`${plainText(url)}\n`);
  if (statusMessage !== null && state !== 'succeeded') terminal.err(`${plainText(statusMessage)}\n`);
}
