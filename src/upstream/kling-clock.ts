/**
 * Kling's clock, as the `Date` of its answers shows it, carried on by our steady clock.
 *
 * One odd `Date` (a cache, a server whose own clock is wrong) is not believed: it has to be shown again by another
 * answer. An answer is plain where Kling's clock went on since the last one as our steady clock did, or, after a sleep of
 * the machine, as our wall clock did.
 *
 * **Invariant**: what is known of Kling's clock does not depend on our wall clock, so a step of it shows at once.
 */
import type { Clock } from '../clock.ts';
import type { Ms } from '../units.ts';

/** `Date` has whole seconds, answers are under way for a while, and Kling has many servers. */
const AGREE_MS_MAX: Ms = 60_000;

interface Sample {
  klingMs: Ms;
  wallMs: Ms;
  tick: Ms;
}

export class KlingClock {
  readonly #clock: Clock;
  #believed: Sample | null = null;
  /** How many answers agree with what is believed. */
  #witnesses = 0;
  /** Contradicts what is believed, and no second answer has confirmed it. */
  #odd: Sample | null = null;
  #onBelieved: () => void = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Says what to do after each answer that is believed. */
  set onBelieved(callback: () => void) {
    this.#onBelieved = callback;
  }

  /** Takes the instant that an answer's `Date` shows. */
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

  /** Forgets everything: answers come from another host. */
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

  /** Whether more than one answer shows the same. */
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
