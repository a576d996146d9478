import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BudgetRule } from '../../src/budget/budget-rule.ts';
import { applyBudgets, raiseBudget } from '../../src/budget/budget-table.ts';
import { admit } from '../../src/ledger/admit.ts';
import { freeze, freezeState, unfreeze } from '../../src/ledger/freeze.ts';
import { listAudit } from '../../src/ledger/audit.ts';
import type { AdmitResult } from '../../src/ledger/ledger.ts';
import { verifyLedger } from '../../src/ledger/verify.ts';
import { admitHold, close, counters, newHold, NOON, row, rule } from './making.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';

let store: MemoryStore;

beforeEach(() => {
  store = createMemoryStore();
});
afterEach(async () => {
  const verified = await store.run(verifyLedger, {});
  store.close();
  expect(verified.problems).toEqual([]);
});

const apply = (...rules: BudgetRule[]) => store.run(applyBudgets, { rules, at: NOON });

function refusalOf(result: AdmitResult) {
  if (result.kind !== 'refused' || result.refusal.word !== 'budget_exceeded') {
    throw new Error(`expected a budget's refusal, got ${JSON.stringify(result)}`);
  }
  return result.refusal;
}

describe('admission', () => {
  it('holds the price in the budget and returns the remainder', async () => {
    await apply(rule({ limit: 25_000 }));
    expect(await admitHold(store, newHold('a'))).toEqual({
      kind: 'admitted',
      remainingCredits: 15_000,
      budget: 'daily',
      wouldRefuse: null,
      facts: [],
    });
    expect(counters(store)).toEqual({ 'daily 2026-11-18': [0, 10_000] });
    expect(row(store, 'SELECT kind, credits FROM entries')).toEqual({ kind: 'hold', credits: 10_000 });
  });

  it('refuses the create that would pass the limit, and changes nothing', async () => {
    await apply(rule({ limit: 25_000 }));
    await admitHold(store, newHold('a'));
    await close(store, 'a', { kind: 'unknown', evidence: 'reset' });
    await admitHold(store, newHold('b', { credits: 5000 }));
    await close(store, 'b', { kind: 'done', credits: 5000, raw: '0.5 video' });
    const refusal = refusalOf(await admitHold(store, newHold('c', { credits: 10_001 })));
    expect(refusal).toEqual({
      word: 'budget_exceeded',
      budget: 'daily',
      limitCredits: 25_000,
      settledCredits: 5000,
      heldCredits: 10_000,
      inDoubtCredits: 10_000,
      neededCredits: 10_001,
      windowKey: '2026-11-18',
      resetsAt: Date.UTC(2026, 10, 19),
    });
    expect(row(store, 'SELECT COUNT(*) AS n FROM creates')).toEqual({ n: 2 });
    expect((await admitHold(store, newHold('c', { credits: 10_000 }))).kind).toBe('admitted');
  });

  it('fits all matching budgets or none, and names the tightest', async () => {
    await apply(
      rule({ name: 'a-wide', limit: 100_000 }),
      rule({ name: 'b-narrow', limit: 30_000, match: { app: 'shop' } }),
      rule({ name: 'c-narrower', limit: 20_000, window: 'total', match: { operation: 'text-to-video' } }),
      rule({ name: 'd-other', limit: 0, match: { model: 'kling-v3' } }),
    );
    await admitHold(store, newHold('a', { app: 'shop', credits: 20_000 }));
    const before = counters(store);
    const refusal = refusalOf(await admitHold(store, newHold('b', { app: 'shop', credits: 20_000 })));
    expect([refusal.budget, refusal.windowKey, refusal.resetsAt]).toEqual(['c-narrower', 'total', null]);
    expect(counters(store)).toEqual(before);
    expect(before).toEqual({
      'a-wide 2026-11-18': [0, 20_000],
      'b-narrow 2026-11-18': [0, 20_000],
      'c-narrower total': [0, 20_000],
    });
  });

  it('lets a create that no budget matches go, held and recorded', async () => {
    await apply(rule({ limit: 0, match: { app: 'other' } }));
    expect(await admitHold(store, newHold('a'))).toMatchObject({ kind: 'admitted', remainingCredits: null });
    expect(row(store, 'SELECT state, counters FROM creates')).toEqual({ state: 'held', counters: '' });
  });

  it('lets a create that costs nothing pass a budget that is spent', async () => {
    await apply(rule({ limit: 5000 }));
    await admitHold(store, newHold('a', { credits: 5000 }));
    await close(store, 'a', { kind: 'done', credits: 9000, raw: null });
    expect(await admitHold(store, newHold('b', { credits: 0 }))).toMatchObject({
      kind: 'admitted',
      remainingCredits: -4000,
    });
  });

  it('keeps a budget for each app, and for each tag with untagged creates apart', async () => {
    await apply(
      rule({ name: 'app', limit: 10_000, per: 'app' }),
      rule({ name: 'tag', limit: 10_000, per: 'tag' }),
    );
    const admitted = async (id: string, app: string, tag: string | null) =>
      (await admitHold(store, newHold(id, { app, tag }))).kind;
    expect(await admitted('1', 'shop', 'x y%')).toBe('admitted');
    expect(await admitted('2', 'blog', 'x y%')).toBe('refused');
    expect(await admitted('3', 'blog', null)).toBe('admitted');
    expect(await admitted('4', 'shop', 'z')).toBe('refused');
    expect(await admitted('5', 'news', null)).toBe('refused');
    expect(await admitted('6', 'news', '\ud800')).toBe('admitted');
    expect(counters(store)).toMatchObject({
      'app 2026-11-18 shop': [0, 10_000],
      'app 2026-11-18 blog': [0, 10_000],
      'tag 2026-11-18 x y%': [0, 10_000],
      'tag 2026-11-18': [0, 10_000],
    });
  });

  it('counts admitted creates in shadow budgets too, also above their limits', async () => {
    await apply(
      rule({ name: 'shadow', limit: 5000, mode: 'shadow' }),
      rule({ name: 'strict', limit: 15_000 }),
    );
    expect(await admitHold(store, newHold('a'))).toMatchObject({ kind: 'admitted', remainingCredits: 5000 });
    expect(refusalOf(await admitHold(store, newHold('b'))).budget).toBe('strict');
    expect(counters(store)).toEqual({
      'shadow 2026-11-18': [0, 10_000],
      'strict 2026-11-18': [0, 10_000],
    });
  });

  it('never refuses in observe mode, and reports what it would have refused', async () => {
    await apply(rule({ limit: 15_000 }));
    expect(await admitHold(store, newHold('a'), { enforce: false })).toMatchObject({ wouldRefuse: null });
    expect(await admitHold(store, newHold('b'), { enforce: false })).toMatchObject({
      kind: 'admitted',
      remainingCredits: -5000,
      wouldRefuse: {
        word: 'budget_exceeded',
        heldCredits: 10_000,
        neededCredits: 10_000,
        limitCredits: 15_000,
      },
    });
    expect(counters(store)).toEqual({ 'daily 2026-11-18': [0, 20_000] });
  });
});

describe('the last credits of a budget', () => {
  it('are reserved for as many of many concurrent creates as fit', async () => {
    await apply(rule({ limit: 105_000 }), rule({ name: 'hourly', window: 'hour', limit: 1_000_000 }));
    const results = await Promise.all(
      Array.from({ length: 64 }, (_, i) =>
        store.run(admit, { hold: newHold(`h${i}`), guard: null, enforce: true }),
      ),
    );
    expect(results.filter((result) => result.kind === 'admitted')).toHaveLength(10);
    expect(counters(store)).toMatchObject({ 'daily 2026-11-18': [0, 100_000] });
  });
});

describe('the instant of a hold', () => {
  it('is never earlier than that of the last one: a clock set back opens no day twice', async () => {
    await apply(rule({ limit: 20_000 }));
    const dayLater = NOON + 86_400_000;
    await admitHold(store, newHold('a', { at: NOON }));
    await admitHold(store, newHold('b', { at: dayLater, credits: 20_000 }));
    const refusal = refusalOf(await admitHold(store, newHold('c', { at: NOON, credits: 10_000 })));
    expect(refusal.windowKey).toBe('2026-11-19');
    await admitHold(store, newHold('d', { at: NOON - 5, credits: 0 }));
    expect(row(store, "SELECT at FROM creates WHERE id = 'd'")).toEqual({ at: dayLater });
    expect(counters(store)).toEqual({ 'daily 2026-11-18': [0, 10_000], 'daily 2026-11-19': [0, 20_000] });
  });

  it('decides its window, and later amounts go there', async () => {
    await apply(rule({ limit: 20_000, timeZone: 'Asia/Shanghai' }));
    const lastMs = Date.UTC(2026, 10, 18, 15, 59, 59, 999);
    await admitHold(store, newHold('a', { at: lastMs }));
    await admitHold(store, newHold('b', { at: lastMs + 1, credits: 20_000 }));
    await close(store, 'a', { kind: 'done', credits: 12_000, raw: null }, { at: lastMs + 5000 });
    expect(counters(store)).toEqual({ 'daily 2026-11-18': [12_000, 0], 'daily 2026-11-19': [0, 20_000] });
  });
});

describe('thresholds', () => {
  const shares = (result: AdmitResult) =>
    result.kind === 'admitted'
      ? result.facts.map((fact) => (fact.kind === 'budget_threshold' ? fact.share : fact.kind))
      : [];

  it('are reported once a window, for settled and held together', async () => {
    await apply(rule({ limit: 100_000, alertAt: [1, 0.5, 0.8] }));
    expect(shares(await admitHold(store, newHold('a', { credits: 49_999 })))).toEqual([]);
    await close(store, 'a', { kind: 'done', credits: 49_999, raw: null });
    expect(shares(await admitHold(store, newHold('b', { credits: 1 })))).toEqual([0.5]);
    expect(shares(await admitHold(store, newHold('c', { credits: 50_000 })))).toEqual([0.8, 1]);
    await close(store, 'c', { kind: 'refused', evidence: 'no' });
    expect(shares(await admitHold(store, newHold('d', { credits: 50_000 })))).toEqual([]);
    expect(shares(await admitHold(store, newHold('e', { at: NOON + 86_400_000, credits: 60_000 })))).toEqual([
      0.5,
    ]);
  });

  it('are reported when the actual cost reaches one', async () => {
    await apply(rule({ limit: 100_000, alertAt: [0.8] }));
    await admitHold(store, newHold('a', { credits: 70_000 }));
    const facts = await close(store, 'a', { kind: 'done', credits: 120_000, raw: '12 video' });
    expect(facts.map((fact) => fact.kind)).toEqual([
      'hold_resolved',
      'actual_above_estimate',
      'budget_threshold',
      'budget_threshold',
    ]);
    expect(facts[2]).toMatchObject({
      budget: 'daily',
      share: 0.8,
      usedCredits: 120_000,
      limitCredits: 100_000,
      windowKey: '2026-11-18',
      isPresent: true,
      resetsAt: Date.UTC(2026, 10, 19),
    });
    expect(facts[3]).toMatchObject({ share: 1 });
  });

  it('name the window if a late amount belongs to a window that has ended', async () => {
    await apply(rule({ limit: 100_000, alertAt: [0.8], per: 'app' }));
    await admitHold(store, newHold('a', { credits: 70_000, app: 'web' }));
    const nextDay = { at: NOON + 86_400_000 };
    const facts = await close(store, 'a', { kind: 'done', credits: 90_000, raw: null }, nextDay);
    expect(facts.at(-1)).toMatchObject({
      share: 0.8,
      windowKey: '2026-11-18',
      isPresent: false,
      resetsAt: null,
      per: 'app',
      perValue: 'web',
    });
  });

  it('follow the limit in effect', async () => {
    await apply(rule({ limit: 100_000, alertAt: [0.8] }));
    const until = NOON + 3_600_000;
    await store.run(raiseBudget, {
      name: 'daily',
      byCredits: 100_000,
      until,
      reason: 'sale',
      actor: 'ann',
      at: NOON,
    });
    expect(shares(await admitHold(store, newHold('a', { credits: 90_000 })))).toEqual([]);
    expect(shares(await admitHold(store, newHold('b', { at: until, credits: 0 })))).toEqual([0.8]);
  });
});

describe('a create without a price of its own', () => {
  const facts = (result: AdmitResult) => (result.kind === 'admitted' ? result.facts : []);

  it('is a fact once for each route and model, for any number of creates', async () => {
    const unknown = { route: 'unknown', operation: 'unknown', model: null, basis: 'unknown' } as const;
    const path = '/v2/videos/0123456789abcdef/remix';
    const [first] = facts(await admitHold(store, newHold('a', { ...unknown, path, credits: 450_000 })));
    expect(first).toMatchObject({
      kind: 'create_unpriced',
      route: '/v2/videos/*/remix',
      model: null,
      heldCredits: 450_000,
      isUnknown: true,
      at: NOON,
    });
    await admitHold(store, newHold('b', { ...unknown, path: '/v2/videos/fedcba9876543210/remix' }));
    await admitHold(store, newHold('c', { ...unknown, path: '/v2/videos/0123456789abcdef/upscale' }));
    await admitHold(store, newHold('d', { basis: 'assumed', model: 'other' }));
    await admitHold(store, newHold('e', { basis: 'assumed', model: 'other' }));
    await admitHold(store, newHold('f', { basis: 'assumed', model: 'kling-v4' }));
    await admitHold(store, newHold('g', { basis: 'exact', model: 'other' }));
    const kept = store.db.prepare("SELECT fact FROM outbox WHERE kind = 'create_unpriced' ORDER BY id").all();
    const heard = (kept as { fact: string }[]).map(({ fact }) => JSON.parse(fact) as { holdId: string });
    expect(heard.map(({ holdId }) => holdId)).toEqual(['a', 'c', 'd']);
  });
});

describe('a raise', () => {
  it('lets more through until its time, adds up, and is audited', async () => {
    await apply(rule({ limit: 10_000 }));
    const until = NOON + 60_000;
    const raise = (byCredits: number) =>
      store.run(raiseBudget, { name: 'daily', byCredits, until, reason: 'launch', actor: 'ann', at: NOON });
    expect(await raise(5000)).toEqual({ limitCredits: 15_000, until });
    expect(await raise(5000)).toEqual({ limitCredits: 20_000, until });
    expect((await admitHold(store, newHold('a', { credits: 20_000, at: until - 1 }))).kind).toBe('admitted');
    await close(store, 'a', { kind: 'refused', evidence: 'no' });
    expect(refusalOf(await admitHold(store, newHold('b', { credits: 10_001, at: until }))).limitCredits).toBe(
      10_000,
    );
    const { audit } = await store.run(listAudit, { limit: 10, cursor: null });
    expect(audit.filter((one) => one.action === 'budget.raise')).toHaveLength(2);
    expect(audit[0]).toMatchObject({ actor: 'ann', subject: 'daily', reason: 'launch' });
  });

  it('is refused for a budget that is not in force, an amount of nothing, or a time gone by', async () => {
    await apply(rule());
    const args = { name: 'daily', byCredits: 1, until: NOON + 1, reason: 'r', actor: 'a', at: NOON };
    await expect(store.run(raiseBudget, { ...args, name: 'dayly' })).rejects.toMatchObject({
      code: 'not_found',
    });
    await expect(store.run(raiseBudget, { ...args, byCredits: 0 })).rejects.toMatchObject({
      code: 'bad_usage',
    });
    await expect(store.run(raiseBudget, { ...args, until: NOON })).rejects.toMatchObject({
      code: 'bad_usage',
    });
    expect(row(store, 'SELECT COUNT(*) AS n FROM budget_raises')).toEqual({ n: 0 });
  });
});

describe('a freeze', () => {
  it('refuses every create until it is lifted, in observe mode too, and is audited', async () => {
    const args = { reason: 'runaway loop', actor: 'ann', at: NOON };
    const { facts } = await store.run(freeze, args);
    expect(facts).toEqual([{ kind: 'spending_frozen', ...args }]);
    expect((await store.run(freeze, { ...args, reason: 'still', at: NOON + 1 })).facts).toEqual([]);
    expect(await admitHold(store, newHold('a'))).toEqual({
      kind: 'refused',
      refusal: { word: 'spending_frozen', reason: 'still', since: NOON, actor: 'ann' },
    });
    expect(await admitHold(store, newHold('b'), { enforce: false })).toMatchObject({
      kind: 'refused',
      refusal: { word: 'spending_frozen' },
    });
    expect(await store.run(freezeState, {})).toMatchObject({ reason: 'still', since: NOON });
    const lifted = { reason: 'fixed', actor: 'ann', at: NOON + 2 };
    expect(await store.run(unfreeze, lifted)).toMatchObject({ wasFrozen: true });
    expect(await store.run(unfreeze, lifted)).toEqual({ wasFrozen: false, facts: [] });
    expect(await store.run(freezeState, {})).toBeNull();
    expect((await admitHold(store, newHold('c'))).kind).toBe('admitted');
    const { audit } = await store.run(listAudit, { limit: 10, cursor: null });
    expect(audit.map((one) => one.action)).toEqual([
      'spending.unfreeze',
      'spending.freeze',
      'spending.freeze',
    ]);
  });
});

describe('the steps of a create', () => {
  it('takes few statements', async () => {
    await apply(rule());
    await admitHold(store, newHold('warm'));
    const before = store.statements();
    await admitHold(store, newHold('a'));
    expect(store.statements() - before).toBeLessThanOrEqual(4);
  });
});
