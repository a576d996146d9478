import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Claim, MarkedState } from '../../src/claims/claim.ts';
import { listClaims, markClaim } from '../../src/claims/claim-table.ts';
import type { DraftResult } from '../../src/claims/draft.ts';
import { noteDeadlines } from '../../src/claims/notices.ts';
import { listAudit } from '../../src/ledger/audit.ts';
import { listExclusions, withdrawExclusion } from '../../src/sla/exclusion-table.ts';
import { createMemoryStore } from '../ledger/memory-store.ts';
import { failed, type LetterCase } from './letter-cases.ts';

/** Nine windows failed wholly: one less, and nothing is due. */
let month: LetterCase;
let directory: string;
beforeEach(async () => {
  month = await failed(9);
  directory = await mkdtemp(join(tmpdir(), 'claim-life-'));
});
afterEach(async () => {
  month.store.close();
  await rm(directory, { recursive: true });
});

const draft = (): Promise<DraftResult> => month.draft(directory);

async function claims(): Promise<[number, string, string | null][]> {
  const rows = await month.store.run(listClaims, { month: '2026-10' });
  return rows.map(({ revision, state, note }) => [revision, state, note]);
}

function mark(
  state: MarkedState,
  revision: number | null = null,
  granted: number | null = null,
): Promise<Claim> {
  const details = {
    ticket: null,
    voucherCode: granted === null ? null : 'V-1',
    granted,
    voucherExpires: null,
  };
  return month.store.run(markClaim, {
    month: '2026-10',
    revision,
    state,
    details,
    actor: 'ana',
    reason: 'mail',
    at: 7,
  });
}

async function noticesOn(today: string): Promise<string[]> {
  const { facts } = await month.store.run(noteDeadlines, { today, at: 9 });
  return facts.map(({ step, revision }) => `${step} r${revision}`);
}

describe('a draft that is no longer valid', () => {
  it('is withdrawn if an exclusion leaves nothing due, with the reason, and gets no more reminders', async () => {
    await draft();
    month.published();
    await month.exclude(0);
    const result = await draft();
    expect(result.kind).toBe('nothing_due');
    const withdrawn = { kind: 'claim_withdrawn', month: '2026-10', revision: 1 };
    expect(month.published()).toMatchObject([withdrawn]);
    const [row] = await claims();
    expect(row).toEqual([
      1,
      'withdrawn',
      expect.stringContaining('Nothing is due for 2026-10: availability was'),
    ]);
    expect(await noticesOn('2026-12-30')).toEqual([]);
    // Asked again, nothing changes and nobody hears of it again.
    await draft();
    expect(month.published()).toEqual([]);
  });

  it('is withdrawn if vouchers paid the fee', async () => {
    month.with({ invoice: { amount: 100_000_000, paidByVoucher: 0, currency: 'USD', source: null } });
    await draft();
    month.with({
      invoice: { amount: 100_000_000, paidByVoucher: 100_000_000, currency: 'USD', source: null },
    });
    await draft();
    expect(await claims()).toEqual([[1, 'withdrawn', expect.stringContaining('vouchers paid all')]]);
  });

  it('is a draft again if the same is due again', async () => {
    await draft();
    await month.exclude(0);
    await draft();
    const [exclusion] = await month.store.run(listExclusions, {});
    await month.store.run(withdrawExclusion, {
      id: exclusion?.id ?? '',
      actor: 'ana',
      reason: 'no notice',
      at: 8,
    });
    month.published();
    const again = await draft();
    expect(again).toMatchObject({ kind: 'drafted', revision: 1, isNew: true });
    expect(month.published()).toMatchObject([{ kind: 'claim_drafted', isReopened: true }]);
    expect(await claims()).toEqual([[1, 'draft', null]]);
    expect(await noticesOn('2026-12-30')).toEqual(['due r1']);
  });

  it('is superseded by a newer draft', async () => {
    await draft();
    await month.fail(1, { from: 20 });
    expect(await draft()).toMatchObject({ kind: 'drafted', revision: 2 });
    expect(await claims()).toEqual([
      [2, 'draft', null],
      [1, 'superseded', 'revision 2 replaced it'],
    ]);
    expect(await noticesOn('2026-11-10')).toEqual(['open r2']);
    const { audit } = await month.store.run(listAudit, { limit: 100, cursor: null });
    expect(audit).toContainEqual(
      expect.objectContaining({ action: 'claim.superseded', subject: '2026-10/r1', before: 'draft' }),
    );
  });

  it('is superseded by a grant, after which no other claim is drafted', async () => {
    month.with({ invoice: { amount: 100_000_000, paidByVoucher: 0, currency: 'USD', source: null } });
    await draft();
    await mark('filed');
    await month.fail(1, { from: 20 });
    await draft();
    await mark('granted', 1, 10_000_000);
    expect(await claims()).toEqual([
      [2, 'superseded', 'revision 1 was granted'],
      [1, 'granted', null],
    ]);
    const result = await draft();
    expect(result).toMatchObject({ kind: 'granted', revision: 1 });
    expect(result.kind === 'granted' && result.message).toBe(
      'A voucher of 10.00 USD (code V-1) was granted for 2026-10, by revision 1: no other claim is drafted. ' +
        'Today the month would be worth 10 % of the fee, by other documents.',
    );
    expect(await readdir(join(directory, '2026-10'))).toEqual(['r1', 'r2']);
    expect(await noticesOn('2026-12-30')).toEqual([]);
  });

  it('may still be marked as filed by the person who sent it', async () => {
    await draft();
    await month.fail(1, { from: 20 });
    await draft();
    expect(await mark('filed', 1)).toMatchObject({ state: 'filed', note: null });
    await expect(mark('expired', 2)).resolves.toMatchObject({ state: 'expired' });
  });
});

describe('an amount granted', () => {
  it('is none that the currency cannot pay', async () => {
    month.with({ invoice: { amount: 100_000_000, paidByVoucher: 0, currency: 'JPY', source: null } });
    await draft();
    await mark('filed');
    await expect(mark('granted', null, 10_500_000)).rejects.toThrow('finer than 1 JPY');
    await expect(mark('granted', null, 10_000_000)).resolves.toMatchObject({ granted: 10_000_000 });
  });
});

describe('claims of a store of 0.1.0', () => {
  it('keep their rows; drafts that were replaced or overtaken by a grant say so', async () => {
    const old = createMemoryStore(undefined, (db) => {
      const insert = db.prepare(
        `INSERT INTO claims (month, revision, state, folder, manifest, reading, percent, asked, currency, earliest, latest,
           drafted_at, updated_at, ticket) VALUES (?, ?, ?, 'f', 'm', 'received', 10, 123457000, 'USD', '2026-11-07',
           '2026-12-31', 1, 2, 'T')`,
      );
      for (const row of [
        ['2026-08', 1, 'granted'],
        ['2026-08', 2, 'draft'],
        ['2026-09', 1, 'draft'],
        ['2026-09', 2, 'filed'],
        ['2026-10', 1, 'draft'],
        ['2026-10', 2, 'draft'],
        ['2026-11', 1, 'expired'],
        ['2026-11', 2, 'draft'],
      ])
        insert.run(...row);
    });
    const rows = await old.run(listClaims, { month: null });
    expect(rows.map(({ month: of, revision, state, note }) => [of, revision, state, note])).toEqual([
      ['2026-11', 2, 'draft', null],
      ['2026-11', 1, 'expired', null],
      ['2026-10', 2, 'draft', null],
      ['2026-10', 1, 'superseded', 'a newer revision replaced it'],
      ['2026-09', 2, 'filed', null],
      ['2026-09', 1, 'superseded', 'a newer revision replaced it'],
      ['2026-08', 2, 'superseded', 'another revision was granted'],
      ['2026-08', 1, 'granted', null],
    ]);
    expect(
      rows.every(
        ({ asked, ticket, draftedAt }) => asked === 123_457_000 && ticket === 'T' && draftedAt === 1,
      ),
    ).toBe(true);
    old.close();
  });
});
