/**
 * Requests in the last minute: of the account, and of each app that has a limit of its own.
 *
 * Creates wait so that no window of a minute has more requests than its limit. Above four fifths of the limit they are
 * spread evenly over the rest of the window, so that a minute does not end in silence. Reads are counted, and never wait: they fill
 * four fifths of a window at most, so that polling cannot stop creates.
 */
import type { Clock } from '../clock.ts';
import type { Ms } from '../units.ts';
import { Instants } from './instants.ts';

const MINUTE_MS = 60_000;
/** From this share of its limit on, a window's creates are spread. */
const SPREAD_FROM = 0.8;
/** The share of a limit that reads can fill. */
const READS_SHARE_MAX = 0.8;

export class Rates {
  readonly #clock: Clock;
  readonly #account: RateWindow;
  readonly #byApp = new Map<string, RateWindow>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#account = new RateWindow();
  }

  /** Sets the account's requests in a minute; null for no limit. */
  setLimit(limit: number | null): void {
    this.#account.setLimit(limit);
  }

  /** Gives the instant from which the account may send a create; one in the past if it may now. */
  accountDueAt(): Ms {
    return this.#account.dueAt(this.#clock.monotonic());
  }

  /** Gives the instant from which an app may send a create; `limit` is its own, in requests a minute. */
  appDueAt(app: string, limit: number | null): Ms {
    if (limit === null) return -Infinity;
    return this.#windowOf(app, limit).dueAt(this.#clock.monotonic());
  }

  /** Gives the first instant after now at which one of the windows lets a create pass; infinite if none closes it now. */
  nextDueAt(): Ms {
    const now = this.#clock.monotonic();
    let next = Infinity;
    for (const window of [this.#account, ...this.#byApp.values()]) {
      const dueAt = window.dueAt(now);
      if (dueAt > now) next = Math.min(next, dueAt);
    }
    return next;
  }

  /** Counts a create that is sent now; gives the instant under which it is counted. */
  noteCreate(app: string, limit: number | null): Ms {
    const now = this.#clock.monotonic();
    this.#account.noteCreate(now);
    if (limit !== null) this.#windowOf(app, limit).noteCreate(now);
    return now;
  }

  /** Removes a create that was not sent. */
  forgetCreate(app: string, at: Ms): void {
    this.#account.forgetCreate(at);
    this.#byApp.get(app)?.forgetCreate(at);
  }

  /** Counts a request that did not wait for its turn; app null for one of our own. */
  noteRead(app: string | null): void {
    const now = this.#clock.monotonic();
    this.#account.noteRead(now);
    if (app !== null) this.#byApp.get(app)?.noteRead(now);
  }

  #windowOf(app: string, limit: number): RateWindow {
    let window = this.#byApp.get(app);
    if (window === undefined) this.#byApp.set(app, (window = new RateWindow()));
    window.setLimit(limit);
    return window;
  }
}

/** The requests of one limit in the last minute. Without a limit nothing is counted. */
class RateWindow {
  readonly #creates = new Instants();
  readonly #reads = new Instants();
  #limit: number | null = null;
  #readsMax = 0;

  setLimit(limit: number | null): void {
    if (limit === this.#limit) return;
    this.#limit = limit;
    this.#readsMax = Math.min(Math.floor((limit ?? 0) * READS_SHARE_MAX), (limit ?? 0) - 1);
    if (limit === null) this.#creates.drop(this.#creates.length);
    this.#reads.drop(Math.max(0, this.#reads.length - this.#readsMax));
  }

  /** Gives the instant from which a create may be sent; one that is not after `now` if it may now. */
  dueAt(now: Ms): Ms {
    if (this.#limit === null) return -Infinity;
    this.#dropOld(now);
    const used = this.#creates.length + this.#reads.length;
    const left = this.#limit - used;
    if (used < this.#limit * SPREAD_FROM) return -Infinity;
    const freesAt = Math.min(this.#creates.oldest ?? Infinity, this.#reads.oldest ?? Infinity) + MINUTE_MS;
    if (left <= 0) return freesAt;
    const last = this.#creates.newest;
    return last === undefined ? -Infinity : last + Math.ceil((freesAt - last) / (left + 1));
  }

  noteCreate(now: Ms): void {
    if (this.#limit !== null) this.#creates.add(now);
  }

  forgetCreate(at: Ms): void {
    this.#creates.remove(at);
  }

  noteRead(now: Ms): void {
    if (this.#limit === null || this.#readsMax === 0) return;
    this.#dropOld(now);
    this.#reads.add(now);
    if (this.#reads.length > this.#readsMax) this.#reads.drop(1);
  }

  #dropOld(now: Ms): void {
    this.#creates.dropUntil(now - MINUTE_MS);
    this.#reads.dropUntil(now - MINUTE_MS);
  }
}
