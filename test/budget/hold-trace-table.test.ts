import { afterEach, beforeEach, expect, it } from 'vitest';
import { dropHoldTraces, insertHoldTraces, readHoldTraces } from '../../src/budget/hold-trace-table.ts';
import { createMemoryStore, type MemoryStore } from '../ledger/memory-store.ts';

let store: MemoryStore;
beforeEach(() => void (store = createMemoryStore()));
afterEach(() => store.close());

const traceOf = (holdId: string, at: number) => ({ holdId, traceparent: `trace of ${holdId}`, at });

it('gives the traces of those holds that have one, also after others were dropped by age', async () => {
  await store.run(insertHoldTraces, [traceOf('hold_1', 1_000), traceOf('hold_2', 2_000)]);
  const all = { holdIds: ['hold_2', 'unknown', 'hold_1'] };
  expect(await store.run(readHoldTraces, all)).toMatchObject([
    { traceparent: 'trace of hold_2' },
    { traceparent: 'trace of hold_1' },
  ]);
  expect(await store.run(dropHoldTraces, { before: 2_000 })).toEqual({ dropped: 1, more: false });
  expect(await store.run(readHoldTraces, all)).toMatchObject([{ holdId: 'hold_2' }]);
});

it('drops a bounded number in one run, and says that there are more', async () => {
  await store.run(
    insertHoldTraces,
    Array.from({ length: 2_001 }, (_, i) => traceOf(`h${String(i).padStart(4, '0')}`, i)),
  );
  expect(await store.run(dropHoldTraces, { before: 10_000 })).toEqual({ dropped: 2_000, more: true });
  expect(await store.run(dropHoldTraces, { before: 10_000 })).toEqual({ dropped: 1, more: false });
});
