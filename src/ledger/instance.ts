/** This running sidecar as the owner of the creates that it sends. */
import type { Owner } from '../budget/hold.ts';
import type { Clock, Timer } from '../clock.ts';
import type { Store } from '../store/store.ts';
import { RENEW_MS, renewLease, startInstance, stopInstance } from './instance-table.ts';

export interface InstanceDeps {
  store: Store;
  clock: Clock;
  /** The instance's name; null: the store's own. */
  name: string | null;
  /** Called once when another instance has taken over this one's creates: every admission is refused from then on. */
  onReplaced: () => void;
  onError: (message: string, error: unknown) => void;
}

export class Instance {
  readonly #deps: InstanceDeps;
  #owner: Owner | null = null;
  #timer: Timer | null = null;
  #isReplaced = false;

  constructor(deps: InstanceDeps) {
    this.#deps = deps;
  }

  /** Who owns the creates that are sent now. @throws Error before {@link begin}. */
  get owner(): Owner {
    if (!this.#owner) throw new Error('the instance has not begun');
    return this.#owner;
  }

  /** Begins a generation and renews its lease until the stop. @throws SidecarError as a store's `write`. */
  async begin(): Promise<Owner> {
    const { store, clock, name } = this.#deps;
    this.#owner = await store.write(startInstance, { instance: name, at: clock.now() });
    this.#timer = clock.every(RENEW_MS, () => void this.#renew());
    return this.#owner;
  }

  /** Ends the generation; call it when every caller has its answer, while the store is open. Never rejects. */
  async stop(): Promise<void> {
    this.#timer?.cancel();
    if (!this.#owner) return;
    const { store, onError } = this.#deps;
    await store
      .write(stopInstance, { owner: this.#owner })
      .catch((error: unknown) => onError('the end of this instance could not be recorded', error));
  }

  async #renew(): Promise<void> {
    const { store, clock, onReplaced, onError } = this.#deps;
    try {
      const { isOwner } = await store.write(renewLease, { owner: this.owner, at: clock.now() });
      if (!isOwner && !this.#isReplaced) onReplaced();
      this.#isReplaced = !isOwner;
    } catch (error) {
      onError('the lease of this instance could not be renewed', error);
    }
  }
}
