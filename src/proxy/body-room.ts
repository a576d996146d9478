/**
 * Room for the bodies of all open requests: one sum, so that many large creates at once cannot take more memory than the
 * machine has.
 *
 * A body reserves its declared length before any of it is read; without a declared length it grows step by step. If there is no
 * room, its caller waits, in the order of arrival, and its connection holds the rest of the body back.
 *
 * **Invariant**: a place is released exactly once, for every end of its request. Bodies up to {@link SMALL_BYTES} are counted
 * and never wait: they must not queue behind a large one.
 */
import type { Clock } from '../clock.ts';
import { SidecarError } from '../errors.ts';
import type { Ms } from '../units.ts';

/** Bodies up to here do not wait. */
export const SMALL_BYTES = 65_536;

/** The limits of a body's wait for room. */
export interface RoomRules {
  /** The limit of all bodies together, from the settings at the request's begin. */
  bytesTotal: number;
  waitMsMax: Ms;
  /** Aborted when the caller closes its connection: nobody waits any more. */
  signal: AbortSignal;
}

interface Waiter {
  bytes: number;
  bytesTotal: number;
  end: (isGiven: boolean) => void;
}

/** The sum of the bodies of open requests, and those that wait for room. */
export class BodyRoom {
  readonly #clock: Clock;
  readonly #waiters: Waiter[] = [];
  #used = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Bytes that are reserved now. */
  get usedBytes(): number {
    return this.#used;
  }

  /** Makes the place of one body; it has no room yet. */
  place(rules: RoomRules): BodyPlace {
    return new BodyPlace(this, rules);
  }

  /** Reserves room; true if there is enough, else a promise of whether there was in time. For {@link BodyPlace}. */
  reserve(bytes: number, isSmall: boolean, rules: RoomRules): true | Promise<boolean> {
    const fits = this.#used + bytes <= rules.bytesTotal && this.#waiters.length === 0;
    if (fits || isSmall) {
      this.#used += bytes;
      return true;
    }
    return this.#wait(bytes, rules);
  }

  /** Frees room for those that wait, in their order. For {@link BodyPlace}. */
  unreserve(bytes: number): void {
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
        // It may have been the first, and the next one may be smaller.
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

  /** Grows to `bytes` in all. True if there is room; else a promise of whether there was in time. */
  growTo(bytes: number): true | Promise<boolean> {
    const more = bytes - this.#bytes;
    if (more <= 0) return true;
    const reserved = this.#room.reserve(more, bytes <= SMALL_BYTES, this.#rules);
    if (reserved === true) {
      this.#bytes = bytes;
      return true;
    }
    return reserved.then((isGiven) => {
      if (!isGiven) return false;
      this.#bytes += more;
      // It was released while it waited.
      if (this.#isReleased) this.#unreserve();
      return true;
    });
  }

  /** Frees all its room. Idempotent. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#unreserve();
  }

  #unreserve(): void {
    const bytes = this.#bytes;
    this.#bytes = 0;
    if (bytes > 0) this.#room.unreserve(bytes);
  }
}

/** The refusal of a body that got no room in time. */
export function noRoom(): SidecarError {
  return new SidecarError(
    'too_busy',
    'The bodies of other requests take all the room that listen.bodiesMiBTotal allows, and none was free in time. ' +
      'Nothing was sent and nothing is held: send it again, fewer at once, or send media by URL.',
    { detail: { retryAfterSeconds: 1 } },
  );
}
