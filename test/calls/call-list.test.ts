import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CallRecord } from '../../src/calls/call.ts';
import { listCalls, type ListCallsArgs } from '../../src/calls/call-list.ts';
import { sumRoutes, SUMMED_MAX } from '../../src/calls/route-sums.ts';
import { journalCalls } from '../../src/sla/journal.ts';
import { LOOKED_MAX } from '../../src/store/bounded-list.ts';
import { COUNT_MAX } from '../../src/store/count.ts';
import { admitHold, call, close, newHold, NOON, sighting } from '../ledger/making.ts';
import { createMemoryStore, type MemoryStore } from '../ledger/memory-store.ts';
import { journalled } from '../sla/making.ts';

const HOUR = 3_600_000;
let store: MemoryStore;
beforeEach(() => {
  store = createMemoryStore();
});
afterEach(() => store.close());

const journal = (calls: CallRecord[]) => store.run(journalCalls, journalled(calls));
const page = (filter: Partial<ListCallsArgs>) => store.run(listCalls, { limit: 10, cursor: null, ...filter });
const idsOf = async (filter: Partial<ListCallsArgs>) => (await page(filter)).calls.map(({ id }) => id);

/** Journals so many reads, the oldest first, each a millisecond later. */
function addReads(count: number, from: number): void {
  store.db
    .exec(`INSERT INTO journal (at, id, request_id, app, method, route, host, status, code, attempt, outcome, duration_ms,
      overhead_ms, bytes_sent, bytes_received, origin)
    WITH RECURSIVE counter (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM counter WHERE n + 1 < ${count})
    SELECT ${from} + n, 'read' || n, 'r', 'web', 'GET', '/tasks', 'api.example', 200, 0, 1, 'ok', n % 100, 1, 0, 0, 'app'
    FROM counter`);
}

describe('the list of calls', () => {
  it('is narrowed by tag, method, route and outcomes', async () => {
    await journal([
      call('a', { at: NOON + 1, tag: 'x' }),
      call('b', { at: NOON + 2, method: 'GET', route: '/tasks', outcome: 'server_error', status: 503 }),
      call('c', { at: NOON + 3, outcome: 'no_answer', status: null, errorClass: 'reset' }),
    ]);
    expect(await idsOf({ tag: 'x' })).toEqual(['a']);
    expect(await idsOf({ tag: null })).toEqual(['c', 'b']);
    expect(await idsOf({ method: 'GET' })).toEqual(['b']);
    expect(await idsOf({ route: '/tasks' })).toEqual(['b']);
    expect(await idsOf({ outcomes: ['server_error', 'no_answer'] })).toEqual(['c', 'b']);
    expect(await idsOf({ outcomes: ['no_answer'], method: 'GET' })).toEqual([]);
  });

  it('gives the calls of a task’s create, and no others', async () => {
    await admitHold(store, newHold('h1', { at: NOON }));
    await journal([
      call('first', { at: NOON + 5, holdId: 'h1', outcome: 'throttled', status: 429 }),
      call('other', { at: NOON + 6, holdId: 'h9' }),
    ]);
    const sent = call('last', {
      at: NOON + 3_000,
      requestId: 'req_h1',
      holdId: 'h1',
      taskId: 't1',
      attempt: 2,
    });
    await close(store, 'h1', { kind: 'task', sighting: sighting('t1') }, { at: NOON + 3_100, calls: [sent] });
    addReads(LOOKED_MAX + 10, NOON + HOUR);
    const { calls, nextCursor, searched } = await page({ ofTask: 't1' });
    expect([calls.map(({ id }) => id), nextCursor, searched]).toEqual([['last', 'first'], null, null]);
    expect(await idsOf({ ofTask: 'nobody’s', from: NOON, to: NOON + 9 })).toEqual([]);
  });

  it('counts the newest hundred thousand calls, and says that there are older ones', async () => {
    const total = async (filter: Partial<ListCallsArgs>) => {
      const { total: count, totalIsBounded } = await page({ ...filter, limit: 1, total: true });
      return [count, totalIsBounded];
    };
    await journal([
      call('older', { at: NOON - 1, app: 'ads' }),
      call('oldest', { at: NOON - 2, app: 'ads' }),
    ]);
    addReads(COUNT_MAX - 1, NOON + 1);
    await journal([call('first', { at: NOON, app: 'ads' })]);
    expect(await total({ from: NOON })).toEqual([COUNT_MAX, undefined]);
    expect(await total({})).toEqual([COUNT_MAX + 1, true]);
    // The first of the newest hundred thousand is counted, and none before it.
    expect(await total({ app: 'ads' })).toEqual([1, true]);
    expect(await total({ app: 'ads', from: NOON })).toEqual([1, undefined]);
    expect(await total({ app: 'ads', to: NOON + 1 })).toEqual([3, undefined]);
    expect(await total({ app: 'web' })).toEqual([COUNT_MAX - 1, true]);
    const plan = store.db
      .prepare<[], { detail: string }>(
        "EXPLAIN QUERY PLAN SELECT 1 FROM calls WHERE at >= 1 AND (at > 1 OR id >= 'a') AND app = 'ads'",
      )
      .all();
    expect(plan.filter(({ detail }) => /^SCAN (?!calls)/.test(detail))).toEqual([]);
  });

  it('looks at a bounded number of calls, says so, and goes on where it stopped', async () => {
    await journal([call('needle', { at: NOON, app: 'ads' })]);
    addReads(LOOKED_MAX + 100, NOON + 1);
    const first = await page({ app: 'ads' });
    expect([first.calls, first.searched]).toEqual([[], { rows: LOOKED_MAX, backTo: NOON + 101 }]);
    const second = await page({ app: 'ads', cursor: first.nextCursor });
    expect([second.calls.map(({ id }) => id), second.nextCursor, second.searched]).toEqual([
      ['needle'],
      null,
      null,
    ]);
  });
});

it('reads each part of the calls by its index, in the order of the list', async () => {
  const statements: string[] = [];
  const prepare = store.db.prepare.bind(store.db);
  store.db.prepare = ((sql: string) => {
    statements.push(sql);
    return prepare(sql);
  }) as typeof store.db.prepare;
  await page({ app: 'ads', from: NOON, to: NOON + HOUR });
  await page({ outcomes: ['no_answer'], tag: null });
  await page({ cursor: `${NOON}~a`, route: '/tasks', method: 'GET' });
  await page({ ofTask: 't1' });
  await store.run(sumRoutes, { from: NOON, to: NOON + HOUR });
  expect(statements.length).toBeGreaterThanOrEqual(5);
  for (const sql of statements) {
    const plan = prepare<[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql.replaceAll('?', '1')}`).all();
    expect([sql, plan.some(({ detail }) => /TEMP B-TREE|CO-ROUTINE/.test(detail))]).toEqual([sql, false]);
  }
});

describe('the sums of routes', () => {
  const sums = (from = NOON, to = NOON + HOUR) => store.run(sumRoutes, { from, to });

  it('count each outcome once, and rank the times of answered calls', async () => {
    await journal([
      ...Array.from({ length: 100 }, (_, n) =>
        call(`ok${n}`, { at: NOON + n, durationMs: n + 1, overheadMs: (n + 1) / 100 }),
      ),
      call('refused', { at: NOON, outcome: 'client_error', status: 400, durationMs: 1 }),
      call('gone', { at: NOON, outcome: 'no_answer', status: null, errorClass: 'reset', durationMs: 60_000 }),
      call('given', { at: NOON, outcome: 'aborted', status: null, durationMs: 60_000 }),
      call('many', { at: NOON, outcome: 'throttled', status: 429, durationMs: 1 }),
      call('read', { at: NOON, method: 'GET', outcome: 'unreachable', status: null, errorClass: 'dns' }),
      call('early', { at: NOON - 1 }),
      call('late', { at: NOON + HOUR }),
    ]);
    const { routes, summedFrom } = await sums();
    expect(summedFrom).toBeNull();
    expect(routes).toEqual([
      {
        method: 'POST',
        route: '/v1/videos/text2video',
        calls: 104,
        failed: 1,
        refused: 1,
        throttled: 1,
        aborted: 1,
        durationMs: { p50: 49, p95: 95, p99: 99 },
        overheadMs: { p50: expect.any(Number), p99: expect.any(Number) },
      },
      {
        method: 'GET',
        route: '/v1/videos/text2video',
        calls: 1,
        failed: 1,
        refused: 0,
        throttled: 0,
        aborted: 0,
        durationMs: null,
        overheadMs: { p50: expect.any(Number), p99: expect.any(Number) },
      },
    ]);
  });

  it('take the newest calls alone if there are too many, and say from when on', async () => {
    addReads(SUMMED_MAX + 5, NOON);
    const { routes, summedFrom } = await sums();
    expect([routes.map(({ calls }) => calls), summedFrom]).toEqual([[SUMMED_MAX], NOON + 5]);
    const few = await sums(NOON, NOON + 10);
    expect([few.routes.map(({ calls }) => calls), few.summedFrom]).toEqual([[10], null]);
  });
});
