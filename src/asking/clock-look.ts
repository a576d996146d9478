/**
 * Looks at Kling's clock: before the first create, which a wrong clock of ours would date weeks ahead and all later ones
 * with it; after a step of our clock; if an answer contradicts earlier ones; and while the two clocks differ, since
 * creates are refused then, and an app that only creates would never get an answer that shows them to agree again.
 */
import { SidecarError } from '../errors.ts';
import type { Ms } from '../units.ts';
import type { AskKling } from '../upstream/ask.ts';
import type { ClockTrust } from '../upstream/clock-trust.ts';
import type { Upstream } from '../upstream/upstream.ts';

/** How long a look may take: a create waits for it. */
const LOOK_MS_MAX: Ms = 5_000;
/** Looks in a row: one, one more after an unusual answer, and one that decides. */
const LOOKS_MAX = 3;
/** A free read with either kind of credential: one row of one page of a list. */
const ROUTE = '/v1/videos/text2video';
const PATH = `${ROUTE}?pageNum=1&pageSize=1`;

export interface ClockLookDeps {
  ask: AskKling;
  upstream: Pick<Upstream, 'answers'>;
  trust: ClockTrust;
}

export class ClockLook {
  readonly #deps: ClockLookDeps;
  #settling: Promise<void> | null = null;

  constructor(deps: ClockLookDeps) {
    this.#deps = deps;
  }

  /**
   * Makes sure that a create can be dated now; several creates wait for the same looks.
   * @returns Null if no look is needed: then `check` of the trust decides.
   * @throws SidecarError `upstream_unreachable` if Kling gave no answer.
   */
  settle(): Promise<void> | null {
    if (!this.#deps.trust.needsLook) return null;
    this.#settling ??= this.#settle().finally(() => {
      this.#settling = null;
    });
    return this.#settling;
  }

  /** Looks at once in any state; never rejects. */
  async look(): Promise<void> {
    await this.#ask().catch(() => undefined);
  }

  async #settle(): Promise<void> {
    const { trust, upstream } = this.#deps;
    for (let i = 0; i < LOOKS_MAX && trust.needsLook; i += 1) {
      const before = upstream.answers;
      const cause = await this.#ask();
      if (upstream.answers === before && trust.needsLook) throw unanswered(cause);
    }
  }

  /** Gives why no answer came, or null. */
  async #ask(): Promise<string | null> {
    const { ask, trust } = this.#deps;
    trust.noteLook();
    const { failure } = await ask({ path: PATH, route: ROUTE, deadlineMs: LOOK_MS_MAX });
    return failure?.cause ?? null;
  }
}

function unanswered(cause: string | null): SidecarError {
  return new SidecarError(
    'upstream_unreachable',
    `Kling could not be reached (${cause ?? 'no answer'}) for a look at its clock, without which this create cannot be ` +
      'dated; nothing was sent and nothing is held.',
    { detail: { sent: 'no', cause } },
  );
}
