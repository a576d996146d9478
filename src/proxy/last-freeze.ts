/**
 * The freeze as it was last known, for the one case in which the store cannot be asked: `observe` mode with a store out of
 * reach, which forwards creates unrecorded. A freeze stops them all the same.
 */
import type { Fact } from '../facts.ts';
import type { FreezeState } from '../ledger/freeze.ts';

export class LastFreeze {
  #state: FreezeState | null = null;

  /** Null where spending was not frozen. */
  get state(): FreezeState | null {
    return this.#state;
  }

  /** Takes what the store says at the start. */
  set(state: FreezeState | null): void {
    this.#state = state;
  }

  /** Follows the orders that were given since. */
  follow(facts: readonly Fact[]): void {
    for (const fact of facts) {
      if (fact.kind === 'spending_resumed') this.#state = null;
      if (fact.kind === 'spending_frozen') {
        this.#state = { reason: fact.reason, actor: fact.actor, since: fact.at };
      }
    }
  }
}
