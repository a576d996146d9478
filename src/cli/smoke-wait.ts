/** The task of a smoke test to its end, and its result as an app sees it. */
import { sleep } from '../clock.ts';
import type { TaskAnswer } from '../control/task-schemas.ts';
import { sightingsOf } from '../kling/envelope.ts';
import { findRoute } from '../kling/routes.ts';
import type { TaskSighting } from '../tasks/task.ts';
import type { Ms } from '../units.ts';
import { ok } from '../check.ts';
import { durationText, sentence } from '../phrases.ts';
import { StepFailed } from './smoke-step.ts';
import { SMOKE_TASKS } from './smoke-task.ts';
import type { SmokeTools } from './smoke-tools.ts';
import type { Source } from './source.ts';

/** Between two looks at the task in the sidecar's store: its poller asks Kling, not this. */
const LOOK_MS_MAX: Ms = 2_000;
/** Between two reads of the task through the data plane, where the sidecar does not poll. */
const READ_MS: Ms = 5_000;

interface Waiting {
  source: Source;
  taskId: string;
  waitMs: Ms;
}

/** Waits for the task's end in the sidecar's store. @throws StepFailed if it failed, or takes too long. */
export async function waitForEnd(
  tools: SmokeTools,
  { source, taskId, waitMs }: Waiting,
): Promise<TaskAnswer> {
  const { context, signal, progress } = tools;
  const { clock } = context.terminal;
  const { poll, pollIntervalMs } = context.loaded().config.tasks;
  const startedTick = clock.monotonic();
  for (let readTick = startedTick; ;) {
    const task = (await source.get(`/v1/tasks/${encodeURIComponent(taskId)}`)) as TaskAnswer;
    const waitedMs = clock.monotonic() - startedTick;
    if (task.state === 'succeeded') {
      tools.report(ok('task', `It succeeded after ${secondsText(task)}.`));
      return task;
    }
    if (task.state === 'failed') {
      const why = task.statusMessage ?? '';
      const finding = sentence(`Kling could not make it: ${why === '' ? 'it says no reason' : why}`);
      throw new StepFailed(
        'task',
        finding,
        'Run the test again; where it fails again, ask Kling with the task’s id.',
      );
    }
    if (waitedMs >= waitMs) {
      throw new StepFailed(
        'task',
        `It is still ${task.state} after ${durationText(waitedMs)}.`,
        laterAdvice(taskId),
      );
    }
    progress(`task ${taskId} is ${task.state}, ${Math.round(waitedMs / 1000)} s`);
    if (!poll && clock.monotonic() >= readTick) {
      readTick = clock.monotonic() + READ_MS;
      await tools.plane.ask({ method: 'GET', path: readPath(task) });
    }
    await sleep(clock, Math.min(LOOK_MS_MAX, Math.max(100, pollIntervalMs)), signal);
  }
}

/** How to go on with a task that is still open. */
export function laterAdvice(taskId: string): string {
  return `It goes on, and the sidecar settles it: kling-sidecar tasks ${taskId}. To finish the test: kling-sidecar smoke --task ${taskId}.`;
}

function secondsText({ createdAt, updatedAt }: TaskAnswer): string {
  return `${Math.max(0, Math.round((Date.parse(updatedAt) - Date.parse(createdAt)) / 1000))} s`;
}

/** The path at which an app asks for the task. */
function readPath({ id, product }: TaskAnswer): string {
  const made = SMOKE_TASKS.find((task) => task.product === product);
  return `${made?.path ?? '/v1/videos/text2video'}/${encodeURIComponent(id)}`;
}

/** Asks for the task as an app does, and finds the address of its result. */
export async function readResult(tools: SmokeTools, task: TaskAnswer): Promise<TaskSighting> {
  const { plane, report, context } = tools;
  const target = readPath(task);
  const answer = await plane.ask({ method: 'GET', path: target });
  const found = findRoute('GET', target);
  const [shown] =
    found.kind === 'match' ? sightingsOf(found.route, answer.bytes, context.loaded().config.price) : [];
  const again = `Ask for it again: kling-sidecar smoke --task ${task.id}; and look at the task in Kling’s console.`;
  if (shown === undefined) {
    throw new StepFailed(
      'result',
      `The answer of GET ${target} shows no task (HTTP ${answer.status}).`,
      again,
    );
  }
  if (addressOf(shown) === null) {
    throw new StepFailed('result', 'The task succeeded, and its answer has no address of a result.', again);
  }
  report(ok('result', 'An app that asks for the task gets the address of its result.'));
  return shown;
}

/** Gives the first address of a result; null if there is none. */
export function addressOf({ results }: TaskSighting): string | null {
  return results.find(({ url }) => url !== null && url !== '')?.url ?? null;
}
