/**
 * Callbacks of Kling's: kept, answered, and then Kling is asked for their task.
 *
 * A callback is a hint, signed or not: what it says moves no money and no state, only the answer of the query does. So early,
 * late, doubled, reordered and forged ones change nothing. A callback that comes before the create's own answer is recorded has no
 * task yet: its task is asked for when the answer is here. If none comes, the poller asks as always.
 *
 * **Invariant**: a callback is durable before it is answered. A task is asked for at most once in {@link ASK_MS} because of
 * callbacks, and never after it has ended. What is remembered is bounded.
 */
import { createHash, type KeyObject } from 'node:crypto';
import type { Clock, Timer } from '../clock.ts';
import type { Fact } from '../facts.ts';
import { parseKeepingDigits } from '../kling/json-value.ts';
import { sightingOf } from '../kling/task-shape.ts';
import { checkSignature, type SignatureCheck, type SignedHeaders } from '../standard-webhooks.ts';
import type { Store } from '../store/store.ts';
import { keepCallback, type CallbackStatus, type ReceivedCallback } from '../tasks/callback-table.ts';
import { isTerminal } from '../tasks/task-state.ts';
import type { Ms } from '../units.ts';

/** The shortest time between two queries for one task that callbacks cause. */
const ASK_MS: Ms = 5_000;
/** The most creates whose last callbacks are remembered. */
const CREATES_MAX = 10_000;
/** The most different bodies of one create that are taken in {@link ASK_MS}: Kling sends one for each change of its state. */
const BODIES_MAX = 16;
const WEBHOOK_ID_CHARS_MAX = 256;

/**
 * `repeated`: kept a moment ago. `unsigned`: refused, since no valid signature came. `malformed`: no JSON object. `limited`: too
 * many for one create. `gone`: there is no such create.
 */
export type CallbackResult = 'taken' | 'repeated' | 'unsigned' | 'malformed' | 'limited' | 'gone';

export interface CallbacksDeps {
  store: Pick<Store, 'write'>;
  /** The clock by which signatures are dated and callbacks recorded. */
  clock: Clock;
  /** The keys of Kling's secrets; none: signatures are not checked. */
  keys: () => readonly KeyObject[];
  requiresSignature: () => boolean;
  /** Asks Kling for a task soon. */
  askFor: (taskId: string) => void;
  /** Called for a callback that is kept and is to be relayed. */
  onRelayed: (holdId: string) => void;
  /** Called where a callback on a valid path had no valid signature. */
  onUnsigned: (holdId: string, check: SignatureCheck) => void;
}

/** The callback as it arrived. */
export interface Arrived {
  headers: SignedHeaders;
  body: Buffer;
}

interface Recent {
  /** The last bodies, with the result of keeping them. */
  kept: Map<string, { untilTick: Ms; result: Promise<CallbackResult> }>;
  /** When its task may be asked for again, on the steady clock. */
  askTick: Ms;
  /** Asks for the task at {@link askTick}, for a callback that came before. */
  timer: Timer | null;
}

export class Callbacks {
  readonly #deps: CallbacksDeps;
  /** By hold, the latest last. */
  readonly #recent = new Map<string, Recent>();
  /** Creates whose callback came before their own answer. */
  readonly #early = new Set<string>();
  #isStopped = false;

  constructor(deps: CallbacksDeps) {
    this.#deps = deps;
  }

  /**
   * Takes a callback for a hold; it is durable when this resolves.
   * @throws the store's error: then it is not kept, and must not be answered with a success.
   */
  async receive(holdId: string, { headers, body }: Arrived): Promise<CallbackResult> {
    const { clock, keys, requiresSignature, onUnsigned } = this.#deps;
    const at = clock.now();
    const ownKeys = keys();
    const check = ownKeys.length === 0 ? 'absent' : checkSignature(ownKeys, headers, { body, now: at });
    const isSigned = check === 'valid';
    if (!isSigned && requiresSignature()) {
      onUnsigned(holdId, check);
      return 'unsigned';
    }
    const status = statusOf(body);
    if (status === null) return 'malformed';
    const bodyHash = createHash('sha256').update(body).digest('hex');
    const webhookId = headers['webhook-id']?.slice(0, WEBHOOK_ID_CHARS_MAX) ?? null;
    return this.#keepOnce({ holdId, at, bodyHash, status, webhookId, isSigned, body: body.toString('utf8') });
  }

  /** Learns from facts which creates have their task now. */
  follow(facts: readonly Fact[]): void {
    if (this.#early.size === 0) return;
    for (const fact of facts) {
      if (fact.kind !== 'task_changed' || !this.#early.delete(fact.holdId)) continue;
      if (!isTerminal(fact.to)) this.#ask(this.#recentOf(fact.holdId), fact.taskId);
    }
  }

  /** Keeps a callback, unless the same one was kept a moment ago or is being kept. */
  async #keepOnce(received: ReceivedCallback): Promise<CallbackResult> {
    const recent = this.#recentOf(received.holdId);
    const tick = this.#deps.clock.monotonic();
    const key = `${received.bodyHash} ${received.isSigned}`;
    const same = recent.kept.get(key);
    if (same && tick < same.untilTick) return (await same.result) === 'taken' ? 'repeated' : same.result;
    if (same) recent.kept.delete(key);
    if (!this.#hasRoom(recent, tick)) return 'limited';
    const result = this.#keep(recent, received);
    recent.kept.set(key, { untilTick: tick + ASK_MS, result });
    try {
      return await result;
    } catch (error) {
      recent.kept.delete(key);
      throw error;
    }
  }

  /** Returns whether another body of a create may be kept now; those of a while ago make room. */
  #hasRoom({ kept }: Recent, tick: Ms): boolean {
    if (kept.size < BODIES_MAX) return true;
    for (const [key, { untilTick }] of kept) if (untilTick <= tick) kept.delete(key);
    return kept.size < BODIES_MAX;
  }

  async #keep(recent: Recent, received: ReceivedCallback): Promise<CallbackResult> {
    const { holdId } = received;
    const create = await this.#deps.store.write(keepCallback, received);
    if (create === null) return 'gone';
    if (create.taskId === null) this.#noteEarly(holdId);
    else if (create.state === null || !isTerminal(create.state)) this.#ask(recent, create.taskId);
    if (create.isRelayed) this.#deps.onRelayed(holdId);
    return 'taken';
  }

  /** Asks for nothing any more. */
  stop(): void {
    this.#isStopped = true;
    for (const { timer } of this.#recent.values()) timer?.cancel();
  }

  /** Asks now, or at the end of the time in which the task was asked for: the task may have changed again meanwhile. */
  #ask(recent: Recent, taskId: string): void {
    const { clock, askFor } = this.#deps;
    if (this.#isStopped || recent.timer !== null) return;
    const waitMs = recent.askTick - clock.monotonic();
    if (waitMs > 0) {
      recent.timer = clock.after(waitMs, () => {
        recent.timer = null;
        this.#ask(recent, taskId);
      });
      return;
    }
    recent.askTick = clock.monotonic() + ASK_MS;
    askFor(taskId);
  }

  #recentOf(holdId: string): Recent {
    const known = this.#recent.get(holdId);
    if (known) return known;
    if (this.#recent.size >= CREATES_MAX) this.#forgetOldest();
    const recent: Recent = { kept: new Map(), askTick: -Infinity, timer: null };
    this.#recent.set(holdId, recent);
    return recent;
  }

  #noteEarly(holdId: string): void {
    if (this.#early.size < CREATES_MAX) this.#early.add(holdId);
  }

  #forgetOldest(): void {
    for (const [holdId, { timer }] of this.#recent) {
      if (timer !== null) continue;
      this.#recent.delete(holdId);
      return;
    }
  }
}

/** Gives the state that a body names; null if it is no JSON object. */
function statusOf(body: Buffer): CallbackStatus | null {
  const value = parseKeepingDigits(body);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  return sightingOf(value, 'video')?.state ?? 'unknown';
}
