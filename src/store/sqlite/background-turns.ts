/**
 * Priority: decides when background work may use the writer. While no request writes, at once; else in small pieces and in
 * the gaps between the writes of requests.
 *
 * A piece occupies the writer until it is committed, and operations that come meanwhile wait for its end. Therefore, after
 * an operation that a request waits for, pieces are small for {@link BUSY_MS}; each begins after {@link QUIET_MS} without
 * any operation, since a create before a quick upstream writes again within that time; and each is followed by a rest of
 * {@link REST_FACTOR} times its duration, so that at most a twentieth of the writer's time is background work.
 * **Invariant**: it never waits for ever: a piece that has waited {@link WAIT_MS_MAX} is next.
 */
import type { Clock } from '../../clock.ts';
import type { Ms } from '../../units.ts';

/** The time for which pieces stay small after an operation that a request waited for. */
export const BUSY_MS: Ms = 1000;
/** The time without any operation of the writer before a piece begins. */
export const QUIET_MS: Ms = 5;
/** The rest after a piece, in multiples of its duration. */
export const REST_FACTOR = 19;
/** The longest that a piece waits. */
export const WAIT_MS_MAX: Ms = 250;

/** Records when operations of the writer came, and gives each piece its turn. */
export class BackgroundTurns {
  readonly #clock: Clock;
  #awaitedTick = -Infinity;
  #askedTick = -Infinity;
  #restUntilTick = -Infinity;
  #waitingTick = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Records an operation that a request waits for. */
  noteAwaited(): void {
    this.#awaitedTick = this.#clock.monotonic();
  }

  /** Records that operations of any priority came or ended. */
  noteAsked(): void {
    this.#askedTick = this.#clock.monotonic();
  }

  /** Records that a piece waits for its turn from now on. */
  noteWaiting(): void {
    this.#waitingTick = this.#clock.monotonic();
  }

  /** Records that a piece ended after `tookMs`. */
  noteDone(tookMs: Ms): void {
    this.#restUntilTick = this.#clock.monotonic() + tookMs * REST_FACTOR;
  }

  /** Whether pieces must be small. */
  get isBusy(): boolean {
    return this.#clock.monotonic() - this.#awaitedTick < BUSY_MS;
  }

  /** Gives the remaining wait of the waiting piece; 0 if it may begin as soon as no other operation waits. */
  waitMs(): Ms {
    if (!this.isBusy) return 0;
    const earliest = Math.max(this.#askedTick + QUIET_MS, this.#restUntilTick);
    return Math.max(0, Math.min(earliest, this.#waitingTick + WAIT_MS_MAX) - this.#clock.monotonic());
  }

  /** Whether the waiting piece comes before all other operations. */
  get isOverdue(): boolean {
    return this.#clock.monotonic() - this.#waitingTick >= WAIT_MS_MAX;
  }
}
