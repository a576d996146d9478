/**
 * The account's generation tasks.
 *
 * A task is `submitted`, then `processing`, then ends `succeeded` or `failed`. Its end and the times are decided when it is
 * made. Each read computes its state from its age: there are no timers.
 *
 * **Invariant**: an external id is unique in both generations for the life of the account. A refused create leaves no
 * task, uses no slot and costs nothing.
 */
import { randomInt } from 'node:crypto';
import type { Ms, Product } from '../units.ts';
import type { ChargeBook } from './book.ts';
import type { EmulatorTime } from './emulator-time.ts';
import type { Deduction } from './ledger-rows.ts';
import type { MediaLibrary } from './media-library.ts';
import { contradictionAge, otherEnd, type Oddity } from './oddities.ts';
import type { TaskPlan } from './plan.ts';
import { KlingRefusal } from './replies.ts';
import type { ResultFiles } from './result-files.ts';
import { createSlots, type SlotLimits, type SlotUse } from './slots.ts';

export type TaskStage = 'submitted' | 'processing' | 'succeeded' | 'failed';
/** The end of a task; `stuck` never ends. */
export type Fate = 'succeed' | 'fail' | 'stuck';

/** What an answer shows of a task at one age. */
export interface ShownState {
  stage: TaskStage;
  /** The wall time of its last change. */
  updatedAt: Ms;
  /** Whether its cost and its results are shown once it has ended. */
  hasCosts: boolean;
  hasResults: boolean;
}

export interface EmulatedTask {
  id: string;
  /** The path of its create; a legacy task is also read there. */
  path: string;
  plan: TaskPlan;
  fate: Fate;
  failMessage: string;
  createdWallMs: Ms;
  createdAgeMs: Ms;
  /** The ages of its begin of work and of its end; the end of a stuck task is infinite. */
  startsAgeMs: Ms;
  endsAgeMs: Ms;
  /** Wall times of its changes, computed at the first read from the age of the change. */
  changedAt: Map<Ms, Ms>;
  deductions: Deduction[];
  outputs: Output[];
  oddity: Oddity | null;
  /** The answers that its oddity has counted. */
  answersGiven: number;
  /** The age at which the other end is shown; infinite without such an oddity. */
  contradictsAgeMs: Ms;
}

/** One result of a task, with the URLs of its files. */
export interface Output {
  id: string;
  urls: string[];
  watermarkUrl: string | null;
}

export interface TaskRequest {
  path: string;
  plan: TaskPlan;
  fate: Fate;
  failMessage: string;
  failsAtOnce: boolean;
  /** The charge in thousandths of a unit, instead of the list price; null: the list price. */
  chargeMilli: number | null;
  /** The size of its videos; null: the usual one. */
  resultBytes: number | null;
  apiKeyName: string;
  oddity?: Oddity | undefined;
  /** The wall time at which it was made: now, or earlier on order. Default now. */
  at?: Ms;
}

export interface Tasks {
  /** Makes a task. Refuses with 400/1201 (external id in use), 429/1303 (no slot) or 429/1102 (no funds). */
  create(request: TaskRequest): EmulatedTask;
  byId(id: string): EmulatedTask | undefined;
  byExternalId(id: string): EmulatedTask | undefined;
  /** Every task, oldest first. */
  all(): readonly EmulatedTask[];
  /** Gives a task's state at an age, by default at the present one. */
  stateOf(task: EmulatedTask, ageMs?: Ms): ShownState;
  slots(product: Product): SlotUse;
  /** Makes an id in Kling's format: 18 decimal digits, rising. */
  newId(): string;
}

export interface TaskTiming {
  /** Milliseconds of age before work begins, and of work. */
  submittedMs: Ms;
  processingMs: Ms;
}

interface TasksInput extends SlotLimits {
  time: EmulatorTime;
  book: ChargeBook;
  library: MediaLibrary;
  files: ResultFiles;
  timing: TaskTiming;
}

/** Makes an account's empty list of tasks. */
export function createTasks(input: TasksInput): Tasks {
  const { time, book } = input;
  const all: EmulatedTask[] = [];
  const byId = new Map<string, EmulatedTask>();
  const byExternalId = new Map<string, EmulatedTask>();
  const newId = createIds(time);
  const slots = createSlots(input, time.ageMs);
  const check = ({ plan }: TaskRequest, milli: number): void => {
    if (plan.externalId !== null && byExternalId.has(plan.externalId)) {
      throw new KlingRefusal(1201, `external_task_id ${plan.externalId} already exists`);
    }
    if (!slots.fit(plan)) throw new KlingRefusal(1303);
    book.wallet.check(plan.product, milli);
  };
  const chargeOf = (request: TaskRequest, task: EmulatedTask, milli: number): Deduction[] => {
    if (request.fate === 'fail') return [];
    const { externalId: externalTaskId, product } = request.plan;
    const { path, apiKeyName } = request;
    return book.charge({ taskId: task.id, externalTaskId, path, product, milli, apiKeyName });
  };
  return {
    create(request) {
      const milli = request.chargeMilli ?? request.plan.unitsMilli;
      check(request, milli);
      const task = begin(request, newId(), input);
      task.deductions = chargeOf(request, task, milli);
      if (request.resultBytes !== null) input.files.setVideoBytes(task.id, request.resultBytes);
      task.outputs = makeOutputs(task, input, newId);
      all.push(task);
      slots.take(task);
      byId.set(task.id, task);
      if (task.plan.externalId !== null) byExternalId.set(task.plan.externalId, task);
      return task;
    },
    byId: (id) => byId.get(id),
    byExternalId: (id) => byExternalId.get(id),
    all: () => all,
    stateOf: (task, ageMs = time.ageMs()) => ({
      stage: stageAt(task, ageMs),
      updatedAt: updatedAt(task, ageMs, time),
      hasCosts: task.oddity?.kind !== 'no_deduction',
      hasResults: task.oddity?.kind !== 'no_addresses' || task.answersGiven >= (task.oddity.answers ?? 3),
    }),
    slots: slots.use,
    newId,
  };
}

function stageAt(task: EmulatedTask, ageMs: Ms): TaskStage {
  if (ageMs >= task.endsAgeMs) {
    const end = task.fate === 'fail' ? 'failed' : 'succeeded';
    return ageMs >= task.contradictsAgeMs ? otherEnd(end) : end;
  }
  return ageMs >= task.startsAgeMs ? 'processing' : 'submitted';
}

function updatedAt(task: EmulatedTask, ageMs: Ms, time: EmulatorTime): Ms {
  const changes = [task.contradictsAgeMs, task.endsAgeMs, task.startsAgeMs];
  const [changedAge] = changes.filter((age) => age <= ageMs);
  if (changedAge === undefined) return task.createdWallMs;
  const known = task.changedAt.get(changedAge) ?? Math.max(task.createdWallMs, time.wallOf(changedAge));
  task.changedAt.set(changedAge, known);
  return known;
}

function begin(request: TaskRequest, id: string, { time, timing }: TasksInput): EmulatedTask {
  const wallMs = time.wallMs();
  const at = request.at ?? wallMs;
  const now = time.ageMs() - (wallMs - at);
  const startsAgeMs = request.failsAtOnce ? now : now + timing.submittedMs;
  const workMs = request.failsAtOnce ? 0 : timing.processingMs;
  const endsAgeMs = request.fate === 'stuck' ? Infinity : startsAgeMs + workMs;
  const oddity = request.oddity ?? null;
  return {
    id,
    path: request.path,
    plan: request.plan,
    fate: request.fate,
    failMessage: request.failMessage,
    createdWallMs: at,
    createdAgeMs: now,
    startsAgeMs,
    endsAgeMs,
    changedAt: new Map(),
    deductions: [],
    outputs: [],
    oddity,
    answersGiven: 0,
    contradictsAgeMs: contradictionAge(oddity, endsAgeMs),
  };
}

/** Ids rise with wall time, with at most five digits within a millisecond; a clock that is set back repeats none. */
function createIds(time: EmulatorTime): () => string {
  let last = 0n;
  return () => {
    const next = BigInt(time.wallMs()) * 100_000n + BigInt(randomInt(100_000));
    last = next > last ? next : last + 1n;
    return String(last).padStart(18, '8');
  };
}

const EXTENSIONS: Readonly<Record<TaskPlan['output'], readonly string[]>> = {
  video: ['mp4'],
  image: ['png'],
  series: ['png'],
  'multi-shot': ['png', 'png', 'png'],
  audio: ['mp3', 'wav'],
  'video-audio': ['mp4', 'mp3', 'wav'],
  voice: ['mp3'],
  element: ['png'],
};

/** Names the results of a task, and enters those in the library that later calls may use by id. */
function makeOutputs(task: EmulatedTask, { files, library }: TasksInput, newId: () => string): Output[] {
  const { plan } = task;
  if (task.fate !== 'succeed') return [];
  const urlOf = (name: string): string => files.url(task.id, name, task.endsAgeMs);
  return Array.from({ length: plan.outputCount }, (_, index) => {
    const extensions = EXTENSIONS[plan.output];
    const urls = extensions.map((extension, part) => urlOf(`${index}-${part}.${extension}`));
    const watermarkUrl = plan.watermark ? urlOf(`${index}-watermark.${extensions[0] ?? 'mp4'}`) : null;
    const output = { id: newId(), urls, watermarkUrl };
    enter(task, output, library);
    return output;
  });
}

function enter({ plan, endsAgeMs }: EmulatedTask, { id, urls }: Output, library: MediaLibrary): void {
  const common = { id, readyAgeMs: endsAgeMs };
  const durationMs = plan.durationMs ?? 0;
  if (plan.output === 'video' || plan.output === 'video-audio') {
    library.addMedia({ ...common, kind: 'video', url: urls[0] ?? '', durationMs });
  } else if (plan.output === 'audio') {
    library.addMedia({ ...common, kind: 'audio', url: urls[0] ?? '', durationMs });
  } else if (plan.output === 'voice' || plan.output === 'element') {
    library.addItem({
      ...common,
      kind: plan.output,
      name: plan.title,
      description: plan.description,
      ownedBy: 'emulator',
    });
  }
}
