import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { observeTasks } from '../../src/ledger/observe.ts';
import type { TaskState } from '../../src/words.ts';
import { compareStates, isAdvance, isStale, isTerminal } from '../../src/tasks/task-state.ts';
import { listTasks } from '../../src/tasks/task-list.ts';
import { getTask, listOpenTasks, openTasks } from '../../src/tasks/task-table.ts';
import { admitHold, close, newHold, NOON, sighting } from '../ledger/making.ts';
import { createMemoryStore, type MemoryStore } from '../ledger/memory-store.ts';

const MINUTE = 60_000;
let store: MemoryStore;

beforeEach(() => {
  store = createMemoryStore();
});
afterEach(() => {
  store.close();
});

async function create(n: number, app = 'default', at = NOON): Promise<void> {
  await admitHold(store, newHold(`h${n}`, { app, at, credits: n }));
  await close(store, `h${n}`, { kind: 'task', sighting: sighting(`t${n}`) }, { at });
}
const see = (id: string, state: TaskState, at = NOON) =>
  store.run(observeTasks, { sightings: [sighting(id, { state })], source: 'poll', at });
const open = async () =>
  (await store.run(listOpenTasks, { after: null, limit: 10 })).tasks.map(({ id }) => id);

describe('states of a task', () => {
  it('go forward only, and end', () => {
    const states: TaskState[] = ['submitted', 'processing', 'succeeded', 'failed'];
    const advances = states.flatMap((from) =>
      states.filter((to) => isAdvance(from, to)).map((to) => `${from}>${to}`),
    );
    expect(advances).toEqual([
      'submitted>processing',
      'submitted>succeeded',
      'submitted>failed',
      'processing>succeeded',
      'processing>failed',
    ]);
    expect(states.filter(isTerminal)).toEqual(['succeeded', 'failed']);
    expect(states.toReversed().toSorted(compareStates)).toEqual([
      'submitted',
      'processing',
      'failed',
      'succeeded',
    ]);
  });

  it('are old only where both times are known', () => {
    expect([isStale(5, 4), isStale(5, 5), isStale(5, null), isStale(null, 4)]).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});

describe('open tasks', () => {
  it('are listed page by page, in the order of their creates, until they end', async () => {
    for (let n = 1; n <= 5; n += 1) await create(n);
    const pages: string[][] = [];
    let after: Parameters<typeof listOpenTasks.run>[1]['after'] = null;
    do {
      const page: Awaited<ReturnType<typeof listOpenTasks.run>> = await store.run(listOpenTasks, {
        after,
        limit: 2,
      });
      pages.push(page.tasks.map(({ id }) => id));
      after = page.next;
    } while (after !== null);
    expect(pages).toEqual([['t1', 't2'], ['t3', 't4'], ['t5']]);
    await see('t4', 'failed');
    expect(await open()).toEqual(['t1', 't2', 't3', 't5']);
  });

  it('come with all that asking for them needs, and without those that ended or are nobody’s', async () => {
    await create(1, 'shop');
    await create(2);
    await see('t2', 'succeeded');
    expect(await store.run(openTasks, { taskIds: ['t1', 't2', 'unknown'] })).toEqual([
      {
        id: 't1',
        product: 'video',
        operation: 'text-to-video',
        holdId: 'h1',
        path: '/v1/videos/text2video',
        route: '/v1/videos/text2video',
        state: 'submitted',
        createdAt: NOON,
      },
    ]);
  });
});

describe('tasks', () => {
  it('are listed newest first, page by page, by state, app and being stuck', async () => {
    for (let n = 1; n <= 5; n += 1) await create(n, n % 2 === 0 ? 'shop' : 'blog', NOON + n * MINUTE);
    await see('t5', 'succeeded');
    await see('t4', 'processing');
    const page = async (cursor: string | null, filter = {}) => {
      const { tasks, nextCursor } = await store.run(listTasks, { limit: 2, cursor, ...filter });
      return [...tasks.map((task) => task.id), nextCursor];
    };
    expect(await page(null)).toEqual(['t5', 't4', 'h4']);
    expect(await page('h4')).toEqual(['t3', 't2', 'h2']);
    expect(await page('h2')).toEqual(['t1', null]);
    expect(await page(null, { app: 'shop' })).toEqual(['t4', 't2', null]);
    expect(await page(null, { state: 'succeeded' })).toEqual(['t5', null]);
    const stuck = { limits: { usualMs: 10 * MINUTE, byOperation: {} }, at: NOON + 12 * MINUTE };
    expect(await page(null, { stuck })).toEqual(['t2', 't1', null]);
    expect(await page(null, { stuck: { ...stuck, at: NOON + 99 * MINUTE } })).toEqual(['t4', 't3', 'h3']);
  });

  it('keep results that come after the end, and the first ones', async () => {
    await create(1);
    await see('t1', 'succeeded');
    const result = (id: string) => ({ kind: 'video' as const, id, url: null, durationSeconds: '5' });
    for (const id of ['v1', 'v2']) {
      const sightings = [sighting('t1', { state: 'succeeded', results: [result(id)] })];
      await store.run(observeTasks, { sightings, source: 'app_read', at: NOON });
    }
    expect((await store.run(getTask, { taskId: 't1' }))?.results).toEqual([result('v1')]);
  });
});
