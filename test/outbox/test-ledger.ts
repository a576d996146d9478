/** A ledger for tests: over a real store, or over one in memory, with the facts that it published. */
import type { Fact } from '../../src/facts.ts';
import { Ledger, type LedgerDeps } from '../../src/outbox/ledger.ts';
import type { StoreOperation } from '../../src/store/operation.ts';

export interface TestLedger extends Ledger {
  readonly published: Fact[];
}

/** Opens a ledger over a store; a fault in what it publishes fails the test. */
export function openLedger(store: LedgerDeps['store']): TestLedger {
  const published: Fact[] = [];
  const onError = (message: string, error: unknown): never => {
    throw new Error(message, { cause: error });
  };
  const ledger = new Ledger({ store, publish: (facts) => void published.push(...facts), onError });
  return Object.assign(ledger, { published });
}

/** Opens a ledger over a store in memory. */
export function openMemoryLedger(memory: {
  run<A, R>(operation: StoreOperation<A, R>, args: A): Promise<R>;
}): TestLedger {
  return openLedger({ write: (operation, args) => memory.run(operation, args) });
}
