import { afterEach, beforeEach, expect, it } from 'vitest';
import { listAudit } from '../../src/ledger/audit.ts';
import { dueLookUps, recordLookUps } from '../../src/ledger/look-up.ts';
import { observeTasks } from '../../src/ledger/observe.ts';
import { sumElsewhere, useUpstream } from '../../src/ledger/use-upstream.ts';
import { admitHold, close, newHold, NOON, row, sighting } from './making.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';

const A = { host: 'a.example', account: 'key-1', fingerprint: 'key-1' };
const B = { host: 'b.example', account: 'key-1', fingerprint: 'key-1' };

let store: MemoryStore;
beforeEach(() => void (store = createMemoryStore()));
afterEach(() => store.close());

const use = async (upstream: typeof A) => {
  const { elsewhere } = await store.run(useUpstream, { ...upstream, at: NOON });
  return sumElsewhere(elsewhere);
};
const due = async () => (await store.run(dueLookUps, { at: NOON + 700_000, limit: 10 })).due.length;
const doubt = async (id: string, upstream = A): Promise<void> => {
  await admitHold(store, newHold(id, { upstream }));
  await close(store, id, { kind: 'unknown', evidence: 'reset' });
};
const stateOf = (id: string) => row(store, 'SELECT state, in_doubt FROM creates WHERE id = ?', id);

it('makes only look-ups of the upstream in use due, and audits each change', async () => {
  await use(A);
  await doubt('h');
  expect(await due()).toBe(1);
  expect(await use(B)).toEqual([{ upstream: 'a.example key-1', holds: 1, credits: 10_000 }]);
  expect(await due()).toBe(0);
  await use(A);
  await use(A);
  expect(await due()).toBe(1);
  const { audit } = await store.run(listAudit, { limit: 10, cursor: null });
  expect(audit.map(({ action }) => action)).toEqual(Array<string>(3).fill('upstream.use'));
});

it('takes no word of another upstream, though it was asked when the hold was due', async () => {
  await use(A);
  await doubt('h');
  const absent = { kind: 'absent', evidence: 'data: []' } as const;
  const at = NOON + 700_000;
  for (const upstream of [B, { ...A, account: 'key-2', fingerprint: 'key-2' }]) {
    await store.run(recordLookUps, [{ holdId: 'h', at, upstream, outcome: absent }]);
    const found = { kind: 'found' as const, sighting: sighting('t'), answer: null };
    await store.run(recordLookUps, [{ holdId: 'h', at, upstream, outcome: found }]);
    expect(stateOf('h')).toEqual({ state: 'held', in_doubt: 1 });
  }
  await store.run(recordLookUps, [{ holdId: 'h', at, upstream: A, outcome: absent }]);
  expect(stateOf('h')).toEqual({ state: 'released', in_doubt: 0 });
});

it('settles only by a sighting of its own upstream, or by one on the same host that names our id', async () => {
  const id = `ks_${'0'.repeat(26)}`;
  await use(A);
  await admitHold(store, newHold('h', { upstream: A, externalTaskId: id }));
  await close(store, 'h', { kind: 'task', sighting: sighting('t') });
  const see = (upstream: typeof A, externalTaskId: string | null) =>
    store.run(observeTasks, {
      sightings: [sighting('t', { state: 'succeeded', externalTaskId })],
      source: 'poll',
      at: NOON,
      upstream,
    });
  const rotated = { ...A, account: 'key-2', fingerprint: 'key-2' };
  await see(B, id);
  await see(rotated, null);
  expect(stateOf('h')).toMatchObject({ state: 'held' });
  await see(rotated, id);
  expect(stateOf('h')).toMatchObject({ state: 'settled' });
});

it('leaves a create to an operator whose task has the id of another upstream’s task', async () => {
  await use(A);
  await admitHold(store, newHold('h', { upstream: A }));
  await close(store, 'h', { kind: 'task', sighting: sighting('t') });
  await use(B);
  await admitHold(store, newHold('i', { upstream: B }));
  await close(store, 'i', { kind: 'task', sighting: sighting('t') });
  expect(stateOf('i')).toEqual({ state: 'held', in_doubt: 1 });
  expect(await due()).toBe(0);
});

/** Writes a hold of 0.1.0 in doubt, and its attempt if a host is given. */
function insertOld(db: MemoryStore['db'], id: string, host: string | null): void {
  db.prepare(
    `INSERT INTO holds (id, request_id, at, app, path, route, operation, product, credits, basis, weight, external_task_id,
       counters, guarded, in_doubt, doubt_since, next_look_up_at)
     VALUES (?, 'r', ${NOON}, 'default', '/x', '/x', 'unknown', 'video', 1000, 'exact', 1, ?, '', 0, 1, ${NOON}, ${NOON})`,
  ).run(id, `ks_${id}`);
  db.prepare(
    "INSERT INTO entries (hold_id, seq, at, kind, credits, basis) VALUES (?, 1, 1, 'hold', 1000, 'estimate')",
  ).run(id);
  if (host === null) return;
  db.prepare(
    `INSERT INTO calls (at, id, request_id, app, method, route, host, hold_id, attempt, outcome, duration_ms, overhead_ms,
       bytes_sent, bytes_received, origin)
     VALUES (${NOON}, ?, 'r', 'default', 'POST', '/x', ?, ?, 1, 'no_answer', 1, 1, 1, 0, 'app')`,
  ).run(`call_${id}`, host, id);
}

it('takes open holds of 0.1.0 as the first upstream’s, unless their journal names another host', async () => {
  store.close();
  store = createMemoryStore(undefined, (db) => {
    insertOld(db, 'known', 'a.example');
    insertOld(db, 'other', 'b.example');
    insertOld(db, 'cut-off', null);
  });
  expect(await use(A)).toMatchObject([{ holds: 1 }]);
  expect(await due()).toBe(2);
  expect(await use(B)).toMatchObject([{ upstream: 'a.example key-1', holds: 2 }]);
});

it('gives open holds the name of their account when an operator sets it, and keeps it after a rotation', async () => {
  await use(A);
  await doubt('h');
  await use({ ...A, account: 'account-main' });
  expect(await due()).toBe(1);
  await use({ ...A, account: 'account-main', fingerprint: 'key-2' });
  expect(await due()).toBe(1);
});
