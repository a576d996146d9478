/**
 * `smoke`: the cheapest real task, through the running sidecar, from its price to a whole file: the last look before
 * production.
 *
 * **Invariant**: without `--yes` it shows the price and sends nothing. Ended early, it says which task goes on.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { type Command, Option } from 'commander';
import type { Product } from '../units.ts';
import { tryFolder } from '../config/written-folders.ts';
import { SidecarError } from '../errors.ts';
import type { Context } from './context.ts';
import { notOk, type Check } from '../check.ts';
import { sentence } from '../phrases.ts';
import { checkLines } from './doctor-lines.ts';
import { wholeNumber } from './lists.ts';
import { mayShowProgress } from './progress.ts';
import { takeSignals } from './signals.ts';
import type { SmokeEnd } from './smoke-run.ts';
import { SMOKE_STEPS, StepFailed } from './smoke-step.ts';
import { SMOKE_MODELS, candidates } from './smoke-task.ts';
import type { SmokeRecord } from './smoke-tools.ts';
import { paint, type Terminal } from './terminal.ts';

interface SmokeOptions {
  yes?: boolean;
  product: Product;
  model?: string;
  app?: string;
  task?: string;
  out?: string;
  wait: number;
  json?: boolean;
}

const WAIT_MINUTES = 20;
const MINUTE_MS = 60_000;

/** Adds the command: 0 if every step passed, 1 if one did not, 2 where nobody agreed to the price. */
export function addSmoke(program: Command, context: () => Context): void {
  program
    .command('smoke')
    .description(
      'make the cheapest real task through the running sidecar, and check its result (needs --yes)',
    )
    .option('--yes', 'the price may be spent; without it only the price is shown')
    .addOption(new Option('--product <product>', 'what to make').choices(['video', 'image']).default('video'))
    .addOption(new Option('--model <model>', 'with this model (default: the cheapest)').choices(SMOKE_MODELS))
    .option('--app <name>', 'as this app (default: the first one that is configured)')
    .option('--task <id>', 'finish an earlier test: send nothing, wait for this task and check it')
    .option('--out <file>', 'where the result goes (default: smoke-TASK.mp4 in the working folder)')
    .option('--wait <minutes>', 'how long the task may take', wholeNumber(1, 1440), WAIT_MINUTES)
    .option('--json', 'print JSON')
    .action((options: SmokeOptions) => smoke(context(), options));
}

async function smoke(context: Context, options: SmokeOptions): Promise<void> {
  const { terminal } = context;
  await refuseBadOptions(terminal, options);
  const checks: Check[] = [];
  const record: SmokeRecord = {
    upstream: null,
    task: null,
    externalTaskId: null,
    taskId: null,
    heldCredits: null,
    deductedCredits: null,
    file: null,
  };
  const line = progressLine(terminal);
  const report = (check: Check): void => {
    checks.push(check);
    line.clear();
    if (options.json !== true) terminal.out(checkLines(terminal, [check], STEP_WIDTH));
  };
  const end = await perform(context, { options, record, report, progress: line.show }).finally(line.clear);
  if (options.json === true) terminal.out(`${JSON.stringify(asJson(end, checks, record), null, 2)}\n`);
  else terminal.out(lastLine(terminal, end, checks));
  context.exit(EXIT_CODES[end]);
}

/** Cells of the longest step's name. */
const STEP_WIDTH = Math.max(...SMOKE_STEPS.map((step) => step.length));

type End = SmokeEnd | 'failed' | 'stopped';
const EXIT_CODES: Readonly<Record<End, number>> = { ready: 0, unasked: 2, failed: 1, stopped: 1 };

/** Refuses what would fail after the price was paid. @throws SidecarError `bad_usage`. */
async function refuseBadOptions(
  terminal: Terminal,
  { product, model, out, yes, task }: SmokeOptions,
): Promise<void> {
  if (candidates(product, model).length === 0) {
    const models = candidates(product, undefined).map((one) => one.model);
    throw new SidecarError(
      'bad_usage',
      `--model ${model} makes no ${product}: name one of ${models.join(', ')}.`,
    );
  }
  if (out !== undefined && existsSync(path.resolve(terminal.cwd, out))) {
    throw new SidecarError(
      'bad_usage',
      `--out ${out} is there already: name another file, nothing is overwritten.`,
    );
  }
  if (yes !== true && task === undefined) return;
  const folder = path.dirname(path.resolve(terminal.cwd, out ?? 'smoke'));
  const fault = existsSync(folder) ? await tryFolder(folder) : `there is no folder ${folder}`;
  if (fault === null) return;
  throw new SidecarError(
    'bad_usage',
    `The result could not be saved: ${fault}. Name another place with --out; nothing was sent.`,
  );
}

interface Performing {
  options: SmokeOptions;
  record: SmokeRecord;
  report: (check: Check) => void;
  progress: (text: string) => void;
}

async function perform(context: Context, { options, record, report, progress }: Performing): Promise<End> {
  const { terminal } = context;
  const [{ runSmoke }, { openDataPlaneClient }] = await Promise.all([
    import('./smoke-run.ts'),
    import('./data-plane-client.ts'),
  ]);
  const stop = new AbortController();
  const signals = takeSignals(terminal);
  void signals.stopped.then((why) => stop.abort(new Error(why)));
  try {
    const plane = openDataPlaneClient(context, options.app);
    const wish = {
      product: options.product,
      model: options.model,
      taskId: options.task,
      isAgreed: options.yes === true,
      file: options.out === undefined ? null : path.resolve(terminal.cwd, options.out),
      waitMs: options.wait * MINUTE_MS,
    };
    return await runSmoke({ context, plane, signal: stop.signal, report, progress }, wish, record);
  } catch (error) {
    if (stop.signal.aborted) {
      const why = (stop.signal.reason as Error).message;
      report(await openCheck(record, `The test was stopped (${why}).`));
      return 'stopped';
    }
    report(await checkOf(error, record, options));
    return 'failed';
  } finally {
    signals.release();
  }
}

/** Makes the check of what ended a test. @throws the error itself if no create was sent: then it is as any command's. */
async function checkOf(error: unknown, record: SmokeRecord, { task }: SmokeOptions): Promise<Check> {
  if (error instanceof StepFailed) return error.check;
  const isUnknownTask = task !== undefined && error instanceof SidecarError && error.code === 'not_found';
  if ((record.taskId === null && record.externalTaskId === null) || isUnknownTask) throw error;
  return await openCheck(record, sentence(error instanceof Error ? error.message : String(error)));
}

/** Says what goes on though the test ended. */
async function openCheck({ taskId, externalTaskId }: SmokeRecord, finding: string): Promise<Check> {
  const { laterAdvice } = await import('./smoke-wait.ts');
  if (taskId !== null) return notOk('fail', 'task', finding, laterAdvice(taskId));
  if (externalTaskId === null) return notOk('fail', 'price', finding, 'Nothing was sent.');
  return notOk(
    'fail',
    'create',
    finding,
    `The create may be under way: look for the external task id ${externalTaskId} in kling-sidecar tasks.`,
  );
}

function lastLine(terminal: Terminal, end: End, checks: readonly Check[]): string {
  if (end === 'ready') return `\n${paint(terminal, 'good', 'READY FOR PRODUCTION')}\n`;
  if (end === 'unasked') return '\nNothing was sent. To make it: the same command with --yes.\n';
  const step = checks.at(-1)?.name ?? 'sidecar';
  return `\n${paint(terminal, 'bad', `NOT READY: the step ${step} did not pass`)}\n`;
}

function asJson(end: End, checks: readonly Check[], record: SmokeRecord): Record<string, unknown> {
  const { task, ...rest } = record;
  const failed = checks.find(({ level }) => level === 'fail')?.name ?? null;
  const price = task && { title: task.title, path: task.path, model: task.model, credits: task.credits };
  return { ready: end === 'ready', end, failedStep: failed, price, ...rest, steps: checks };
}

/** A line on a terminal that says what is waited for; gone before anything else is printed. */
function progressLine(terminal: Terminal): { show: (text: string) => void; clear: () => void } {
  const isOn = mayShowProgress(terminal);
  let isShown = false;
  const clear = (): void => {
    if (isShown) terminal.err('\r\u001b[K');
    isShown = false;
  };
  return {
    clear,
    show(text) {
      if (!isOn) return;
      if (text === '') return clear();
      terminal.err(`\rsmoke: ${text}\u001b[K`);
      isShown = true;
    },
  };
}
