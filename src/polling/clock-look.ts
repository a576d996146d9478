/**
 * A look at Kling's clock while it differs from ours: creates are refused then, and an app that only creates would never
 * bring the answer that shows the two agree again.
 */
import type { CallRecord } from '../calls/call.ts';
import type { Clock } from '../clock.ts';
import { newId } from '../ids.ts';
import type { Ms } from '../units.ts';
import type { Upstream } from '../upstream/upstream.ts';

/** At most one look in this time. */
const LOOK_MS_MIN: Ms = 5_000;
/** A free read with either kind of credential: one row of one page of a list. */
const ROUTE = '/v1/videos/text2video';
const PATH = `${ROUTE}?pageNum=1&pageSize=1`;

export class ClockLook {
  readonly #deps: { upstream: Upstream; clock: Clock; journal: (call: CallRecord) => void };
  #lastTick: Ms = -Infinity;

  constructor(deps: { upstream: Upstream; clock: Clock; journal: (call: CallRecord) => void }) {
    this.#deps = deps;
  }

  /** Asks Kling for anything, unless it was asked moments ago; its answer's `Date` is noted by the upstream. */
  async look(): Promise<void> {
    const { upstream, clock, journal } = this.#deps;
    if (clock.monotonic() - this.#lastTick < LOOK_MS_MIN) return;
    this.#lastTick = clock.monotonic();
    const context = {
      requestId: newId('req', clock.now()),
      app: 'sidecar',
      tag: null,
      route: ROUTE,
      holdId: null,
      origin: 'sidecar' as const,
      overheadMs: 0,
    };
    const request = {
      method: 'GET' as const,
      path: PATH,
      headers: ['accept', 'application/json'],
      body: null,
    };
    const { calls } = await upstream.exchange(request, { context });
    for (const call of calls) journal(call);
  }
}
