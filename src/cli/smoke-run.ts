/**
 * A smoke test, step by step: the sidecar, the price, the create, the task's end, its result, a whole file, the deduction.
 *
 * Everything goes through the running sidecar, so that the create is held, sent once and recorded, and the task settles
 * though the test is ended early.
 *
 * **Invariant**: one create at most, and only where the caller said yes; each step that passed was reported before the next
 * one begins.
 */
import type { EstimateAnswer, StatusAnswer } from '../control/schemas.ts';
import { newId } from '../ids.ts';
import { ok, notOk } from '../check.ts';
import { sentence } from '../phrases.ts';
import { checkTarget } from '../upstream/upstream-checks.ts';
import { createTask, SMOKE_TAG } from './smoke-create.ts';
import { compare, fetchResult } from './smoke-result.ts';
import { StepFailed } from './smoke-step.ts';
import { candidates, priced, type PricedTask } from './smoke-task.ts';
import { creditsText, type SmokeRecord, type SmokeTools, type SmokeWish } from './smoke-tools.ts';
import { readResult, waitForEnd } from './smoke-wait.ts';
import { isRunning, openSource, type Source } from './source.ts';

/** How it ended: `unasked` is before the create, where nobody agreed to the price. */
export type SmokeEnd = 'ready' | 'unasked';

/** Makes the test. @throws StepFailed for the step that did not pass, SidecarError as commands do. */
export async function runSmoke(tools: SmokeTools, wish: SmokeWish, record: SmokeRecord): Promise<SmokeEnd> {
  if (!(await isRunning(tools.context))) {
    throw new StepFailed(
      'sidecar',
      'No sidecar runs: the test goes through it, so that it is held and recorded.',
      'Start it: kling-sidecar start.',
    );
  }
  const source = await openSource(tools.context);
  try {
    const status = await checkSidecar(tools, source);
    record.upstream = status.upstream;
    if (wish.taskId === undefined) {
      record.task = await showPrice(tools, source, wish);
      if (!wish.isAgreed) return 'unasked';
      await create(tools, record, record.task);
    } else record.taskId = wish.taskId;
    const taskId = record.taskId ?? '';
    const task = await waitForEnd(tools, { source, taskId, waitMs: wish.waitMs });
    const shown = await readResult(tools, task);
    record.file = await fetchResult(tools, wish, { task, shown, upstream: status.upstream });
    await compare(tools, record, { source, task, shown });
    return 'ready';
  } finally {
    tools.progress('');
    await source.close();
  }
}

async function checkSidecar({ context, report }: SmokeTools, source: Source): Promise<StatusAnswer> {
  const status = (await source.get('/v1/status')) as StatusAnswer;
  if (status.freeze !== null) {
    const finding = sentence(`Spending is frozen by ${status.freeze.actor}: ${status.freeze.reason}`);
    throw new StepFailed('sidecar', finding, 'When the reason is gone: kling-sidecar unfreeze.');
  }
  report(ok('sidecar', `Version ${status.version} runs in mode ${status.mode}, before ${status.upstream}.`));
  const place = checkTarget(status.upstream);
  if (place.level !== 'ok') report({ ...place, name: 'sidecar' });
  const own = context.loaded().config.upstream.baseUrl;
  if (own !== status.upstream) {
    const finding = `The config here names ${own}.`;
    report(
      notOk('note', 'sidecar', finding, 'Run the test with the config that the sidecar was started with.'),
    );
  }
  return status;
}

async function showPrice(
  tools: SmokeTools,
  source: Source,
  { product, model }: SmokeWish,
): Promise<PricedTask> {
  const { config } = tools.context.loaded();
  const { app } = tools.plane;
  const tasks = candidates(product, model);
  const estimate = async (of: readonly { path: string; body: unknown }[]): Promise<EstimateAnswer> => {
    const requests = of.map(({ path: target, body }) => ({ path: target, body }));
    return (await source.post('/v1/estimate', { requests, app, tag: SMOKE_TAG })) as EstimateAnswer;
  };
  const [cheapest] = priced(tasks, await estimate(tasks));
  if (cheapest === undefined) {
    throw new StepFailed(
      'price',
      'No task of this kind has a price.',
      'Name one in pricing.overrides, or another model.',
    );
  }
  const { perCredit, currency } = config.price;
  const money = `${Number((cheapest.credits * perCredit).toPrecision(6))} ${currency}`;
  const sure = cheapest.notes.length === 0 ? '' : ` The price is not sure: ${cheapest.notes.join('; ')}.`;
  tools.report(ok('price', `${capital(cheapest.title)}: ${creditsText(cheapest.credits)}, ${money}.${sure}`));
  const { fits, budgets } = await estimate([cheapest]);
  if (!fits) {
    const full = budgets.filter((one) => !one.fits).map(({ name }) => name);
    const why = cheapest.refusal ?? `it does not fit the budget ${full.join(', ')}`;
    tools.report(
      notOk(
        'note',
        'price',
        sentence(`The sidecar will refuse it: ${why}`),
        'See kling-sidecar budget list.',
      ),
    );
  }
  return cheapest;
}

function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

async function create(tools: SmokeTools, record: SmokeRecord, task: PricedTask): Promise<void> {
  const { context, plane } = tools;
  // An id of our own: what becomes of the create can be found though its answer is lost.
  const externalTaskId = newId('ks', context.terminal.clock.now());
  record.externalTaskId = externalTaskId;
  tools.progress(`the create ${externalTaskId} is being sent`);
  const { taskId, heldCredits } = await orStopped(
    createTask(plane, { task, externalTaskId, upstream: record.upstream ?? '' }),
    tools.signal,
  );
  tools.progress('');
  record.taskId = taskId;
  record.heldCredits = heldCredits;
  const held = heldCredits === null ? '' : `; held: ${creditsText(heldCredits)}`;
  tools.report(ok('create', `Kling made the task ${taskId}${held}.`));
}

/** Rejects as soon as the signal aborts; what is under way goes on by itself. */
function orStopped<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop, { once: true });
    return void promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
