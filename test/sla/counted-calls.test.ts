/** Every number of availability is the number of calls that its filter lists, over random calls, exclusions, faults and terms. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { CallPage } from '../../src/calls/call-list.ts';
import { BLAMES } from '../../src/calls/outcome.ts';
import { correctBlame } from '../../src/sla/blame-table.ts';
import { listCountedCalls, type CountedFilter } from '../../src/sla/counted-calls.ts';
import { PROBE_TAG } from '../../src/sla/counts.ts';
import { addExclusion } from '../../src/sla/exclusion-table.ts';
import { journalCalls } from '../../src/sla/journal.ts';
import { readMonthMap, readWindows } from '../../src/sla/month-table.ts';
import type { StoredMonthQuestion } from '../../src/sla/month-table.ts';
import { READING_NAMES } from '../../src/sla/reading.ts';
import { startOfDay } from '../../src/sla/period.ts';
import { WINDOW_MS } from '../../src/sla/window.ts';
import { LOOKED_MAX } from '../../src/store/bounded-list.ts';
import type { MemoryStore } from '../ledger/memory-store.ts';
import { ask, journalled, newCall } from './making.ts';
import { createSlaStore } from './sla-store.ts';

const DAY = 86_400_000;
const MONTH = '2026-10';
const ZONES = ['UTC', 'Asia/Shanghai', 'America/New_York', 'Asia/Kathmandu'];
/** Whole months, one term that ends within the month, and two with days between them. */
const TERMS = [
  [],
  [{ from: '2026-09-17', to: '2026-10-03' }],
  [
    { from: '2026-10-01', to: '2026-10-02' },
    { from: '2026-10-04', to: '2026-10-31' },
  ],
];

/** Instants in the first days and at the end of the month, near borders more often than not. */
const instant = (zone: string): fc.Arbitrary<number> => {
  const start = startOfDay(`${MONTH}-01`, zone);
  const end = startOfDay('2026-11-01', zone);
  return fc.oneof(
    fc
      .tuple(
        fc.constantFrom(start, start + DAY, start + 2 * DAY, start + 3 * DAY, end),
        fc.integer({ min: -1, max: 1 }),
      )
      .map(([border, off]) => border + off),
    // Few windows and few instants in each, so that calls lie on the borders of exclusions.
    fc
      .tuple(fc.integer({ min: 0, max: 5 }), fc.constantFrom(0, 1, 100_000, 299_999))
      .map(([window, off]) => start + window * WINDOW_MS + off),
    fc.integer({ min: start - DAY, max: start + 5 * DAY }),
  );
};

const calls = (zone: string) =>
  fc.array(
    fc
      .record({
        at: instant(zone),
        kind: fc.constantFrom(200, 404, 429, 500, 503, 'unreachable', 'unreachable', 'no_answer', 'aborted'),
        code: fc.constantFrom(null, 5001),
        origin: fc.constantFrom('app', 'sidecar', 'probe'),
        attempt: fc.constantFrom(1, 1, 2),
      })
      .map(({ at, kind, code, origin, attempt }) =>
        newCall({
          at,
          attempt,
          origin: origin === 'app' ? 'app' : 'sidecar',
          tag: origin === 'probe' ? PROBE_TAG : null,
          status: typeof kind === 'number' ? kind : null,
          code: typeof kind === 'number' ? code : null,
          ...(typeof kind !== 'number' && { outcome: kind as 'unreachable', errorClass: 'tls' }),
        }),
      ),
    { maxLength: 60, size: 'max' },
  );

const span = (zone: string) =>
  fc
    .tuple(instant(zone), instant(zone))
    .filter(([one, other]) => one !== other)
    .map(([one, other]) => ({ start: Math.min(one, other), end: Math.max(one, other) }));

const history = fc
  .record({ zone: fc.constantFrom(...ZONES), terms: fc.constantFrom(...TERMS) })
  .chain(({ zone, terms }) =>
    fc.record({
      question: fc.constant(
        ask({ month: MONTH, timeZone: zone, terms: { source: terms.length > 0 ? 'config' : 'none', terms } }),
      ),
      log: calls(zone),
      exclusions: fc.array(span(zone), { maxLength: 3 }),
      faults: fc.array(fc.tuple(span(zone), fc.constantFrom('upstream' as const, 'local' as const)), {
        maxLength: 3,
      }),
    }),
  );

async function listed(
  store: MemoryStore,
  counting: CountedFilter,
  more: Partial<Parameters<typeof listCountedCalls.run>[1]> = {},
): Promise<CallPage['calls']> {
  const { limit = 4 } = more;
  const found: CallPage['calls'] = [];
  let cursor: string | null = null;
  do {
    const page: CallPage = await store.run(listCountedCalls, { ...more, limit, cursor, counting });
    found.push(...page.calls);
    cursor = page.nextCursor;
  } while (cursor !== null);
  const order = found.map(({ at }) => at);
  expect(order).toEqual(order.toSorted((a, b) => b - a));
  expect(new Set(found.map(({ id }) => id)).size).toBe(found.length);
  return found;
}

/** Compares every number of the month with the calls behind it; gives how many of them were above 0. */
async function checkMonth(store: MemoryStore, question: StoredMonthQuestion): Promise<number> {
  let found = 0;
  const compare = async (
    number: number,
    filter: CountedFilter,
    more: Parameters<typeof listed>[2] = {},
  ): Promise<void> => {
    const rows = await listed(store, { ...filter, month: question }, more);
    expect([filter, more, rows.length]).toEqual([filter, more, number]);
    if (number > 0) found += 1;
  };
  const { requests, readings, map } = await store.run(readMonthMap, question);
  await compare(requests.valid, { counted: 'valid' });
  await compare(requests.errors, { counted: 'error' });
  await compare(requests.excluded, { counted: 'excluded' });
  await compare(0, { counted: 'valid', blame: 'local' });
  await compare(requests.serverErrors, {}, { outcomes: ['server_error'] });
  await compare(requests.unreachable, {}, { outcomes: ['unreachable'] });
  const ofBlame = [requests.unreachableUpstream, requests.unreachableLocal, requests.unreachableUnknown];
  for (const [at, blame] of BLAMES.entries()) await compare(ofBlame[at] ?? 0, { blame });
  for (const reading of READING_NAMES) {
    await compare(readings[reading].errors, { counted: 'error', reading });
    await compare(readings[reading].valid, { counted: 'valid', reading });
  }
  const windows = await store.run(readWindows, question);
  for (const { start, valid, errors, byClass } of windows) {
    const within = { from: Date.parse(start), to: Date.parse(start) + WINDOW_MS };
    await compare(errors, { counted: 'error' }, within);
    await compare(valid, { counted: 'valid' }, within);
    await compare(byClass.excluded, { counted: 'excluded' }, within);
  }
  for (const { start, windows: length, errors } of map)
    await compare(
      errors,
      { counted: 'error' },
      { from: Date.parse(start), to: Date.parse(start) + length * WINDOW_MS },
    );
  return found;
}

it('lists just the calls that each number of a month and of its windows counts', async () => {
  let found = 0;
  await fc.assert(
    fc.asyncProperty(history, async ({ question, log, exclusions, faults }) => {
      const store = createSlaStore();
      try {
        const said = { source: 'a test', actor: 'ann', at: 1 };
        for (const one of exclusions) await store.run(addExclusion, { ...one, ...said, clause: '2.2(i)' });
        await store.run(journalCalls, journalled(log));
        for (const [one, blame] of faults) await store.run(correctBlame, { ...one, ...said, blame });
        found += await checkMonth(store, question);
      } finally {
        store.close();
      }
    }),
    { numRuns: 40 },
  );
  expect(found).toBeGreaterThan(100);
});

it('finds rare errors of a month at once, behind however many other calls, and all of very many', async () => {
  const store = createSlaStore();
  try {
    const start = startOfDay(`${MONTH}-01`, 'UTC');
    const answered = Array.from({ length: 2 * LOOKED_MAX }, (_, n) => newCall({ at: start + DAY + n * 10 }));
    await store.run(journalCalls, journalled([newCall({ at: start, status: 500 }), ...answered]));
    const month = ask({ month: MONTH });
    const args = { limit: 10, cursor: null, counting: { counted: 'error', month } } as const;
    const first = await store.run(listCountedCalls, args);
    expect([first.calls.map(({ at }) => at), first.nextCursor, first.searched]).toEqual([
      [start],
      null,
      null,
    ]);
    // More windows than one page lists, one of them with very many calls.
    const failed = Array.from({ length: 600 }, (_, n) =>
      newCall({ at: start + DAY + n * WINDOW_MS, status: 503 }),
    );
    await store.run(journalCalls, journalled(failed));
    expect(await listed(store, args.counting, { limit: 1000 })).toHaveLength(601);
    expect(await listed(store, args.counting, { limit: 7 })).toHaveLength(601);
    const cut = await store.run(listCountedCalls, { ...args, limit: 1000 });
    expect([cut.calls.length, cut.searched?.rows]).toEqual([500, 500]);
  } finally {
    store.close();
  }
});
