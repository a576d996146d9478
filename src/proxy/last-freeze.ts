/**
 * The last known freeze, for the one case in which the store cannot be read: `observe` mode forwards creates without a record
 * while the store is not available. A freeze still stops them.
 */
import type { Fact } from '../facts.ts';
import type { FreezeState } from '../ledger/freeze.ts';

export class LastFreeze {
  #state: FreezeState | null = null;

  /** Null if spending was not frozen. */
  get state(): FreezeState | null {
    return this.#state;
  }

  /** Takes the store's freeze at the start. */
  set(state: FreezeState | null): void {
    this.#state = state;
  }

  /** Follows later orders. */
  follow(facts: readonly Fact[]): void {
    for (const fact of facts) {
      if (fact.kind === 'spending_resumed') this.#state = null;
      if (fact.kind === 'spending_frozen') {
        this.#state = { reason: fact.reason, actor: fact.actor, since: fact.at };
      }
    }
  }
}
