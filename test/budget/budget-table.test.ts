import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BudgetRule } from '../../src/budget/budget-rule.ts';
import { budgetRoom } from '../../src/budget/budget-room.ts';
import { countPiece } from '../../src/budget/backfill.ts';
import { applyBudgets, listBudgets } from '../../src/budget/budget-table.ts';
import { listHolds } from '../../src/budget/hold-list.ts';
import { listAudit } from '../../src/ledger/audit.ts';
import { verifyLedger } from '../../src/ledger/verify.ts';
import { admitHold, close, counters, newHold, NOON, rule } from '../ledger/making.ts';
import { createMemoryStore, type MemoryStore } from '../ledger/memory-store.ts';

const DAY = 86_400_000;
let store: MemoryStore;

beforeEach(() => {
  store = createMemoryStore();
});
afterEach(async () => {
  const verified = await store.run(verifyLedger, {});
  store.close();
  expect(verified.problems).toEqual([]);
});

const apply = (rules: BudgetRule[], at = NOON) => store.run(applyBudgets, { rules, at });
const list = async (at = NOON) => (await store.run(listBudgets, { at })).budgets;
const settle = (id: string, credits: number) => close(store, id, { kind: 'done', credits, raw: null });

describe('a new budget', () => {
  it('counts what its present window has already seen, open holds included, and only what it matches', async () => {
    await admitHold(store, newHold('yesterday', { at: NOON - DAY }));
    await admitHold(store, newHold('settled', { app: 'shop', tag: 'x' }));
    await settle('settled', 12_000);
    await admitHold(store, newHold('open', { app: 'shop', credits: 3000 }));
    await admitHold(store, newHold('released', { app: 'shop' }));
    await close(store, 'released', { kind: 'refused', evidence: 'no' });
    await admitHold(store, newHold('other', { app: 'blog', credits: 500, model: 'kling-v3' }));
    const applied = await apply([
      rule({ name: 'all' }),
      rule({ name: 'shop', match: { app: 'shop' } }),
      rule({ name: 'per-app', per: 'app', window: 'month' }),
      rule({ name: 'tagged', match: { tag: 'x' }, window: 'total' }),
      rule({ name: 'v3', match: { model: 'kling-v3', operation: 'text-to-video' }, window: 'week' }),
      rule({ name: 'ever', window: 'total' }),
      rule({ name: 'hourly', window: 'hour' }),
    ]);
    expect(applied.added).toHaveLength(7);
    expect(counters(store)).toEqual({
      'all 2026-11-18': [12_000, 3500],
      'shop 2026-11-18': [12_000, 3000],
      'per-app 2026-11 shop': [12_000, 3000],
      'per-app 2026-11 blog': [0, 500],
      'per-app 2026-11 default': [0, 10_000],
      'tagged total': [12_000, 0],
      'v3 2026-W47': [0, 500],
      'ever total': [12_000, 13_500],
      'hourly 2026-11-18T12:00:00.000Z': [12_000, 3500],
    });
    await settle('open', 4000);
    expect(counters(store)['shop 2026-11-18']).toEqual([16_000, 0]);
  });

  it('counts a long history once', async () => {
    const holds = Array.from({ length: 2100 }, (_, i) =>
      newHold(`h${i}`, { credits: 1, at: NOON + Math.floor(i / 700) }),
    );
    for (const hold of holds) await admitHold(store, hold);
    const { isPending } = await apply([rule({ window: 'total' })], NOON + 10);
    expect(isPending).toBe(true);
    while ((await store.run(countPiece, { rowsMax: 700 })).more);
    expect(counters(store)).toEqual({ 'daily total': [0, 2100] });
  });

  it('is made by another name, window, zone, match or per, and by nothing else', async () => {
    const usual = rule();
    await apply([usual]);
    await admitHold(store, newHold('a'));
    const changed = await apply([{ ...usual, limit: 15_000, alertAt: [0.5], mode: 'shadow' }]);
    expect(changed).toEqual({ added: [], changed: ['daily'], retired: [], isPending: false });
    expect(await apply([{ ...usual, limit: 15_000, alertAt: [0.5], mode: 'shadow' }])).toEqual({
      added: [],
      changed: [],
      retired: [],
      isPending: false,
    });
    const others: Partial<BudgetRule>[] = [
      { name: 'other' },
      { window: 'week' },
      { timeZone: 'Asia/Shanghai' },
      { match: { app: 'default' } },
      { match: { tag: 'default' } },
      { per: 'app' },
      { per: 'tag' },
    ];
    for (const other of others) {
      expect((await apply([{ ...usual, ...other }])).added, JSON.stringify(other)).toHaveLength(1);
    }
  });
});

describe('a budget', () => {
  it('takes a new limit at once and forgets nothing spent', async () => {
    await apply([rule({ limit: 10_000 })]);
    await admitHold(store, newHold('a'));
    expect((await admitHold(store, newHold('b'))).kind).toBe('refused');
    await apply([rule({ limit: 20_000 })]);
    expect((await admitHold(store, newHold('b'))).kind).toBe('admitted');
    await apply([rule({ limit: 5000 })]);
    expect(await list()).toMatchObject([
      { limitCredits: 5000, heldCredits: 20_000, remainingCredits: -15_000 },
    ]);
  });

  it('that is taken away binds nobody, and counts the time between when it comes back', async () => {
    await apply([rule({ limit: 10_000 })]);
    await admitHold(store, newHold('a', { credits: 4000 }));
    expect((await apply([])).retired).toEqual(['daily']);
    expect(await list()).toEqual([]);
    await admitHold(store, newHold('b', { credits: 50_000 }));
    await settle('a', 1000);
    expect((await apply([rule({ limit: 10_000 })])).added).toEqual(['daily']);
    expect(counters(store)).toEqual({ 'daily 2026-11-18': [1000, 50_000] });
    const { audit } = await store.run(listAudit, { limit: 10, cursor: null });
    expect(audit.map((one) => [one.action, one.actor])).toEqual([
      ['budget.add', 'config'],
      ['budget.retire', 'config'],
      ['budget.add', 'config'],
    ]);
  });

  it('is listed with all that people script against', async () => {
    await apply([rule({ limit: 40_000, alertAt: [0.8], match: { operation: 'text-to-video' } })]);
    await admitHold(store, newHold('a'));
    await settle('a', 6000);
    await admitHold(store, newHold('b'));
    await admitHold(store, newHold('c', { credits: 4000 }));
    await close(store, 'c', { kind: 'unknown', evidence: 'reset' });
    expect(await list()).toEqual([
      {
        name: 'daily',
        counterId: expect.stringMatching(/^daily~[0-9a-f]{16}\.2026-11-18$/),
        perValue: null,
        window: 'day',
        windowKey: '2026-11-18',
        startsAt: Date.UTC(2026, 10, 18),
        resetsAt: Date.UTC(2026, 10, 19),
        timeZone: 'UTC',
        limitCredits: 40_000,
        settledCredits: 6000,
        heldCredits: 14_000,
        inDoubtCredits: 4000,
        remainingCredits: 20_000,
        usedPercent: 50,
        mode: 'enforce',
        match: { operation: 'text-to-video' },
        per: null,
        alertAt: [0.8],
        isPending: false,
        raises: [],
      },
    ]);
    expect(await list(NOON + DAY)).toMatchObject([
      { windowKey: '2026-11-19', settledCredits: 0, heldCredits: 0 },
    ]);
  });

  it('per app has a row for each app seen in the window', async () => {
    await apply([rule({ per: 'app' })]);
    expect(await list()).toEqual([]);
    await admitHold(store, newHold('a', { app: 'shop' }));
    await admitHold(store, newHold('b', { app: 'blog' }));
    expect((await list()).map((one) => one.perValue)).toEqual(['blog', 'shop']);
  });

  it('per tag is summed up by its 100 most used rows', async () => {
    const rules = [rule({ name: 'all' }), rule({ name: 'tags', per: 'tag', limit: 1_000_000 })];
    await store.run(applyBudgets, { rules, at: NOON });
    await admitHold(store, newHold('h', { tag: 'none', credits: 0 }));
    store.db.exec(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 150)
       INSERT INTO budget_counters (id, budget_id, window_key, per_value, settled, held)
       SELECT id || i, budget_id, window_key, 'tag-' || printf('%03d', i), i / 2, i FROM n, budget_counters
       WHERE per_value = 'none'`,
    );
    const all = (await store.run(listBudgets, { at: NOON })).budgets;
    expect(all).toHaveLength(152);
    const { budgets } = await store.run(listBudgets, { at: NOON, isSummary: true });
    const isMostUsed = (value: string | null): boolean => value === null || value > 'tag-050';
    expect(budgets).toEqual(all.filter(({ perValue }) => perValue !== 'none' && isMostUsed(perValue)));
    store.db.exec("DELETE FROM budget_counters WHERE per_value LIKE 'tag-%'");
  });

  it('shows its room to estimates', async () => {
    await apply([
      rule({ limit: 15_000 }),
      rule({ name: 'shop', limit: 5000, per: 'app', match: { app: 'shop' } }),
    ]);
    await admitHold(store, newHold('a'));
    const room = async (app: string) =>
      (
        await store.run(budgetRoom, {
          at: NOON,
          labels: { app, operation: 'image', model: null, tag: null },
        })
      ).rooms.map((one) => [one.budget, one.remainingCredits]);
    expect(await room('blog')).toEqual([['daily', 5000]]);
    expect(await room('shop')).toEqual([
      ['daily', 5000],
      ['shop', 5000],
    ]);
  });
});

describe('holds', () => {
  it('are listed newest first, page by page, narrowed by state and doubt', async () => {
    for (const id of ['h1', 'h2', 'h3', 'h4', 'h5']) await admitHold(store, newHold(id, { credits: 1 }));
    await settle('h2', 7);
    await close(store, 'h4', { kind: 'unknown', evidence: 'reset' });
    const page = async (cursor: string | null, filter = {}) => {
      const { holds, nextCursor } = await store.run(listHolds, { limit: 2, cursor, ...filter });
      return [...holds.map((hold) => hold.id), nextCursor];
    };
    expect(await page(null)).toEqual(['h5', 'h4', 'h4']);
    expect(await page('h4')).toEqual(['h3', 'h2', 'h2']);
    expect(await page('h2')).toEqual(['h1', null]);
    expect(await page(null, { state: 'settled' })).toEqual(['h2', null]);
    expect(await page(null, { state: 'held', inDoubt: true })).toEqual(['h4', null]);
    expect(await page(null, { inDoubt: false })).toEqual(['h5', 'h3', 'h3']);
    expect(await page(null, { app: 'shop' })).toEqual([null]);
  });
});
