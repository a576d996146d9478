import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tasksLost } from '../../src/alerts/rules/tasks-lost.ts';
import { loseTasks } from '../../src/ledger/lose-tasks.ts';
import { observeTasks } from '../../src/ledger/observe.ts';
import { resolveHold } from '../../src/ledger/resolve.ts';
import { listOldUnasked, LOST_AFTER_MS } from '../../src/tasks/lost-table.ts';
import { listTasks } from '../../src/tasks/task-list.ts';
import { getTask, listOpenTasks } from '../../src/tasks/task-table.ts';
import type { TaskState } from '../../src/words.ts';
import { findAt } from '../alerts/rules/look-at.ts';
import { admitHold, close, newHold, NOON, row, sighting } from './making.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';

const LATER = NOON + LOST_AFTER_MS;

let store: MemoryStore;
beforeEach(() => (store = createMemoryStore()));
afterEach(() => store.close());

async function create(id: string): Promise<void> {
  await admitHold(store, newHold(`h${id}`, { at: NOON }));
  await close(store, `h${id}`, { kind: 'task', sighting: sighting(id) }, { at: NOON });
}
const lose = (...taskIds: string[]) => store.run(loseTasks, { taskIds, at: LATER });
const see = (id: string, state: TaskState) =>
  store.run(observeTasks, { sightings: [sighting(id, { state })], source: 'app_read', at: LATER + 1 });
const listed = async (state: 'lost' | TaskState) =>
  (await store.run(listTasks, { limit: 9, cursor: null, state })).tasks.map(({ id }) => id);
const holdOf = (id: string) =>
  row(store, 'SELECT state, settled_credits FROM creates WHERE id = ?', `h${id}`);
const alerts = async () => (await findAt(store, tasksLost, LATER)) ?? [];

describe('a lost task', () => {
  it('is marked once, is asked for no more, and keeps its hold and its last state', async () => {
    for (const id of ['1', '2', '3']) await create(id);
    await see('3', 'failed');
    const { facts } = await lose('1', '3', 'nobody');
    expect(facts).toMatchObject([
      { kind: 'task_lost', taskId: '1', holdId: 'h1', state: 'submitted', heldCredits: 10_000, at: LATER },
    ]);
    expect((await lose('1')).facts).toEqual([]);
    expect(holdOf('1')).toEqual({ state: 'held', settled_credits: 0 });
    const open = await store.run(listOpenTasks, { after: null, limit: 9 });
    expect(open.tasks.map(({ id }) => id)).toEqual(['2']);
    expect([await listed('lost'), await listed('submitted')]).toEqual([['1'], ['2']]);
    expect(await store.run(getTask, { taskId: '1' })).toMatchObject({ state: 'submitted', lostAt: LATER });
  });

  it('is still ended by an answer of Kling’s, and is then lost no more', async () => {
    await create('1');
    await lose('1');
    await see('1', 'succeeded');
    expect(holdOf('1')).toEqual({ state: 'settled', settled_credits: 10_000 });
    expect([await listed('lost'), await listed('succeeded')]).toEqual([[], ['1']]);
    expect(await alerts()).toEqual([]);
  });

  it('is reported while its hold is held, and not after an operator ended it', async () => {
    await create('1');
    expect(await alerts()).toEqual([]);
    await lose('1');
    expect(await alerts()).toMatchObject([{ values: { tasks: 1, heldCredits: 10_000, oldestAt: NOON } }]);
    const order = { action: 'write-off', reason: 'billed', actor: 'ana', at: LATER + 1 } as const;
    await store.run(resolveHold, { holdId: 'h1', ...order });
    expect(await alerts()).toEqual([]);
    expect(await listed('lost')).toEqual(['1']);
  });
});

describe('old tasks that no poll asks for', () => {
  const old = (unasked: 'all' | 'elsewhere', until: number) =>
    store.run(listOldUnasked, { unasked, until, limit: 9 });

  it('are those of another host, or all without polls, from the age on', async () => {
    await create('1');
    store.db.exec("UPDATE spending SET upstream_host = 'api.example', upstream_account = 'key-0'");
    expect(await old('all', NOON)).toEqual(['1']);
    expect(await old('all', NOON - 1)).toEqual([]);
    expect(await old('elsewhere', NOON)).toEqual([]);
    store.db.exec("UPDATE spending SET upstream_host = 'other.example'");
    expect(await old('elsewhere', NOON)).toEqual(['1']);
    await lose('1');
    expect(await old('all', NOON)).toEqual([]);
  });
});
