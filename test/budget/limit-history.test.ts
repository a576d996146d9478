/** What the limits of budgets were when, by the changes of the config and the raises. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyBudgets, listBudgets, raiseBudget } from '../../src/budget/budget-table.ts';
import { limitHistory } from '../../src/budget/limit-history.ts';
import type { Ms } from '../../src/units.ts';
import { NOON, rule } from '../ledger/making.ts';
import { createMemoryStore, type MemoryStore } from '../ledger/memory-store.ts';

const HOUR = 3_600_000;
const ENDLESS = NOON + 1_000 * HOUR;

let store: MemoryStore;
beforeEach(() => (store = createMemoryStore()));
afterEach(() => store.close());

const apply = (limit: number, at: Ms, over = {}) =>
  store.run(applyBudgets, { rules: [rule({ limit, ...over })], at });
const raise = (byCredits: number, at: Ms, until: Ms) =>
  store.run(raiseBudget, { name: 'daily', byCredits, until, at, reason: 'more', actor: 'ann' });
const history = async (from = 0, to = ENDLESS) => (await store.run(limitHistory, { from, to })).budgets;

describe('the limits over a past time', () => {
  it('follow the config and the raises, from the time at which the budget was added', async () => {
    await apply(100_500, NOON);
    await raise(20_000, NOON + HOUR, NOON + 3 * HOUR);
    await apply(80_000, NOON + 2 * HOUR);
    const [budget] = await history();
    expect(budget).toMatchObject({ name: 'daily', addedAt: NOON });
    const limits = [
      [NOON, 100_500],
      [NOON + HOUR, 120_500],
      [NOON + 2 * HOUR, 100_000],
      [NOON + 3 * HOUR, 80_000],
    ];
    expect(budget?.limits.map(({ from, limitCredits }) => [from, limitCredits])).toEqual(limits);
    expect(budget?.limits.map(({ to }) => to)).toEqual([...limits.slice(1).map(([from]) => from), ENDLESS]);
    const [part] = await history(NOON + HOUR + 1, NOON + 2 * HOUR + 1);
    expect(part?.limits).toEqual([
      { from: NOON + HOUR + 1, to: NOON + 2 * HOUR, limitCredits: 120_500 },
      { from: NOON + 2 * HOUR, to: NOON + 2 * HOUR + 1, limitCredits: 100_000 },
    ]);
    expect((await history(0, NOON))[0]?.limits).toEqual([]);
  });

  it('say nothing of a budget of the same name that counted other windows', async () => {
    await apply(100_000, NOON, { window: 'hour' });
    await apply(50_000, NOON + HOUR);
    expect((await history())[0]).toMatchObject({ addedAt: NOON + HOUR, limits: [{ limitCredits: 50_000 }] });
  });

  it('begin with the budget where the audit says nothing of it', async () => {
    await apply(30_000, NOON);
    store.db.exec('DELETE FROM audit');
    expect((await history())[0]).toMatchObject({ addedAt: NOON, limits: [{ limitCredits: 30_000 }] });
  });

  it('are at each time those that the budget had then', async () => {
    const step = fc.record({
      kind: fc.constantFrom('limit', 'raise'),
      credits: fc.integer({ min: 1, max: 50 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
        const own = createMemoryStore();
        try {
          await own.run(applyBudgets, { rules: [rule({ limit: 7_000 })], at: NOON });
          const seen: [at: Ms, limit: number | undefined][] = [];
          for (const [place, { kind, credits }] of steps.entries()) {
            const at = NOON + (place + 1) * HOUR;
            const byCredits = credits * 1_000;
            if (kind === 'limit') await own.run(applyBudgets, { rules: [rule({ limit: byCredits })], at });
            else {
              const until = at + credits * HOUR;
              await own.run(raiseBudget, { name: 'daily', byCredits, until, at, reason: 'r', actor: 'a' });
            }
            const { budgets } = await own.run(listBudgets, { at, isPast: true });
            seen.push([at, budgets[0]?.limitCredits]);
          }
          const [budget] = (await own.run(limitHistory, { from: NOON, to: ENDLESS })).budgets;
          for (const [at, limit] of seen)
            expect(budget?.limits.find(({ from, to }) => from <= at && at < to)?.limitCredits).toBe(limit);
        } finally {
          own.close();
        }
      }),
      { numRuns: 30 },
    );
  });
});
