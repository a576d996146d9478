import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BillingRow, Pack } from '../../src/account/account.ts';
import { recordPacks } from '../../src/account/account-table.ts';
import { noteLedgersAreRead } from '../../src/ledger/deduction-wait.ts';
import { observeTasks } from '../../src/ledger/observe.ts';
import {
  COMPARE_CREATES,
  compareCreates,
  type CompareCursor,
  type ComparedPage,
} from '../../src/reconcile/compare-creates.ts';
import { daysOf } from '../../src/reconcile/reconciliation.ts';
import { addTally, CLASSES, emptyTally, type Tally } from '../../src/reconcile/tally.ts';
import { admitHold, close, newHold, NOON, sighting } from '../ledger/making.ts';
import type { MemoryStore } from '../ledger/memory-store.ts';
import { compare, DAY, HOUR, openLedgers, readLedgers, units } from './ledgers.ts';

let store: MemoryStore;
beforeEach(() => (store = openLedgers()));
afterEach(() => store.close());

/** A create at an instant whose task has ended; null for a deduction that Kling did not name. */
async function ended(
  id: string,
  at: number,
  credits: number | null,
  state: 'succeeded' | 'failed' = 'succeeded',
) {
  await admitHold(store, newHold(id, { at }));
  await close(store, id, { kind: 'task', sighting: sighting(`t-${id}`) }, { at });
  const deduction = credits === null ? null : { credits, raw: `${credits / 10_000} video` };
  await store.run(observeTasks, {
    sightings: [sighting(`t-${id}`, { state, deduction })],
    source: 'poll',
    at: at + 60_000,
  });
}
async function speech(id: string, at: number, credits: number): Promise<void> {
  await admitHold(store, newHold(id, { at, operation: 'tts', route: '/v1/audio/tts', credits }));
  await close(store, id, { kind: 'done', credits, raw: null }, { at });
}
/** The tasks of each class that has some. */
const tasksOf = ({ classes }: Tally): Record<string, number> =>
  Object.fromEntries(
    CLASSES.filter((name) => classes[name].tasks > 0).map((name) => [name, classes[name].tasks]),
  );

describe('the comparison of two ledgers', () => {
  it('matches equal amounts, by the day of the create, and leaves out what cost nothing in both', async () => {
    await ended('a', NOON, 10_000);
    await ended('free', NOON, null, 'failed');
    await ended('late', NOON + 12 * HOUR - 1, 5_000);
    await readLedgers(store, NOON + 3 * DAY, [units('t-a', NOON, 1), units('t-late', NOON + 13 * HOUR, 0.5)]);
    const { days, totals } = await compare(store);
    expect(tasksOf(totals)).toEqual({ matched: 2 });
    expect(days.map(({ day, classes }) => [day, classes.matched.theirCredits])).toEqual([
      ['2026-11-16', 0],
      ['2026-11-17', 0],
      ['2026-11-18', 15_000],
      ['2026-11-19', 0],
      ['2026-11-20', 0],
      ['2026-11-21', 0],
    ]);
    expect(totals).toMatchObject({ units: { video: 1_500_000 }, cash: {}, driftCredits: 0, examples: [] });
  });

  it('finds what only we have, once Kling’s ledgers are complete for it', async () => {
    await ended('a', NOON, 10_000);
    await readLedgers(store, NOON + DAY);
    expect(tasksOf((await compare(store, { at: NOON + DAY })).totals)).toEqual({ pending: 1 });
    await readLedgers(store, NOON + DAY + HOUR);
    const { totals } = await compare(store);
    expect(tasksOf(totals)).toEqual({ oursOnly: 1 });
    expect(totals.driftCredits).toBe(10_000);
    expect(totals.examples).toMatchObject([
      {
        class: 'oursOnly',
        taskId: 't-a',
        holdId: 'a',
        app: 'default',
        ourCredits: 10_000,
        theirCredits: null,
      },
    ]);
  });

  it('finds what only Kling has, from the first hold or run on, and not in the last hour', async () => {
    await ended('a', NOON, 10_000);
    await readLedgers(store, NOON + 3 * DAY, [
      units('t-a', NOON, 1),
      units('before', NOON - 1, 1),
      units('foreign', NOON + DAY, 2),
      units('foreign', NOON + DAY, 1, { before: 5, product: 'image' }),
      units('young', NOON + 3 * DAY - HOUR, 4),
    ]);
    const { totals, since } = await compare(store);
    expect(since).toBe(NOON);
    expect(tasksOf(totals)).toEqual({ matched: 1, theirsOnly: 1 });
    expect(totals.units).toEqual({ video: 3_000_000, image: 1_000_000 });
    expect(totals.classes.theirsOnly.theirCredits).toBe(20_250);
    expect(totals.examples).toMatchObject([
      { class: 'theirsOnly', taskId: 'foreign', key: 'staging', holdId: null },
    ]);
    // Somebody else's spending is no drift of our own creates.
    expect(totals.driftCredits).toBe(0);
  });

  it('finds amounts that differ, and those that cannot be converted', async () => {
    await ended('a', NOON, 10_000);
    await readLedgers(store, NOON + 3 * DAY, [
      { ...units('t-a', NOON, 5), wallet: 'balance', product: null, currency: 'JPY', cashType: 'balance' },
    ]);
    const { totals } = await compare(store);
    expect(tasksOf(totals)).toEqual({ different: 1 });
    expect(totals.cash).toEqual({ JPY: 5_000_000 });
    expect(totals.examples).toMatchObject([{ class: 'different', ourCredits: 10_000, theirCredits: null }]);
    store.db.prepare("UPDATE account_deductions SET credits = 7000, currency = 'USD'").run();
    expect((await compare(store)).totals.driftCredits).toBe(3_000);
  });

  it('leaves open what is not decided: open tasks, waiting ones, rows that nobody compared', async () => {
    await store.run(noteLedgersAreRead, { areRead: true });
    await ended('waits', NOON, null);
    await admitHold(store, newHold('doubt'));
    await close(store, 'doubt', { kind: 'unknown', evidence: 'reset' });
    await ended('row', NOON, 10_000);
    await readLedgers(store, NOON + DAY, [units('t-row', NOON, 0.5)]);
    expect(tasksOf((await compare(store, { at: NOON + DAY })).totals)).toEqual({ pending: 3 });
    await readLedgers(store, NOON + 3 * DAY);
    expect(tasksOf((await compare(store)).totals)).toEqual({ matched: 1, pending: 2 });
  });

  it('matches creates without a task id by amount and time, across midnight too', async () => {
    const midnight = NOON + 12 * HOUR;
    const calls = [midnight - 3000, midnight - 2000, midnight - 1000];
    for (const [index, at] of calls.entries()) await speech(`s${index}`, at, 500);
    const rows: BillingRow[] = calls.map((at, index) => units(`x${index}`, at + 2500, 0.05));
    await readLedgers(store, NOON + 3 * DAY, rows);
    const { days, totals } = await compare(store);
    expect(tasksOf(totals)).toEqual({ matched: 3 });
    expect(days.find(({ day }) => day === '2026-11-18')?.classes.matched.tasks).toBe(3);
    await speech('alone', NOON + DAY, 500);
    expect(tasksOf((await compare(store)).totals)).toEqual({ matched: 3, oursOnly: 1 });
  });

  it('does not take somebody else’s money for the charge of a synchronous create', async () => {
    const cash = {
      wallet: 'balance',
      product: null,
      packId: null,
      currency: 'USD',
      cashType: 'balance',
    } as const;
    await speech('s', NOON, 500);
    const rows = [units('foreign', NOON + 1000, 0.35, cash), units('own', NOON + 2000, 0.007, cash)];
    await readLedgers(store, NOON + 3 * DAY, rows);
    const { totals } = await compare(store);
    expect(tasksOf(totals)).toEqual({ matched: 1, theirsOnly: 1 });
    expect(totals.examples).toMatchObject([{ taskId: 'foreign', theirCredits: 25_000 }]);
  });

  it('counts every create and charge once, however the time is cut into days and pages', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            at: fc.integer({ min: 0, max: 3 * DAY }),
            kind: fc.constantFrom('same', 'ours', 'theirs', 'sync', 'failed'),
          }),
          { maxLength: 25 },
        ),
        fc.constantFrom('UTC', 'Asia/Shanghai', 'America/New_York'),
        async (events, timeZone) => {
          store.close();
          store = openLedgers();
          const rows: BillingRow[] = [];
          // The first one is where the comparison begins.
          await ended('first', NOON - 1, null, 'failed');
          const sorted = events.toSorted((a, b) => a.at - b.at);
          for (const [index, { at: offset, kind }] of sorted.entries()) {
            const [id, at] = [`e${index}`, NOON + offset];
            if (kind === 'theirs') rows.push(units(`f-${id}`, at, 3));
            else if (kind === 'sync') {
              await speech(id, at, 500);
              rows.push(units(`s-${id}`, at + 1000, 0.05));
            } else {
              await ended(
                id,
                at,
                kind === 'failed' ? null : 10_000,
                kind === 'failed' ? 'failed' : 'succeeded',
              );
              if (kind === 'same') rows.push(units(`t-${id}`, at, 1));
            }
          }
          const at = NOON + 6 * DAY;
          await readLedgers(store, at, rows);
          const { totals, days } = await compare(store, { from: NOON - DAY, to: at, at, timeZone });
          const of = (...kinds: string[]): number => sorted.filter(({ kind }) => kinds.includes(kind)).length;
          const expected = { matched: of('same', 'sync'), oursOnly: of('ours'), theirsOnly: of('theirs') };
          expect({ matched: 0, oursOnly: 0, theirsOnly: 0, ...tasksOf(totals) }).toEqual(expected);
          const summed = days.reduce((sum, { classes }) => sum + classes.matched.tasks, 0);
          expect(summed).toBe(expected.matched);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('reads creates in pages, of one instant too, by indexes alone', async () => {
    for (let index = 0; index < 7; index += 1) await ended(`e${index}`, NOON + Math.floor(index / 3), 10_000);
    await speech('no-task', NOON, 500);
    const rows = [0, 1, 2, 3, 4].flatMap((index) => [
      units(`t-e${index}`, NOON, 0.5),
      units(`t-e${index}`, NOON, 0.5, { before: 1, packId: 'p-2' }),
    ]);
    await readLedgers(store, NOON + 3 * DAY, rows);
    const sum = emptyTally();
    let pages = 0;
    for (let after: CompareCursor | null | undefined; after !== null;) {
      const args = { from: NOON, to: NOON + DAY, after: after ?? null, limit: 2 };
      const page: ComparedPage = await store.run(compareCreates, args);
      addTally(sum, page.tally);
      after = page.next;
      pages += 1;
    }
    expect(pages).toBe(5);
    expect(tasksOf(sum)).toEqual({ matched: 5, oursOnly: 2 });
    const plan = store.db
      .prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${COMPARE_CREATES}`)
      .all(0, 1, 0, '', 1)
      .map(({ detail }) => detail);
    expect(plan.join('\n')).toMatch(/SEARCH creates USING (COVERING )?INDEX creates_at/);
    expect(plan.join('\n')).toMatch(/SEARCH d USING PRIMARY KEY \(wallet=\? AND task_id=\?\)/);
  });

  it('refuses an empty time, and one of more than 400 days', async () => {
    await expect(compare(store, { from: NOON, to: NOON })).rejects.toMatchObject({ code: 'bad_usage' });
    const from = NOON - 500 * DAY;
    await expect(compare(store, { from, to: NOON })).rejects.toThrow(/At most 400 days/);
  });

  it('cuts days at the zone’s midnights, also when its clocks change', () => {
    const from = Date.parse('2026-10-24T12:00:00Z');
    const days = daysOf({ from, to: from + 2 * DAY, timeZone: 'Europe/Berlin' });
    expect(days.map(({ day, start, end }) => [day, (end - start) / HOUR])).toEqual([
      ['2026-10-24', 10],
      ['2026-10-25', 25],
      ['2026-10-26', 13],
    ]);
  });
});

describe('packs', () => {
  const pack = (remaining: number | null): Pack => ({
    id: 'p-1',
    name: 'Trial-Video-100Units-5Con-1Months',
    kind: 'decreasing_total',
    total: 100_000_000,
    remaining,
    purchasedAt: NOON,
    effectiveAt: NOON - DAY,
    invalidAt: NOON + 30 * DAY,
    status: 'online',
  });
  const differenceWith = async (remaining: number | null): Promise<number | null | undefined> => {
    const at = NOON + 3 * DAY;
    await store.run(recordPacks, { packs: [pack(remaining)], upstream: 'x', at });
    return (await compare(store)).packs[0]?.difference;
  };

  it('agree with any remainder that the ledger shows for the last twelve hours', async () => {
    expect(await differenceWith(50_000_000)).toBeNull();
    await readLedgers(store, NOON + 3 * DAY, [
      units('a', NOON, 10, { before: 90_000_000 }),
      units('b', NOON + 3 * DAY - HOUR, 10, { before: 80_000_000 }),
    ]);
    expect(await differenceWith(80_000_000)).toBe(0);
    expect(await differenceWith(70_000_000)).toBe(0);
    expect(await differenceWith(80_000_001)).toBe(1);
    expect(await differenceWith(69_000_000)).toBe(-1_000_000);
    expect(await differenceWith(null)).toBeNull();
  });
});
