import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { countPiece } from '../../src/budget/backfill.ts';
import { applyBudgets, listBudgets } from '../../src/budget/budget-table.ts';
import { verifyLedger } from '../../src/ledger/verify.ts';
import { admitHold, close, counters, newHold, NOON, rule } from '../ledger/making.ts';
import { createMemoryStore, type MemoryStore } from '../ledger/memory-store.ts';

const OLD = rule({ name: 'old', limit: 10_000_000 });
const ADDED = [
  rule({ name: 'shop', limit: 10_000_000, match: { app: 'shop' } }),
  rule({ name: 'each', limit: 10_000_000, window: 'total', per: 'app' }),
];

const open: MemoryStore[] = [];
const openStore = (): MemoryStore => {
  const store = createMemoryStore();
  open.push(store);
  return store;
};
afterEach(() => {
  for (const store of open.splice(0)) store.close();
});

const apply = (store: MemoryStore, rules = [OLD, ...ADDED], countedAtOnce = 1) =>
  store.run(applyBudgets, { rules, at: NOON, countedAtOnce });
const piece = (store: MemoryStore, rowsMax = 1) => store.run(countPiece, { rowsMax });
const countAll = async (store: MemoryStore): Promise<void> => {
  while ((await piece(store, 3)).more);
};
const pending = async (store: MemoryStore): Promise<string[]> =>
  (await store.run(listBudgets, { at: NOON })).budgets
    .filter(({ isPending }) => isPending)
    .map(({ name }) => name);

/** What holds and settlements alone say that a budget of an app should have counted. */
function sumOf(store: MemoryStore, app: string): [settled: number, held: number] | undefined {
  const row = store.db
    .prepare<[string], { n: number; settled: number; held: number }>(
      `SELECT COUNT(*) AS n, SUM(settled_credits) AS settled, SUM(CASE state WHEN 'held' THEN credits ELSE 0 END) AS held
       FROM creates WHERE app = ?`,
    )
    .get(app);
  return row && row.n > 0 ? [row.settled, row.held] : undefined;
}

const anyStep = fc.oneof(
  fc.record({
    kind: fc.constant('admit' as const),
    app: fc.constantFrom('shop', 'blog'),
    credits: fc.integer({ min: 0, max: 9 }),
  }),
  fc.record({
    kind: fc.constant('settle' as const),
    hold: fc.nat(30),
    credits: fc.integer({ min: 0, max: 20 }),
  }),
  fc.record({ kind: fc.constant('release' as const), hold: fc.nat(30) }),
  fc.record({ kind: fc.constant('piece' as const), rows: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ kind: fc.constant('retire' as const) }),
  fc.record({ kind: fc.constant('add' as const) }),
);
type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never;

async function take(store: MemoryStore, step: Step, ids: string[]): Promise<void> {
  const held = 'hold' in step ? ids[step.hold % Math.max(1, ids.length)] : undefined;
  switch (step.kind) {
    case 'admit': {
      const id = `h${String(ids.length).padStart(4, '0')}`;
      // Several holds of one instant, as a busy batch makes them.
      await admitHold(
        store,
        newHold(id, { at: NOON + Math.floor(ids.length / 3), app: step.app, credits: step.credits }),
      );
      ids.push(id);
      return;
    }
    case 'settle':
      if (held) await close(store, held, { kind: 'done', credits: step.credits, raw: null });
      return;
    case 'release':
      if (held) await close(store, held, { kind: 'refused', evidence: 'no' });
      return;
    case 'piece':
      await piece(store, step.rows);
      return;
    case 'retire':
      await apply(store, [OLD]);
      return;
    case 'add':
      await apply(store);
  }
}

describe('a budget that is added', () => {
  it('counts every hold once, with any creates and settlements between the pieces', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 60 }), async (steps) => {
        const store = openStore();
        await apply(store, [OLD]);
        const ids: string[] = [];
        for (const step of steps) {
          await take(store, step, ids);
          expect((await store.run(verifyLedger, {})).ok).toBe(true);
        }
        await apply(store);
        await countAll(store);
        expect(await pending(store)).toEqual([]);
        const counted = counters(store);
        expect(counted['shop 2026-11-18']).toEqual(sumOf(store, 'shop'));
        for (const app of ['shop', 'blog']) expect(counted[`each total ${app}`]).toEqual(sumOf(store, app));
      }),
      { numRuns: 150 },
    );
  });

  it('is pending until all is counted, and binds by what it has counted', async () => {
    const store = openStore();
    await apply(store, [OLD]);
    for (const id of ['a', 'b', 'c']) await admitHold(store, newHold(id, { credits: 10 }));
    const tight = rule({ name: 'tight', limit: 35 });
    expect(await apply(store, [OLD, tight])).toMatchObject({ added: ['tight'], isPending: true });
    expect(await pending(store)).toEqual(['tight']);
    expect(counters(store)['tight 2026-11-18']).toEqual([0, 10]);
    expect((await admitHold(store, newHold('d', { credits: 10 }))).kind).toBe('admitted');
    while ((await piece(store)).more);
    expect(await pending(store)).toEqual([]);
    expect(counters(store)['tight 2026-11-18']).toEqual([0, 40]);
    expect((await admitHold(store, newHold('e', { credits: 1 }))).kind).toBe('refused');
  });

  it('counts a short history at once', async () => {
    const store = openStore();
    await apply(store, [OLD]);
    await admitHold(store, newHold('a', { credits: 10 }));
    expect((await apply(store, [OLD, ...ADDED], 500)).isPending).toBe(false);
    expect(await piece(store)).toEqual({ more: false });
  });

  it('is counted no further once it is retired', async () => {
    const store = openStore();
    await apply(store, [OLD]);
    for (const id of ['a', 'b', 'c']) await admitHold(store, newHold(id, { credits: 10 }));
    await apply(store);
    expect((await apply(store, [OLD])).isPending).toBe(false);
    expect(await piece(store)).toEqual({ more: false });
  });
});
