import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { markClaim, recordDraft } from '../../src/claims/claim-table.ts';
import { noteDeadlines } from '../../src/claims/notices.ts';
import { createMemoryStore, type MemoryStore } from '../ledger/memory-store.ts';

const ORDER = { actor: 'ana', reason: 'monthly' };
const DETAILS = { ticket: null, voucherCode: null, granted: null, voucherExpires: null };

let store: MemoryStore;
beforeEach(() => (store = createMemoryStore()));
afterEach(() => store.close());

async function drafted(revision = 1, month = '2026-10'): Promise<void> {
  const claim = { month, revision, folder: `/claims/${month}/r${revision}`, manifest: `m${revision}` };
  const worth = { reading: 'received' as const, percent: 10, asked: 5_000_000, currency: 'USD' };
  const dates = { earliest: '2026-11-10', latest: '2026-12-31', draftedAt: 1 };
  await store.run(recordDraft, { claim: { ...claim, ...worth, ...dates }, order: ORDER });
}

/** What is told on a day: month, step and days left. */
async function toldOn(today: string): Promise<[string, string, number][]> {
  const { facts } = await store.run(noteDeadlines, { today, at: 7 });
  return facts.map(({ month, step, daysLeft }) => [month, step, daysLeft]);
}

const mark = (state: 'filed' | 'granted', voucherExpires: string | null = null) =>
  store.run(markClaim, {
    month: '2026-10',
    revision: null,
    state,
    details: { ...DETAILS, voucherExpires },
    ...ORDER,
    at: 2,
  });

describe('deadlines of a claim', () => {
  it('are reported once each: when it may be filed, 14, 3 and 1 days before the end, and when missed', async () => {
    await drafted();
    expect(await toldOn('2026-11-09')).toEqual([]);
    expect(await toldOn('2026-11-10')).toEqual([['2026-10', 'open', 51]]);
    expect(await toldOn('2026-11-11')).toEqual([]);
    expect(await toldOn('2026-12-17')).toEqual([['2026-10', 'due', 14]]);
    // A new revision is the same claim.
    await drafted(2);
    expect(await toldOn('2026-12-18')).toEqual([]);
    expect(await toldOn('2026-12-29')).toEqual([['2026-10', 'due', 2]]);
    expect(await toldOn('2026-12-30')).toEqual([['2026-10', 'due', 1]]);
    expect(await toldOn('2026-12-31')).toEqual([]);
    expect(await toldOn('2027-01-01')).toEqual([['2026-10', 'missed', -1]]);
    expect(await toldOn('2027-02-01')).toEqual([]);
  });

  it('that are due together are reported by the gravest only', async () => {
    await drafted();
    expect(await toldOn('2026-12-30')).toEqual([['2026-10', 'due', 1]]);
    expect(await toldOn('2026-12-31')).toEqual([]);
  });

  it('cause no reminder once a revision was filed, even after later drafts', async () => {
    await drafted();
    await mark('filed');
    await drafted(2);
    expect(await toldOn('2026-12-31')).toEqual([]);
    expect(await toldOn('2027-01-01')).toEqual([]);
  });

  it('of different months are separate facts, with the data that a reader needs', async () => {
    await drafted();
    await drafted(1, '2026-09');
    expect(await toldOn('2026-11-10')).toEqual([
      ['2026-10', 'open', 51],
      ['2026-09', 'open', 51],
    ]);
    await drafted(1, '2026-08');
    expect((await store.run(noteDeadlines, { today: '2026-11-10', at: 9 })).facts).toEqual([
      {
        kind: 'claim_deadline',
        step: 'open',
        notice: 'open',
        daysLeft: 51,
        month: '2026-08',
        revision: 1,
        percent: 10,
        asked: 5_000_000,
        currency: 'USD',
        earliest: '2026-11-10',
        latest: '2026-12-31',
        folder: '/claims/2026-08/r1',
        at: 9,
      },
    ]);
  });

  it('include the end of a voucher that was granted', async () => {
    await drafted();
    await mark('filed');
    await mark('granted', '2027-03-31');
    expect(await toldOn('2027-03-16')).toEqual([]);
    expect(await toldOn('2027-03-17')).toEqual([['2026-10', 'voucher_ends', 14]]);
    expect(await toldOn('2027-03-31')).toEqual([]);
  });
});
