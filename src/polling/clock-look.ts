/**
 * A look at Kling's clock: before the first create, which a wrong clock of ours would date weeks ahead and all later ones
 * with it; and while the two differ, since creates are refused then, and an app that only creates would never bring the
 * answer that shows them to agree again.
 */
import type { CallRecord } from '../calls/call.ts';
import type { Clock } from '../clock.ts';
import { SidecarError } from '../errors.ts';
import { newId } from '../ids.ts';
import type { Ms } from '../units.ts';
import type { Upstream } from '../upstream/upstream.ts';

/** At most one look in this time. */
const LOOK_MS_MIN: Ms = 5_000;
/** How long a look may take: a create may wait for it. */
const LOOK_MS_MAX: Ms = 5_000;
/** A free read with either kind of credential: one row of one page of a list. */
const ROUTE = '/v1/videos/text2video';
const PATH = `${ROUTE}?pageNum=1&pageSize=1`;

export class ClockLook {
  readonly #deps: { upstream: Upstream; clock: Clock; journal: (call: CallRecord) => void };
  #lastTick: Ms = -Infinity;
  #learning: Promise<void> | null = null;

  constructor(deps: { upstream: Upstream; clock: Clock; journal: (call: CallRecord) => void }) {
    this.#deps = deps;
  }

  /**
   * Learns Kling's clock, where no answer has shown it yet; many may wait for one look.
   * @throws SidecarError `upstream_unreachable` where no answer came.
   */
  learn(): Promise<void> {
    this.#learning ??= this.#learn().finally(() => {
      this.#learning = null;
    });
    return this.#learning;
  }

  async #learn(): Promise<void> {
    await this.#ask();
    if (this.#deps.upstream.lastAnswerAt !== null) return;
    throw new SidecarError(
      'upstream_unreachable',
      'Kling brought no answer to a first look at its clock, without which no create is dated; nothing was sent and ' +
        'nothing is held.',
      { detail: { sent: 'no' } },
    );
  }

  /** Asks Kling for anything, unless it was asked moments ago; its answer's `Date` is noted by the upstream. */
  async look(): Promise<void> {
    if (this.#deps.clock.monotonic() - this.#lastTick >= LOOK_MS_MIN) await this.#ask();
  }

  async #ask(): Promise<void> {
    const { upstream, clock, journal } = this.#deps;
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
    const { calls } = await upstream.exchange(request, { context, deadlineMs: LOOK_MS_MAX });
    for (const call of calls) journal(call);
  }
}
