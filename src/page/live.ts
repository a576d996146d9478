/**
 * Live pages: each open page gets the sections that changed, as Server-Sent Events.
 *
 * Pages of one address in one language with the same rights are one *show*: it is made once in a period for all of them, and
 * not at all while nobody looks. Shows are made one after the other, with a rest after each: together they take at most
 * {@link BUSY_SHARE} of the time, so that many open pages, and dear ones, change less often. A connection remembers what it was sent;
 * one that reads slowly skips what it missed.
 *
 * **Invariant**: for each connection at most one version of the page waits in memory, and at most one show is being made.
 * Nothing here delays an answer of the data plane, and `close` ends every connection at once.
 */
import type { ServerResponse } from 'node:http';
import { within, type Clock, type Timer } from '../clock.ts';
import type { Ms } from '../units.ts';

/** How often a page that somebody looks at is made again. */
export const PERIOD_MS: Ms = 2_000;
/** The share of time in which shows are made. */
export const BUSY_SHARE = 0.008;
/** A show that is not made by then is left out this time: it holds up no other. */
const MAKE_MS_MAX: Ms = 60_000;
/** The shortest rest after a show: a page is a moment in which no create is answered, and moments must be few. */
const REST_MS_MIN: Ms = 500;
/** The longest rest after a show, however long it took. */
const REST_MS_MAX: Ms = 10_000;
/** A comment is sent so often, so that both sides notice a lost connection. */
const ALIVE_MS: Ms = 15_000;
/** Open live connections; a later one is refused for now. */
export const VIEWERS_MAX = 50;

/** A page's live sections: HTML by id. Null if the page cannot be shown any more. */
export type Snapshot = ReadonlyMap<string, string> | null;

interface Viewer {
  response: ServerResponse;
  sent: Map<string, string>;
  aliveTick: Ms;
}

interface Show {
  make: () => Promise<Snapshot>;
  viewers: Set<Viewer>;
  /** How often it is made. */
  everyMs: Ms;
  /** When it is due, on the steady clock. */
  dueTick: Ms;
}

export class LivePages {
  readonly #clock: Clock;
  readonly #shows = new Map<string, Show>();
  #viewers = 0;
  #isClosed = false;
  #timer: Timer | null = null;
  #isMaking = false;
  /** No show is made before. */
  #restTick: Ms = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Open live connections. */
  get viewers(): number {
    return this.#viewers;
  }

  /** Returns whether one more page can be followed. */
  get hasRoom(): boolean {
    return !this.#isClosed && this.#viewers < VIEWERS_MAX;
  }

  /** Follows a page until its connection ends; `key` is equal for pages that are the same. */
  follow(
    key: string,
    response: ServerResponse,
    { make, everyMs = PERIOD_MS }: { make: () => Promise<Snapshot>; everyMs?: Ms },
  ): void {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    response.write('retry: 2000\n\n');
    const tick = this.#clock.monotonic();
    const show = this.#shows.get(key) ?? { make, viewers: new Set(), everyMs, dueTick: tick + everyMs };
    this.#shows.set(key, show);
    const viewer: Viewer = { response, sent: new Map(), aliveTick: tick };
    show.viewers.add(viewer);
    this.#viewers += 1;
    response.once('close', () => this.#leave(key, show, viewer));
    this.#plan();
  }

  /** Ends every connection, and accepts no more. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    for (const { viewers } of this.#shows.values()) for (const { response } of viewers) response.destroy();
  }

  #leave(key: string, show: Show, viewer: Viewer): void {
    show.viewers.delete(viewer);
    this.#viewers -= 1;
    if (show.viewers.size > 0) return;
    if (this.#shows.get(key) === show) this.#shows.delete(key);
    this.#plan();
  }

  /** Sets the timer for the show that is due first; none while one is being made, or nobody looks. */
  #plan(): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#isClosed || this.#isMaking) return;
    const next = [...this.#shows.values()].reduce<Show | null>(
      (first, show) => (first === null || show.dueTick < first.dueTick ? show : first),
      null,
    );
    if (next === null) return;
    const waitMs = Math.max(next.dueTick, this.#restTick) - this.#clock.monotonic();
    this.#timer = this.#clock.after(Math.max(0, waitMs), () => void this.#renew(next));
  }

  async #renew(show: Show): Promise<void> {
    this.#isMaking = true;
    const from = this.#clock.monotonic();
    const made = show.make().catch(() => null);
    const snapshot = await within(this.#clock, MAKE_MS_MAX, made);
    if (!this.#isClosed && snapshot !== undefined)
      for (const viewer of show.viewers) this.#send(viewer, snapshot);
    const tick = this.#clock.monotonic();
    this.#restTick = tick + Math.min(Math.max((tick - from) / BUSY_SHARE, REST_MS_MIN), REST_MS_MAX);
    show.dueTick = from + show.everyMs;
    this.#isMaking = false;
    this.#plan();
  }

  /** Sends what this viewer does not have; nothing while it has not read the last one. */
  #send(viewer: Viewer, snapshot: Snapshot): void {
    const { response, sent } = viewer;
    if (response.writableNeedDrain) return;
    if (snapshot === null) {
      response.write('event: lost\ndata: {}\n\n');
      return;
    }
    let isNews = false;
    for (const [id, html] of snapshot) {
      if (sent.get(id) === html) continue;
      sent.set(id, html);
      isNews = true;
      response.write(`event: section\ndata: ${JSON.stringify({ id, html })}\n\n`);
    }
    const tick = this.#clock.monotonic();
    if (!isNews && tick - viewer.aliveTick < ALIVE_MS) return;
    viewer.aliveTick = tick;
    if (!isNews) response.write(': alive\n\n');
  }
}
