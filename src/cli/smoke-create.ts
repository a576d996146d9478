/** The create of a smoke test, and what its answer means. */
import { codeInfo, regionHint } from '../kling/codes.ts';
import { readEnvelope, type Envelope } from '../kling/envelope.ts';
import { fieldOf, textOfValue } from '../kling/json-value.ts';
import type { DataAnswer, DataPlaneClient } from './data-plane-client.ts';
import { sentence } from '../phrases.ts';
import { StepFailed } from './smoke-step.ts';
import type { SmokeTask } from './smoke-task.ts';

/** The tag of these tasks in lists and usage; doctor finds the last one by it. */
export const SMOKE_TAG = 'sidecar-smoke';

/** What to do where the sidecar itself refuses, by its word; docs/answers.md has the rest. */
const ADVICE: Readonly<Record<string, string>> = {
  budget_exceeded: 'Wait until the budget resets, or raise it: kling-sidecar budget raise.',
  task_too_expensive: 'Raise creates.maxCreditsEach, or name a cheaper model with --model.',
  spending_frozen: 'When the reason is gone: kling-sidecar unfreeze.',
  unknown_app:
    'Name a configured app with --app, and see that its key file is the one that the sidecar reads.',
  account_refused: 'See the line packs of kling-sidecar doctor, and the account in Kling’s console.',
  queue_full: 'All slots are in use: run the test again when fewer tasks run.',
  upstream_unreachable: 'See kling-sidecar doctor: the line connection names the cause.',
  upstream_timeout: 'See kling-sidecar doctor: the line connection names the cause.',
  clock_untrusted: 'Set this machine’s clock right, and keep it so with NTP.',
  ledger_unavailable: 'See kling-sidecar doctor: the lines store and disk.',
};

export interface SmokeCreate {
  task: SmokeTask;
  externalTaskId: string;
  /** The sidecar's upstream, for hints. */
  upstream: string;
}

/** Codes that another model may not get. */
const OF_MODELS: ReadonlySet<number> = new Set([1103, 1201, 1203]);

export interface SmokeCreated {
  taskId: string;
  /** As the sidecar says it; null if it does not. */
  heldCredits: number | null;
}

/** Sends the create, once. @throws StepFailed. */
export async function createTask(plane: DataPlaneClient, create: SmokeCreate): Promise<SmokeCreated> {
  const { externalTaskId } = create;
  const answer = await ask(plane, create);
  const envelope = readEnvelope(answer.bytes);
  const word = answer.headers['x-kling-sidecar'];
  if (word !== undefined) throw refusedHere(word, envelope, externalTaskId);
  const taskId = textOfValue(fieldOf(envelope?.data, 'task_id'));
  if (envelope?.code === 0 && taskId !== null) {
    const held = Number(answer.headers['x-kling-credits-held'] ?? Number.NaN);
    return { taskId, heldCredits: Number.isNaN(held) ? null : held };
  }
  throw refusedByKling(answer, envelope, create);
}

async function ask(plane: DataPlaneClient, { task, externalTaskId }: SmokeCreate): Promise<DataAnswer> {
  const { path } = task;
  const body = { ...task.body, external_task_id: externalTaskId };
  try {
    return await plane.ask({ method: 'POST', path, body, headers: { 'x-kling-tag': SMOKE_TAG } });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'an error';
    if (code === 'ECONNREFUSED') {
      throw new StepFailed(
        'create',
        `Nothing listens at the data plane, ${plane.url}: nothing was sent.`,
        'See listen.host and listen.port: the config here must be the one that the sidecar was started with.',
      );
    }
    throw new StepFailed(
      'create',
      `The data plane at ${plane.url} gave no answer (${code}).`,
      lookFor(externalTaskId),
    );
  }
}

function lookFor(externalTaskId: string): string {
  return (
    `The create may be under way: look for the external task id ${externalTaskId} in kling-sidecar tasks ` +
    'and kling-sidecar holds list before you run the test again.'
  );
}

function refusedHere(word: string, envelope: Envelope | null, externalTaskId: string): StepFailed {
  const finding = sentence(`The sidecar answered ${word}: ${envelope?.message ?? 'without a message'}`);
  if (word === 'outcome_unknown') return new StepFailed('create', finding, lookFor(externalTaskId));
  return new StepFailed(
    'create',
    finding,
    ADVICE[word] ?? `See ${word} in docs/answers.md. Nothing was made.`,
  );
}

function refusedByKling(
  answer: DataAnswer,
  envelope: Envelope | null,
  { externalTaskId, upstream }: SmokeCreate,
): StepFailed {
  const code = envelope?.code ?? null;
  const info = code === null ? null : codeInfo(code);
  if (code === null || info === null || info.taskMade !== 'no') {
    const what = code === null ? 'without Kling’s envelope' : `with code ${code}`;
    const finding = sentence(`HTTP ${answer.status} ${what}: ${envelope?.message ?? 'no message'}`);
    return new StepFailed('create', finding, lookFor(externalTaskId));
  }
  const finding = sentence(`Kling refused it with code ${code}, ${info.meaning}: ${envelope?.message ?? ''}`);
  const other = OF_MODELS.has(code) ? ' Or name another model with --model.' : '';
  const advice = regionHint(code, new URL(upstream).host) ?? `${info.advice}${other}`;
  return new StepFailed('create', `${finding} Nothing was made.`, advice);
}
