/**
 * Slots of Kling's concurrency limits and requests in a minute: what a create waits for before it is sent.
 *
 * Kling counts tasks that run, per account and pack type, not requests (its concurrency rules, read 2026-09-20). So a
 * slot belongs to a hold: reserved before the create is sent, free again when the hold is settled, released or written
 * off. After a restart the store says which holds are open ({@link Slots.occupy}). Who waits, and who is next, is in
 * `fair-queue.ts`. A create that waited without success gets a `Retry-After` by which its turn should come, and keeps its place.
 *
 * **Invariant**: without a limit and without a pause no create waits; a create whose wait timed out was never held or sent; no create is
 * let into a pool above its limit, but one that is larger than the limit has the pool for itself.
 */
import type { CallRecord } from '../calls/call.ts';
import type { Clock, Timer } from '../clock.ts';
import { SidecarError } from '../errors.ts';
import type { Fact } from '../facts.ts';
import { failsForConcurrency } from '../kling/task-failures.ts';
import { stuckAfterMs, stuckRange, type StuckLimits } from '../tasks/stuck-limits.ts';
import type { Ms, Product } from '../units.ts';
import type { OperationWord } from '../words.ts';
import type { BegunPause, PauseReason } from './pauses.ts';
import type { ReservedSlots } from './pool-use.ts';
import { Room } from './room.ts';
import {
  poolsOf,
  type PoolState,
  type SlotOptions,
  type SlotRequest,
  type SlotTicket,
  type Throttle,
  type WaitingCreate,
} from './slot.ts';
import { Waiting, type Waiter } from './waiting.ts';

/** The longest pause for a `Retry-After` of Kling's: then one create shows whether it still refuses. */
const ASKED_PAUSE_MS_MAX = 60_000;
/** Kling's code for a full pool. */
const POOL_FULL = 1303;
/** The age of a task from which its failure for concurrency is not about now. */
const LATE_MS = 60_000;

type TaskChanged = Extract<Fact, { kind: 'task_changed' }>;

/** The slots of a hold. */
interface HeldSlots {
  reserved: ReservedSlots;
  operation: OperationWord;
}

export class Slots {
  readonly #clock: Clock;
  readonly #room: Room;
  readonly #byHold = new Map<string, HeldSlots>();
  readonly #waiting: Waiting;
  #recheck: { at: Ms; timer: Timer } | null = null;
  #isClosed = false;

  /** @param random gives a number from 0 to 1: how long a pause after a burst is. */
  constructor(options: SlotOptions, clock: Clock, random?: () => number) {
    this.#clock = clock;
    this.#room = new Room(options, clock, random);
    this.#waiting = new Waiting(this.#room, clock);
  }

  /** Sets the function that gets each pause when it begins. */
  set onPause(listener: (pause: BegunPause) => void) {
    this.#room.pauses.onBegin = listener;
  }

  /** Sets new limits and checks the waiting creates again. */
  configure(options: SlotOptions): void {
    this.#room.configure(options);
    this.#grantNext();
  }

  /** Checks the waiting creates again, after a limit changed. */
  limitsChanged(): void {
    this.#grantNext();
  }

  /** Sends nothing of these pools for `ms` from now (0 or more). */
  pause(pools: readonly string[], ms: Ms, why: PauseReason): void {
    if (!this.#room.options.isPaced) return;
    this.#room.pauses.begin(pools, ms, why);
    this.#grantNext();
  }

  /**
   * Takes note of Kling's 1302 or 1303: for the limits, and for the pause that a burst of them or a `Retry-After` asks for.
   * Slots that the create has reserved stay reserved.
   */
  throttled({ code, pools, weight = 1, retryAfterMs }: Throttle): void {
    const { use, pauses, options } = this.#room;
    if (!options.isPaced) return;
    if (code === POOL_FULL) {
      for (const pool of pools) options.limits.noteFull({ pool, inUse: use.inUse(pool), weight });
    }
    if (retryAfterMs !== null) pauses.begin(pools, Math.min(retryAfterMs, ASKED_PAUSE_MS_MAX), 'retry_after');
    pauses.noteThrottle(pools);
    this.#grantNext();
  }

  /** Counts a request to Kling in its rates, if it did not wait here: a read, and a create that was sent again. */
  noteCall({ origin, app, holdId, attempt }: CallRecord): void {
    const isOfApp = origin === 'app';
    if (isOfApp && holdId !== null && attempt === 1) return;
    this.#room.rates.noteRead(isOfApp ? app : null);
  }

  /** Frees the slots of holds that ended, and learns how long tasks take, and which ones Kling let fail for concurrency. */
  follow(facts: readonly Fact[]): void {
    for (const fact of facts) {
      if (fact.kind === 'hold_resolved') this.free(fact.holdId);
      else if (fact.kind === 'task_changed' && (fact.to === 'succeeded' || fact.to === 'failed'))
        this.#noteEnded(fact);
    }
  }

  #noteEnded(fact: TaskChanged): void {
    const pools = poolsOf(fact);
    if (fact.to === 'succeeded' || !failsForConcurrency(fact.statusMessage))
      this.#room.use.noteDuration(pools, fact.ageMs);
    // One that is seen late shows nothing about the present use.
    else if (fact.ageMs <= LATE_MS)
      this.throttled({ code: POOL_FULL, pools, weight: fact.weight, retryAfterMs: null });
  }

  /** Gives how long the longest pause of these pools still lasts; 0 without one. */
  pauseMs(pools: readonly string[]): Ms {
    return this.#room.pauses.leftMs(pools);
  }

  /** Reserves the slots of a hold at once, also above a limit; `ageMs` is that of one from before this process began. */
  occupy(
    holdId: string,
    request: Pick<SlotRequest, 'product' | 'model' | 'operation' | 'weight'>,
    ageMs: Ms = 0,
  ): void {
    if (this.#byHold.has(holdId)) return;
    const since = this.#clock.monotonic() - ageMs;
    const reserved = this.#room.use.reserve(poolsOf(request), request.weight, since);
    this.#byHold.set(holdId, { reserved, operation: request.operation });
  }

  /** Frees the slots of holds that have them for longer than a task of their operation should take. */
  freeStuck(limits: StuckLimits): void {
    const now = this.#clock.monotonic();
    const { leastMs } = stuckRange(limits);
    let isAny = false;
    for (const [holdId, { reserved, operation }] of this.#byHold) {
      // In the order of their begin, but for moments.
      if (reserved.since > now - leastMs) break;
      if (reserved.since > now - stuckAfterMs(limits, operation)) continue;
      this.#byHold.delete(holdId);
      this.#room.use.free(reserved);
      isAny = true;
    }
    if (isAny) this.#grantNext();
  }

  /** Sets how many slots of a product are in use by tasks of the account that are not ours. */
  setElsewhere(product: Product, slots: number): void {
    if (this.#room.use.elsewhere(product) === slots) return;
    this.#room.use.setElsewhere(product, slots);
    this.#grantNext();
  }

  /**
   * Waits for its turn until every pool of the create has room.
   * @throws SidecarError `queue_full` with `retryAfterSeconds` in its detail, or `shutting_down`.
   */
  enter(request: SlotRequest): Promise<SlotTicket> {
    const ticket = this.enterNow(request);
    if (ticket) return Promise.resolve(ticket);
    if (this.#isClosed) return Promise.reject(closing());
    if (request.signal.aborted) return Promise.reject(gone());
    const { queueLengthMax, queueWaitMsMax } = this.#room.options;
    const waitMs = Math.min(request.waitMsMax, queueWaitMsMax);
    if (waitMs <= 0) return Promise.reject(this.#waiting.refused(request, 'it may not wait'));
    const kept = this.#waiting.usePlace(request);
    if (kept === null && this.#waiting.length >= queueLengthMax)
      return Promise.reject(this.#waiting.refused(request, 'the queue is full'));
    return this.#wait(request, { waitMs, arrival: kept ?? this.#waiting.arrive() });
  }

  /** True once no create is let in any more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Reserves the slots of a create that need not wait for them; null where it would have to {@link enter}. */
  enterNow(request: SlotRequest): SlotTicket | null {
    if (this.wouldWait(request)) return null;
    this.#waiting.usePlace(request);
    return this.#ticket(request, poolsOf(request), 0);
  }

  /** Returns whether a create would have to wait now, or could only be refused. */
  wouldWait(request: SlotRequest): boolean {
    return (
      this.#isClosed || this.#waiting.countOf(request.product) > 0 || this.#room.lackOf(request) !== null
    );
  }

  /** Frees the slots of a hold that ended; does nothing if it has none. */
  free(holdId: string): void {
    const held = this.#byHold.get(holdId);
    if (!held) return;
    this.#byHold.delete(holdId);
    this.#room.use.free(held.reserved);
    this.#grantNext();
  }

  /** Refuses all waiting creates and all later ones. */
  close(): void {
    this.#isClosed = true;
    this.#recheck?.timer.cancel();
    for (const waiter of this.#waiting.all()) waiter.leave(closing());
  }

  /** Gives use, limit, queue and pause of each pool that has a limit, pauses, or lets creates wait. */
  pools(): PoolState[] {
    const { options, pauses, use } = this.#room;
    if (!options.isPaced) return [];
    const queued = this.#waiting.byPool();
    const names = new Set([...options.limits.names(), ...pauses.names(), ...queued.keys()]);
    return [...names].map((name) => {
      const limit = options.limits.of(name);
      const until = pauses.of(name)?.until;
      return {
        name,
        inUse: use.inUse(name),
        elsewhere: use.elsewhere(name),
        limit: limit?.limit ?? null,
        source: limit?.source ?? null,
        queued: queued.get(name) ?? 0,
        pausedUntil: until === undefined ? null : this.#wallOf(until),
      };
    });
  }

  /** Gives the holds that have slots of a pool. */
  holdsOf(pool: string): string[] {
    return [...this.#byHold].filter(([, { reserved }]) => reserved.pools.includes(pool)).map(([id]) => id);
  }

  /** Lists who waits: by product, and in it in the order in which they leave. */
  waiting(): WaitingCreate[] {
    return this.#waiting.list((tick) => this.#wallOf(tick));
  }

  /** Returns whether creates of a product wait, or were asked to come back soon: then its slots are wanted as soon as they are free. */
  isWanted(product: Product): boolean {
    return this.#waiting.isWanted(product);
  }

  /** Returns whether a product has a limit, and creates of ours that have a slot or want one. */
  isLimited(product: Product): boolean {
    const { options, use } = this.#room;
    if (!options.isPaced || options.limits.of(product) === null) return false;
    return use.inUse(product) > use.elsewhere(product) || this.isWanted(product);
  }

  #wait(request: SlotRequest, { waitMs, arrival }: { waitMs: Ms; arrival: number }): Promise<SlotTicket> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        timer.cancel();
        request.signal.removeEventListener('abort', onAbort);
      };
      const leave = (error: Error): void => {
        this.#waiting.remove(waiter);
        settle();
        reject(error);
        this.#grantNext();
      };
      const onAbort = (): void => leave(gone());
      const waiter: Waiter = {
        app: request.app,
        model: request.model,
        arrival,
        request,
        pools: poolsOf(request),
        since: this.#clock.monotonic(),
        grant: (ticket) => {
          settle();
          resolve(ticket);
        },
        leave,
      };
      const timer = this.#clock.after(waitMs, () => leave(this.#waiting.timedOut(waiter, waitMs)));
      request.signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.add(waiter);
      this.#grantNext();
    });
  }

  /** Lets creates leave while any may. */
  #grantNext(): void {
    for (let next = this.#nextOne(); next !== null; next = this.#nextOne()) {
      const waitedMs = this.#clock.monotonic() - next.since;
      next.grant(this.#ticket(next.request, next.pools, waitedMs));
    }
    this.#scheduleRecheck();
  }

  #nextOne(): Waiter | null {
    return this.#isClosed ? null : this.#waiting.takeNext();
  }

  /** Checks the queue again when a rate or a pause lets creates leave. A freed slot checks it at once. */
  #scheduleRecheck(): void {
    const at = this.#isClosed || this.#waiting.length === 0 ? Infinity : this.#room.changesAt();
    if (this.#recheck?.at === at) return;
    this.#recheck?.timer.cancel();
    this.#recheck = null;
    if (at === Infinity) return;
    const timer = this.#clock.after(Math.max(1, at - this.#clock.monotonic()), () => {
      this.#recheck = null;
      this.#grantNext();
    });
    this.#recheck = { at, timer };
  }

  #ticket(request: SlotRequest, pools: readonly string[], waitedMs: Ms): SlotTicket {
    const taken = this.#room.take(request, pools);
    let isOpen = true;
    return {
      waitedMs,
      pool: this.#room.limitedOf(pools) ?? (waitedMs > 0 ? request.product : null),
      keepFor: (holdId) => {
        if (isOpen) this.#byHold.set(holdId, { reserved: taken.slots, operation: request.operation });
        isOpen = false;
      },
      unreserve: () => {
        if (!isOpen) return;
        isOpen = false;
        this.#room.giveBack(request, taken);
        this.#grantNext();
      },
    };
  }

  #wallOf(tick: Ms): Ms {
    return Math.round(this.#clock.now() + tick - this.#clock.monotonic());
  }
}

function gone(): Error {
  return new Error('the caller went away while it waited for a slot');
}

function closing(): SidecarError {
  return new SidecarError('shutting_down', 'The sidecar is shutting down; nothing was sent or held.');
}
