import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { admit } from '../../src/ledger/admit.ts';
import { idFloor, newId } from '../../src/ids.ts';
import {
  BODIES_MAX,
  callbackKey,
  keepCallback,
  listCallbacks,
  type ReceivedCallback,
} from '../../src/tasks/callback-table.ts';
import { callbackTimeline } from '../../src/tasks/callback-timeline.ts';
import {
  dropCallbacks,
  dueDeliveries,
  listOpenRelays,
  makeDeliveries,
  markDelivery,
  openRelays,
  putOffDelivery,
  readGivenUp,
} from '../../src/tasks/relay-table.ts';
import { defineRead, type Tx } from '../../src/store/operation.ts';
import { admitHold, close, newHold, NOON, sighting } from '../ledger/making.ts';
import { createMemoryStore, type MemoryStore } from '../ledger/memory-store.ts';

let store: MemoryStore;
beforeEach(() => (store = createMemoryStore()));
afterEach(() => store.close());

const received = (holdId: string, over: Partial<ReceivedCallback> = {}): ReceivedCallback => ({
  holdId,
  at: NOON,
  bodyHash: 'a'.repeat(64),
  status: 'submitted',
  webhookId: null,
  isSigned: false,
  body: '{}',
  ...over,
});
const held = (holdId: string, relayTo?: string): Promise<unknown> =>
  store.run(admit, {
    hold: newHold(holdId),
    guard: null,
    enforce: true,
    ...(relayTo !== undefined && { relayTo }),
  });
const linesOf = defineRead('test.callbackTimeline', (tx: Tx, holdId: string) =>
  callbackTimeline(tx, { holdId, taskId: '1', requestId: '', at: NOON }),
);

describe('received callbacks', () => {
  it('have one key for their addresses, for ever', async () => {
    expect(await store.run(callbackKey, { key: 'one', at: NOON })).toBe('one');
    expect(await store.run(callbackKey, { key: 'other', at: NOON })).toBe('one');
  });

  it('are counted by their body, and give what is known of their create', async () => {
    await admitHold(store, newHold('hold_1'));
    expect(await store.run(keepCallback, received('hold_0'))).toBeNull();
    expect(await store.run(keepCallback, received('hold_1'))).toEqual({
      taskId: null,
      state: null,
      isRelayed: false,
    });
    await close(store, 'hold_1', { kind: 'task', sighting: sighting('1') });
    const again = received('hold_1', { at: NOON + 5, isSigned: true, webhookId: 'msg_1' });
    expect(await store.run(keepCallback, again)).toEqual({
      taskId: '1',
      state: 'submitted',
      isRelayed: false,
    });
    await store.run(keepCallback, received('hold_1', { at: NOON + 9, bodyHash: 'b', status: 'processing' }));
    expect(await store.run(listCallbacks, { holdId: 'hold_1' })).toEqual([
      { at: NOON, lastAt: NOON + 5, times: 2, status: 'submitted', isSigned: true },
      { at: NOON + 9, lastAt: NOON + 9, times: 1, status: 'processing', isSigned: false },
    ]);
    expect(await store.run(linesOf, 'hold_1')).toEqual([
      { at: NOON, step: 'callback', text: 'submitted, signed, 2 times' },
      { at: NOON + 9, step: 'callback', text: 'processing, not signed' },
    ]);
  });

  it('of one create are bounded, except those that Kling signed', async () => {
    await admitHold(store, newHold('hold_1'));
    for (let i = 0; i < BODIES_MAX + 5; i += 1)
      await store.run(keepCallback, received('hold_1', { bodyHash: `forged ${i}` }));
    await store.run(keepCallback, received('hold_1', { bodyHash: 'signed', isSigned: true }));
    expect(await store.run(listCallbacks, { holdId: 'hold_1' })).toHaveLength(BODIES_MAX + 1);
  });
});

describe('relays', () => {
  const made = (rank: number, id = `relay_${rank}`) => ({
    rank,
    id,
    body: '{}',
    origin: 'callback' as const,
  });

  it('are made in the transaction of the hold, and read with the callbacks that may be relayed', async () => {
    await held('hold_1', 'https://app.example.com/x');
    await held('hold_2');
    expect(await store.run(listOpenRelays, { after: '', limit: 10 })).toEqual(['hold_1']);
    expect(await store.run(listOpenRelays, { after: 'hold_1', limit: 10 })).toEqual([]);
    await store.run(keepCallback, received('hold_1', { body: '{"a":1}', webhookId: 'w' }));
    await store.run(keepCallback, received('hold_2'));
    const [relay, ...others] = await store.run(openRelays, { holdIds: ['hold_1', 'hold_2'] });
    expect(others).toEqual([]);
    expect(relay).toMatchObject({ holdId: 'hold_1', sentRank: -1, holdState: 'held', taskId: null });
    expect(relay?.callbacks).toEqual([
      { status: 'submitted', isSigned: false, webhookId: 'w', body: '{"a":1}' },
    ]);
  });

  it('give their messages in order, one state once', async () => {
    await held('hold_1', 'https://app.example.com/x');
    const keep = (ranks: number[], at: number, isOver = false) =>
      store.run(makeDeliveries, { holdId: 'hold_1', at, made: ranks.map((rank) => made(rank)), isOver });
    const due = async (at: number) =>
      (await store.run(dueDeliveries, { at, limit: 10 })).due.map(({ rank }) => rank);
    await keep([0], NOON);
    await keep([0], NOON);
    expect(await due(NOON - 1)).toEqual([]);
    expect((await store.run(dueDeliveries, { at: NOON - 1, limit: 10 })).nextAt).toBe(NOON);
    const failed = { kind: 'failed', nextAt: NOON + 100, error: 'no answer' } as const;
    await store.run(markDelivery, { holdId: 'hold_1', rank: 0, at: NOON, end: failed });
    await keep([1, 2], NOON + 10, true);
    expect(await due(NOON + 99)).toEqual([]);
    expect(await due(NOON + 100)).toEqual([0]);
    await store.run(putOffDelivery, { holdId: 'hold_1', rank: 0, nextAt: NOON + 200 });
    expect(await due(NOON + 199)).toEqual([]);
    await store.run(markDelivery, { holdId: 'hold_1', rank: 0, at: NOON + 200, end: { kind: 'delivered' } });
    expect(await due(NOON + 200)).toEqual([1]);
    const gone = { kind: 'gone', error: 'answered 410' } as const;
    await store.run(markDelivery, { holdId: 'hold_1', rank: 1, at: NOON + 300, end: gone });
    expect(await due(NOON + 1e9)).toEqual([]);
    expect(await store.run(readGivenUp, { from: NOON })).toEqual({
      count: 2,
      firstAt: NOON + 300,
      lastAt: NOON + 300,
      error: 'answered 410',
    });
    expect(await store.run(readGivenUp, { from: NOON + 301 })).toBeNull();
    expect((await store.run(linesOf, 'hold_1')).map(({ text }) => text)).toEqual([
      'delivered, 2 attempts',
      'undelivered, 1 attempt: answered 410',
      'undelivered, 0 attempts: answered 410',
    ]);
  });

  it('and callbacks are dropped by the age of their creates', async () => {
    const old = newId('hold', NOON - 1);
    const young = newId('hold', NOON);
    for (const holdId of [old, young]) {
      await held(holdId, 'https://app.example.com/x');
      await store.run(keepCallback, received(holdId));
      await store.run(makeDeliveries, { holdId, at: NOON, made: [made(0)], isOver: false });
    }
    expect(await store.run(dropCallbacks, { beforeId: idFloor('hold', NOON) })).toEqual({
      dropped: 3,
      more: false,
    });
    expect(await store.run(listOpenRelays, { after: '', limit: 10 })).toEqual([young]);
    expect(await store.run(listCallbacks, { holdId: old })).toEqual([]);
    expect(await store.run(listCallbacks, { holdId: young })).toHaveLength(1);
  });
});
