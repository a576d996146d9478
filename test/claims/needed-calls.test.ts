import { afterEach, beforeEach, expect, it } from 'vitest';
import { markClaim, recordDraft, withdrawDrafts } from '../../src/claims/claim-table.ts';
import type { MarkedState } from '../../src/claims/claim.ts';
import { neededCalls } from '../../src/claims/needed-calls.ts';
import { monthReach } from '../../src/sla/month.ts';
import { createMemoryStore, type MemoryStore } from '../ledger/memory-store.ts';

const ORDER = { actor: 'ana', reason: 'monthly' };
const DETAILS = { ticket: null, voucherCode: null, granted: null, voucherExpires: null };
/** The middle of November: October may be filed until the end of December, August until the end of October. */
const NOVEMBER = '2026-11-15';

let store: MemoryStore;
beforeEach(() => {
  store = createMemoryStore();
  for (const month of ['2026-06', '2026-07', '2026-08', '2026-09', '2026-10']) close(month);
});
afterEach(() => store.close());

function close(month: string): void {
  store.db
    .prepare(
      "INSERT INTO sla_months (month, revision, closed_at, digest, summary) VALUES (?, 1, 1, 'd', '{}')",
    )
    .run(month);
}

async function draft(month: string, latest: string, revision = 1): Promise<void> {
  const claim = { month, revision, folder: `/claims/${month}/r${revision}`, manifest: `m${revision}` };
  const worth = { reading: 'received' as const, percent: 10, asked: 5_000_000, currency: 'USD' };
  const dates = { earliest: '2026-11-10', latest, draftedAt: 1 };
  await store.run(recordDraft, { claim: { ...claim, ...worth, ...dates }, order: ORDER });
}

const mark = (month: string, state: MarkedState) =>
  store.run(markClaim, { month, revision: null, state, details: DETAILS, ...ORDER, at: 2 });

/** The months whose calls stay on a day: the newest parts of the stretches that are named. */
async function needed(day: string): Promise<{ start: number; end: number }[]> {
  return store.run(neededCalls, { at: Date.parse(`${day}T12:00:00Z`), timeZone: 'Asia/Shanghai' });
}

const spanOf = (first: string, last = first) => ({
  start: monthReach(first).start,
  end: monthReach(last).end,
});

it('the present month is needed, and one that is over and not closed yet', async () => {
  expect(await needed(NOVEMBER)).toEqual([spanOf('2026-11')]);
  expect(await needed('2026-12-01')).toEqual([spanOf('2026-11', '2026-12')]);
  close('2026-11');
  expect(await needed('2026-12-02')).toEqual([spanOf('2026-12')]);
});

it('a month that was not closed is needed only as long as it may be filed', async () => {
  store.db.exec("DELETE FROM sla_months WHERE month IN ('2026-08', '2026-09')");
  // September may be filed until the end of November, August could until the end of October.
  expect(await needed(NOVEMBER)).toEqual([spanOf('2026-09'), spanOf('2026-11')]);
});

it('a draft is needed as long as it may be filed', async () => {
  await draft('2026-09', '2026-11-30');
  expect(await needed('2026-11-30')).toEqual([spanOf('2026-09'), spanOf('2026-11')]);
  expect(await needed('2026-12-01')).toEqual([spanOf('2026-11', '2026-12')]);
});

it('a withdrawn draft is needed for the same time, since it may become valid again', async () => {
  await draft('2026-09', '2026-11-30');
  await store.run(withdrawDrafts, { month: '2026-09', note: 'an exclusion', actor: 'ana', at: 3 });
  expect(await needed(NOVEMBER)).toEqual([spanOf('2026-09'), spanOf('2026-11')]);
});

it.each(['filed', 'acknowledged'] as const)(
  'a claim that was %s is needed until its end is marked',
  async (state) => {
    await draft('2026-06', '2026-08-31');
    await mark('2026-06', 'filed');
    if (state !== 'filed') await mark('2026-06', state);
    expect(await needed('2027-06-15')).toEqual([spanOf('2026-06'), spanOf('2027-04', '2027-06')]);
    await mark('2026-06', 'rejected');
    expect(await needed('2027-06-15')).toEqual([spanOf('2027-04', '2027-06')]);
  },
);

it('a granted claim is needed no longer, even if other drafts were made', async () => {
  await draft('2026-10', '2026-12-31');
  await mark('2026-10', 'filed');
  await mark('2026-10', 'granted');
  expect(await needed(NOVEMBER)).toEqual([spanOf('2026-11')]);
});
