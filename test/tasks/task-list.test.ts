import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../src/ids.ts';
import { observeTasks } from '../../src/ledger/observe.ts';
import { listTasks, type TaskFilter } from '../../src/tasks/task-list.ts';
import { LOOKED_MAX } from '../../src/store/bounded-list.ts';
import type { NewHold } from '../../src/budget/hold.ts';
import { admitHold, close, newHold, NOON, sighting } from '../ledger/making.ts';
import { createMemoryStore, type MemoryStore } from '../ledger/memory-store.ts';

let store: MemoryStore;
beforeEach(() => {
  store = createMemoryStore();
});
afterEach(() => store.close());

async function create(n: number, over: Partial<NewHold> = {}): Promise<void> {
  await admitHold(store, newHold(`h${n}`, { at: NOON + n, ...over }));
  await close(store, `h${n}`, { kind: 'task', sighting: sighting(`t${n}`) }, { at: NOON + n });
}
const page = (filter: TaskFilter, cursor: string | null = null) =>
  store.run(listTasks, { limit: 10, cursor, ...filter });
const idsOf = async (filter: TaskFilter) => (await page(filter)).tasks.map(({ id }) => id);

/** Copies the create `h1` so often, as older ones without a match. */
function addOlder(copies: number): void {
  const columns = (store.db.pragma('table_info(creates)') as { name: string }[]).map(({ name }) => name);
  const values = columns.map((name) => {
    if (name === 'id') return "'g' || printf('%07d', n)";
    if (name === 'task_id') return "'old' || n";
    if (name === 'at') return `${NOON - copies - 10} + n`;
    if (name === 'prompt_preview') return "'an old prompt'";
    return ['app', 'tag'].includes(name) ? "'old'" : name;
  });
  store.db.exec(`INSERT INTO creates (${columns.join(', ')})
    WITH RECURSIVE counter (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counter WHERE n < ${copies})
    SELECT ${values.join(', ')} FROM counter CROSS JOIN creates WHERE id = 'h1'`);
}

describe('the list of tasks', () => {
  it('is narrowed by each filter, and by all together', async () => {
    await create(1, { app: 'web', tag: 'a', model: 'kling-v1', mode: 'std' });
    await create(2, { app: 'ads', tag: 'b', model: 'kling-v2', mode: 'pro', operation: 'image-to-video' });
    await create(3, { app: 'web', tag: null, model: null, mode: null, operation: 'image', product: 'image' });
    expect(await idsOf({})).toEqual(['t3', 't2', 't1']);
    expect(await idsOf({ app: 'web' })).toEqual(['t3', 't1']);
    expect(await idsOf({ tag: 'b' })).toEqual(['t2']);
    expect(await idsOf({ tag: null })).toEqual(['t3']);
    expect(await idsOf({ operation: 'image-to-video' })).toEqual(['t2']);
    expect(await idsOf({ model: 'kling-v1' })).toEqual(['t1']);
    expect(await idsOf({ model: null })).toEqual(['t3']);
    expect(await idsOf({ mode: 'pro' })).toEqual(['t2']);
    expect(await idsOf({ mode: null, app: 'ads' })).toEqual([]);
    expect(await idsOf({ product: 'image' })).toEqual(['t3']);
    expect(await idsOf({ from: NOON + 2 })).toEqual(['t3', 't2']);
    expect(await idsOf({ to: NOON + 2 })).toEqual(['t1']);
    expect(await idsOf({ from: NOON + 2, to: NOON + 3 })).toEqual(['t2']);
    expect(await idsOf({ app: 'web', product: 'video', state: 'submitted', from: NOON })).toEqual(['t1']);
  });

  it('leaves out creates without a task', async () => {
    await create(1);
    await admitHold(store, newHold('h2', { at: NOON + 2 }));
    expect(await idsOf({})).toEqual(['t1']);
  });
});

describe('the search', () => {
  it('finds a task by its id, its hold, its external id, its app or its tag, each whole', async () => {
    const own = newId('ks', NOON - 30_000);
    await create(1, { app: 'web', tag: 'a', externalTaskId: own });
    await create(2, { app: 'ads', tag: 'b', externalTaskId: 'order-7' });
    expect(await idsOf({ search: 't1' })).toEqual(['t1']);
    expect(await idsOf({ search: 'h2' })).toEqual(['t2']);
    expect(await idsOf({ search: own })).toEqual(['t1']);
    expect(await idsOf({ search: 'order-7' })).toEqual(['t2']);
    expect(await idsOf({ search: 'web' })).toEqual(['t1']);
    expect(await idsOf({ search: 'b' })).toEqual(['t2']);
    expect(await idsOf({ search: 'order' })).toEqual([]);
    // A filter beside it holds, too.
    expect(await idsOf({ search: 't1', app: 'ads' })).toEqual([]);
  });

  it('finds parts of prompts without regard to case, and takes no sign for a pattern', async () => {
    await create(1, { prompt: { hash: 'a', preview: 'A Paper boat, 100% wet' } });
    await create(2, { prompt: { hash: 'b', preview: 'a car_park!' } });
    await create(3, { prompt: { hash: 'c', preview: '一只猫在窗边' } });
    expect(await idsOf({ search: 'paper BOAT' })).toEqual(['t1']);
    expect(await idsOf({ search: '0%' })).toEqual(['t1']);
    expect(await idsOf({ search: '_' })).toEqual(['t2']);
    expect(await idsOf({ search: '!' })).toEqual(['t2']);
    expect(await idsOf({ search: '猫' })).toEqual(['t3']);
  });

  it('looks at a bounded number of creates, says so, and goes on where it stopped', async () => {
    await create(1, { app: 'web' });
    addOlder(2 * LOOKED_MAX);
    store.db.exec("UPDATE creates SET prompt_preview = 'the needle' WHERE id = 'g0000001'");
    expect(
      await store.run(listTasks, { limit: 1, cursor: null, search: 'old', total: true }),
    ).not.toHaveProperty('total');
    let { tasks, nextCursor, searched } = await page({ search: 'needle' });
    expect([tasks, searched]).toEqual([[], { rows: LOOKED_MAX, backTo: NOON - 10 - (LOOKED_MAX - 2) }]);
    let pages = 1;
    while (nextCursor !== null) {
      ({ tasks, nextCursor, searched } = await page({ search: 'needle' }, nextCursor));
      pages += 1;
    }
    expect([tasks.map(({ id }) => id), searched, pages]).toEqual([['old1'], null, 3]);
  });

  it('reads by an index: by ids, by time, and open tasks by theirs', async () => {
    const statements: string[] = [];
    const prepare = store.db.prepare.bind(store.db);
    store.db.prepare = ((sql: string) => {
      statements.push(sql);
      return prepare(sql);
    }) as typeof store.db.prepare;
    await create(1);
    addOlder(2_000);
    statements.length = 0;
    for (const filter of [
      { search: newId('ks', NOON) },
      { app: 'web', from: NOON, to: NOON + 9 },
      { state: 'submitted' },
      { state: 'lost' },
      { stuck: { limits: { usualMs: 1, byOperation: {} }, at: NOON } },
    ] satisfies TaskFilter[])
      await page(filter);
    const plans = statements.flatMap((sql) => {
      const rows = prepare<[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql.replaceAll('?', '1')}`).all();
      return rows.map(({ detail }) => detail).filter((detail) => /\b(c|creates)\b/.test(detail));
    });
    const names = plans.map((plan) => /(?:INDEX (\w+)|PRIMARY KEY)/.exec(plan)?.[0] ?? plan);
    expect(plans.filter((plan) => /TEMP B-TREE/.test(plan))).toEqual([]);
    expect([...new Set(names)].sort()).toEqual([
      'INDEX creates_at',
      'INDEX creates_guard_task',
      'INDEX creates_lost',
      'INDEX creates_open',
      'INDEX creates_task',
      'PRIMARY KEY',
    ]);
  });

  it('finds an end that was seen later by its state', async () => {
    await create(1);
    await create(2);
    await store.run(observeTasks, {
      sightings: [sighting('t1', { state: 'failed', statusMessage: 'no' })],
      source: 'poll',
      at: NOON + 9,
    });
    expect(await idsOf({ state: 'failed' })).toEqual(['t1']);
    expect(await idsOf({ state: 'submitted' })).toEqual(['t2']);
  });
});
