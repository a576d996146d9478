/**
 * Callbacks: a POST to the `callback_url` of a task for each change of its status (kling-api.md, section 7).
 *
 * A task's changes are known when it is made: submitted at once, then processing, then its end. Each is said a moment after
 * its age is reached, with the task's state at that age, even if it is sent later. The settings decide which are lost, doubled,
 * reordered, late or early; {@link Callbacks.forge} sends one that is no change at all.
 *
 * **Invariant**: a callback changes nothing in the account. What was sent, lost or forged is in the list, with the answer.
 */
import type { Clock } from '../clock.ts';
import type { Ms } from '../units.ts';
import { createCallbackLine, type CallbackMessage, type SentCallback } from './callback-line.ts';
import {
  DEFAULT_CALLBACKS,
  type CallbackSettings,
  type ForgedSignature,
  type Forgery,
} from './callback-orders.ts';
import { webhookHeaders, type SigningInput } from './callback-sender.ts';
import type { EmulatorTime } from './emulator-time.ts';
import { createRandom } from './random.ts';
import type { JsonObject } from './replies.ts';
import type { EmulatedTask } from './tasks.ts';

export interface Callbacks {
  /**
   * Follows a new task that has an address. Gives a promise if its first callback is sent early: the create may be answered when it
   * resolves.
   */
  follow(task: EmulatedTask): Promise<void> | null;
  /** Sends a forged one; throws if its task is unknown or has no address. */
  forge(forgery: Forgery): Promise<SentCallback>;
  settings(): CallbackSettings;
  /** Changes the settings for the callbacks that are due from then on. */
  set(settings: Partial<CallbackSettings>): void;
  /** The last 100,000, oldest first. */
  list(): readonly SentCallback[];
  /** Sends nothing until they are opened again: what is due meanwhile is in the list as `closed`. */
  close(): void;
  open(): void;
}

export interface CallbacksInput {
  clock: Clock;
  time: EmulatorTime;
  settings: Partial<CallbackSettings>;
  byId: (taskId: string) => EmulatedTask | undefined;
  /** A task at an age, in the form of its generation. */
  bodyOf: (task: EmulatedTask, ageMs: Ms) => JsonObject;
  newId: () => string;
}

/** From a change to its callback, by age: Kling's own delay is not known. */
const SAID_AFTER_MS: Ms = 100;
const STALE_MS: Ms = 600_000;
/** A secret that nobody uses, for signatures that are wrong. */
const WRONG_SECRET = 'whsec_d3Jvbmdfd3Jvbmdfd3Jvbmdfd3Jvbmdfd3Jvbmc=';

/** Makes the callbacks of an account. */
export function createCallbacks(input: CallbacksInput): Callbacks {
  const { clock, time, byId, bodyOf, newId } = input;
  let settings = { ...DEFAULT_CALLBACKS, ...input.settings };
  let random = createRandom(settings.seed);
  const line = createCallbackLine(clock, time, () => settings);
  /** By task: the message that waits for the next one. */
  const heldOf = new Map<string, CallbackMessage>();
  const send = (message: CallbackMessage, isEarly: boolean): Promise<void> =>
    line.send(message, { isEarly, copies: random() < settings.doubleShare ? 2 : 1 });
  const say = (message: CallbackMessage, isLast: boolean): void => {
    const held = heldOf.get(message.taskId);
    if (random() < settings.loseShare) line.lose(message);
    else if (!isLast && held === undefined && random() < settings.reorderShare) {
      heldOf.set(message.taskId, message);
      return;
    } else void send(message, false);
    heldOf.delete(message.taskId);
    if (held !== undefined) void send(held, false);
  };
  const messageAt = (task: EmulatedTask, ageMs: Ms): CallbackMessage => {
    const body = bodyOf(task, ageMs);
    const status = statusIn(body);
    const url = task.plan.callbackUrl ?? '';
    return { id: newId(), taskId: task.id, url, status, body: JSON.stringify(body) };
  };
  const plan = (task: EmulatedTask, ageMs: Ms): void => {
    if (ageMs === Infinity) return;
    time.whenAge(ageMs + SAID_AFTER_MS, () => {
      const message = messageAt(task, ageMs);
      const lateMs = random() * settings.lateMs;
      const isLast = ageMs >= task.endsAgeMs;
      if (lateMs === 0) say(message, isLast);
      else time.whenAge(ageMs + SAID_AFTER_MS + lateMs, () => say(message, isLast));
    });
  };
  return {
    follow(task) {
      if (task.plan.callbackUrl === null) return null;
      const { createdAgeMs, startsAgeMs, endsAgeMs, contradictsAgeMs } = task;
      const isEarly = random() < settings.earlyShare;
      const changes = [...new Set([createdAgeMs, startsAgeMs, endsAgeMs, contradictsAgeMs])];
      for (const ageMs of isEarly ? changes.slice(1) : changes) plan(task, ageMs);
      return isEarly ? send(messageAt(task, createdAgeMs), true) : null;
    },
    async forge(forgery) {
      const task = byId(forgery.taskId);
      if (task === undefined) throw new Error(`no task has the id ${forgery.taskId}`);
      const url = forgery.url ?? task.plan.callbackUrl;
      if (url === null) throw new Error(`task ${task.id} has no callback_url: give url`);
      const body = forgery.body ?? JSON.stringify(forgedBody(bodyOf(task, time.ageMs()), forgery));
      const message = { id: newId(), taskId: task.id, url, status: forgery.status, body };
      const signing = { id: message.id, atMs: time.wallMs(), body };
      return await line.sendForged(message, forgedHeaders(signing, settings.secret, forgery.signature));
    },
    settings: () => settings,
    set(changes) {
      settings = { ...settings, ...changes };
      if (changes.seed !== undefined) random = createRandom(changes.seed);
    },
    list: line.list,
    close: line.close,
    open: line.open,
  };
}

function statusIn(body: JsonObject): string {
  const status = body['status'] ?? body['task_status'];
  return typeof status === 'string' ? status : '';
}

function forgedHeaders(
  signing: SigningInput,
  secret: string | null,
  signature: ForgedSignature = secret === null ? 'none' : 'wrong',
): Record<string, string> {
  switch (signature) {
    case 'none':
      return {};
    case 'wrong':
      return webhookHeaders(WRONG_SECRET, signing);
    case 'stale':
      return webhookHeaders(secret ?? WRONG_SECRET, { ...signing, atMs: signing.atMs - STALE_MS });
    case 'right':
      return webhookHeaders(secret ?? WRONG_SECRET, signing);
  }
}

/** What somebody would claim who wants the task to look ended: a status, a price and a result of theirs. */
function forgedBody(shown: JsonObject, { status, message = '' }: Forgery): JsonObject {
  const url = 'https://files.example.net/forged.mp4';
  return Object.hasOwn(shown, 'task_id')
    ? {
        ...shown,
        task_status: status,
        task_status_msg: message,
        final_unit_deduction: '0.001',
        final_balance_deduction: { quota: '0', list_price: '0' },
        task_result: { videos: [{ id: '1', url, duration: '5.0' }] },
      }
    : {
        ...shown,
        status,
        message,
        outputs: [{ type: 'video', id: '1', url, duration: '5.0' }],
        billing: [{ charge_type: 'unit', amount: '0.001', package_type: 'video' }],
      };
}
