import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Fact } from '../../src/facts.ts';
import { freeze, unfreeze } from '../../src/ledger/freeze.ts';
import type { makeLookUpsDue } from '../../src/ledger/look-up.ts';
import { resolveHold } from '../../src/ledger/resolve.ts';
import { Ledger } from '../../src/outbox/ledger.ts';
import type { Store } from '../../src/store/store.ts';
import { admitHold, newHold, NOON } from '../ledger/making.ts';
import { createMemoryStore, type MemoryStore } from '../ledger/memory-store.ts';
import { openMemoryLedger } from './test-ledger.ts';

/** Whether the compiler lets a method of the store have an operation. */
type Takes<M extends 'write' | 'later' | 'background', O> = O extends Parameters<Store[M]>[0] ? 'yes' : 'no';

const ORDER = { reason: 'runaway loop', actor: 'ann', at: NOON };

let store: MemoryStore;
beforeEach(() => (store = createMemoryStore()));
afterEach(() => store.close());

describe('the ledger', () => {
  it('publishes the facts of a result once, and gives the result', async () => {
    const ledger = openMemoryLedger(store);
    expect(await ledger.run(freeze, ORDER)).toMatchObject({ frozen: { reason: 'runaway loop' } });
    expect(ledger.published).toEqual([{ kind: 'spending_frozen', ...ORDER }]);
  });

  it('publishes them if the caller does not wait', async () => {
    const ledger = openMemoryLedger(store);
    void ledger.run(freeze, ORDER);
    await ledger.run(unfreeze, ORDER);
    expect(ledger.published.map(({ kind }) => kind)).toEqual(['spending_frozen', 'spending_resumed']);
  });

  it('publishes nothing of a write that failed or that made nothing true', async () => {
    const ledger = openMemoryLedger(store);
    await ledger.run(unfreeze, ORDER);
    const unknown = { holdId: 'none', action: 'release', ...ORDER } as const;
    await expect(ledger.run(resolveHold, unknown)).rejects.toMatchObject({ code: 'not_found' });
    expect(ledger.published).toEqual([]);
  });

  it('gives the result of a write whose facts could not be published, and logs the fault', async () => {
    const errors: string[] = [];
    const ledger = new Ledger({
      store: { write: store.run },
      publish: (_facts: readonly Fact[]) => {
        throw new Error('a fault of ours');
      },
      onError: (message) => void errors.push(message),
    });
    await admitHold(store, newHold('h'));
    const args = { holdId: 'h', action: 'release', ...ORDER } as const;
    expect(await ledger.run(resolveHold, args)).toMatchObject({ state: 'released' });
    expect(errors).toEqual(['the facts of ledger.resolveHold could not be published']);
  });

  it('alone takes what gives facts: the compiler refuses it for every method of a store', () => {
    // Compiles only while these are the compiler's own answers.
    const isTaken: [
      Takes<'write', typeof freeze>,
      Takes<'later', typeof freeze>,
      Takes<'background', typeof freeze>,
    ] = ['no', 'no', 'no'];
    const isPlainTaken: Takes<'write', typeof makeLookUpsDue> = 'yes';
    expect([...isTaken, isPlainTaken]).toHaveLength(4);
  });
});
