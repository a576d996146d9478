import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClaimSettings } from '../../src/claims/claim-case.ts';
import { composeClaim } from '../../src/claims/compose.ts';
import { addExclusion } from '../../src/sla/exclusion-table.ts';
import { journalCalls } from '../../src/sla/journal.ts';
import type { MemoryStore } from '../ledger/memory-store.ts';
import { ask, newCall } from '../sla/making.ts';
import { createSlaStore } from '../sla/sla-store.ts';

const OUTAGE = Date.UTC(2026, 9, 5, 3);
const WINDOW = 300_000;

const settings: ClaimSettings = {
  claimant: { accountId: 'acct-42', company: null, contact: null },
  baseUrl: 'http://127.0.0.1:5566',
  calendar: 'CN',
  calendarOverride: null,
  invoice: null,
  packPrices: [],
  price: { perCredit: '0.014', currency: 'USD' },
};

let store: MemoryStore;
beforeEach(() => {
  store = createSlaStore();
});
afterEach(() => store.close());

async function letters(): Promise<Record<string, string>> {
  const question = ask({ timeZone: 'Asia/Shanghai' });
  const { claim } = await store.run(composeClaim, { question, settings });
  return Object.fromEntries((claim?.files ?? []).map(({ name, text }) => [name, text]));
}

/** As many windows with one failed request each, by ids of their own. */
async function fail(windows: number, idOf: (n: number) => string): Promise<void> {
  const calls = Array.from({ length: windows }, (_, n) =>
    newCall({ id: idOf(n), at: OUTAGE + n * WINDOW, status: 500 }),
  );
  await store.run(journalCalls, calls);
}

describe('the letters', () => {
  it('say so where only the counts of errors are left', async () => {
    await fail(10, (n) => `call_${String(n).padStart(26, '0')}`);
    store.db.exec(`DELETE FROM calls WHERE at > ${OUTAGE}`);
    const files = await letters();
    expect(files['claim.en.md']).toContain('- Of 9 further errors only the counts in `windows.csv` are left');
    expect(files['claim.zh.md']).toContain('另有 9 条错误');
  });

  it('tell the vendor what to leave out, and what other programs recorded', async () => {
    await fail(11, (n) => `imp_${String(n).padStart(26, '0')}`);
    const excluded = { start: OUTAGE, end: OUTAGE + WINDOW, clause: '2.2(i)', source: 'a mail' };
    await store.run(addExclusion, { ...excluded, actor: 'ana', at: OUTAGE });
    const files = await letters();
    expect(files['claim.en.md']).toContain('Errors within the exclusions listed under “What we left out”');
    expect(files['claim.en.md']).toContain('(10 of the 10 errors come from the latter)');
    expect(files['claim.en.md']).toContain('| Windows of which we hold no record | 8917 |');
    expect(files['claim.zh.md']).toContain('10 条错误中有 10 条来自后者');
  });

  it('name the hosts that were called where the configured one was not', async () => {
    await fail(10, (n) => `call_${String(n).padStart(26, '0')}`);
    expect((await letters())['claim.en.md']).toContain(
      '| API base URL | https://api-singapore.klingai.com |',
    );
  });
});
