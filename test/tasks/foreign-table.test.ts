import { afterEach, beforeEach, expect, it } from 'vitest';
import { countForeign } from '../../src/tasks/foreign-table.ts';
import { admitHold, close, newHold, sighting } from '../ledger/making.ts';
import { createMemoryStore, type MemoryStore } from '../ledger/memory-store.ts';

let store: MemoryStore;
beforeEach(() => (store = createMemoryStore()));
afterEach(() => store.close());

const count = (...tasks: [taskId: string, externalTaskId: string | null][]): Promise<number> =>
  store.run(countForeign, {
    tasks: tasks.map(([taskId, externalTaskId]) => ({ taskId, externalTaskId })),
  });

it('counts the tasks that no create of ours has made, by either id', async () => {
  expect(await count()).toBe(0);
  await admitHold(store, newHold('hold_1', { externalTaskId: 'in-flight' }));
  await admitHold(store, newHold('hold_2', { externalTaskId: 'answered' }));
  await close(store, 'hold_2', { kind: 'task', sighting: sighting('2') });
  expect(await count(['1', 'in-flight'], ['2', null])).toBe(0);
  expect(await count(['3', null], ['4', 'theirs'], ['5', 'in-flight'], ['2', 'answered'])).toBe(2);
});
