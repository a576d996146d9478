/**
 * Live pages: each open page gets the sections that changed, as Server-Sent Events.
 *
 * Pages of one address in one language with the same rights are one *show*: it is made once in a period for all of them, and
 * not at all while nobody looks. A connection remembers what it was sent; one that reads slowly skips what it missed.
 *
 * **Invariant**: for each connection at most one version of the page waits in memory. Nothing here delays an answer of the data
 * plane, and `close` ends every connection at once.
 */
import type { ServerResponse } from 'node:http';
import type { Clock, Timer } from '../clock.ts';
import type { Ms } from '../units.ts';

/** How often a page that somebody looks at is made again. */
export const PERIOD_MS: Ms = 2_000;
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
  timer: Timer | null;
}

export class LivePages {
  readonly #clock: Clock;
  readonly #shows = new Map<string, Show>();
  #viewers = 0;
  #isClosed = false;

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
  follow(key: string, response: ServerResponse, make: () => Promise<Snapshot>): void {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    response.write('retry: 2000\n\n');
    const show = this.#shows.get(key) ?? { make, viewers: new Set(), timer: null };
    this.#shows.set(key, show);
    const viewer: Viewer = { response, sent: new Map(), aliveTick: this.#clock.monotonic() };
    show.viewers.add(viewer);
    this.#viewers += 1;
    response.once('close', () => this.#leave(key, show, viewer));
    if (show.timer === null) this.#plan(show);
  }

  /** Ends every connection, and accepts no more. */
  close(): void {
    this.#isClosed = true;
    for (const { viewers, timer } of this.#shows.values()) {
      timer?.cancel();
      for (const { response } of viewers) response.destroy();
    }
  }

  #leave(key: string, show: Show, viewer: Viewer): void {
    show.viewers.delete(viewer);
    this.#viewers -= 1;
    if (show.viewers.size > 0) return;
    show.timer?.cancel();
    if (this.#shows.get(key) === show) this.#shows.delete(key);
  }

  #plan(show: Show): void {
    show.timer = this.#clock.after(PERIOD_MS, () => void this.#renew(show));
  }

  async #renew(show: Show): Promise<void> {
    const snapshot = await show.make().catch(() => null);
    if (this.#isClosed || show.viewers.size === 0) return;
    for (const viewer of show.viewers) this.#send(viewer, snapshot);
    this.#plan(show);
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
