import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cashToMilli } from '../../src/account/row-credits.ts';
import { deductionOf } from '../../src/kling/deduction.ts';

describe('deductions', () => {
  it('convert cash at the configured price, rounded up to a thousandth', () => {
    const price = { perCredit: 0.014, currency: 'USD' };
    const cash = (amount: unknown, currency?: string): unknown =>
      deductionOf(
        { billing: [{ charge_type: 'cash', cash_type: 'test_balance', amount, currency }] },
        'video',
        price,
      );
    expect(cash('0.14', 'USD')).toEqual({ credits: 10_000, raw: '0.14 USD test_balance' });
    expect(cash('0.1')).toEqual({ credits: 7_143, raw: '0.1 test_balance' });
    expect(cash('1', 'CNY')).toEqual({ credits: 10_000, raw: '1 CNY test_balance' });
    expect(cash('1', 'EUR')).toBeNull();
    expect(cash('1e3', 'USD')).toBeNull();
    expect(
      deductionOf(
        { final_unit_deduction: '', final_balance_deduction: { quota: '0.07', list_price: '0.14' } },
        'video',
        price,
      ),
    ).toEqual({ credits: 5_000, raw: '0.07 balance' });
    expect(deductionOf({ final_unit_deduction: 2.4 }, 'video')).toEqual({
      credits: 24_000,
      raw: '2.4 video',
    });
    expect(deductionOf({ final_unit_deduction: 'much' }, 'video')).toBeNull();
    expect(deductionOf({ billing: [{ charge_type: 'tokens', amount: '1' }] }, 'video')).toBeNull();
    expect(deductionOf(null, 'video')).toBeNull();
  });

  it('are exact to the thousandth for every amount', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 10_000_000 }),
        fc.integer({ min: 1, max: 100_000 }),
        (tenThousandths, perCredit100000) => {
          const amount = (tenThousandths / 10_000).toFixed(4);
          const milli = cashToMilli(amount, perCredit100000 / 100_000);
          const exact =
            (BigInt(tenThousandths) * 10_000n + BigInt(perCredit100000) - 1n) / BigInt(perCredit100000);
          expect(milli).toBe(Number(exact));
        },
      ),
      { numRuns: 500 },
    );
    expect(cashToMilli('1', 0)).toBeUndefined();
  });
});
