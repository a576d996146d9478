/**
 * Chooses the clock that dates money: a wrong one opens a second day or locks a budget for weeks.
 *
 * Dates follow our wall clock while it is trusted: it did not step since the last comparison with Kling's clock, and the two
 * differ by at most {@link OFFSET_MS_MAX}, or by the difference that an operator accepted. Else dates continue from the last
 * trusted instant by the steady clock, and creates wait for a look at Kling's clock ({@link ClockTrust.needsLook}).
 *
 * **Invariant**: no hold is dated by a wall clock that stepped and was not compared with Kling's since. Reads go on, and
 * each of their answers is a look.
 */
import type { Clock } from '../clock.ts';
import { SidecarError } from '../errors.ts';
import type { Ms } from '../units.ts';
import type { KlingClock } from './kling-clock.ts';

/** The largest difference that is allowed. */
export const OFFSET_MS_MAX = 300_000;
/** Our wall clock may drift this far from the steady one between two looks; a larger difference is a step. */
export const STEP_MS_MAX = 5_000;
/** An older answer proves nothing. */
const VOUCHED_MS_MAX = 30_000;
/** The shortest time between two looks at Kling's clock while the two clocks differ. */
const LOOK_AGAIN_MS = 5_000;

/** An operator's acceptance: of a difference, or of answers of Kling's without `Date` (`null`). */
export interface AcceptedClock {
  offsetMs: Ms | null;
}

/** The store's instants at a start. */
export interface KnownTime {
  /** The newest date of money; null for a new store. */
  datedTo: Ms | null;
  accepted: AcceptedClock | null;
}

interface Anchor {
  wallMs: Ms;
  tick: Ms;
}

export class ClockTrust {
  readonly #clock: Clock;
  readonly #kling: KlingClock;
  readonly #isFirstLookNeeded: () => boolean;
  #accepted: AcceptedClock | null = null;
  /** The last instant at which the wall clock was trusted. */
  #anchor: Anchor;
  #hasHistory = false;
  #lastLookTick: Ms = -Infinity;

  /** @param isFirstLookNeeded Whether a create waits for Kling's clock although the store has no history to protect. */
  constructor(clock: Clock, kling: KlingClock, isFirstLookNeeded: () => boolean) {
    this.#clock = clock;
    this.#kling = kling;
    this.#isFirstLookNeeded = isFirstLookNeeded;
    this.#anchor = this.#present();
  }

  /** Sets the store's instants, before anything is dated. */
  begin({ datedTo, accepted }: KnownTime): void {
    this.#accepted = accepted;
    this.#hasHistory = datedTo !== null;
    this.#anchor = this.#present();
  }

  /** The present instant for the dates of money. */
  now(): Ms {
    if (this.isTrusted) return this.#clock.now();
    return Math.floor(this.#anchor.wallMs + this.#clock.monotonic() - this.#anchor.tick);
  }

  /** Whether our wall clock may date: as far as is known it did not step, and its difference to Kling's is small or accepted. */
  get isTrusted(): boolean {
    return this.#isAgreed(this.#kling.offsetMs);
  }

  /** Whether a recent answer of Kling's shows the same time as our clock. */
  get isVouched(): boolean {
    const { offsetMs, lastLook } = this.#kling;
    if (offsetMs === null || lastLook === null || this.needsLook) return false;
    return Math.abs(offsetMs) <= OFFSET_MS_MAX && this.#clock.monotonic() - lastLook.tick <= VOUCHED_MS_MAX;
  }

  /** Whether a look at Kling's clock is needed before a create is dated. */
  get needsLook(): boolean {
    const { offsetMs, isContradicted, isConfirmed } = this.#kling;
    if (offsetMs === null) return this.#isUnknown || this.#hasStepped;
    if (isContradicted || this.#hasStepped) return true;
    if (this.#isAgreed(offsetMs)) return false;
    return !isConfirmed || this.#clock.monotonic() - this.#lastLookTick >= LOOK_AGAIN_MS;
  }

  /** Records that a look is made now. */
  noteLook(): void {
    this.#lastLookTick = this.#clock.monotonic();
  }

  /** The present difference; null if no answer of Kling's had a `Date`. */
  get offsetMs(): Ms | null {
    return this.#kling.offsetMs;
  }

  /** Accepts the present difference. After a further change of more than five minutes creates are refused again. */
  accept(accepted: AcceptedClock): void {
    this.#accepted = accepted;
    this.#anchor = this.#present();
  }

  /** @throws SidecarError `clock_untrusted`. */
  check(): void {
    const offsetMs = this.#kling.offsetMs;
    if (!this.needsLook && this.#isAgreed(offsetMs)) return;
    throw new SidecarError('clock_untrusted', this.#complaint(offsetMs), {
      detail: { clockOffsetMs: offsetMs },
    });
  }

  /** Whether Kling's clock is unknown and needed. */
  get #isUnknown(): boolean {
    const isAccepted = this.#accepted !== null && this.#accepted.offsetMs === null;
    return !isAccepted && (this.#hasHistory || this.#isFirstLookNeeded());
  }

  /** Whether the wall clock and the steady one differ by a step since the last look, or since the start. */
  get #hasStepped(): boolean {
    const last = this.#kling.lastLook ?? this.#anchor;
    const present = this.#present();
    return Math.abs(present.wallMs - last.wallMs - (present.tick - last.tick)) > STEP_MS_MAX;
  }

  #isAgreed(offsetMs: Ms | null): boolean {
    if (offsetMs === null) return !this.#hasStepped;
    if (Math.abs(offsetMs) <= OFFSET_MS_MAX) return true;
    const acceptedMs = this.#accepted?.offsetMs ?? null;
    return acceptedMs !== null && Math.abs(offsetMs - acceptedMs) <= OFFSET_MS_MAX;
  }

  /** Uses a look that was believed: after a step of the wall clock, dates continue from here. */
  follow(): void {
    if (this.isTrusted) this.#anchor = this.#present();
  }

  #present(): Anchor {
    return { wallMs: this.#clock.now(), tick: this.#clock.monotonic() };
  }

  #complaint(offsetMs: Ms | null): string {
    const remedy = 'or accept it with kling-sidecar clock accept --reason TEXT.';
    if (offsetMs === null) {
      return `Kling's answers have no Date, so budgets cannot be dated safely. See what removes it, ${remedy}`;
    }
    if (this.#kling.isContradicted) {
      return "Kling's answers contradict each other about the time: budgets cannot be dated. Send it again later.";
    }
    if (Math.abs(offsetMs) <= OFFSET_MS_MAX) {
      return "This machine's clock stepped and could not be compared with Kling's yet: send it again later.";
    }
    const seconds = Math.round(offsetMs / 1000);
    return (
      `Kling's clock is ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} this machine's: budgets cannot ` +
      `be dated. Set the clock right, ${remedy.replace(' it ', ' the difference ')}`
    );
  }
}
