import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CallRecord } from '../../src/calls/call.ts';
import type { ClaimSettings } from '../../src/claims/claim-case.ts';
import { listClaims, markClaim } from '../../src/claims/claim-table.ts';
import { draftClaim, monthsToDraft, type DraftResult } from '../../src/claims/draft.ts';
import { KLING_HOSTS } from '../../src/claims/evidence.ts';
import { correctBlame } from '../../src/sla/blame-table.ts';
import { addExclusion } from '../../src/sla/exclusion-table.ts';
import { journalCalls } from '../../src/sla/journal.ts';
import type { StoredMonthQuestion } from '../../src/sla/month-table.ts';
import type { MemoryStore } from '../ledger/memory-store.ts';
import { ask, newCall, newUnreachable, journalled } from '../sla/making.ts';
import { createSlaStore } from '../sla/sla-store.ts';

const OUTAGE = Date.UTC(2026, 9, 5, 3);
const MINUTE = 60_000;

let store: MemoryStore;
let directory: string;
const journal = (calls: CallRecord[]) => store.run(journalCalls, journalled(calls));

beforeEach(async () => {
  store = createSlaStore();
  directory = await mkdtemp(join(tmpdir(), 'claims-'));
});
afterEach(async () => {
  store.close();
  await rm(directory, { recursive: true });
});

const settings: ClaimSettings = {
  claimant: {
    accountId: 'acct-42',
    company: 'Film & <Co>',
    contact: 'ana@example.com',
    signatory: 'Ana <b>Lima</b>',
  },
  baseUrl: 'https://api-singapore.klingai.com',
  calendar: 'CN',
  calendarOverride: null,
  invoice: { amount: 1_000_000_000, paidByVoucher: 0, currency: 'USD', source: 'INV-7' },
  packPrices: [],
  price: { perCredit: '0.014', currency: 'USD' },
};

const question = (fields: Partial<StoredMonthQuestion> = {}): StoredMonthQuestion => ({
  ...ask({ timeZone: 'Asia/Shanghai', now: Date.UTC(2026, 10, 21) }),
  hosts: KLING_HOSTS,
  ...fields,
});

const daemon = { read: store_run, write: store_run };
function store_run<A, R>(operation: Parameters<MemoryStore['run']>[0], args: A): Promise<R> {
  return store.run(operation, args) as Promise<R>;
}

function draft(more: Partial<ClaimSettings> = {}, asked = question()): Promise<DraftResult> {
  const order = { actor: 'ana', reason: 'monthly' };
  return draftClaim(
    { store: daemon, ledger: store },
    { question: asked, settings: { ...settings, ...more }, directory, order },
  );
}

async function drafted(
  more: Partial<ClaimSettings> = {},
): Promise<Extract<DraftResult, { kind: 'drafted' }>> {
  const result = await draft(more);
  if (result.kind !== 'drafted') throw new Error(result.message);
  return result;
}

async function filesOf(folder: string): Promise<Record<string, string>> {
  const names = await readdir(folder);
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  return Object.fromEntries(names.sort().map((name, index) => [name, texts[index] ?? '']));
}

/** An outage of 50 minutes, ten windows: in each, of four requests, three are answered 500 and one 200. */
async function anOutage(): Promise<void> {
  const calls = Array.from({ length: 10 }, (_, window) => {
    const at = OUTAGE + window * 5 * MINUTE;
    const evidence = {
      date: 'Mon, 05 Oct 2026 03:00:00 GMT',
      server: 'openresty',
      via: '=cmd()',
      cause: null,
    };
    return [
      newCall({ at, status: 200, clockOffsetMs: 120 }),
      newCall({ at: at + 1000, status: 500, code: 5000, klingRequestId: `kling-${window}`, evidence }),
      newCall({ at: at + 2000, status: 503, code: 5001, evidence }),
      newCall({ at: at + 3000, status: 502, evidence }),
    ];
  });
  await journal([
    ...calls.flat(),
    newCall({ at: OUTAGE - 60 * MINUTE }),
    newCall({ at: OUTAGE, status: 500, host: '127.0.0.1:5566' }),
  ]);
}

/** Cells without commas, as these are. */
function rowsOf(csv: string): Record<string, string>[] {
  const [head = '', ...lines] = csv.trimEnd().split('\r\n');
  const names = head.split(',');
  return lines.map((line) =>
    Object.fromEntries(line.split(',').map((cell, index) => [names[index] ?? '', cell])),
  );
}

describe('drafting', () => {
  it('writes a claim whose numbers follow from windows.csv by hand', async () => {
    // Ten windows at 3/4 are 7.5 of 8928: kept. Two windows more make 9.5: broken.
    await anOutage();
    expect(await draft()).toMatchObject({ kind: 'nothing_due' });
    await journal([
      newCall({ at: OUTAGE + 60 * MINUTE, status: 500 }),
      newCall({ at: OUTAGE + 65 * MINUTE, status: 500 }),
    ]);
    const { folder, claim, revision } = await drafted();
    expect([revision, folder]).toEqual([1, join(directory, '2026-10', 'r1')]);
    expect(claim).toMatchObject({
      reading: 'received',
      percent: 10,
      asked: 100_000_000,
      earliest: '2026-11-07',
    });
    const files = await filesOf(folder);
    const windows = rowsOf(files['windows.csv'] ?? '');
    const total = windows.reduce(
      (sum, row) => sum + Number(row['received_errors']) / Number(row['received_requests']),
      0,
    );
    expect(total).toBe(9.5);
    const availability = (1 - total / 8928) * 100;
    expect(files['claim.en.md']).toContain(`${(Math.floor(availability * 1e6) / 1e6).toFixed(6)} %`);
    expect(windows[1]).toMatchObject({
      start_utc: '2026-10-05T03:00:00.000Z',
      start_utc8: '2026-10-05T11:00:00.000+08:00',
    });
    const requests = rowsOf(
      (files['requests.csv'] ?? '').replaceAll('"Mon, 05', 'Mon 05').replaceAll('GMT"', 'GMT'),
    );
    expect(requests).toHaveLength(32);
    expect(requests[0]).toMatchObject({
      kling_request_id: 'kling-0',
      via_header: "'=cmd()",
      counted_in: 'received+contract',
    });
  });

  it('writes letters that name the request, the addressee, the reason and the check', async () => {
    await anOutage();
    await journal(
      Array.from({ length: 3 }, (_, index) =>
        newCall({ at: OUTAGE + (60 + index * 5) * MINUTE, status: 500 }),
      ),
    );
    const files = await filesOf((await drafted()).folder);
    const english = files['claim.en.md'] ?? '';
    for (const text of [
      'acct-42',
      '100.00 USD',
      '10 % of the Monthly Service Fee',
      '2026-10-01 to 2026-10-31, both inclusive, 31 days (Asia/Shanghai)',
      'from 2026-09-30 16:00 UTC (2026-10-01 00:00 UTC+8) to 2026-10-31 16:00 UTC',
      'https://api-singapore.klingai.com',
      'Errors that carry your `request_id`: 10.',
      'Errors without one, to be found by time, route and status: 23.',
      'by other programs of ours only / by none | 0 / 14 / 8914 |',
      'one stretch from 2026-10-05 03:00 to 2026-10-05 03:50 UTC (2026-10-05 11:00 to 2026-10-05 11:50 UTC+8): in 10 of its 10 windows 30 of 40',
      'with your `date`, `server` and `via` headers',
      'whole seconds, were 120 to 120 ms ahead of our clock',
      'the fifth working day of the following month is 2026-11-06',
      '33 answered with 5xx (`received+contract`)',
      'Further windows with errors: 1; `windows.csv` lists all.',
      'Errors that are answers of code 5001, “under maintenance”: 10.',
      '| Sum of the windows’ error rates (Σ) | 10.500000 |',
      'from 2026-11-07 to 2026-12-31',
      'INV-7',
    ]) {
      expect(english).toContain(text);
    }
    const chinese = files['claim.zh.md'] ?? '';
    for (const text of ['acct-42', '100.00 USD', '月度服务费的 10%', '10.500000', '2026-11-07', '可用性']) {
      expect(chinese).toContain(text);
    }
    const html = files['claim.html'] ?? '';
    expect(html).toContain('Film &amp; &lt;Co&gt;');
    expect(html).toContain('<svg xmlns="http://www.w3.org/2000/svg" role="img"');
    expect(html.replace('http://www.w3.org/2000/svg', '')).not.toMatch(
      /<script|<link|src=|url\(|@import|http:\/\//,
    );
    expect(files['method.md']).toContain('a76347751b82a3d2c2b7cfd33c2036905c9597a0fcb6c7ee4ed1c25f20b910e3');
    expect(files['method.md']).toContain('over 10 answers in the windows with errors: from 120 ms to 120 ms');
    expect(JSON.parse(files['summary.json'] ?? '')).toMatchObject({
      principal: { reading: 'received', errors: 33, valid: 44, sumErrorRates: '10.500000' },
      outage: { start: '2026-10-05T03:00:00.000Z', end: '2026-10-05T03:50:00.000Z', failing: 10 },
      month: { windows: { withErrors: 13 } },
    });
    for (const [name, text] of Object.entries(files)) {
      expect(text, name).not.toMatch(/undefined|NaN|\[object|127\.0\.0\.1/);
    }
    for (const line of (files['manifest.sha256'] ?? '').trimEnd().split('\n')) {
      const [hash, name = ''] = line.split('  ');
      expect(
        createHash('sha256')
          .update(files[name] ?? '')
          .digest('hex'),
      ).toBe(hash);
    }
    expect((files['manifest.sha256'] ?? '').trimEnd().split('\n')).toHaveLength(
      Object.keys(files).length - 1,
    );
  });

  it('gives the same bytes again, and a new revision when something changed', async () => {
    await anOutage();
    await journal(
      Array.from({ length: 3 }, (_, index) =>
        newCall({ at: OUTAGE + (60 + index * 5) * MINUTE, status: 500 }),
      ),
    );
    const first = await drafted();
    const before = await filesOf(first.folder);
    const [again, atOnce] = await Promise.all([drafted(), drafted()]);
    expect([again.revision, again.isNew, atOnce.isNew]).toEqual([1, false, false]);
    expect(await filesOf(again.folder)).toEqual(before);
    expect(await readdir(join(directory, '2026-10'))).toEqual(['r1']);
    await journal([newCall({ at: OUTAGE + 80 * MINUTE, status: 500 })]);
    expect((await drafted()).revision).toBe(2);
    expect(await filesOf(first.folder)).toEqual(before);
    expect((await drafted({ claimant: { ...settings.claimant, contact: 'ben' } })).revision).toBe(3);
    expect((await store.run(listClaims, { month: '2026-10' })).map((claim) => claim.revision)).toEqual([
      3, 2, 1,
    ]);
  });

  it('removes what a killed draft left and sets an edited folder aside', async () => {
    await journal(
      Array.from({ length: 9 }, (_, index) => newCall({ at: OUTAGE + index * 5 * MINUTE, status: 500 })),
    );
    const month = join(directory, '2026-10');
    await mkdir(join(month, '.r1-abcdef'), { recursive: true });
    await writeFile(join(month, '.r1-abcdef', 'claim.en.md'), 'half');
    const { folder } = await drafted();
    expect(await readdir(month)).toEqual(['r1']);
    await writeFile(join(folder, 'claim.en.md'), 'my own words');
    await drafted();
    expect((await readdir(month)).sort()).toEqual(['r1', 'r1.edited']);
    expect(await readFile(join(month, 'r1.edited', 'claim.en.md'), 'utf8')).toBe('my own words');
    expect(await readFile(join(folder, 'claim.en.md'), 'utf8')).toContain('# Claim for compensation');
  });

  it('names the alternative if requests that never arrived make the month worse', async () => {
    await journal(
      Array.from({ length: 9 }, (_, index) => newCall({ at: OUTAGE + index * 5 * MINUTE, status: 500 })),
    );
    await journal(
      Array.from({ length: 90 }, (_, index) => newUnreachable({ at: OUTAGE + (100 + index * 5) * MINUTE })),
    );
    await store.run(correctBlame, {
      start: OUTAGE,
      end: OUTAGE + 2000 * MINUTE,
      blame: 'upstream',
      source: 'status page',
      actor: 'ana',
      at: OUTAGE,
    });
    const { folder, claim } = await drafted();
    expect(claim).toMatchObject({ reading: 'received', percent: 10 });
    const files = await filesOf(folder);
    expect(files['claim.en.md']).toContain('## Alternative claim');
    expect(files['claim.en.md']).toContain('250.00 USD (25 %)');
    expect(files['claim.zh.md']).toContain('## 备选申请');
    expect(files['method.md']).toContain('corrected to upstream');
  });

  it('uses only the reading contract if the answers alone are not enough', async () => {
    await journal(
      Array.from({ length: 9 }, (_, index) => newUnreachable({ at: OUTAGE + index * 5 * MINUTE })),
    );
    expect(await draft()).toMatchObject({ kind: 'nothing_due' });
    await store.run(correctBlame, {
      start: OUTAGE,
      end: OUTAGE + 2000 * MINUTE,
      blame: 'upstream',
      source: 'status page',
      actor: 'ana',
      at: OUTAGE,
    });
    const { claim, folder } = await drafted({ invoice: null });
    expect(claim).toMatchObject({ reading: 'contract', percent: 10, asked: null });
    const english = (await filesOf(folder))['claim.en.md'] ?? '';
    expect(english).toContain('We do not know the Monthly Service Fee');
    expect(english).not.toContain('## Alternative claim');
  });

  it('says with the numbers that nothing is due, and refuses a month that is not over', async () => {
    await journal(
      Array.from({ length: 9 }, (_, index) => newCall({ at: OUTAGE + index * 5 * MINUTE, status: 500 })),
    );
    await store.run(addExclusion, {
      start: OUTAGE,
      end: OUTAGE + 5 * MINUTE,
      clause: '2.2(i)',
      source: 'announced',
      actor: 'ana',
      at: OUTAGE,
    });
    const result = await draft();
    if (result.kind !== 'nothing_due') throw new Error('a claim was drafted');
    expect(result.message).toContain('99.910394 % (answers only)');
    expect(result.message).toContain('8.000000, divided by 8928; of 8928 windows 9 with traffic');
    expect(await readdir(directory)).toEqual([]);
    await expect(draft({}, question({ now: Date.UTC(2026, 9, 31, 15) }))).rejects.toMatchObject({
      code: 'bad_usage',
    });
  });
});

describe('a claim', () => {
  it('is marked step by step, with ticket, voucher, amount and expiry', async () => {
    await journal(
      Array.from({ length: 9 }, (_, index) => newCall({ at: OUTAGE + index * 5 * MINUTE, status: 500 })),
    );
    await drafted();
    const none = { ticket: null, voucherCode: null, granted: null, voucherExpires: null };
    const mark = (state: 'filed' | 'granted' | 'draft', details: Partial<typeof none> | object) =>
      store.run(markClaim, {
        month: '2026-10',
        revision: null,
        state,
        details: { ...none, ...details },
        actor: 'ana',
        reason: 'mail',
        at: OUTAGE,
      });
    expect(await mark('filed', { ticket: 'T-1' })).toMatchObject({ state: 'filed', ticket: 'T-1' });
    expect(await mark('filed', {})).toMatchObject({ ticket: 'T-1' });
    await expect(mark('draft', {})).rejects.toMatchObject({ code: 'bad_usage' });
    expect(
      await mark('granted', { voucherCode: 'V', granted: 50_000, voucherExpires: '2027-01-31' }),
    ).toMatchObject({
      state: 'granted',
      ticket: 'T-1',
      voucherCode: 'V',
      granted: 50_000,
    });
    await expect(
      store.run(markClaim, {
        month: '2026-09',
        revision: null,
        state: 'filed',
        details: none,
        actor: 'a',
        reason: 'r',
        at: 0,
      }),
    ).rejects.toMatchObject({ code: 'not_found' });
  });

  it('of a missed month is caught up once the grace time is over', async () => {
    const at = (now: number) =>
      monthsToDraft(daemon, { now, timeZone: 'Asia/Shanghai', closeAfterMs: 24 * 60 * MINUTE });
    expect(await at(Date.UTC(2026, 10, 1, 15))).toEqual(['2026-09']);
    expect(await at(Date.UTC(2026, 10, 1, 16))).toEqual(['2026-09', '2026-10']);
    await journal(
      Array.from({ length: 9 }, (_, index) => newCall({ at: OUTAGE + index * 5 * MINUTE, status: 500 })),
    );
    await drafted();
    expect(await at(Date.UTC(2026, 10, 21))).toEqual(['2026-09']);
  });
});
