/**
 * The one door to operations that give facts: it runs one and publishes its facts.
 *
 * **Invariant**: the facts of a write that was committed are published once, with any use of the result;
 * those of a failed one never are. Only this module accepts operations of `defineFactWrite`; a store refuses them.
 */
import type { Fact } from '../facts.ts';
import type { FactWrite, StoreOperation } from '../store/operation.ts';

/** A store in this module's view: every other user of a store has a type that refuses operations that give facts. */
interface FactStore {
  // A method's parameter is compared bivariantly, so that a Store fits.
  write<A, R>(operation: StoreOperation<A, R>, args: A): Promise<R>;
}

export interface LedgerDeps {
  store: FactStore;
  /** Passes facts to everything that reports or uses them; there is at least one. */
  publish: (facts: readonly Fact[]) => void;
  /** Logs a fault of `publish`: the write is done, so that its caller must not get an error. */
  onError: (message: string, error: unknown) => void;
}

export class Ledger {
  readonly #deps: LedgerDeps;

  constructor(deps: LedgerDeps) {
    this.#deps = deps;
  }

  /**
   * Runs an operation in the next batch and publishes its facts; resolves when it is durable and they are published.
   * @throws SidecarError `ledger_unavailable` as `Store.write`, and what the operation itself throws: nothing is published then.
   */
  async run<A, R extends object>(operation: FactWrite<A, R>, args: A): Promise<R> {
    const result = await this.#deps.store.write(operation, args);
    const facts = operation.toPublish?.(args, result) ?? factsOf(result);
    if (facts.length > 0) this.#publish(operation.name, facts);
    return result;
  }

  #publish(name: string, facts: readonly Fact[]): void {
    const { publish, onError } = this.#deps;
    try {
      publish(facts);
    } catch (error) {
      onError(`the facts of ${name} could not be published`, error);
    }
  }
}

/** Gives the facts that a result carries; an operation that was refused has none. */
export function factsOf(result: object): readonly Fact[] {
  return 'facts' in result ? (result.facts as readonly Fact[]) : [];
}
