/**
 * The emulator's two readings of time.
 *
 * *Wall* time gives dates: the `Date` header, token checks, `created_at`, ledger rows, packs. It is the given clock plus
 * a skew on order. *Age* makes things older: tasks, result URLs, sessions. It runs `speed` times as fast and can be moved
 * ahead. There are two readings so that faster tasks do not expire the caller's tokens, and do not move the vendor's clock
 * away from the caller's.
 *
 * **Invariant**: age never goes back, also if the wall clock does.
 */
import type { Clock, Timer } from '../clock.ts';
import type { Ms } from '../units.ts';

export interface EmulatorTime {
  /** The time of dates: integer milliseconds since the epoch, with the skew. */
  wallMs(): Ms;
  /** The time of ages: milliseconds from an arbitrary start. */
  ageMs(): Ms;
  /** The wall time at which an age in the past was reached. */
  wallOf(ageMs: Ms): Ms;
  /** Calls back once when age reaches `ageMs`; in the order of ages, and at once within an `advance`. */
  whenAge(ageMs: Ms, callback: () => void): void;
  /** Forgets the waiting calls. */
  close(): void;
  /** Makes everything older by `byMs` (0 or more) at once. */
  advance(byMs: Ms): void;
  /** Lets age run `factor` times (above 0) as fast from now on. */
  setSpeed(factor: number): void;
  /** Moves the wall clock by `byMs`, forward or back. */
  setSkew(byMs: Ms): void;
  readonly speed: number;
  readonly skewMs: Ms;
}

/** The least wait of a timer, so that rounding cannot make it wait for nothing again and again. */
const WAIT_MS_MIN = 0.5;

/** The calls that wait for their ages: one timer, for the first of them. */
function createCalls(
  clock: Clock,
  ageMs: () => Ms,
  speed: () => number,
): { add: EmulatorTime['whenAge']; run: () => void; close: () => void } {
  let waiting: { ageMs: Ms; callback: () => void }[] = [];
  let timer: Timer | undefined;
  const arm = (): void => {
    timer?.cancel();
    const [first] = waiting;
    if (first === undefined) return;
    timer = clock.after(Math.max(WAIT_MS_MIN, (first.ageMs - ageMs()) / speed()), run);
  };
  const run = (): void => {
    for (let [first] = waiting; first !== undefined && first.ageMs <= ageMs(); [first] = waiting) {
      waiting.shift();
      first.callback();
    }
    arm();
  };
  return {
    add(age, callback) {
      const place = waiting.findLastIndex((call) => call.ageMs <= age) + 1;
      waiting.splice(place, 0, { ageMs: age, callback });
      if (place === 0) arm();
    },
    run,
    close() {
      waiting = [];
      timer?.cancel();
    },
  };
}

/** Age runs at one speed from `steadyMs` on, until the next segment begins. */
interface Segment {
  steadyMs: Ms;
  ageMs: Ms;
  speed: number;
}

/** Makes the emulator's time from a clock; age begins at 0 and runs at `speed`. */
export function createEmulatorTime(clock: Clock, speed: number): EmulatorTime {
  let skewMs = 0;
  let current: Segment = { steadyMs: clock.monotonic(), ageMs: 0, speed };
  const segments: Segment[] = [current];
  const ageMs = (): Ms => current.ageMs + (clock.monotonic() - current.steadyMs) * current.speed;
  const begin = (age: Ms, factor: number): void => {
    current = { steadyMs: clock.monotonic(), ageMs: age, speed: factor };
    segments.push(current);
  };
  const calls = createCalls(clock, ageMs, () => current.speed);
  const steadyOf = (age: Ms): Ms => {
    for (let i = segments.length - 1; i >= 0; i -= 1) {
      const segment = segments[i];
      // An age before the first one is a task that was made to be older than the emulator.
      if (segment === undefined || (segment.ageMs > age && i > 0)) continue;
      const next = segments[i + 1];
      const reached = segment.steadyMs + (age - segment.ageMs) / segment.speed;
      return next === undefined ? reached : Math.min(reached, next.steadyMs);
    }
    return clock.monotonic();
  };
  const wallMs = (): Ms => Math.floor(clock.now() + skewMs);
  return {
    wallMs,
    ageMs,
    wallOf: (age) => Math.floor(wallMs() - (clock.monotonic() - steadyOf(age))),
    whenAge: calls.add,
    close: calls.close,
    advance(byMs) {
      begin(ageMs() + byMs, current.speed);
      calls.run();
    },
    setSpeed(factor) {
      begin(ageMs(), factor);
      calls.run();
    },
    setSkew: (byMs) => void (skewMs = byMs),
    get speed() {
      return current.speed;
    },
    get skewMs() {
      return skewMs;
    },
  };
}
