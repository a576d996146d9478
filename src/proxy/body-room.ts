/**
 * Room for the bodies of requests under way: one sum over all of them, so that many large creates at once cannot take
 * more memory than the machine has.
 *
 * A body takes its declared length before any of it is read, or grows step by step where none was declared. Where there
 * is no room its caller waits, first come first served, and its connection holds the rest of the body back.
 *
 * **Invariant**: a place is given back exactly once, whatever becomes of its request. Bodies up to
 * {@link SMALL_BYTES} are counted and never wait: they must not stand behind a large one.
 */
import type { Clock } from '../clock.ts';
import { SidecarError } from '../errors.ts';
import type { Ms } from '../units.ts';

/** Bodies up to here do not wait. */
export const SMALL_BYTES = 65_536;

/** How long, and for how much, a body may wait. */
export interface RoomRules {
  /** All bodies together, from the settings that the request began with. */
  bytesTotal: number;
  waitMsMax: Ms;
  /** Aborted when the caller goes away: nobody waits any more. */
  signal: AbortSignal;
}

interface Waiter {
  bytes: number;
  bytesTotal: number;
  end: (isGiven: boolean) => void;
}

/** The sum of the bodies under way, and who waits for a part of it. */
export class BodyRoom {
  readonly #clock: Clock;
  readonly #waiters: Waiter[] = [];
  #used = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Bytes taken now. */
  get usedBytes(): number {
    return this.#used;
  }

  /** Makes the place of one body; it has no room yet. */
  place(rules: RoomRules): BodyPlace {
    return new BodyPlace(this, rules);
  }

  /** Takes room; true where it was there, else a promise of whether it came in time. For {@link BodyPlace}. */
  take(bytes: number, isSmall: boolean, rules: RoomRules): true | Promise<boolean> {
    const fits = this.#used + bytes <= rules.bytesTotal && this.#waiters.length === 0;
    if (fits || isSmall) {
      this.#used += bytes;
      return true;
    }
    return this.#wait(bytes, rules);
  }

  /** Gives room back and lets in those that wait, in their order. For {@link BodyPlace}. */
  giveBack(bytes: number): void {
    this.#used -= bytes;
    this.#letIn();
  }

  #wait(bytes: number, { bytesTotal, waitMsMax, signal }: RoomRules): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (isGiven: boolean): void => {
        timer.cancel();
        signal.removeEventListener('abort', giveUp);
        resolve(isGiven);
      };
      const giveUp = (): void => {
        const at = this.#waiters.indexOf(waiter);
        if (at < 0) return;
        this.#waiters.splice(at, 1);
        end(false);
        // It may have been first, and the next one smaller.
        this.#letIn();
      };
      const waiter: Waiter = { bytes, bytesTotal, end };
      const timer = this.#clock.after(Math.max(0, waitMsMax), giveUp);
      this.#waiters.push(waiter);
      if (signal.aborted) giveUp();
      else signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  #letIn(): void {
    for (let first = this.#waiters[0]; first; first = this.#waiters[0]) {
      if (this.#used + first.bytes > first.bytesTotal) return;
      this.#waiters.shift();
      this.#used += first.bytes;
      first.end(true);
    }
  }
}

/** One body's part of the room. */
export class BodyPlace {
  readonly #room: BodyRoom;
  readonly #rules: RoomRules;
  #bytes = 0;
  #isReleased = false;

  constructor(room: BodyRoom, rules: RoomRules) {
    this.#room = room;
    this.#rules = rules;
  }

  /** Grows to `bytes` in all. True where there is room; else a promise, false where none came in time. */
  growTo(bytes: number): true | Promise<boolean> {
    const more = bytes - this.#bytes;
    if (more <= 0) return true;
    const taken = this.#room.take(more, bytes <= SMALL_BYTES, this.#rules);
    if (taken === true) {
      this.#bytes = bytes;
      return true;
    }
    return taken.then((isGiven) => {
      if (!isGiven) return false;
      this.#bytes += more;
      // Given back while it waited.
      if (this.#isReleased) this.#giveBack();
      return true;
    });
  }

  /** Gives everything back. Idempotent. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#giveBack();
  }

  #giveBack(): void {
    const bytes = this.#bytes;
    this.#bytes = 0;
    if (bytes > 0) this.#room.giveBack(bytes);
  }
}

/** The refusal of a body for which no room came in time. */
export function noRoom(): SidecarError {
  return new SidecarError(
    'too_busy',
    'The bodies of other requests take all the room that listen.bodiesMiBTotal allows, and none came free in time. ' +
      'Nothing was sent and nothing is held: send it again, fewer at once, or send media by URL.',
    { detail: { retryAfterSeconds: 1 } },
  );
}
