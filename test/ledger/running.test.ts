import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { countAlerts } from '../../src/alerts/alert-counts.ts';
import { storeModules } from '../../src/app/store-operations.ts';
import { newId } from '../../src/ids.ts';
import { listImportedFiles, importOrder, listAudit, recordOrder } from '../../src/ledger/audit.ts';
import { dropExternalId } from '../../src/ledger/drop-external-id.ts';
import { LEASE_MS, renewLease, startInstance } from '../../src/ledger/instance-table.ts';
import { openSlots } from '../../src/ledger/open-slots.ts';
import { keepAge, readTime, resetDates } from '../../src/ledger/time.ts';
import { outboxBacklog } from '../../src/outbox/outbox-table.ts';
import { listTasks } from '../../src/tasks/task-list.ts';
import { admitHold, close, newHold, NOON, row, sighting } from './making.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';

let store: MemoryStore;
beforeEach(() => void (store = createMemoryStore(storeModules)));
afterEach(() => store.close());

describe('instances', () => {
  it('raise their generation at each start, and keep their lease while they own it', async () => {
    const first = await store.run(startInstance, { instance: 'one', at: NOON });
    const second = await store.run(startInstance, { instance: 'one', at: NOON + 1 });
    expect([first, second].map(({ generation }) => generation)).toEqual([1, 2]);
    expect(await store.run(renewLease, { owner: first, at: NOON + 2 })).toEqual({ isOwner: false });
    expect(await store.run(renewLease, { owner: second, at: NOON + 2 })).toEqual({ isOwner: true });
    expect(row(store, 'SELECT lease_until FROM instances')).toEqual({ lease_until: NOON + 2 + LEASE_MS });
  });

  it('have the name of the store without one of their own', async () => {
    const { instance } = await store.run(startInstance, { instance: null, at: NOON });
    expect(row(store, 'SELECT source FROM sla_self')).toEqual({ source: instance });
  });
});

describe('time', () => {
  it('lets ages only grow', async () => {
    expect((await store.run(readTime, {})).agedTo).toBeNull();
    for (const [age, kept] of [
      [5, 5],
      [3, 5],
      [8, 8],
    ] as const) {
      await store.run(keepAge, { age });
      expect((await store.run(readTime, {})).agedTo).toBe(kept);
    }
  });

  it('names the holds of the future when dates are set back', async () => {
    await admitHold(store, newHold('hold_1', { at: NOON + 1_000, credits: 7_000 }));
    const reset = await store.run(resetDates, { reason: 'wrong clock', actor: 'me', at: NOON });
    expect(reset).toEqual({
      wasDatedTo: NOON + 1_000,
      future: {
        count: 1,
        credits: 7_000,
        holds: [{ id: 'hold_1', at: NOON + 1_000, credits: 7_000, state: 'held' }],
      },
    });
  });
});

describe('a running sidecar', () => {
  it('counts the slots of open holds', async () => {
    await admitHold(store, newHold('hold_1'));
    await admitHold(store, newHold('hold_2'));
    await close(store, 'hold_2', { kind: 'refused', evidence: 'code 1201' });
    const slots = await store.run(openSlots, {});
    expect(slots).toEqual([
      {
        holdId: 'hold_1',
        operation: 'text-to-video',
        product: 'video',
        model: 'kling-v1',
        weight: 1,
        at: NOON,
      },
    ]);
  });

  it('takes the external id off a hold without a task only', async () => {
    for (const id of ['hold_1', 'hold_2']) await admitHold(store, newHold(id));
    await close(store, 'hold_2', { kind: 'task', sighting: sighting('task-2') });
    for (const holdId of ['hold_1', 'hold_2']) await store.run(dropExternalId, { holdId });
    const kept = store.db.prepare('SELECT external_task_id FROM creates ORDER BY id').pluck().all();
    expect(kept).toEqual([null, 'ks_hold_2']);
  });

  it('lists tasks by the span of their creates, with their number', async () => {
    for (const [i, id] of ['hold_1', 'hold_2', 'hold_3'].entries()) {
      await admitHold(store, newHold(id, { at: NOON + i }));
      await close(store, id, { kind: 'task', sighting: sighting(`task-${i}`) }, { at: NOON + i });
    }
    const span = { from: NOON + 1, to: NOON + 2, state: 'submitted', app: 'default' } as const;
    const listed = await store.run(listTasks, { limit: 10, cursor: null, total: true, ...span });
    expect(listed).toMatchObject({ tasks: [{ id: 'task-1' }], nextCursor: null, total: 1 });
  });

  it('has no alerts, and nothing that waits for a receiver, in a new store', async () => {
    expect(await store.run(countAlerts, undefined)).toEqual({ firing: [], waiting: [] });
    for (const { waiting, oldestAt } of await store.run(outboxBacklog, undefined)) {
      expect([waiting, oldestAt]).toEqual([0, null]);
    }
  });
});

it('keeps the audit of a store of 0.1.0, in its order', async () => {
  const old = createMemoryStore(storeModules, (db) => {
    const insert = db.prepare(
      `INSERT INTO audit (seq, id, at, actor, action, subject, before, after, reason)
       VALUES (?, ?, ?, 'me', 'budget.raise', 'daily', NULL, '1', 'launch')`,
    );
    for (let i = 1; i <= 3; i += 1) insert.run(i, newId('audit', NOON + i), NOON + i);
  });
  const { audit } = await old.run(listAudit, { limit: 10, cursor: null });
  expect(audit.map(({ at }) => at - NOON)).toEqual([3, 2, 1]);
  expect(audit[0]).toMatchObject({
    actor: 'me',
    action: 'budget.raise',
    before: null,
    after: '1',
    reason: 'launch',
  });
  old.close();
});

it('lists imported files once, the last one first', async () => {
  const files = ['a.csv', 'b.csv', 'a.csv'];
  for (const [i, file] of files.entries()) {
    await store.run(recordOrder, importOrder({ source: 'log', file, actor: 'me', at: NOON + i, after: '' }));
  }
  expect(await store.run(listImportedFiles, { source: 'log' })).toEqual(['a.csv', 'b.csv']);
  const { audit, nextCursor } = await store.run(listAudit, { limit: 2, cursor: null });
  expect(audit.map(({ reason }) => reason)).toEqual(['import of a.csv', 'import of b.csv']);
  const rest = await store.run(listAudit, { limit: 2, cursor: nextCursor });
  expect(rest.audit.map(({ at }) => at)).toEqual([NOON]);
});
