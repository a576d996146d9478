/**
 * Kling's clock: the `Date` of its answers, continued by our steady clock.
 *
 * A single unusual `Date` (a cache, a server with a wrong clock) is not believed: another answer has to confirm it. An
 * answer is believed at once if Kling's clock advanced since the last one by the same time as our steady clock, or, after
 * a sleep of the machine, as our wall clock.
 *
 * **Invariant**: Kling's clock here does not depend on our wall clock, so that a step of our clock is seen at once.
 */
import type { Clock } from '../clock.ts';
import type { Ms } from '../units.ts';

/** The tolerance: `Date` has whole seconds, answers take time to arrive, and Kling has many servers. */
const AGREE_MS_MAX: Ms = 60_000;

interface Sample {
  klingMs: Ms;
  wallMs: Ms;
  tick: Ms;
}

export class KlingClock {
  readonly #clock: Clock;
  #believed: Sample | null = null;
  /** The number of answers that agree with the believed clock. */
  #witnesses = 0;
  /** An instant that contradicts the believed clock and that no second answer has confirmed. */
  #odd: Sample | null = null;
  #onBelieved: () => void = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Sets the function to call after each believed answer. */
  set onBelieved(callback: () => void) {
    this.#onBelieved = callback;
  }

  /** Takes the instant of an answer's `Date`. */
  note(klingMs: Ms): void {
    const sample = { klingMs, wallMs: this.#clock.now(), tick: this.#clock.monotonic() };
    if (this.#believed === null || agree(this.#believed, sample)) {
      this.#believe(sample, this.#witnesses + 1);
    } else if (this.#odd !== null && agree(this.#odd, sample)) {
      this.#believe(sample, 2);
    } else {
      this.#odd = sample;
    }
  }

  /** Forgets everything: the host has changed. */
  forget(): void {
    this.#believed = null;
    this.#odd = null;
    this.#witnesses = 0;
  }

  /** Kling's clock now; null before its first answer. */
  now(): Ms | null {
    const sample = this.#believed;
    return sample && sample.klingMs + (this.#clock.monotonic() - sample.tick);
  }

  /** Kling's clock less our wall clock, now; null before its first answer. */
  get offsetMs(): Ms | null {
    const now = this.now();
    return now === null ? null : Math.round(now - this.#clock.now());
  }

  /** When the last believed answer came, by both of our clocks; null before the first. */
  get lastLook(): { wallMs: Ms; tick: Ms } | null {
    return this.#believed;
  }

  /** Whether the last answer contradicts those before it. */
  get isContradicted(): boolean {
    return this.#odd !== null;
  }

  /** Whether more than one answer agrees. */
  get isConfirmed(): boolean {
    return this.#witnesses > 1;
  }

  #believe(sample: Sample, witnesses: number): void {
    this.#believed = sample;
    this.#witnesses = witnesses;
    this.#odd = null;
    this.#onBelieved();
  }
}

function agree(earlier: Sample, later: Sample): boolean {
  const byKling = later.klingMs - earlier.klingMs;
  const isNear = (byUs: Ms): boolean => Math.abs(byKling - byUs) <= AGREE_MS_MAX;
  return isNear(later.tick - earlier.tick) || isNear(later.wallMs - earlier.wallMs);
}
