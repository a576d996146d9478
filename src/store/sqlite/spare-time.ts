/**
 * When work that no request waits for may have the writer: at once while no request writes, in small pieces and in the
 * gaps between them otherwise.
 *
 * A piece has the writer to itself until it is committed, so whoever comes meanwhile waits for its end. Therefore, after
 * an operation that a request waits for, pieces are small for {@link BUSY_MS}; each begins when nothing was asked
 * for {@link QUIET_MS}, since a create before a quick upstream writes again within that time; and each is followed by
 * a rest of {@link REST_FACTOR} times what it took, so that at most a twentieth of the writer's time goes there.
 * **Invariant**: it never starves: a piece that has waited {@link WAIT_MS_MAX} goes next.
 */
import type { Clock } from '../../clock.ts';
import type { Ms } from '../../units.ts';

/** How long an operation that a request waited for keeps pieces small. */
export const BUSY_MS: Ms = 1000;
/** How long nothing was asked of the writer before a piece begins. */
export const QUIET_MS: Ms = 5;
/** The rest after a piece, in multiples of what it took. */
export const REST_FACTOR = 19;
/** The longest that a piece waits. */
export const WAIT_MS_MAX: Ms = 250;

/** Keeps what was asked of the writer and when, and gives each piece its turn. */
export class SpareTime {
  readonly #clock: Clock;
  #awaitedTick = -Infinity;
  #askedTick = -Infinity;
  #restUntilTick = -Infinity;
  #waitingTick = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes an operation that a request waits for. */
  noteAwaited(): void {
    this.#awaitedTick = this.#clock.monotonic();
  }

  /** Notes that operations, whoever waits for them, came or ended. */
  noteAsked(): void {
    this.#askedTick = this.#clock.monotonic();
  }

  /** Notes that a piece waits for its turn from now on. */
  noteWaiting(): void {
    this.#waitingTick = this.#clock.monotonic();
  }

  /** Notes that a piece ended that had the writer for `tookMs`. */
  noteDone(tookMs: Ms): void {
    this.#restUntilTick = this.#clock.monotonic() + tookMs * REST_FACTOR;
  }

  /** Whether pieces are to be small. */
  get isBusy(): boolean {
    return this.#clock.monotonic() - this.#awaitedTick < BUSY_MS;
  }

  /** Gives how long the piece that waits still has to; 0 where it may go as soon as nothing else is there to do. */
  waitMs(): Ms {
    if (!this.isBusy) return 0;
    const earliest = Math.max(this.#askedTick + QUIET_MS, this.#restUntilTick);
    return Math.max(0, Math.min(earliest, this.#waitingTick + WAIT_MS_MAX) - this.#clock.monotonic());
  }

  /** Whether the piece that waits goes before all else. */
  get isOverdue(): boolean {
    return this.#clock.monotonic() - this.#waitingTick >= WAIT_MS_MAX;
  }
}
