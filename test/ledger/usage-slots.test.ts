/** Sums of usage by slots, compared with what every create says by itself. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyBudgets } from '../../src/budget/budget-table.ts';
import { observeTasks } from '../../src/ledger/observe.ts';
import { resolveHold } from '../../src/ledger/resolve.ts';
import { listUsage } from '../../src/ledger/usage.ts';
import { SLOT_MS, sumUsageSlots } from '../../src/ledger/usage-slots.ts';
import { sumUsage, type UsageKey } from '../../src/ledger/usage-sums.ts';
import { offsetMs } from '../../src/zone.ts';
import { admitHold, close, newHold, NOON, rule, sighting } from './making.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';

const HOUR = 3_600_000;
const ORDER = { reason: 'a test', actor: 'test' };

type Step =
  | { do: 'create'; hoursAgo: number; app: string; tag: string | null; credits: number }
  | { do: 'settle' | 'settle again'; which: number; credits: number }
  | { do: 'refuse' | 'release'; which: number }
  | { do: 'sum'; hours: number; rowsMax: number };

const which = fc.nat(30);
const credits = fc.integer({ min: 0, max: 50_000 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('create' as const),
      hoursAgo: fc.double({ min: 0, max: 60, noNaN: true }),
      app: fc.constantFrom('web', 'ads'),
      tag: fc.constantFrom(null, 'x'),
      credits,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('settle' as const, 'settle again' as const), which, credits }),
  },
  fc.record({ do: fc.constantFrom('refuse' as const, 'release' as const), which }),
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('sum' as const),
      hours: fc.constantFrom(0, 1, 30),
      rowsMax: fc.constantFrom(1, 3, 1000),
    }),
  },
);

/** Does a step; what cannot be done to a create in its state is left out. */
async function take(
  store: MemoryStore,
  each: Step,
  { ids, at }: { ids: string[]; at: number },
): Promise<void> {
  if (each.do === 'sum') {
    for (let pieces = 0; pieces < 500; pieces += 1) {
      const { more } = await store.run(sumUsageSlots, { now: at, rowsMax: each.rowsMax });
      if (!more) return;
    }
    throw new Error('the sums have no end');
  }
  if (each.do === 'create') {
    const holdId = `h${String(ids.length).padStart(3, '0')}`;
    ids.push(holdId);
    const { app, tag } = each;
    const made = Math.trunc(at - each.hoursAgo * HOUR);
    await admitHold(store, newHold(holdId, { app, tag, credits: each.credits, at: made }));
    return;
  }
  const id = ids[each.which % Math.max(1, ids.length)];
  if (id === undefined) return;
  const isOpen = store.db.prepare('SELECT closed_at IS NULL FROM creates WHERE id = ?').pluck().get(id) === 1;
  if (each.do === 'refuse' && isOpen) await close(store, id, { kind: 'refused', evidence: 'no' }, { at });
  if (each.do === 'release') {
    await store.run(resolveHold, { holdId: id, action: 'release', ...ORDER, at }).catch(() => undefined);
  }
  if (each.do !== 'settle' && each.do !== 'settle again') return;
  if (isOpen) await close(store, id, { kind: 'task', sighting: sighting(`t${id}`) }, { at });
  const deduction = { credits: each.credits, raw: String(each.credits) };
  const sightings = [sighting(`t${id}`, { state: 'succeeded', deduction })];
  await store.run(observeTasks, { sightings, source: 'poll', at });
}

interface Sum {
  tasks: number;
  credits: number;
  heldCredits: number;
  estimatedCredits: number;
}

/** Sums what the list of usage says. */
async function summedByHand(
  store: MemoryStore,
  range: { from?: number; to?: number; app?: string },
  keyOf: (row: { at: number; app: string; tag: string | null }) => unknown[],
): Promise<Map<string, Sum>> {
  const { rows } = await store.run(listUsage, { limit: 1000, cursor: null, ...range });
  const sums = new Map<string, Sum>();
  for (const row of rows) {
    const key = JSON.stringify(keyOf(row));
    const sum = sums.get(key) ?? { tasks: 0, credits: 0, heldCredits: 0, estimatedCredits: 0 };
    sums.set(key, sum);
    sum.tasks += 1;
    if (row.settled) {
      sum.credits += row.credits;
      sum.estimatedCredits += row.estimatedCredits;
    } else sum.heldCredits += row.credits;
  }
  return sums;
}

describe('sums of usage', () => {
  it('are those of the creates, in every order of summing, settling and adjusting, in every zone and span', async () => {
    let summed = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 5, maxLength: 40 }),
        fc.constantFrom('UTC', 'Asia/Shanghai', 'Asia/Kathmandu', 'America/St_Johns'),
        fc.constantFrom<UsageKey[]>(['app'], ['day'], ['day', 'app'], ['tag', 'month'], ['model']),
        fc.record(
          {
            from: fc.integer({ min: NOON - 50 * HOUR, max: NOON }),
            to: fc.integer({ min: NOON - 50 * HOUR, max: NOON + 50 * HOUR }),
            app: fc.constant('web'),
          },
          { requiredKeys: [] },
        ),
        async (steps, timeZone, by, range) => {
          const store = createMemoryStore();
          await store.run(applyBudgets, { rules: [rule({ limit: 1e9 })], at: NOON });
          const ids: string[] = [];
          let at = NOON;
          for (const each of steps) {
            if (each.do === 'sum') at += each.hours * HOUR;
            await take(store, each, { ids, at });
            const { rows } = await store.run(sumUsage, { by, timeZone, ...range });
            const byHand = await summedByHand(store, range, (row) => {
              const day = new Date(row.at + offsetMs(timeZone, row.at)).toISOString();
              const values = { ...row, day: day.slice(0, 10), month: day.slice(0, 7), model: 'kling-v1' };
              return by.map((key) => values[key as 'day']);
            });
            const found = new Map(
              rows.map(({ tasks, credits: settled, heldCredits, estimatedCredits, ...keys }) => [
                JSON.stringify(by.map((key) => keys[key] ?? null)),
                { tasks, credits: settled, heldCredits, estimatedCredits },
              ]),
            );
            expect(Object.fromEntries(found)).toEqual(Object.fromEntries(byHand));
          }
          summed += Number(store.db.prepare('SELECT COUNT(*) FROM usage_slots').pluck().get());
          store.close();
        },
      ),
      { numRuns: 60 },
    );
    expect(summed).toBeGreaterThan(50);
  });

  it('read no create of a slot that is summed, but those of one that changed or got a create since', async () => {
    const store = createMemoryStore();
    await store.run(applyBudgets, { rules: [rule({ limit: 1e9 })], at: NOON });
    for (const [place, id] of ['a', 'b'].entries()) {
      await admitHold(store, newHold(id, { at: NOON + place * SLOT_MS }));
      await close(store, id, { kind: 'task', sighting: sighting(`t${id}`) });
    }
    const now = NOON + 24 * HOUR;
    const sumAll = async (): Promise<void> => {
      while ((await store.run(sumUsageSlots, { now, rowsMax: 1 })).more);
    };
    await sumAll();
    const tasks = async (): Promise<number | undefined> =>
      (await store.run(sumUsage, { by: ['app'], timeZone: 'UTC' })).rows[0]?.tasks;
    // Sums that are wrong show which of them are read: here one of eight hours, of two quarters.
    store.db.exec('UPDATE usage_slots SET tasks = tasks + 100');
    expect(await tasks()).toBe(102);
    const deduction = { credits: 500, raw: '0.05' };
    const sightings = [sighting('ta', { state: 'succeeded', deduction })];
    await store.run(observeTasks, { sightings, source: 'poll', at: now });
    expect(await tasks()).toBe(2);
    // The quarter that changed is summed of its creates, the hour of its quarters, the eight hours of their hours.
    await sumAll();
    expect(await tasks()).toBe(102);
    // One that is added late, as a create that is adopted.
    await admitHold(store, newHold('late', { at: NOON + SLOT_MS + 1 }));
    expect(await tasks()).toBe(3);
    store.close();
  });
});
