import { afterEach, beforeEach, expect, it } from 'vitest';
import { callbacksRefused, callbacksUndelivered } from '../../../src/alerts/rules/callbacks-trouble.ts';
import { admit } from '../../../src/ledger/admit.ts';
import { makeDeliveries, markDelivery } from '../../../src/tasks/relay-table.ts';
import { newHold, NOON } from '../../ledger/making.ts';
import { createMemoryStore, type MemoryStore } from '../../ledger/memory-store.ts';
import { findAt } from './look-at.ts';

const DAY = 86_400_000;
let store: MemoryStore;
beforeEach(() => (store = createMemoryStore()));
afterEach(() => store.close());

it('callbacks_refused fires from the threshold on', async () => {
  const find = (unsignedCallbacks: number) =>
    findAt(store, callbacksRefused, NOON, { signals: { unsignedCallbacks } });
  expect(await find(9)).toEqual([]);
  expect(await find(10)).toMatchObject([{ rule: 'callbacks_refused', values: { count: 10 } }]);
});

it('callbacks_undelivered fires for a day after a relayed callback was given up', async () => {
  const hold = newHold('h1');
  await store.run(admit, { hold, guard: null, enforce: true, relayTo: 'https://app.example.com/x' });
  const made = [{ rank: 2, id: 'relay_1', body: '{}', origin: 'query' as const }];
  await store.run(makeDeliveries, { holdId: 'h1', at: NOON, made, isOver: true });
  expect(await findAt(store, callbacksUndelivered, NOON, {})).toEqual([]);
  const end = { kind: 'undelivered', error: 'it answered 500' } as const;
  await store.run(markDelivery, { holdId: 'h1', rank: 2, at: NOON, end });
  expect(await findAt(store, callbacksUndelivered, NOON + DAY, {})).toMatchObject([
    { rule: 'callbacks_undelivered', values: { count: 1, error: 'it answered 500' }, since: NOON },
  ]);
  expect(await findAt(store, callbacksUndelivered, NOON + DAY + 1, {})).toEqual([]);
});
