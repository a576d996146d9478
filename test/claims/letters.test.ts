import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClaimSettings } from '../../src/claims/claim-case.ts';
import { composeClaim } from '../../src/claims/compose.ts';
import { correctBlame } from '../../src/sla/blame-table.ts';
import { addExclusion } from '../../src/sla/exclusion-table.ts';
import { journalCalls } from '../../src/sla/journal.ts';
import type { MemoryStore } from '../ledger/memory-store.ts';
import { ask, newCall, newUnreachable } from '../sla/making.ts';
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
    expect(files['claim.en.md']).toContain('come 10 of the 10 errors listed, and all requests of 11 windows');
    expect(files['claim.en.md']).toContain('by other programs of ours only / by none | 0 / 11 / 8917 |');
    expect(files['claim.zh.md']).toContain('10 条错误中有 10 条来自后者');
  });

  it('tell what maintenance would change, and what never arrived', async () => {
    await fail(5, (n) => `call_${String(n).padStart(26, '0')}`);
    const late = OUTAGE + 10 * WINDOW;
    const maintained = Array.from({ length: 5 }, (_, n) =>
      newCall({ at: late + n * WINDOW, status: 503, code: 5001 }),
    );
    const lost = Array.from({ length: 5 }, (_, n) => newUnreachable({ at: late + (20 + n) * WINDOW }));
    await store.run(journalCalls, [...maintained, ...lost]);
    const span = { start: late + 20 * WINDOW, end: late + 30 * WINDOW };
    await store.run(correctBlame, { ...span, blame: 'upstream', source: 'a mail', actor: 'ana', at: late });
    const files = await letters();
    const english = files['claim.en.md'];
    // Ten windows of 8928 failed wholly; five without maintenance; ten with what never arrived in its place.
    expect(english).toContain('**99.887992 %**');
    expect(english).toContain(
      'Without these answers availability would be 99.943996 %, at which nothing is due.',
    );
    expect(english).toContain(
      'With the 5 requests that never reached your servers (1.2) it would still be 99.887992 %, 10 % of the fee',
    );
    expect(english).toContain('through a fault on your side: 5 (5 as a person of ours found');
    expect(english).toContain('With them availability would be 99.831989 %.');
    expect(english).toContain('10 answered with 5xx (`received+contract`), 5 that never reached you');
    expect(files['claim.zh.md']).toContain('服务可用性仍为 99.887992%');
    expect(files['method.md']).toContain('**received** (claimed)');
    expect(files['method.md']).toContain("5 from an operator's correction");
    expect(files['method.md']).toContain(
      'received without the answers of code 5001 as errors: 99.943996 %, 0 %',
    );
  });

  it('tell no stretch where single windows failed far apart', async () => {
    const calls = Array.from({ length: 10 }, (_, n) => newCall({ at: OUTAGE + n * 3 * WINDOW, status: 500 }));
    await store.run(journalCalls, calls);
    expect((await letters())['claim.en.md']).not.toContain('one stretch');
  });

  it('name the hosts that were called where the configured one was not', async () => {
    await fail(10, (n) => `call_${String(n).padStart(26, '0')}`);
    expect((await letters())['claim.en.md']).toContain(
      '| API base URL | https://api-singapore.klingai.com |',
    );
  });
});
