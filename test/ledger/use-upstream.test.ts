import { afterEach, beforeEach, expect, it } from 'vitest';
import { callMigrations } from '../../src/calls/call-schema.ts';
import { journalCall } from '../../src/sla/journal.ts';
import { listAudit } from '../../src/ledger/audit.ts';
import { dueLookUps, recordLookUps } from '../../src/ledger/look-up.ts';
import { observeTasks } from '../../src/ledger/observe.ts';
import { useUpstream } from '../../src/ledger/use-upstream.ts';
import { defineWrite } from '../../src/store/operation.ts';
import { admitHold, call, close, newHold, NOON, row, sighting } from './making.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';

const A = { host: 'a.example', account: 'key-1', fingerprint: 'key-1' };
const B = { host: 'b.example', account: 'key-1', fingerprint: 'key-1' };

let store: MemoryStore;
beforeEach(() => void (store = createMemoryStore()));
afterEach(() => store.close());

const use = (upstream: typeof A) => store.run(useUpstream, { ...upstream, at: NOON });
const due = async () => (await store.run(dueLookUps, { at: NOON + 700_000, limit: 10 })).due.length;
const doubt = async (id: string, upstream = A): Promise<void> => {
  await admitHold(store, newHold(id, { upstream }));
  await close(store, id, { kind: 'unknown', evidence: 'reset' });
};
const stateOf = (id: string) => row(store, 'SELECT state, in_doubt FROM holds WHERE id = ?', id);

it('makes only look-ups of the upstream in use due, and audits each change', async () => {
  await use(A);
  await doubt('h');
  expect(await due()).toBe(1);
  expect(await use(B)).toEqual({ elsewhere: [{ upstream: 'a.example key-1', holds: 1, credits: 10_000 }] });
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

it('settles by nobody’s sighting but the own upstream’s, or one that names our own id on the same host', async () => {
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

it('takes open holds of 0.1.0 as the first upstream’s, unless their journal names another host', async () => {
  const journal = defineWrite('test.journal', (tx, id: string) =>
    journalCall(tx, call(`call_${id}`, { holdId: id, host: id === 'other' ? 'b.example' : 'a.example' })),
  );
  for (const id of ['known', 'other', 'cut-off']) {
    await doubt(id);
    if (id !== 'cut-off') await store.run(journal, id);
  }
  store.db.exec('UPDATE holds SET upstream_host = NULL, upstream_account = NULL');
  store.db.exec(callMigrations.find(({ id }) => id === '084-hold-hosts')?.sqlite ?? '');
  expect(await use(A)).toMatchObject({ elsewhere: [{ holds: 1 }] });
  expect(await due()).toBe(2);
  expect(await use(B)).toMatchObject({ elsewhere: [{ upstream: 'a.example key-1', holds: 2 }] });
});

it('gives open holds the name of their account once an operator says it, and keeps it over a rotation', async () => {
  await use(A);
  await doubt('h');
  await use({ ...A, account: 'account-main' });
  expect(await due()).toBe(1);
  await use({ ...A, account: 'account-main', fingerprint: 'key-2' });
  expect(await due()).toBe(1);
});
