/** This running sidecar as the owner of the creates that it sends. */
import type { Owner } from '../budget/hold.ts';
import type { Clock, Timer } from '../clock.ts';
import { RENEW_MS, renewLease, startInstance } from '../ledger/instance-table.ts';
import type { Store } from '../store/store.ts';
import type { Log } from '../telemetry/log.ts';

export interface InstanceDeps {
  store: Store;
  clock: Clock;
  log: Log;
  /** The instance's name; null: the store's own. */
  name: string | null;
}

export class Instance {
  readonly #deps: InstanceDeps;
  #owner: Owner | null = null;
  #timer: Timer | null = null;
  #isRefused = false;

  constructor(deps: InstanceDeps) {
    this.#deps = deps;
  }

  /** Who owns the creates that are sent now. @throws Error before {@link begin}. */
  get owner(): Owner {
    if (!this.#owner) throw new Error('the instance has not begun');
    return this.#owner;
  }

  /** Begins a generation and keeps its lease from now on. */
  async begin(): Promise<Owner> {
    const { store, clock, name } = this.#deps;
    this.#owner = await store.write(startInstance, { instance: name, at: clock.now() });
    this.#timer = clock.every(RENEW_MS, () => void this.#renew());
    return this.#owner;
  }

  stop(): void {
    this.#timer?.cancel();
  }

  async #renew(): Promise<void> {
    const { store, clock, log } = this.#deps;
    try {
      const { isOwner } = await store.write(renewLease, { owner: this.owner, at: clock.now() });
      if (!isOwner && !this.#isRefused)
        log.error('another instance has taken over this one’s creates: creates are refused until a restart', {
          event: 'instance_replaced',
        });
      this.#isRefused = !isOwner;
    } catch (error) {
      log.error('the lease of this instance could not be renewed', { event: 'background_failed', error });
    }
  }
}
