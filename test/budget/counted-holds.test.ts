/** Every budget's sums are those of the holds that its counter lists, over random budgets, creates and adopted tasks. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { BudgetRule } from '../../src/budget/budget-rule.ts';
import { applyBudgets, listBudgets } from '../../src/budget/budget-table.ts';
import { listHolds } from '../../src/budget/hold-list.ts';
import { adoptTasks, type AdoptedTask } from '../../src/ledger/adopt-tasks.ts';
import { admitHold, close, newHold, NOON, rule, sighting } from '../ledger/making.ts';
import { createMemoryStore, type MemoryStore } from '../ledger/memory-store.ts';

const HOUR = 3_600_000;
const MIDNIGHT = NOON - 12 * HOUR;
/** Names that differ in their letters' case alone. */
const APPS = ['web', 'Web', 'ads'] as const;

const anyRule = (name: string): fc.Arbitrary<BudgetRule> =>
  fc
    .record({
      window: fc.constantFrom('hour' as const, 'day' as const, 'month' as const, 'total' as const),
      app: fc.constantFrom(undefined, ...APPS),
      per: fc.constantFrom(null, 'app' as const, 'tag' as const),
    })
    .map(({ window, app, per }) =>
      rule({ name, window, per, mode: 'shadow', limit: 1_000_000, match: app === undefined ? {} : { app } }),
    );

const anyCreate = fc.record({
  app: fc.constantFrom(...APPS),
  tag: fc.constantFrom(null, 'x', 'X', 'a b'),
  credits: fc.integer({ min: 1, max: 9 }),
  state: fc.constantFrom('open', 'settled', 'refused', 'doubt'),
});

/** Shortly before a window begins, and in it. */
const anyTask = fc.record({
  at: fc.constantFrom(
    NOON - HOUR,
    MIDNIGHT - 300_000,
    MIDNIGHT - 300_001,
    MIDNIGHT,
    NOON - 1,
    NOON - 300_000,
  ),
  state: fc.constantFrom('processing' as const, 'succeeded' as const),
  credits: fc.integer({ min: 1, max: 9 }),
});

const history = fc.record({
  rules: fc.tuple(anyRule('a'), anyRule('b'), anyRule('c')),
  creates: fc.array(anyCreate, { maxLength: 8 }),
  tasks: fc.array(anyTask, { maxLength: 6 }),
  /** Budgets that come later count what was before. */
  isLate: fc.boolean(),
});

type History = typeof history extends fc.Arbitrary<infer One> ? One : never;

async function fill(store: MemoryStore, { rules, creates, tasks, isLate }: History): Promise<void> {
  if (!isLate) await store.run(applyBudgets, { rules, at: NOON });
  const adopted = tasks.map((task, at): AdoptedTask => ({
    taskId: `adopted-${at}`,
    externalTaskId: null,
    product: 'video',
    operation: 'unknown',
    path: null,
    route: null,
    updatedAt: null,
    note: null,
    ...task,
  }));
  await store.run(adoptTasks, { tasks: adopted, upstream: { host: 'h', account: 'k' }, at: NOON });
  for (const [place, { state, ...create }] of creates.entries()) {
    const id = `hold_${place}`;
    await admitHold(store, newHold(id, { at: NOON, ...create }), { enforce: false });
    if (state === 'refused') await close(store, id, { kind: 'refused', evidence: 'no' }, { at: NOON });
    if (state === 'doubt') await close(store, id, { kind: 'unknown', evidence: 'reset' }, { at: NOON });
    if (state !== 'settled') continue;
    const ended = sighting(`t${place}`, { state: 'succeeded', deduction: { credits: 3, raw: '0.003' } });
    await close(store, id, { kind: 'task', sighting: ended }, { at: NOON });
  }
  if (isLate) await store.run(applyBudgets, { rules, at: NOON });
}

it('lists for each counter the holds that make its sums', async () => {
  let rows = 0;
  await fc.assert(
    fc.asyncProperty(history, async (made) => {
      const store = createMemoryStore();
      try {
        await fill(store, made);
        const { budgets } = await store.run(listBudgets, { at: NOON });
        for (const {
          counterId,
          startsAt,
          resetsAt,
          settledCredits,
          heldCredits,
          inDoubtCredits,
        } of budgets) {
          const span = resetsAt === null ? {} : { from: startsAt - 300_000, to: resetsAt };
          const { holds } = await store.run(listHolds, {
            counter: counterId,
            ...span,
            limit: 100,
            cursor: null,
          });
          const held = holds.filter(({ state }) => state === 'held');
          const sum = (of: typeof held): number => of.reduce((all, { credits }) => all + credits, 0);
          expect([counterId, holds.reduce((all, hold) => all + hold.settledCredits, 0), sum(held)]).toEqual([
            counterId,
            settledCredits,
            heldCredits,
          ]);
          expect(sum(held.filter(({ inDoubt }) => inDoubt))).toBe(inDoubtCredits);
          rows += holds.length;
        }
      } finally {
        store.close();
      }
    }),
    { numRuns: 40 },
  );
  expect(rows).toBeGreaterThan(100);
});
