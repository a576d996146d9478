import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyBudgets } from '../../src/budget/budget-table.ts';
import type { AuditFilter } from '../../src/budget/audit-table.ts';
import { listAudit } from '../../src/ledger/audit.ts';
import { freeze, unfreeze } from '../../src/ledger/freeze.ts';
import { ledgerModules } from '../../src/ledger/ledger-modules.ts';
import { observeTasks } from '../../src/ledger/observe.ts';
import { moneyStatus } from '../../src/ledger/status.ts';
import { listUsage } from '../../src/ledger/usage.ts';
import { monthBounds } from '../../src/zone.ts';
import { sumUsage } from '../../src/ledger/usage-sums.ts';
import { verifyLedger } from '../../src/ledger/verify.ts';
import { indexOperations } from '../../src/store/registry.ts';
import { admitHold, close, newHold, NOON, rule, sighting } from './making.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';

const DAY = 86_400_000;
let store: MemoryStore;

beforeEach(async () => {
  store = createMemoryStore();
  await store.run(applyBudgets, { rules: [rule(), rule({ name: 'apps', per: 'app' })], at: NOON });
  await admitHold(store, newHold('h1', { app: 'shop', tag: 'x', at: NOON }));
  await close(store, 'h1', { kind: 'task', sighting: sighting('t1') });
  const sightings = [sighting('t1', { state: 'succeeded', deduction: { credits: 9000, raw: '0.9 video' } })];
  await store.run(observeTasks, { sightings, source: 'poll', at: NOON });
  await admitHold(store, newHold('h2', { app: 'shop', at: NOON + 1, credits: 500, mode: 'pro' }));
  await close(store, 'h2', { kind: 'task', sighting: sighting('t2', { state: 'processing' }) });
  await admitHold(store, newHold('h3', { app: 'blog', at: NOON + 2 }));
  await close(store, 'h3', { kind: 'refused', evidence: 'no' });
  await admitHold(store, newHold('h4', { app: 'blog', at: NOON + 3 }));
  await close(store, 'h4', { kind: 'task', sighting: sighting('t4', { state: 'failed' }) });
  await admitHold(
    store,
    newHold('h5', { app: 'blog', at: NOON + DAY, credits: 70, model: null, product: 'image', weight: 3 }),
  );
  await close(store, 'h5', { kind: 'unknown', evidence: 'reset' }, { at: NOON + DAY });
});
afterEach(() => {
  store.close();
});

describe('usage', () => {
  it('lists creates with a cost or a possible cost, newest first; not those that Kling refused', async () => {
    const { rows, nextCursor } = await store.run(listUsage, { limit: 10, cursor: null });
    expect(rows.map((one) => [one.holdId, one.credits, one.settled])).toEqual([
      ['h5', 70, false],
      ['h4', 0, true],
      ['h2', 500, false],
      ['h1', 9000, true],
    ]);
    expect(nextCursor).toBeNull();
    expect(rows[3]).toEqual({
      holdId: 'h1',
      at: NOON,
      taskId: 't1',
      credits: 9000,
      estimatedCredits: 10_000,
      model: 'kling-v1',
      durationSeconds: '5',
      mode: 'std',
      promptPreview: 'a cat',
      app: 'shop',
      tag: 'x',
      operation: 'text-to-video',
      settled: true,
      results: null,
    });
  });

  it('goes page by page and is narrowed by time and labels', async () => {
    const first = await store.run(listUsage, { limit: 3, cursor: null });
    const second = await store.run(listUsage, { limit: 3, cursor: first.nextCursor });
    expect([first.rows.length, second.rows.map((one) => one.holdId), second.nextCursor]).toEqual([
      3,
      ['h1'],
      null,
    ]);
    const ids = async (filter: object) =>
      (await store.run(listUsage, { limit: 9, cursor: null, ...filter })).rows.map((one) => one.holdId);
    expect(await ids({ from: NOON + 1, to: NOON + 3 })).toEqual(['h2']);
    expect(await ids({ app: 'blog' })).toEqual(['h5', 'h4']);
    expect(await ids({ tag: 'x' })).toEqual(['h1']);
  });

  it('is summed by any of its keys', async () => {
    const sums = async (by: ('app' | 'mode' | 'day' | 'tag' | 'model')[]) =>
      (await store.run(sumUsage, { by, timeZone: 'UTC' })).rows;
    expect(await sums(['app'])).toEqual([
      { app: 'blog', tasks: 2, credits: 0, heldCredits: 70, estimatedCredits: 10_000 },
      { app: 'shop', tasks: 2, credits: 9000, heldCredits: 500, estimatedCredits: 10_000 },
    ]);
    expect(await sums(['day', 'mode'])).toEqual([
      { day: '2026-11-18', mode: 'pro', tasks: 1, credits: 0, heldCredits: 500, estimatedCredits: 0 },
      { day: '2026-11-18', mode: 'std', tasks: 2, credits: 9000, heldCredits: 0, estimatedCredits: 20_000 },
      { day: '2026-11-19', mode: 'std', tasks: 1, credits: 0, heldCredits: 70, estimatedCredits: 0 },
    ]);
    expect((await sums(['model'])).map((one) => one.model)).toEqual([null, 'kling-v1']);
  });

  it('is summed by days and months of a zone, also over a change of its clock', async () => {
    const own = createMemoryStore();
    const insert = own.db.prepare(
      `INSERT INTO creates (id, request_id, at, app, path, route, operation, product, credits, basis, weight, counters,
         state, settled_credits, ended_at, end_credits, end_basis)
       VALUES (?, 'r', ?, 'a', '/x', '/x', 'unknown', 'video', 1000, 'exact', 1, '', 'settled', 1000, 1, 1000, 'estimate')`,
    );
    const instants = [
      Date.UTC(2026, 8, 30, 21, 59, 59, 999),
      Date.UTC(2026, 8, 30, 22),
      Date.UTC(2026, 9, 24, 21, 59),
      Date.UTC(2026, 9, 24, 22),
      Date.UTC(2026, 9, 25, 0, 30),
      Date.UTC(2026, 9, 25, 1, 30),
      Date.UTC(2026, 9, 25, 22, 59),
      Date.UTC(2026, 9, 25, 23),
      Date.UTC(2026, 9, 31, 22, 59),
      Date.UTC(2026, 9, 31, 23),
    ];
    for (const [index, at] of instants.entries()) insert.run(`h${index}`, at);
    const sums = async (by: ('day' | 'month')[], timeZone: string, range = {}) =>
      (await own.run(sumUsage, { by, timeZone, ...range })).rows.map((row) => [
        row.day ?? row.month,
        row.tasks,
      ]);
    expect(await sums(['day'], 'Europe/Berlin')).toEqual([
      ['2026-09-30', 1],
      ['2026-10-01', 1],
      ['2026-10-24', 1],
      ['2026-10-25', 4],
      ['2026-10-26', 1],
      ['2026-10-31', 1],
      ['2026-11-01', 1],
    ]);
    expect(await sums(['month'], 'Europe/Berlin')).toEqual([
      ['2026-09', 1],
      ['2026-10', 8],
      ['2026-11', 1],
    ]);
    expect(await sums(['month'], 'UTC')).toEqual([
      ['2026-09', 2],
      ['2026-10', 8],
    ]);
    const { start, end } = monthBounds('Europe/Berlin', 2026, 10);
    expect(await sums(['month'], 'Europe/Berlin', { from: start, to: end })).toEqual([['2026-10', 8]]);
    own.close();
  });

  it('refuses sums of more than 10,000 rows, and says how to ask for fewer', async () => {
    const copy = (count: number): string =>
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
       INSERT INTO creates (id, request_id, at, app, tag, path, route, operation, product, credits, basis, weight,
         counters)
       SELECT 'many' || i, 'r', at, app, 'tag' || i, path, route, operation, product, 1, basis, weight, counters
       FROM n, creates WHERE id = 'h1'`;
    store.db.exec(copy(10_001));
    await expect(store.run(sumUsage, { by: ['tag'], timeZone: 'UTC' })).rejects.toMatchObject({
      code: 'bad_usage',
      message: expect.stringContaining('more than 10000 rows: ask for a shorter time'),
    });
    expect((await store.run(sumUsage, { by: ['app'], timeZone: 'UTC' })).rows).toHaveLength(2);
    store.db.exec("DELETE FROM creates WHERE id LIKE 'many%'");
  });
});

describe('the state of money', () => {
  it('is reported in a few numbers', async () => {
    await store.run(freeze, { reason: 'r', actor: 'a', at: NOON });
    expect(
      await store.run(moneyStatus, { at: NOON + 600_000, stuck: { usualMs: 600_000, byOperation: {} } }),
    ).toEqual({
      frozen: { reason: 'r', actor: 'a', since: NOON },
      openHolds: 2,
      heldCredits: 570,
      inDoubtHolds: 1,
      inDoubtCredits: 70,
      oldestDoubtSince: NOON + DAY,
      openTasks: [{ product: 'video', state: 'processing', tasks: 1, stuck: 1, weight: 1, madeBefore: [] }],
      elsewhere: [],
    });
  });

  it('is nothing in a new store', async () => {
    const empty = createMemoryStore();
    expect(await empty.run(moneyStatus, { at: NOON })).toEqual({
      frozen: null,
      openHolds: 0,
      heldCredits: 0,
      inDoubtHolds: 0,
      inDoubtCredits: 0,
      oldestDoubtSince: null,
      openTasks: [],
      elsewhere: [],
    });
    expect(await empty.run(verifyLedger, {})).toEqual({
      ok: true,
      counters: 0,
      holds: 0,
      entries: 0,
      problems: [],
    });
    empty.close();
  });
});

describe('the verification', () => {
  const problems = async () => (await store.run(verifyLedger, {})).problems;

  it('finds a ledger that agrees in order', async () => {
    expect(await store.run(verifyLedger, {})).toEqual({
      ok: true,
      counters: 5,
      holds: 5,
      entries: 8,
      problems: [],
    });
  });

  it.each([
    [
      "UPDATE budget_counters SET settled = settled + 1 WHERE id LIKE 'daily%18'",
      /^counter daily.* settled 9001 /,
    ],
    ["UPDATE budget_counters SET held = held - 1 WHERE id LIKE 'apps%18.shop'", /^counter apps.*held 499/],
    ["DELETE FROM budget_counters WHERE id LIKE 'apps%18.shop'", /does not exist$/],
    [
      "UPDATE creates SET settled_credits = 1 WHERE id = 'h1'",
      /^hold h1 has settled 1, its entries say 9000$/,
    ],
    [
      "UPDATE creates SET credits = 1 WHERE id = 'h2'",
      /^counter daily.* held 500, its holds say 9000 and 1$/,
    ],
    ["DELETE FROM creates WHERE id = 'h2'", /^counter daily.* held 500, its holds say 9000 and 0$/],
    [
      "DROP TRIGGER creates_end_once; UPDATE creates SET end_credits = 1 WHERE id = 'h1'",
      /^hold h1 has settled 9000, its entries say 1$/,
    ],
    [
      "UPDATE creates SET task_state = 'failed' WHERE task_id = 't2'",
      /^task t2 has ended and its hold has not$/,
    ],
    ["INSERT INTO adjustments VALUES ('h9', 'x', 1, 1, 'none', NULL)", /hold h9, which does not exist$/],
    [
      "INSERT INTO adjustments VALUES ('h2', 'x', 1, 1, 'none', NULL)",
      /^hold h2 is adjusted and has not ended$/,
    ],
  ])('finds the problem after %s', async (sql, problem) => {
    store.db.exec(sql);
    const found = await problems();
    expect(
      found.some((one) => problem.test(one)),
      found.join('\n'),
    ).toBe(true);
  });
});

describe('the audit', () => {
  it('goes page by page', async () => {
    await store.run(freeze, { reason: 'r', actor: 'a', at: NOON + DAY });
    const first = await store.run(listAudit, { limit: 1, cursor: null });
    const rest = await store.run(listAudit, { limit: 5, cursor: first.nextCursor });
    expect(first.audit.map((one) => one.action)).toEqual(['spending.freeze']);
    expect(rest.audit.map((one) => one.action)).toEqual(['budget.add', 'budget.add']);
    expect(rest.nextCursor).toBeNull();
  });

  it('has the rows of one person, of one kind, about one thing, of a time', async () => {
    await store.run(freeze, { reason: 'r', actor: 'ann', at: NOON + DAY });
    await store.run(unfreeze, { reason: 's', actor: 'bob', at: NOON + 2 * DAY });
    const found = async (filter: AuditFilter, total = false) => {
      const { audit, ...rest } = await store.run(listAudit, { limit: 10, cursor: null, total, ...filter });
      return [audit.map(({ action }) => action), rest.total];
    };
    expect(await found({ actor: 'ann' })).toEqual([['spending.freeze'], undefined]);
    expect(await found({ action: 'budget.add' }, true)).toEqual([['budget.add', 'budget.add'], 2]);
    expect(await found({ actor: 'ann', action: 'budget.add' }, true)).toEqual([[], 0]);
    expect(await found({ from: NOON + DAY, to: NOON + 2 * DAY })).toEqual([['spending.freeze'], undefined]);
    const [row] = (await store.run(listAudit, { limit: 1, cursor: null, actor: 'bob' })).audit;
    expect(await found({ subject: row?.subject ?? '' })).toEqual([
      ['spending.unfreeze', 'spending.freeze'],
      undefined,
    ]);
    const first = await store.run(listAudit, { limit: 1, cursor: null, action: 'budget.add' });
    const next = { limit: 1, cursor: first.nextCursor, action: 'budget.add' };
    expect((await store.run(listAudit, next)).audit.map(({ action }) => action)).toEqual(['budget.add']);
  });
});

describe('the operations of money', () => {
  it('have names of their own', () => {
    const operations = ledgerModules.flatMap((module) => module.operations);
    expect(indexOperations(ledgerModules).size).toBe(operations.length);
    for (const { name } of operations)
      expect(name).toMatch(
        /^(account|outbox|budget|calls|tasks|results|ledger|sla|claims|imports)\.[a-zA-Z]+$/,
      );
  });
});
