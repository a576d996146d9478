/**
 * The breaker: while Kling fails, creates fail fast and hold nothing.
 *
 * It opens after a number of attempts at creates in a row that had no answer or a 5xx ({@link FailureStreak} says what counts as
 * a failure), and closes with the first answer below 500 to a create. While it is open, one create at a time is let through as
 * a probe: 30 s after it opened or after the last probe began, at once in a 5-minute window of the agreement in which no
 * create was tried yet, so that each window of an outage has its evidence, and at once after the first answered read after failed
 * ones. Reads are never stopped, and do not close it: Kling's reads can work while its creates fail.
 *
 * **Invariant**: closed without a configured number. It decides nothing about money.
 */
import type { Clock } from '../clock.ts';
import { SidecarError } from '../errors.ts';
import { windowStart } from '../sla/window.ts';
import type { Ms } from '../units.ts';
import {
  FailureStreak,
  judgeAttempt,
  type AttemptResult,
  type FailingAttempts,
} from '../upstream/failure-streak.ts';
import { PERMITTED, refused, type Permit } from './permit.ts';

/** The time from one probe to the next. */
export const PROBE_PERIOD_MS = 30_000;

export interface BreakerState {
  isOpen: boolean;
  /** Attempts at creates in a row that failed, up to now. */
  failures: number;
  /** When the first of them ended; null without one. */
  since: Ms | null;
  /** The last failure's text; null without one. */
  cause: string | null;
  /** When the next create is let through; null if it is closed, or while a probe is at Kling. */
  nextProbeAt: Ms | null;
}

/** Receives each change once. */
export interface BreakerListener {
  onOpen(failing: FailingAttempts): void;
  /** `openMs`: how long it was open. */
  onClose(openMs: Ms): void;
}

export interface BreakerOptions {
  clock: Clock;
  /** The failed attempts in a row that open it; null for never. */
  failuresMin: () => number | null;
  listener?: BreakerListener;
}

interface Probe {
  /** The start of the window in which it began. */
  window: Ms;
  isTried: boolean;
}

export class Breaker {
  readonly #clock: Clock;
  readonly #failuresMin: () => number | null;
  readonly #listener: BreakerListener | null;
  readonly #creates: FailureStreak;
  readonly #probes = new Set<Probe>();
  /** On the steady clock; null while closed. */
  #openedTick: Ms | null = null;
  #nextProbeTick: Ms = 0;
  /** The start of the window of the last attempt at a create that ended. */
  #triedWindow: Ms = -1;
  /** Whether the last read was answered; unknown when it opens. */
  #reads: 'unknown' | 'answered' | 'failed' = 'unknown';
  #isProbeDue = false;

  constructor({ clock, failuresMin, listener }: BreakerOptions) {
    this.#clock = clock;
    this.#failuresMin = failuresMin;
    this.#listener = listener ?? null;
    this.#creates = new FailureStreak(clock);
  }

  /** Whether creates fail fast now. */
  get isOpen(): boolean {
    return this.#openedTick !== null && this.#failuresMin() !== null;
  }

  /** Records the end of an attempt at a create. */
  noteCreate(end: AttemptResult & { startedAt: Ms }): void {
    this.#creates.note(end);
    this.#triedWindow = windowStart(end.startedAt);
    for (const probe of this.#probes) probe.isTried = true;
    const failing = this.#failing();
    if (failing === null) this.#close();
    else if (this.#openedTick === null && failing.failures >= (this.#failuresMin() ?? Infinity))
      this.#open(failing);
  }

  /** Records the end of an attempt at a read, the sidecar's own look-ups included. */
  noteRead(end: AttemptResult): void {
    if (this.#openedTick === null) return;
    const judged = judgeAttempt(end);
    if (judged === 'unclear') return;
    if (judged === 'answered' && this.#reads !== 'answered') this.#isProbeDue = true;
    this.#reads = judged === 'answered' ? 'answered' : 'failed';
  }

  /** Gives the permit of a create; the refusal is `upstream_unreachable` with `breaker: "open"` in its detail. */
  ask(): Permit {
    if (!this.isOpen) return PERMITTED;
    const tick = this.#clock.monotonic();
    const window = windowStart(this.#clock.now());
    if (!this.#mayProbe(window, tick)) return refused(this.#refusal(tick));
    const probe: Probe = { window, isTried: false };
    this.#probes.add(probe);
    this.#isProbeDue = false;
    return {
      refusal: null,
      isProbe: true,
      end: () => {
        if (this.#probes.delete(probe) && probe.isTried) this.#nextProbeTick = tick + PROBE_PERIOD_MS;
      },
    };
  }

  /** Gives its state for people and programs. */
  state(): BreakerState {
    const failing = this.#failing();
    const leftMs = Math.max(0, this.#nextProbeTick - this.#clock.monotonic());
    return {
      isOpen: this.isOpen,
      failures: failing?.failures ?? 0,
      since: failing?.since ?? null,
      cause: failing?.cause ?? null,
      nextProbeAt: this.isOpen && this.#probes.size === 0 ? this.#clock.now() + leftMs : null,
    };
  }

  /** Closes it and forgets the failures: the host may be another one. */
  clear(): void {
    this.#creates.forget();
    this.#close();
  }

  #failing(): FailingAttempts | null {
    const { failing } = this.#creates;
    return failing === 'unknown' ? null : failing;
  }

  #open(failing: FailingAttempts): void {
    this.#openedTick = this.#clock.monotonic();
    this.#nextProbeTick = this.#openedTick + PROBE_PERIOD_MS;
    this.#reads = 'unknown';
    this.#isProbeDue = false;
    this.#listener?.onOpen(failing);
  }

  #close(): void {
    if (this.#openedTick === null) return;
    const openMs = this.#clock.monotonic() - this.#openedTick;
    this.#openedTick = null;
    this.#listener?.onClose(openMs);
  }

  /** A probe that hangs at Kling does not take the evidence from the next window. */
  #mayProbe(window: Ms, tick: Ms): boolean {
    const probes = [...this.#probes];
    const isTried = this.#triedWindow === window || probes.some((probe) => probe.window === window);
    if (!isTried) return true;
    return probes.length === 0 && (this.#isProbeDue || tick >= this.#nextProbeTick);
  }

  #refusal(tick: Ms): SidecarError {
    const { failures = 0, cause = '' } = this.#failing() ?? {};
    const leftSeconds = Math.max(1, Math.ceil((this.#nextProbeTick - tick) / 1000));
    const next =
      this.#probes.size > 0
        ? 'one create is at Kling to see whether it is back'
        : `the next create is sent in ${leftSeconds} s`;
    return new SidecarError(
      'upstream_unreachable',
      `The last ${failures} creates in a row failed at Kling (${cause}), so this one was not sent: nothing is held, and ${next}.`,
      { detail: { sent: 'no', breaker: 'open', cause, retryAfterSeconds: leftSeconds } },
    );
  }
}
