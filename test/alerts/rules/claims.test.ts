import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Finding } from '../../../src/alerts/alert.ts';
import { claimRules } from '../../../src/alerts/rules/claim-rules.ts';
import { markClaim, recordDraft, withdrawDrafts } from '../../../src/claims/claim-table.ts';
import { noteDeadlines } from '../../../src/claims/notices.ts';
import { markDeliveries, waitingFacts } from '../../../src/outbox/outbox-table.ts';
import { createMemoryStore, type MemoryStore } from '../../ledger/memory-store.ts';
import { settingsOf } from '../making.ts';

const ORDER = { actor: 'ana', reason: 'monthly' };
const DRAFTED = Date.UTC(2026, 10, 2);

let store: MemoryStore;
beforeEach(() => (store = createMemoryStore()));
afterEach(() => store.close());

async function draft(revision = 1, at = DRAFTED): Promise<void> {
  const claim = { month: '2026-10', revision, folder: `/claims/r${revision}`, manifest: `m${revision}` };
  const worth = { reading: 'received' as const, percent: 10, asked: 5_000_000, currency: 'USD' };
  const dates = { earliest: '2026-11-10', latest: '2026-12-31', draftedAt: at };
  await store.run(recordDraft, { claim: { ...claim, ...worth, ...dates }, order: ORDER });
}

/** Takes the outbox's facts as the receiver of alerts does; gives what the rules find in them. */
async function heard(rules = {}): Promise<Finding[]> {
  const settings = settingsOf({}, rules);
  const { due } = await store.run(waitingFacts, { receiver: 'log', at: Infinity, limit: 100 });
  const delivered = due.map(({ id }) => id);
  await store.run(markDeliveries, { receiver: 'log', at: 0, delivered, failed: [] });
  return due.flatMap(({ fact }) =>
    claimRules.flatMap((rule) => rule.ofFact?.(fact, settings.rules[rule.word], settings).found ?? []),
  );
}

const onDay = async (today: string, rules = {}) => {
  await store.run(noteDeadlines, { today, at: Date.parse(`${today}T01:00:00Z`) });
  return heard(rules);
};
const named = (found: readonly Finding[]) =>
  found.map(({ rule, period, severity }) => [rule, period, severity ?? null]);

describe('claims', () => {
  it('are reported when drafted, when they may be filed, at 14, 3 and 1 days, and when missed: each once', async () => {
    await draft();
    expect(await heard()).toEqual([
      {
        rule: 'claim_open',
        labels: { month: '2026-10' },
        period: 'drafted/r1',
        values: { step: 'drafted', revision: 1, percent: 10, folder: '/claims/r1' },
        since: DRAFTED,
      },
    ]);
    expect(await onDay('2026-11-09')).toEqual([]);
    const open = await onDay('2026-11-10');
    expect(open).toEqual([
      {
        rule: 'claim_open',
        labels: { month: '2026-10' },
        period: 'open',
        values: {
          step: 'open',
          revision: 1,
          percent: 10,
          asked: 5_000_000,
          currency: 'USD',
          earliest: '2026-11-10',
          latest: '2026-12-31',
          daysLeft: 51,
          folder: '/claims/r1',
        },
        since: Date.UTC(2026, 10, 10, 1),
      },
    ]);
    expect(named(await onDay('2026-12-16'))).toEqual([]);
    expect(named(await onDay('2026-12-17'))).toEqual([['claim_due', 'due_14', 'ticket']]);
    expect(named(await onDay('2026-12-28'))).toEqual([['claim_due', 'due_3', null]]);
    expect(named(await onDay('2026-12-30'))).toEqual([['claim_due', 'due_1', null]]);
    expect(named(await onDay('2026-12-31'))).toEqual([]);
    expect(named(await onDay('2027-01-01'))).toEqual([['claim_missed', 'missed', null]]);
  });

  it('are as urgent two weeks before their end as the config says, if it says so', async () => {
    await draft();
    await heard();
    const rules = { claim_due: { severity: 'info' as const } };
    expect(named(await onDay('2026-12-17', rules))).toEqual([['claim_due', 'due_14', null]]);
  });

  it('are reported when withdrawn and when they are valid again, each time', async () => {
    await draft();
    await heard();
    const steps: unknown[] = [];
    for (const at of [DRAFTED + 1, DRAFTED + 3]) {
      await store.run(withdrawDrafts, { month: '2026-10', note: 'vouchers paid', actor: 'job', at });
      await draft(1, at + 1);
      steps.push(...named(await heard()));
    }
    expect(steps).toEqual([
      ['claim_withdrawn', 'r1/2026-11-02T00:00:00.001Z', null],
      ['claim_open', 'reopened/r1/2026-11-02T00:00:00.002Z', null],
      ['claim_withdrawn', 'r1/2026-11-02T00:00:00.003Z', null],
      ['claim_open', 'reopened/r1/2026-11-02T00:00:00.004Z', null],
    ]);
  });

  it('that were granted are reported again when their voucher ends', async () => {
    await draft();
    const details = { ticket: null, voucherCode: 'V', granted: null, voucherExpires: '2027-03-31' };
    for (const state of ['filed', 'granted'] as const)
      await store.run(markClaim, { month: '2026-10', revision: null, state, details, ...ORDER, at: 2 });
    await heard();
    expect(await onDay('2027-03-16')).toEqual([]);
    const found = await onDay('2027-03-17');
    expect(named(found)).toEqual([['voucher_ends', 'voucher_ends', null]]);
    expect(found[0]?.values['daysLeft']).toBe(14);
  });
});
