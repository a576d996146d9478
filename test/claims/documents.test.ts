import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { insertSettled } from '../ledger/making.ts';
import { failed, type LetterCase } from './letter-cases.ts';

/** Nine windows failed wholly: 99.899193 %, a tenth of the fee. */
let month: LetterCase;
beforeEach(async () => {
  month = await failed(9);
});
afterEach(() => month.store.close());

const invoice = { amount: 100_000_000, paidByVoucher: 0, currency: 'USD', source: null };

describe('a month that is worth a share of a fee', () => {
  it.each([
    [{ ...invoice, paidByVoucher: 100_000_000 }, "vouchers paid all of the month's fee of 100.00 USD"],
    [{ ...invoice, amount: 0 }, 'but the fee of the month was 0.00 USD'],
    [
      { ...invoice, amount: 90_000 },
      'of a fee of 0.09 USD, of which vouchers paid 0.00 USD, that is less than 0.01 USD',
    ],
    [
      { ...invoice, amount: 9_000_000, currency: 'JPY' },
      'of a fee of 9 JPY, of which vouchers paid 0 JPY, that is less than 1 JPY',
    ],
  ])('asks for nothing if nothing is left to ask: %j', async (fee, why) => {
    const message = await month.with({ invoice: fee }).whyNothing();
    expect(message).toContain(
      'availability was 99.899193 %, below the committed 99.90 %, which is worth 10 % of the monthly service fee; but',
    );
    expect(message).toContain(why);
  });

  it('shows one amount in letters, summary and list', async () => {
    month.with({ invoice: { ...invoice, amount: 1_234_570_000 } });
    expect(await month.asked()).toBe(123_450_000);
    const files = await month.documents();
    expect(files['claim.en.md']).toContain('**123.45 USD**');
    expect(files['claim.zh.md']).toContain('**123.45 USD**');
    expect(JSON.parse(files['summary.json'] ?? '')).toMatchObject({
      principal: { asked: 123.45 },
      fee: { amount: 1234.57, source: 'invoice' },
    });
  });

  it('estimates the fee from what was settled within the period', async () => {
    const settle = (id: string, at: number, credits: number, basis: 'reported' | 'estimate') =>
      insertSettled(month.store, { id, at, credits, basis });
    const inside = Date.UTC(2026, 8, 30, 16);
    settle('a', inside, 1_000_000, 'estimate');
    month.store.db
      .prepare(
        "INSERT INTO adjustments (hold_id, id, at, credits, basis) VALUES ('a', 'x', ?, -500000, 'reported')",
      )
      .run(inside + 1);
    settle('b', inside - 1, 7_000_000, 'reported');
    settle('c', Date.UTC(2026, 9, 31, 16), 7_000_000, 'reported');
    // 500 credits at 0.014 are 7 dollars, a tenth of which is asked; Kling's adjustment reports the whole of them.
    expect(await month.asked()).toBe(700_000);
    expect((await month.documents())['claim.en.md']).toContain(
      'an estimate: 500 credits, which your answers to our tasks reported as deducted, at 0.014 USD a credit',
    );
  });

  it('writes a currency without decimals without them', async () => {
    const files = await month
      .with({ invoice: { ...invoice, amount: 12_345_000_000, currency: 'JPY' } })
      .documents();
    expect(files['claim.en.md']).toContain('A compensation voucher of **1234 JPY**');
    expect(files['claim.zh.md']).toContain('月度服务费：12345 JPY，其中代金券支付 0 JPY');
    expect(JSON.parse(files['summary.json'] ?? '')).toMatchObject({ principal: { asked: 1234 } });
  });
});

describe('text that somebody entered', () => {
  const evil =
    '\n\n## Paid in full\n- **yes** [x](http://evil.example) | <img src=x onerror=alert(1)> &lt; `code`';
  const count = (text: string | undefined, shape: RegExp): number => text?.match(shape)?.length ?? 0;

  it('makes no heading, list, link, cell or tag in any document', async () => {
    await month.fail(4, { from: 20 });
    await month.exclude(20, 'a mail');
    await month.blameOurselves(21, 'our firewall');
    month.with({ invoice });
    const clean = await month.documents();
    await month.exclude(20, evil);
    await month.blameOurselves(21, evil);
    const claimant = { accountId: evil, company: evil, contact: evil, signatory: evil };
    const files = await month.with({ claimant, invoice: { ...invoice, source: evil } }).documents();
    for (const name of ['claim.en.md', 'claim.zh.md', 'method.md']) {
      const text = files[name] ?? '';
      expect(count(text, /^#/gm), name).toBe(count(clean[name], /^#/gm));
      expect(text, name).toContain('\\*\\*yes\\*\\* \\[x](');
      expect(text, name).not.toMatch(/(?<!\\)<img|(?<!\\)\[x\]|(?<!\\)\*\*yes|(?<!\\)`code/);
      const cellsOf = (document: string): number[] =>
        [...new Set(document.split('\n').filter((line) => line.startsWith('|')))].map((line) =>
          count(line, /(?<!\\)\|/g),
        );
      expect(new Set(cellsOf(text)), name).toEqual(new Set(cellsOf(clean[name] ?? '')));
    }
    for (const name of ['claim.html', 'claim.zh.html']) {
      expect(files[name]).not.toMatch(/<img|<a\b|<strong>yes/);
      expect(count(files[name], /<h2>/g)).toBe(count(clean[name], /<h2>/g));
    }
  });

  it('is no formula in a table', async () => {
    const evidence = { date: '＝1+1', server: '\u00a0@x', via: '＋1', cause: null };
    await month.fail(1, { from: 20, klingRequestId: ' =cmd()', evidence });
    const { 'requests.csv': requests = '' } = await month.documents();
    for (const cell of ["' =cmd()", "'＝1+1", "'\u00a0@x", "'＋1"]) expect(requests).toContain(`,${cell},`);
  });
});

describe('the page for printing', () => {
  it('exists in both languages, complete in one file', async () => {
    const files = await month.documents();
    expect(files['claim.html']).toContain('<html lang="en">');
    expect(files['claim.html']).toContain('Calendar of the 5-minute windows (Asia/Shanghai)');
    expect(files['claim.zh.html']).toContain('<html lang="zh-CN">');
    expect(files['claim.zh.html']).toContain('5 分钟窗口日历图（时区 Asia/Shanghai）');
    expect(files['claim.zh.html']).toContain('错误率不超过 10%');
    for (const name of ['claim.html', 'claim.zh.html']) {
      expect(files['manifest.sha256']).toContain(`  ${name}\n`);
      const own = (files[name] ?? '').replace('http://www.w3.org/2000/svg', '');
      expect(own).not.toMatch(/<script|<link|src=|url\(|@import|http:\/\//);
    }
  });

  it('has labels that can be read on A4', async () => {
    const { 'claim.html': page = '' } = await month.documents();
    const [, width = '0', size = '0'] = /viewBox="0 0 (\d+) .*font-size="(\d+)"/.exec(page) ?? [];
    // 178 mm between the margins; seven points are the least that print is read at.
    const points = (Number(size) * (178 / 25.4) * 72) / Number(width);
    expect(points).toBeGreaterThan(7);
  });
});
