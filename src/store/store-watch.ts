/**
 * Watches whether the store's files are still the ones that were opened: on a timer, before creates, and when somebody
 * asks whether the sidecar is ready.
 *
 * **Invariant**: what was lost once stays lost until a restart; nothing opens the files again or makes new ones.
 */
import type { Clock, Timer } from '../clock.ts';
import { SidecarError } from '../errors.ts';
import type { Ms } from '../units.ts';
import type { Store } from './store.ts';

/** How often the files are looked at while nobody asks. */
const PERIOD_MS: Ms = 5_000;
/** How old a look may be that a create relies on. */
const LOOK_MS_MAX: Ms = 1_000;

export class StoreWatch {
  readonly #store: Pick<Store, 'lost'>;
  readonly #clock: Clock;
  readonly #onLost: (why: string) => void;
  #lost: string | null = null;
  #lookedTick = -Infinity;
  #timer: Timer | null = null;

  /** @param deps `onLost` is called once, with what is wrong. */
  constructor(deps: { store: Pick<Store, 'lost'>; clock: Clock; onLost: (why: string) => void }) {
    this.#store = deps.store;
    this.#clock = deps.clock;
    this.#onLost = deps.onLost;
  }

  start(): void {
    this.#timer ??= this.#clock.every(PERIOD_MS, () => this.look());
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** Looks now; gives what is wrong, null where nothing is. */
  look(): string | null {
    if (this.#lost !== null) return this.#lost;
    this.#lookedTick = this.#clock.monotonic();
    this.#lost = this.#store.lost();
    if (this.#lost !== null) this.#onLost(this.#lost);
    return this.#lost;
  }

  /** Refuses a create whose hold would be lost. @throws SidecarError `ledger_unavailable`. */
  check(): void {
    const isFresh = this.#clock.monotonic() - this.#lookedTick < LOOK_MS_MAX;
    const lost = this.#lost ?? (isFresh ? null : this.look());
    if (lost === null) return;
    throw new SidecarError(
      'ledger_unavailable',
      `The store was lost: ${lost}. Nothing was sent. Stop the sidecar, put the store’s files back or restore a ` +
        'backup, and start it again.',
    );
  }
}
