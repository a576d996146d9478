/** The list of holds with its filters, compared with a filter over all of them. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listHolds, type HoldFilter, type HoldListItem, type HoldPage } from '../../src/budget/hold-list.ts';
import { listUsage } from '../../src/ledger/usage.ts';
import { LOOKED_MAX } from '../../src/store/bounded-list.ts';
import { admitHold, close, newHold, NOON, sighting } from '../ledger/making.ts';
import { createMemoryStore, type MemoryStore } from '../ledger/memory-store.ts';

const HOUR = 3_600_000;
const MODELS = ['kling-v1', null] as const;

let store: MemoryStore;
beforeEach(async () => {
  store = createMemoryStore();
  await fill();
});
afterEach(() => store.close());

/** Makes holds of every kind. Dates never go back, and ids come in another order. */
async function fill(): Promise<void> {
  for (let place = 0; place < 48; place += 1) {
    const id = `hold_${String((place * 31) % 48).padStart(2, '0')}`;
    const at = NOON + place * HOUR;
    await admitHold(
      store,
      newHold(id, {
        at,
        app: ['web', 'ads'][place % 2] ?? '',
        tag: [null, 'x', 'y'][place % 3] ?? null,
        model: MODELS[place % 2] ?? null,
        mode: place % 5 === 0 ? null : 'std',
        operation: place % 7 === 0 ? 'image' : 'text-to-video',
      }),
      { enforce: false },
    );
    const kind = place % 6;
    if (kind === 0) await close(store, id, { kind: 'refused', evidence: 'no' }, { at });
    const deduction = kind === 4 ? { credits: 9_000, raw: '0.9' } : null;
    const state = (['submitted', 'failed', 'succeeded', 'processing'] as const)[kind - 2];
    if (state !== undefined)
      await close(store, id, { kind: 'task', sighting: sighting(`t${id}`, { state, deduction }) }, { at });
    if (kind === 1) await close(store, id, { kind: 'unknown', evidence: 'reset' }, { at });
  }
}

/** Follows the cursors of a list to its end. */
async function all(filter: HoldFilter, limit: number): Promise<HoldListItem[]> {
  const holds: HoldListItem[] = [];
  let cursor: string | null = null;
  do {
    const page: HoldPage = await store.run(listHolds, { ...filter, limit, cursor });
    holds.push(...page.holds);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return holds;
}

const matches = (hold: HoldListItem, filter: HoldFilter): boolean =>
  (filter.from === undefined || hold.createdAt >= filter.from) &&
  (filter.to === undefined || hold.createdAt < filter.to) &&
  (['state', 'inDoubt', 'app', 'tag', 'operation', 'model', 'mode'] as const).every(
    (key) => filter[key] === undefined || filter[key] === hold[key],
  ) &&
  (filter.ids?.includes(hold.id) ?? true) &&
  (filter.spent !== true || hold.settledCredits > 0) &&
  (filter.ended !== true || hold.endedAt !== null);

describe('the list of holds', () => {
  it('gives each hold that its filters match once, newest first, page by page', async () => {
    const everyHold = await all({}, 1000);
    expect(everyHold).toHaveLength(48);
    const states = new Set(everyHold.map(({ state, inDoubt }) => `${state} ${inDoubt}`));
    expect(states).toEqual(new Set(['held false', 'held true', 'released false', 'settled false']));
    const anyFilter: fc.Arbitrary<HoldFilter> = fc.record(
      {
        from: fc.integer({ min: NOON, max: NOON + 40 * HOUR }),
        to: fc.integer({ min: NOON, max: NOON + 60 * HOUR }),
        state: fc.constantFrom('held' as const, 'settled' as const, 'released' as const),
        inDoubt: fc.boolean(),
        app: fc.constantFrom('web', 'none'),
        tag: fc.constantFrom('x', null),
        operation: fc.constantFrom('image', 'text-to-video'),
        model: fc.constantFrom(...MODELS),
        mode: fc.constantFrom('std', null),
        spent: fc.constant(true),
        ended: fc.constant(true),
        ids: fc
          .subarray(everyHold.map(({ id }) => id))
          // With so many that are not in the store that they are asked for in several pieces.
          .map((ids) => [...ids, ...Array.from({ length: 700 }, (_, n) => `hold_0${n}`)]),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(anyFilter, fc.constantFrom(1, 7, 100), async (filter, limit) => {
        const ids = (await all(filter, limit)).map(({ id }) => id);
        const wanted = everyHold.filter((hold) => matches(hold, filter)).map(({ id }) => id);
        expect(new Set(ids)).toEqual(new Set(wanted));
        expect(ids).toHaveLength(wanted.length);
        const counted = await store.run(listHolds, { ...filter, limit: 1, cursor: null, total: true });
        expect([counted.total, counted.totalIsBounded]).toEqual([wanted.length, undefined]);
        // Open and named holds come in the order of their ids, all others in that of their dates.
        const isOpenList = filter.state === 'held' || filter.inDoubt === true || filter.ids !== undefined;
        if (!isOpenList) expect(ids).toEqual(wanted);
      }),
      { numRuns: 200 },
    );
  });

  it('counts as usage does', async () => {
    const { rows } = await store.run(listUsage, { limit: 1000, cursor: null });
    const counted = await all({ counted: true }, 10);
    expect(counted.map(({ id }) => id)).toEqual(rows.map(({ holdId }) => holdId));
    expect(counted.length).toBeLessThan(48);
  });

  it('looks at a bounded number of holds for a rare match, and says back to when', async () => {
    const before = NOON - 400 * HOUR;
    const insert = store.db.prepare(
      `INSERT INTO creates (id, request_id, at, app, path, route, operation, product, credits, basis, weight, counters,
         state, settled_credits, ended_at, end_credits, end_basis)
       VALUES (?, 'r', ?, ?, '/x', '/x', 'unknown', 'video', 1, 'exact', 1, '', 'settled', 1, 1, 1, 'reported')`,
    );
    store.db.transaction(() => {
      for (let place = 0; place < LOOKED_MAX + 100; place += 1)
        insert.run(`hold_a${String(place).padStart(6, '0')}`, before + place, place === 5 ? 'rare' : 'many');
    })();
    const first = await store.run(listHolds, { app: 'rare', limit: 10, cursor: null });
    expect(first.holds).toEqual([]);
    expect(first.searched).toEqual({ rows: LOOKED_MAX, backTo: before + 148 });
    const second = await store.run(listHolds, { app: 'rare', limit: 10, cursor: first.nextCursor });
    expect([second.holds.map(({ id }) => id), second.nextCursor, second.searched]).toEqual([
      ['hold_a000005'],
      null,
      null,
    ]);
  });

  it('finds open holds and those in doubt by their index, without a look at the others', () => {
    const plan = (condition: string): string =>
      store.db
        .prepare<[], { detail: string }>(
          `EXPLAIN QUERY PLAN SELECT id FROM creates JOIN hold_places ON hold_id = id WHERE ${condition} ORDER BY id DESC LIMIT 5`,
        )
        .all()
        .map(({ detail }) => detail)
        .join('; ');
    expect(plan("state = 'held'")).toContain('creates_open');
    expect(plan("state = 'held' AND in_doubt = 1")).toMatch(/creates_open|creates_in_doubt/);
    expect(plan("state = 'settled'")).not.toContain('creates_open');
  });
});
