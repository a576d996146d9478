import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Finding } from '../../../src/alerts/alert.ts';
import { openAlertKeys, takeFindings } from '../../../src/alerts/alert-table.ts';
import { budgetForecast } from '../../../src/alerts/rules/budget-forecast.ts';
import { budgetThreshold, budgetUsedUp } from '../../../src/alerts/rules/budget-reached.ts';
import type { BudgetRule } from '../../../src/budget/budget-rule.ts';
import { applyBudgets, raiseBudget } from '../../../src/budget/budget-table.ts';
import { storeModules } from '../../../src/app/store-operations.ts';
import { BudgetForecast } from '../../../src/telemetry/forecast.ts';
import { admitHold, close, newHold, NOON, rule } from '../../ledger/making.ts';
import { createMemoryStore, type MemoryStore } from '../../ledger/memory-store.ts';
import { settingsOf } from '../making.ts';
import { takeHeard } from './heard.ts';
import { findAt, lookAt } from './look-at.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MIDNIGHT = Date.UTC(2026, 10, 19);

let store: MemoryStore;
let holds = 0;
beforeEach(() => {
  store = createMemoryStore(storeModules);
  holds = 0;
});
afterEach(() => store.close());

const apply = (at: number, ...rules: Partial<BudgetRule>[]) =>
  store.run(applyBudgets, { rules: rules.map((one) => rule(one)), at });
const spend = (credits: number, at = NOON, over: Parameters<typeof newHold>[1] = {}) =>
  admitHold(store, newHold(`h${String((holds += 1)).padStart(4, '0')}`, { credits, at, ...over }));
const raise = (byCredits: number, at: number, until: number) =>
  store.run(raiseBudget, { name: 'daily', byCredits, until, reason: 'sale', actor: 'ann', at });
const words = (found: readonly Finding[]) =>
  found.map(({ rule: word, values, period }) => [
    word,
    values['share'],
    period?.split('/')[0]?.split('.')[1],
  ]);

/** Writes what the facts say into the engine's tables. */
async function takeAlerts(at: number): Promise<void> {
  const settings = settingsOf();
  const { found, over } = await takeHeard(store, settings);
  await store.run(takeFindings, { at, settings, findings: { complete: [], found, over } });
}

async function endedUsedUp(at: number): Promise<readonly unknown[]> {
  const open = (await store.run(openAlertKeys, undefined)).budget_used_up ?? [];
  return (await budgetUsedUp.ended?.(lookAt(store, at), open, settingsOf())) ?? [];
}

describe('a budget', () => {
  it('is reported at each share of alertAt that it reaches, not below, and at 100 %', async () => {
    await apply(NOON, { alertAt: [0.5, 0.8] });
    await spend(49_999);
    expect(await takeHeard(store)).toEqual({ found: [], over: [] });
    await spend(1);
    const { found } = await takeHeard(store);
    expect(found).toEqual([
      {
        rule: 'budget_threshold',
        labels: { budget: 'daily' },
        period: expect.stringMatching(/^daily~[0-9a-f]{16}\.2026-11-18\/0\.5$/),
        values: {
          counterId: expect.stringMatching(/^daily~/),
          share: 0.5,
          usedCredits: 50_000,
          limitCredits: 100_000,
          windowKey: '2026-11-18',
          resetsAt: MIDNIGHT,
          refuses: true,
        },
        since: NOON,
      },
    ]);
    await spend(49_999);
    expect(words((await takeHeard(store)).found)).toEqual([['budget_threshold', 0.8, '2026-11-18']]);
    await spend(1);
    expect(words((await takeHeard(store)).found)).toEqual([['budget_used_up', 1, '2026-11-18']]);
  });

  it('is reported once for each share and window, across reloads, other limits and raises', async () => {
    await apply(NOON, { alertAt: [0.5] });
    await spend(60_000);
    await apply(NOON, { alertAt: [0.5, 0.8], limit: 150_000 });
    await apply(NOON);
    await apply(NOON, { alertAt: [0.5], limit: 60_000 });
    await spend(0);
    await raise(60_000, NOON, NOON + HOUR);
    await spend(60_000);
    expect(words((await takeHeard(store)).found)).toEqual([
      ['budget_threshold', 0.5, '2026-11-18'],
      ['budget_used_up', 1, '2026-11-18'],
    ]);
    await spend(60_000, MIDNIGHT);
    // At once used up altogether: that alone is said.
    expect(words((await takeHeard(store)).found)).toEqual([['budget_used_up', 1, '2026-11-19']]);
  });

  it('begins an alert once for each share and window, at any spending, change and raise', async () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('spend'), amount: fc.nat(60_000) }) },
      fc.record({ kind: fc.constant('limit'), amount: fc.integer({ min: 1_000, max: 200_000 }) }),
      fc.record({ kind: fc.constant('raise'), amount: fc.integer({ min: 1, max: 50_000 }) }),
      fc.record({ kind: fc.constant('later'), amount: fc.nat(DAY) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        store.close();
        store = createMemoryStore(storeModules);
        await apply(NOON, { alertAt: [0.5, 0.8] });
        let at = NOON;
        const periods: string[] = [];
        for (const { kind, amount } of steps) {
          if (kind === 'later') at += amount;
          if (kind === 'spend') await spend(amount, at);
          if (kind === 'limit') await apply(at, { alertAt: [0.5, 0.8], limit: amount });
          if (kind === 'raise') await raise(amount, at, at + HOUR);
          const { found } = await takeHeard(store);
          periods.push(...found.map(({ rule: word, period }) => `${word} ${period}`));
        }
        expect(new Set(periods).size).toBe(periods.length);
      }),
      { numRuns: 30 },
    );
  });

  it('is reported by a look if no create made it true, under the same key as by a fact', async () => {
    await apply(NOON, { alertAt: [0.8] });
    await spend(79_999);
    expect(await findAt(store, budgetThreshold, NOON)).toEqual([]);
    await spend(1);
    const heard = (await takeHeard(store)).found;
    expect(await findAt(store, budgetThreshold, NOON)).toEqual(heard);
    expect(await findAt(store, budgetUsedUp, NOON)).toEqual([]);
    await apply(NOON, { alertAt: [0.8], limit: 80_000 });
    expect(await findAt(store, budgetUsedUp, NOON)).toMatchObject([
      { rule: 'budget_used_up', period: expect.stringMatching(/2026-11-18\/1$/), since: NOON },
    ]);
    expect(await findAt(store, budgetUsedUp, MIDNIGHT)).toEqual([]);
    expect((await takeHeard(store)).found).toEqual([]);
  });

  it('is reported for the app that reached it if there is one for each app', async () => {
    await apply(NOON, { alertAt: [0.8], per: 'app' });
    await spend(80_000, NOON, { app: 'web' });
    await spend(10_000, NOON, { app: 'batch' });
    expect((await takeHeard(store)).found.map(({ labels }) => labels)).toEqual([
      { budget: 'daily', app: 'web' },
    ]);
  });

  it('is not reported for a window that is over: nothing can be done any more', async () => {
    await apply(NOON, { alertAt: [0.8] });
    await spend(70_000);
    await close(store, 'h0001', { kind: 'done', credits: 100_000, raw: null }, { at: MIDNIGHT });
    expect((await takeHeard(store)).found).toEqual([]);
  });

  it('wakes nobody if it refuses nothing: a shadow budget, or the mode observe', async () => {
    await apply(NOON, { alertAt: [], mode: 'shadow' });
    await spend(100_000);
    const [shadow] = (await takeHeard(store)).found;
    expect(shadow).toMatchObject({ rule: 'budget_used_up', severity: 'ticket', values: { refuses: false } });
    await apply(NOON, { name: 'other', alertAt: [], match: { app: 'b' } });
    await spend(100_000, NOON, { app: 'b' });
    const [observed] = (await takeHeard(store, settingsOf({ mode: 'observe' }))).found;
    expect(observed).toMatchObject({ severity: 'ticket', values: { refuses: false } });
    await apply(NOON, { name: 'third', alertAt: [], match: { app: 'c' } });
    await spend(100_000, NOON, { app: 'c' });
    const [enforced] = (await takeHeard(store)).found;
    expect(enforced?.severity).toBeUndefined();
  });
});

describe('a used-up budget', () => {
  beforeEach(async () => {
    await apply(NOON, { alertAt: [] });
    await spend(100_000);
    await takeAlerts(NOON);
  });

  it('is over when its window ends', async () => {
    expect(await endedUsedUp(MIDNIGHT - 1)).toEqual([]);
    expect(await endedUsedUp(MIDNIGHT)).toMatchObject([
      { rule: 'budget_used_up', labels: { budget: 'daily' }, values: { why: 'window_ended' } },
    ]);
  });

  it('is over when its limit was raised above its use, by the config or by an operator', async () => {
    await close(store, 'h0001', { kind: 'done', credits: 120_000, raw: null });
    await apply(NOON, { alertAt: [], limit: 120_000 });
    expect(await endedUsedUp(NOON + MINUTE)).toEqual([]);
    await apply(NOON, { alertAt: [], limit: 120_001 });
    expect(await endedUsedUp(NOON + MINUTE)).toMatchObject([
      { values: { why: 'limit_raised', endUsedCredits: 120_000, endLimitCredits: 120_001 } },
    ]);
    await apply(NOON, { alertAt: [] });
    await raise(30_000, NOON, NOON + HOUR);
    expect(await endedUsedUp(NOON + MINUTE)).toMatchObject([{ values: { why: 'limit_raised' } }]);
  });

  it('is not over because a failed task gave credits back: the next create may take them', async () => {
    await close(store, 'h0001', { kind: 'refused', evidence: 'no' });
    expect(await endedUsedUp(NOON + MINUTE)).toEqual([]);
  });

  it('is over when the config names it no more', async () => {
    await apply(NOON);
    expect(await endedUsedUp(NOON + MINUTE)).toMatchObject([{ values: { why: 'removed' } }]);
  });
});

describe('the forecast', () => {
  /** Spends so much a minute from noon on, with a look each minute; gives what the last look found. */
  async function burn(perMinute: number, minutes: number): Promise<readonly Finding[] | null> {
    const forecast = new BudgetForecast();
    let found: readonly Finding[] | null = null;
    for (let minute = 0; minute <= minutes; minute += 1) {
      const at = NOON + minute * MINUTE;
      if (minute > 0) await spend(perMinute, at);
      found = await findAt(store, budgetForecast, at, { signals: { budgetForecast: forecast } });
    }
    return found;
  }

  it('fires if the rest lasts less than two hours, and not at two hours', async () => {
    await apply(NOON, { alertAt: [], limit: 13_500 });
    expect(await burn(100, 15)).toEqual([]);
    await apply(NOON, { alertAt: [], limit: 13_499 + 1_500 });
    expect(await burn(100, 15)).toMatchObject([
      {
        rule: 'budget_forecast',
        labels: { budget: 'daily' },
        period: null,
        values: { usedCredits: 3_000, leftMs: 119.99 * MINUTE, resetsAt: MIDNIGHT, thresholdHours: 2 },
      },
    ]);
  });

  it('does not fire if the window ends first, nor if the budget is used up already', async () => {
    await apply(NOON, { alertAt: [], limit: 2_500, window: 'hour' });
    expect(await burn(40, 20)).toEqual([]);
    await apply(NOON, { alertAt: [], limit: 800 });
    expect(await burn(40, 20)).toEqual([]);
  });

  it('does not know in the first 15 minutes of the process, so that a restart ends no alert', async () => {
    await apply(NOON, { alertAt: [], limit: 10_000 });
    expect(await burn(100, 14)).toBeNull();
    expect(await burn(100, 15)).toHaveLength(1);
  });

  it('ignores shadow budgets, and includes a budget of a new app after the same time of measurement', async () => {
    await apply(NOON, { alertAt: [], limit: 10_000, mode: 'shadow' });
    expect(await burn(100, 20)).toEqual([]);
    await apply(NOON, { alertAt: [], limit: 10_000, per: 'app' });
    const forecast = new BudgetForecast();
    const labels: string[] = [];
    for (let minute = 0; minute < 40; minute += 1) {
      const at = NOON + (minute + 30) * MINUTE;
      await spend(100, at, { app: 'web' });
      if (minute >= 10) await spend(150, at, { app: 'batch' });
      const found = await findAt(store, budgetForecast, at, { signals: { budgetForecast: forecast } });
      labels.push((found ?? []).map((one) => one.labels['app']).join());
    }
    expect(labels.indexOf('web')).toBe(15);
    expect(labels.indexOf('batch,web')).toBe(25);
  });
});
