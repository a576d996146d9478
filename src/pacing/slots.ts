/**
 * Slots of Kling's concurrency limits: a create reserves them before it is sent and keeps them until its hold ends.
 *
 * Kling counts tasks that run, per account and pack type, not requests (its concurrency rules, read 2026-09-20). So a
 * slot belongs to a hold: reserved in the order of arrival, free again when the hold is settled, released or written
 * off. After a restart the store says which holds are open ({@link Slots.occupy}).
 *
 * **Invariant**: without a configured limit no create waits; a create whose wait timed out was never held or sent; a
 * pool is above its limit only because of holds that were open at the start, or after its limit was lowered.
 */
import type { Clock, Timer } from '../clock.ts';
import { SidecarError } from '../errors.ts';
import type { Ms } from '../units.ts';
import { Pauses, type PauseReason } from './pauses.ts';
import {
  poolsOf,
  type PoolState,
  type SlotOptions,
  type SlotRequest,
  type SlotTicket,
  type Throttle,
  type WaitingCreate,
} from './slot.ts';

interface Waiter {
  request: SlotRequest;
  pools: string[];
  since: Ms;
  timer: Timer;
  grant: (ticket: SlotTicket) => void;
  leave: (error: Error) => void;
}

interface ReservedSlots {
  pools: string[];
  weight: number;
}

const MINUTE_MS = 60_000;
/** The longest pause for a `Retry-After` of Kling's: then one create shows whether it still refuses. */
const ASKED_PAUSE_MS_MAX = 60_000;
/** Kling's code for a full pool. */
const POOL_FULL = 1303;

export class Slots {
  readonly #clock: Clock;
  #options: SlotOptions;
  readonly #inUse = new Map<string, number>();
  readonly #byHold = new Map<string, ReservedSlots>();
  readonly #queue: Waiter[] = [];
  readonly #sentAt = new Map<string, Ms[]>();
  readonly #pauses: Pauses;
  #retry: Timer | null = null;
  #isClosed = false;

  constructor(options: SlotOptions, clock: Clock, random?: () => number) {
    this.#options = options;
    this.#clock = clock;
    this.#pauses = new Pauses(clock, random);
  }

  /** Sets new limits and checks the waiting creates again. */
  configure(options: SlotOptions): void {
    this.#options = options;
    if (!options.isPaced) this.#pauses.clear();
    this.#grantNext();
  }

  /** Checks the waiting creates again, after a limit changed. */
  limitsChanged(): void {
    this.#grantNext();
  }

  /** Sends nothing of these pools for `ms` from now (0 or more). */
  pause(pools: readonly string[], ms: Ms, why: PauseReason): void {
    if (!this.#options.isPaced) return;
    this.#pauses.begin(pools, ms, why);
    this.#scheduleRate();
  }

  /**
   * Takes note of Kling's 1302 or 1303: for the limits, and for the pause that a burst of them or a `Retry-After` asks for.
   * Slots that the create has reserved stay reserved.
   */
  throttled({ code, pools, weight = 1, retryAfterMs }: Throttle): void {
    if (!this.#options.isPaced) return;
    if (code === POOL_FULL) {
      for (const pool of pools)
        this.#options.limits.noteFull({ pool, inUse: this.#inUse.get(pool) ?? 0, weight });
    }
    if (retryAfterMs !== null)
      this.#pauses.begin(pools, Math.min(retryAfterMs, ASKED_PAUSE_MS_MAX), 'retry_after');
    this.#pauses.noteThrottle(pools);
    this.#grantNext();
  }

  /** Reserves the slots of a hold that was open before this process began. */
  occupy(holdId: string, request: Pick<SlotRequest, 'product' | 'model' | 'weight'>): void {
    if (this.#byHold.has(holdId)) return;
    const reserved = { pools: poolsOf(request), weight: request.weight };
    this.#add(reserved, 1);
    this.#byHold.set(holdId, reserved);
  }

  /**
   * Waits, in the order of arrival, until every pool of the create has room.
   * @throws SidecarError `queue_full` with `retryAfterSeconds` in its detail, or `shutting_down`.
   */
  enter(request: SlotRequest): Promise<SlotTicket> {
    const ticket = this.enterNow(request);
    if (ticket) return Promise.resolve(ticket);
    if (this.#isClosed) return Promise.reject(closing());
    const pools = poolsOf(request);
    if (this.#queue.length >= this.#options.queueLengthMax) {
      return Promise.reject(this.#full(request, pools, 'the queue is full'));
    }
    return this.#wait(request, pools);
  }

  /** True once no create is let in any more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Reserves the slots of a create that need not wait for them; null where it would have to {@link enter}. */
  enterNow(request: SlotRequest): SlotTicket | null {
    return this.wouldWait(request) ? null : this.#reserve(request, poolsOf(request), 0);
  }

  /** Returns whether a create would have to wait now, or could only be refused. */
  wouldWait(request: SlotRequest): boolean {
    const pools = poolsOf(request);
    return this.#isClosed || this.#queueFor(pools) > 0 || !this.#fits(request, pools);
  }

  /** Frees the slots of a hold that ended; does nothing if it has none. */
  free(holdId: string): void {
    const reserved = this.#byHold.get(holdId);
    if (!reserved) return;
    this.#byHold.delete(holdId);
    this.#add(reserved, -1);
    this.#grantNext();
  }

  /** Refuses all waiting creates and all later ones. */
  close(): void {
    this.#isClosed = true;
    this.#retry?.cancel();
    for (const waiter of this.#queue.slice()) waiter.leave(closing());
  }

  /** Gives use, limit, queue and pause of each pool that has a limit, pauses, or lets creates wait. */
  pools(): PoolState[] {
    const { limits, isPaced } = this.#options;
    if (!isPaced) return [];
    const queued = new Map<string, number>();
    for (const { pools } of this.#queue)
      for (const pool of pools) queued.set(pool, (queued.get(pool) ?? 0) + 1);
    const names = new Set([...limits.names(), ...this.#pauses.names(), ...queued.keys()]);
    return [...names].map((name) => ({
      name,
      inUse: this.#inUse.get(name) ?? 0,
      limit: limits.of(name)?.limit ?? null,
      source: limits.of(name)?.source ?? null,
      queued: queued.get(name) ?? 0,
      pausedUntil: this.#wallOf(this.#pauses.of(name)?.until),
    }));
  }

  /** Lists who waits, in the order in which they leave. */
  waiting(): WaitingCreate[] {
    return this.#queue.map(({ request, pools, since }, i) => ({
      app: request.app,
      operation: request.operation,
      pool: this.#limitedOf(pools) ?? request.product,
      since: this.#wallOf(since) ?? 0,
      position: i + 1,
      waitMs: this.#options.queueWaitMsMax,
    }));
  }

  #wallOf(tick: Ms | undefined): Ms | null {
    return tick === undefined ? null : Math.round(this.#clock.now() + tick - this.#clock.monotonic());
  }

  #limitedOf(pools: readonly string[]): string | null {
    return pools.find((pool) => this.#options.limits.of(pool) !== null) ?? null;
  }

  #wait(request: SlotRequest, pools: string[]): Promise<SlotTicket> {
    const waitMs = Math.min(request.waitMsMax, this.#options.queueWaitMsMax);
    if (request.signal.aborted) return Promise.reject(gone());
    return new Promise((resolve, reject) => {
      const leave = (error: Error): void => {
        const at = this.#queue.indexOf(waiter);
        if (at !== -1) this.#queue.splice(at, 1);
        waiter.timer.cancel();
        request.signal.removeEventListener('abort', onAbort);
        reject(error);
        this.#grantNext();
      };
      const onAbort = (): void => leave(gone());
      const waiter: Waiter = {
        request,
        pools,
        since: this.#clock.monotonic(),
        timer: this.#clock.after(waitMs, () => leave(this.#full(request, pools, `waited ${waitMs} ms`))),
        grant: (ticket) => {
          request.signal.removeEventListener('abort', onAbort);
          resolve(ticket);
        },
        leave,
      };
      request.signal.addEventListener('abort', onAbort, { once: true });
      this.#queue.push(waiter);
      this.#scheduleRate();
    });
  }

  #grantNext(): void {
    const blocked = new Set<string>();
    for (const waiter of this.#queue.slice()) {
      const isBehind = waiter.pools.some((pool) => blocked.has(pool));
      if (!isBehind && this.#fits(waiter.request, waiter.pools)) {
        this.#queue.splice(this.#queue.indexOf(waiter), 1);
        waiter.timer.cancel();
        const waitedMs = this.#clock.monotonic() - waiter.since;
        waiter.grant(this.#reserve(waiter.request, waiter.pools, waitedMs));
      } else for (const pool of waiter.pools) blocked.add(pool);
    }
    this.#scheduleRate();
  }

  /** Checks the queue again when the oldest create of the last minute leaves that minute. A freed slot checks it at once. */
  #scheduleRate(): void {
    this.#retry?.cancel();
    this.#retry = null;
    if (this.#queue.length === 0) return;
    const now = this.#clock.monotonic();
    let dueMs = MINUTE_MS;
    for (const key of this.#sentAt.keys()) {
      const [oldest] = this.#lastMinute(key);
      if (oldest !== undefined) dueMs = Math.min(dueMs, oldest + MINUTE_MS - now);
    }
    for (const pool of this.#pauses.names())
      dueMs = Math.min(dueMs, (this.#pauses.of(pool)?.until ?? now) - now);
    this.#retry = this.#clock.after(Math.max(1, dueMs), () => this.#grantNext());
  }

  #reserve(request: SlotRequest, pools: string[], waitedMs: Ms): SlotTicket {
    const reserved: ReservedSlots = { pools, weight: request.weight };
    this.#add(reserved, 1);
    const sentTick = this.#noteSent(request);
    let isOpen = true;
    return {
      waitedMs,
      pool: this.#limitedOf(pools),
      keepFor: (holdId) => {
        if (isOpen) this.#byHold.set(holdId, reserved);
        isOpen = false;
      },
      unreserve: () => {
        if (!isOpen) return;
        isOpen = false;
        this.#add(reserved, -1);
        this.#forgetSent(request, sentTick);
        this.#grantNext();
      },
    };
  }

  #fits(request: SlotRequest, pools: string[]): boolean {
    if (!this.#options.isPaced) return true;
    for (const pool of pools) {
      const limit = this.#options.limits.of(pool)?.limit;
      const inUse = this.#inUse.get(pool) ?? 0;
      if (limit !== undefined && inUse > 0 && inUse + request.weight > limit) return false;
      if (this.#pauses.of(pool) !== null) return false;
    }
    return !this.#isRateFull(request);
  }

  #isRateFull(request: SlotRequest): boolean {
    const all = this.#options.requestsPerMinute;
    if (all !== null && this.#lastMinute('').length >= all) return true;
    const own = request.appRequestsPerMinute;
    return own !== null && this.#lastMinute(request.app).length >= own;
  }

  /** Counts a create in its rates; gives the instant under which it is counted. */
  #noteSent(request: SlotRequest): Ms {
    const now = this.#clock.monotonic();
    if (this.#options.requestsPerMinute !== null) this.#times('').push(now);
    if (request.appRequestsPerMinute !== null) this.#times(request.app).push(now);
    return now;
  }

  /** Removes a create that was not sent from its rates. */
  #forgetSent(request: SlotRequest, sentTick: Ms): void {
    for (const key of ['', request.app]) {
      const times = this.#sentAt.get(key);
      const at = times?.lastIndexOf(sentTick) ?? -1;
      if (at !== -1) times?.splice(at, 1);
    }
  }

  /** When creates of the last minute were sent, the oldest first. */
  #lastMinute(key: string): readonly Ms[] {
    const times = this.#times(key);
    const from = this.#clock.monotonic() - MINUTE_MS;
    while (times.length > 0 && (times[0] ?? 0) <= from) times.shift();
    return times;
  }

  #times(key: string): Ms[] {
    const known = this.#sentAt.get(key);
    if (known) return known;
    const fresh: Ms[] = [];
    this.#sentAt.set(key, fresh);
    return fresh;
  }

  #queueFor(pools: string[]): number {
    return this.#queue.filter((waiter) => waiter.pools.some((pool) => pools.includes(pool))).length;
  }

  #add(reserved: ReservedSlots, sign: 1 | -1): void {
    for (const pool of reserved.pools) {
      this.#inUse.set(pool, (this.#inUse.get(pool) ?? 0) + sign * reserved.weight);
    }
  }

  #full(request: SlotRequest, pools: string[], why: string): SidecarError {
    const pool = this.#limitedOf(pools);
    const limit = pool === null ? undefined : this.#options.limits.of(pool)?.limit;
    const what =
      pool === null || this.#isRateFull(request)
        ? 'The creates of this minute are used up'
        : `No slot of ${pool} (limit ${limit}) became free`;
    const retryAfterSeconds = Math.max(1, Math.ceil(this.#options.queueWaitMsMax / 1000));
    return new SidecarError('queue_full', `${what}: ${why}. Nothing was sent or held; try again later.`, {
      detail: { pool: pool ?? request.product, limit: limit ?? null, retryAfterSeconds },
    });
  }
}

function gone(): Error {
  return new Error('the caller went away while it waited for a slot');
}

function closing(): SidecarError {
  return new SidecarError('shutting_down', 'The sidecar is shutting down; nothing was sent or held.');
}
