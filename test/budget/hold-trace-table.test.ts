import { afterEach, beforeEach, expect, it } from 'vitest';
import { dropHoldTraces, insertHoldTrace, readHoldTraces } from '../../src/budget/hold-trace-table.ts';
import { defineWrite } from '../../src/store/operation.ts';
import { createMemoryStore, type MemoryStore } from '../ledger/memory-store.ts';

let store: MemoryStore;
beforeEach(() => void (store = createMemoryStore()));
afterEach(() => store.close());

const insert = defineWrite('test.insertTraces', async (tx, rows: { holdId: string; at: number }[]) => {
  for (const { holdId, at } of rows)
    await insertHoldTrace(tx, { holdId, traceparent: `trace of ${holdId}`, at });
});

it('gives the traces of those holds that have one, also after others were dropped by age', async () => {
  await store.run(insert, [
    { holdId: 'hold_1', at: 1_000 },
    { holdId: 'hold_2', at: 2_000 },
  ]);
  const all = { holdIds: ['hold_2', 'unknown', 'hold_1'] };
  expect(await store.run(readHoldTraces, all)).toEqual(['trace of hold_2', 'trace of hold_1']);
  expect(await store.run(dropHoldTraces, { before: 2_000 })).toEqual({ dropped: 1, more: false });
  expect(await store.run(readHoldTraces, all)).toEqual(['trace of hold_2']);
});

it('drops a bounded number in one run, and says that there are more', async () => {
  await store.run(
    insert,
    Array.from({ length: 2_001 }, (_, i) => ({ holdId: `h${String(i).padStart(4, '0')}`, at: i })),
  );
  expect(await store.run(dropHoldTraces, { before: 10_000 })).toEqual({ dropped: 2_000, more: true });
  expect(await store.run(dropHoldTraces, { before: 10_000 })).toEqual({ dropped: 1, more: false });
});
