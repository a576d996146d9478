import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CLAIM_STATES, checkStep, type ClaimState } from '../../src/claims/claim.ts';
import { claimDates, filingState } from '../../src/claims/deadlines.ts';
import { claimsSection, invoiceOf } from '../../src/claims/claims-config.ts';
import { pickFee, voucherOf, type Fee } from '../../src/claims/fee.ts';
import { decimalsOf, formatMoney, toAmount, toMicros } from '../../src/claims/money.ts';
import { readOverride } from '../../src/claims/calendar-file.ts';
import { createCalendar } from '../../src/claims/working-days.ts';

const fee = (amount: number, paidByVoucher: number): Fee => ({
  amount: amount * 1_000_000,
  paidByVoucher: paidByVoucher * 1_000_000,
  currency: 'USD',
  source: { kind: 'invoice', number: null },
});

describe('the voucher', () => {
  it.each([
    // fee, paid by voucher, tier → asked, narrower, capped
    [1000, 0, 10, 100, 100, false],
    [1000, 0, 50, 500, 500, false],
    [1000, 400, 10, 100, 60, false],
    [1000, 400, 50, 300, 300, true],
    [1000, 900, 25, 50, 25, true],
    [1000, 1000, 50, 0, 0, true],
  ])('of a fee of %d, %d of it paid by voucher, at %d %% is %d, read narrowly %d', (...row) => {
    const [amount, paid, percent, asked, narrower, isCapped] = row;
    expect(voucherOf(fee(amount, paid), percent, 50)).toEqual({
      asked: asked * 1_000_000,
      narrower: narrower * 1_000_000,
      isCapped,
    });
  });

  it('never passes half of what was paid in money, and is never below the narrower reading', () => {
    fc.assert(
      fc.property(
        fc.nat(10 ** 12),
        fc.nat(10 ** 12),
        fc.constantFrom(10, 25, 50),
        (amount, paid, percent) => {
          const { asked, narrower } = voucherOf({ ...fee(0, 0), amount, paidByVoucher: paid }, percent, 50);
          expect(asked * 2).toBeLessThanOrEqual(Math.max(0, amount - paid));
          expect(asked).toBeGreaterThanOrEqual(narrower);
          expect(asked).toBeLessThanOrEqual((amount * percent) / 100);
        },
      ),
    );
  });

  it('is rounded down to the smallest unit of its currency, wherever it is shown', () => {
    expect(['USD', 'JPY', 'KRW', 'KWD', 'CNY', 'XYZ', 'coins'].map(decimalsOf)).toEqual([
      2, 0, 0, 3, 2, 2, 2,
    ]);
    expect(formatMoney(12_349_999, 'USD')).toBe('12.34 USD');
    expect(formatMoney(1_234_000_000, 'JPY')).toBe('1234 JPY');
    expect(toAmount(12_349_999, 'USD')).toBe(12.34);
    expect(toAmount(1_234_999_999, 'KRW')).toBe(1234);
    expect([toMicros('0.000001'), toMicros('12.5'), toMicros('x')]).toEqual([1, 12_500_000, undefined]);
    // 10 % of 1,234.57 are 123.457.
    expect(voucherOf({ ...fee(0, 0), amount: 1_234_570_000 }, 10, 50)).toMatchObject({ asked: 123_450_000 });
    // 10 % of 12,345 yen are 1,234.5.
    const yen = { ...fee(12_345, 0), currency: 'JPY' };
    expect(voucherOf(yen, 10, 50)).toMatchObject({ asked: 1_234_000_000, narrower: 1_234_000_000 });
  });

  it('never follows from more of the fee than is shown', () => {
    fc.assert(
      fc.property(
        fc.nat(10 ** 12),
        fc.nat(10 ** 12),
        fc.integer({ min: 1, max: 100 }),
        fc.constantFrom('USD', 'JPY', 'KWD'),
        (amount, paidByVoucher, percent, currency) => {
          const invoice = { amount, paidByVoucher, currency, source: null };
          const picked = pickFee({ invoice, billing: null, settled: NONE, price: PRICE });
          if (!picked) throw new Error('no fee');
          const shown = Number(formatMoney(picked.amount, currency).split(' ')[0]);
          const paid = Number(formatMoney(picked.paidByVoucher, currency).split(' ')[0]);
          const { asked } = voucherOf(picked, percent, 50);
          expect(toAmount(asked, currency)).toBeLessThanOrEqual((shown * percent) / 100 + 1e-9);
          expect(toAmount(asked, currency)).toBeLessThanOrEqual((shown - paid) / 2 + 1e-9);
          expect(formatMoney(asked, currency)).toBe(
            formatMoney(Math.round(toAmount(asked, currency) * 1e6), currency),
          );
        },
      ),
    );
  });
});

const NONE = { total: 0, reported: 0 };
const PRICE = { perCredit: '0.014', currency: 'USD' };

describe('the fee', () => {
  const price = PRICE;
  const billing = { amount: 5_000_000, paidByVoucher: 0, currency: 'USD', rows: 3, parts: [] };
  const invoice = { amount: 7_000_000, paidByVoucher: 1, currency: 'CNY', source: 'INV-1' };

  it('is the invoice’s, else the billing rows’, else our settled credits at the price', () => {
    const settled = { total: 12_345_678, reported: 12_000_000 };
    expect(pickFee({ invoice, billing, settled, price })).toMatchObject({
      source: { kind: 'invoice', number: 'INV-1' },
      currency: 'CNY',
      paidByVoucher: 10_000,
    });
    expect(pickFee({ invoice: null, billing, settled, price })?.source.kind).toBe('billing');
    // 12,345.678 credits × 0.014 = 172.839492
    expect(pickFee({ invoice: null, billing: null, settled, price })).toEqual({
      source: { kind: 'settled', credits: settled, ...price },
      amount: 172_830_000,
      paidByVoucher: 0,
      currency: 'USD',
    });
    expect(pickFee({ invoice: null, billing: null, settled: NONE, price })).toBeNull();
  });

  it('is 0 if its source says 0, and not unknown', () => {
    const settled = { total: 1_000_000, reported: 0 };
    const nothing = { ...billing, amount: 0, rows: 0 };
    expect(pickFee({ invoice: { ...invoice, amount: 0 }, billing, settled, price })).toMatchObject({
      amount: 0,
      paidByVoucher: 0,
      source: { kind: 'invoice' },
    });
    expect(pickFee({ invoice: null, billing: nothing, settled: NONE, price })).toMatchObject({ amount: 0 });
    // Kling's ledgers lag, and our own saw something.
    expect(pickFee({ invoice: null, billing: nothing, settled, price })?.source.kind).toBe('settled');
  });

  it('is read from the config by month, as number or text', () => {
    const config = claimsSection.parse({ fees: { '2026-10': { amount: 1234.56, paidByVoucher: '34.5' } } });
    expect(invoiceOf(config, '2026-10')).toEqual({
      amount: 1_234_560_000,
      paidByVoucher: 34_500_000,
      currency: 'USD',
      source: null,
    });
    expect(invoiceOf(config, '2026-11')).toBeNull();
    expect(claimsSection.safeParse({ fees: { '2026-13': { amount: 1 } } }).success).toBe(false);
    expect(claimsSection.safeParse({ fees: { '2026-10': { amount: 'much' } } }).success).toBe(false);
  });

  it.each([
    [{ amount: 100, paidByVoucher: 150 }, 'not above its amount'],
    [{ amount: '100.005' }, 'at most 2 decimals in USD'],
    [{ amount: 1000.5, currency: 'JPY' }, 'no decimals in JPY'],
    [{ amount: 1000, paidByVoucher: '0.5', currency: 'KRW' }, 'no decimals in KRW'],
  ])('refuses %j', (entered, why) => {
    const asInvoice = claimsSection.safeParse({ fees: { '2026-10': entered } });
    const asPack = claimsSection.safeParse({ packs: [{ pack: 'p', ...entered }] });
    for (const parsed of [asInvoice, asPack]) expect(JSON.stringify(parsed.error?.issues)).toContain(why);
  });
});

describe('the dates of a claim', () => {
  const china = createCalendar('CN', null);
  const singapore = createCalendar('SG', null);
  const weekdays = createCalendar('weekdays', null);
  const of = (month: string, calendar = weekdays) => {
    const { earliest, latest, isEstimated } = claimDates(month, calendar);
    return [earliest, latest, isEstimated];
  };

  it.each([
    ['2026-10', '2026-12-31'],
    ['2026-12', '2027-02-28'],
    ['2027-12', '2028-02-29'],
    ['2026-02', '2026-04-28'],
    ['2028-02', '2028-04-29'],
    ['2026-07', '2026-09-30'],
    ['2026-06', '2026-08-30'],
  ])('end two months after the end of %s, clamped: %s', (month, latest) => {
    expect(claimDates(month, weekdays).latest).toBe(latest);
  });

  it('begin after the fifth working day, China’s holidays and make-up days counted', () => {
    // October 2026: off to the 7th; 8, 9, 10 (a Saturday worked), 12, 13 are five.
    expect(of('2026-09', china)).toEqual(['2026-10-14', '2026-11-30', false]);
    // February 2026: 2 to 6 are five.
    expect(of('2026-01', china)).toEqual(['2026-02-07', '2026-03-31', false]);
    // January 2026: off to the 3rd; 4 (a Sunday worked), 5, 6, 7, 8 are five.
    expect(of('2025-12', china)).toEqual(['2026-01-09', '2026-02-28', false]);
    expect(of('2026-10', china)).toEqual(['2026-11-07', '2026-12-31', false]);
  });

  it('follow Singapore’s holidays, the Monday after a Sunday among them', () => {
    // November 2026: 2 to 6 are five. June: the 1st is off for Vesak Day; 2, 3, 4, 5, 8 are five.
    expect(of('2026-10', singapore)).toEqual(['2026-11-07', '2026-12-31', false]);
    expect(of('2026-05', singapore)).toEqual(['2026-06-09', '2026-07-31', false]);
  });

  it('are estimated if a year has no data, and never silently', () => {
    expect(of('2026-12', china)).toEqual(['2027-01-09', '2027-02-28', true]);
    expect(claimDates('2026-12', china).calendarSource.en).toContain('no notice for this year');
    expect(claimDates('2026-12', china).calendarSource.zh).toContain('暂无该年度');
    expect(of('2026-12', singapore)[2]).toBe(true);
    expect(of('2026-12', weekdays)[2]).toBe(false);
  });

  it('follow an override file above all else', () => {
    const override = readOverride(
      { years: [2027], holidays: ['2027-01-01'], workdays: ['2027-01-02'], sourceZh: '文件' },
      'x.json',
    );
    // 2 (worked), 4, 5, 6, 7.
    expect(of('2026-12', createCalendar('CN', override))).toEqual(['2027-01-08', '2027-02-28', false]);
    expect(claimDates('2026-12', createCalendar('CN', override)).calendarSource).toEqual({
      en: 'override file x.json',
      zh: '文件',
    });
    expect(of('2026-09', createCalendar('CN', override))[0]).toBe('2026-10-14');
  });

  it.each([
    [{ years: ['2027'] }, 'it must hold { "years": [2027]'],
    [{ years: [2027], holidays: ['2027-02-30'] }, 'has the day "2027-02-30"'],
    [{ years: [2027], holidays: ['2026-01-01'] }, 'whose year is not in "years"'],
    [{ years: [2027], holidays: ['2027-01-01'], workdays: ['2027-01-01'] }, 'has 2027-01-01 twice'],
    [{ years: [2027], holidays: [], workday: [] }, 'has the key "workday": known are years'],
  ])('refuse an override of %j', (json, why) => {
    expect(() => readOverride(json, 'x.json')).toThrow(why);
  });

  it('say when a claim may be filed', () => {
    const dates = { earliest: '2026-11-07', latest: '2026-12-31' };
    expect(
      ['2026-11-06', '2026-11-07', '2026-12-31', '2027-01-01'].map((day) => filingState(dates, day)),
    ).toEqual(['early', 'open', 'open', 'late']);
  });
});

describe('a claim’s life', () => {
  it('goes only forward', () => {
    const allowed = CLAIM_STATES.flatMap((from) =>
      CLAIM_STATES.filter((to) => from !== to && isAllowed(from, to)).map((to) => `${from} ${to}`),
    );
    expect(allowed).toEqual([
      'draft filed',
      'draft expired',
      'filed acknowledged',
      'filed granted',
      'filed rejected',
      'filed expired',
      'acknowledged granted',
      'acknowledged rejected',
      'acknowledged expired',
      'superseded filed',
      'withdrawn filed',
    ]);
    expect(() => checkStep('granted', 'filed')).toThrow('granted is an end');
  });

  function isAllowed(from: ClaimState, to: ClaimState): boolean {
    try {
      checkStep(from, to);
      return true;
    } catch {
      return false;
    }
  }
});
