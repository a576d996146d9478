import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { Instance } from '../../src/ledger/instance.ts';
import { LEASE_MS, RENEW_MS, renewLease, startInstance } from '../../src/ledger/instance-table.ts';
import { recoverHolds } from '../../src/ledger/recover.ts';
import type { Owner } from '../../src/budget/hold.ts';
import type { Store } from '../../src/store/store.ts';
import { admitHold, close, newHold, NOON, row, sighting } from './making.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';

let store: MemoryStore;
beforeEach(() => void (store = createMemoryStore()));
afterEach(() => store.close());

const start = async (instance: string, at = NOON): Promise<Owner> =>
  store.run(startInstance, { instance, at });
const recover = (owner: Owner, at = NOON) => store.run(recoverHolds, { owner, at });
const send = (id: string, owner: Owner) => admitHold(store, newHold(id, { owner }));
const stateOf = (id: string) =>
  row(store, 'SELECT in_doubt, owner, generation FROM creates WHERE id = ?', id);

describe('an instance that starts again', () => {
  it('puts the open creates of its earlier generation in doubt at once, and owns them', async () => {
    const first = await start('a');
    await send('h', first);
    const second = await start('a');
    expect([first.generation, second.generation]).toEqual([1, 2]);
    expect(await recover(second)).toMatchObject({ recovered: 1, due: 1 });
    expect(stateOf('h')).toEqual({ in_doubt: 1, owner: 'a', generation: 2 });
  });

  it('is the store’s own if it has no name', async () => {
    const { source } = row(store, 'SELECT source FROM sla_self');
    expect(await store.run(startInstance, { instance: null, at: NOON })).toEqual({
      instance: source,
      generation: 1,
    });
  });

  it('takes over the creates of an older version, which have no owner', async () => {
    await send('h', await start('a'));
    store.db.exec('UPDATE creates SET owner = NULL, generation = NULL');
    expect(await recover(await start('b'))).toMatchObject({ recovered: 1 });
  });
});

describe('another instance on the same store', () => {
  it('leaves creates in flight alone while the lease of their instance is alive', async () => {
    const a = await start('a');
    await send('h', a);
    const at = NOON + LEASE_MS - 1;
    expect(await recover(await start('b', at), at)).toMatchObject({ recovered: 0 });
    expect(stateOf('h')).toEqual({ in_doubt: 0, owner: 'a', generation: 1 });
    expect(await send('h2', a)).toMatchObject({ kind: 'admitted' });
    expect(await store.run(renewLease, { owner: a, at })).toEqual({ isOwner: true });
    const later = at + LEASE_MS - 1;
    expect(await recover(await start('b', later), later)).toMatchObject({ recovered: 0 });
  });

  it('takes them over when the lease has run out, and the first one can send nothing more', async () => {
    const a = await start('a');
    await send('h', a);
    const at = NOON + LEASE_MS;
    const b = await start('b', at);
    expect(await recover(b, at)).toMatchObject({ recovered: 1 });
    expect(stateOf('h')).toEqual({ in_doubt: 1, owner: 'b', generation: 1 });
    // It was only paused: it is refused now, and what it learns of its create is still recorded.
    await expect(send('h2', a)).rejects.toMatchObject({ code: 'ledger_unavailable' });
    expect(await store.run(renewLease, { owner: a, at })).toEqual({ isOwner: false });
    await close(store, 'h', { kind: 'task', sighting: sighting('t') }, { at });
    expect(row(store, "SELECT in_doubt, task_id FROM creates WHERE id = 'h'")).toEqual({
      in_doubt: 0,
      task_id: 't',
    });
    const again = await start('a', at);
    expect(again.generation).toBe(3);
    expect(await send('h3', again)).toMatchObject({ kind: 'admitted' });
  });
});

describe('a running instance', () => {
  it('renews its lease, and reports once that another one has taken over its creates', async () => {
    const clock = createManualClock(NOON);
    const said: string[] = [];
    const instance = new Instance({
      store: { write: store.run, read: store.run } as unknown as Store,
      clock,
      name: 'a',
      onReplaced: () => said.push('replaced'),
      onError: (message) => said.push(message),
    });
    expect(() => instance.owner).toThrow('has not begun');
    await instance.begin();
    const lease = () => row(store, "SELECT lease_until FROM instances WHERE id = 'a'")['lease_until'];
    await clock.advance(2 * RENEW_MS);
    expect(lease()).toBe(NOON + 2 * RENEW_MS + LEASE_MS);
    expect(said).toEqual([]);
    const late = NOON + 10 * LEASE_MS;
    await recover(await start('b', late), late);
    await clock.advance(3 * RENEW_MS);
    expect(said).toEqual(['replaced']);
    store.db.exec('DROP TABLE instances');
    await clock.advance(RENEW_MS);
    expect(said).toEqual(['replaced', 'the lease of this instance could not be renewed']);
    await instance.stop();
    expect(said.at(-1)).toBe('the end of this instance could not be recorded');
    await clock.advance(RENEW_MS);
    expect(said).toHaveLength(3);
  });
});
