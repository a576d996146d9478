import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Pack } from '../../src/account/account.ts';
import type { DeductionSum } from '../../src/account/account-table.ts';
import { billingFee, type FeePrices } from '../../src/claims/billing-fee.ts';
import { claimsSection, packPricesOf } from '../../src/claims/claims-config.ts';

const UNIT = 1_000_000;
const pack = (over: Partial<Pack> = {}): Pack => ({
  id: 'p-1',
  name: 'Video-30000Units-10Con-3Months',
  kind: 'decreasing_total',
  total: 30_000 * UNIT,
  remaining: 0,
  purchasedAt: 0,
  effectiveAt: 0,
  invalidAt: 1,
  status: 'online',
  ...over,
});
const taken = (over: Partial<DeductionSum> = {}): DeductionSum => ({
  wallet: 'package',
  packId: 'p-1',
  product: 'video',
  cashType: null,
  currency: null,
  amount: 100 * UNIT,
  rows: 10,
  ...over,
});
const list = { perCredit: '0.014', currency: 'USD' };
const prices = (over: Partial<FeePrices['packs'][number]> = {}): FeePrices => ({
  packs: [{ pack: 'p-1', amount: 4200 * UNIT, paidByVoucher: 0, currency: 'USD', ...over }],
  list,
});

describe('the fee by Kling’s ledgers', () => {
  it('takes each unit at its share of the pack’s price, by id or by name', () => {
    // 100 of 30,000 units for $4,200 are $14.
    expect(billingFee([taken()], [pack()], prices())).toMatchObject({ amount: 14 * UNIT, rows: 10 });
    expect(billingFee([taken()], [pack()], prices({ pack: pack().name }))?.amount).toBe(14 * UNIT);
    expect(billingFee([taken()], [pack()], prices({ amount: 2100 * UNIT }))?.amount).toBe(7 * UNIT);
  });

  it('counts the part of a pack that vouchers paid', () => {
    const fee = billingFee([taken()], [pack()], prices({ paidByVoucher: 1050 * UNIT }));
    expect(fee).toMatchObject({ amount: 14 * UNIT, paidByVoucher: 3.5 * UNIT });
  });

  it('falls back to the price of a credit: ten to a video unit, a quarter to an image unit', () => {
    const none = { packs: [], list };
    // 100 video units are 1000 credits; 8 image units are 2.
    expect(billingFee([taken()], [pack()], none)?.amount).toBe(14 * UNIT);
    const image = taken({ packId: 'p-2', product: 'image', amount: 8 * UNIT });
    const fee = billingFee([image], [pack()], none);
    expect(fee?.amount).toBe(28_000);
    expect(fee?.parts[0]?.price).toEqual({ kind: 'credit', ...list });
    // Entered, but Kling does not say how many units the pack had.
    expect(billingFee([taken()], [pack({ total: null })], prices())?.parts[0]?.price.kind).toBe('credit');
  });

  it('counts money as deducted, and test money as paid by a voucher', () => {
    const cash = { wallet: 'balance', packId: null, product: null, currency: 'USD' } as const;
    const fee = billingFee(
      [
        taken({ ...cash, cashType: 'balance', amount: 5 * UNIT }),
        taken({ ...cash, cashType: 'test_balance', amount: 2 * UNIT }),
      ],
      [],
      { packs: [], list },
    );
    expect(fee).toMatchObject({ amount: 7 * UNIT, paidByVoucher: 2 * UNIT, rows: 20 });
  });

  it('leaves out rows without a price or in another currency, and names them', () => {
    const tryOn = taken({ packId: 'p-3', product: 'try-on' });
    const yuan = taken({
      wallet: 'balance',
      packId: null,
      product: null,
      cashType: 'balance',
      currency: 'CNY',
    });
    const fee = billingFee([taken(), tryOn, yuan], [pack()], prices());
    expect(fee).toMatchObject({ amount: 14 * UNIT, currency: 'USD', rows: 10 });
    expect(fee?.parts.map(({ amount }) => amount)).toEqual([14 * UNIT, null, null]);
    expect(fee?.parts[1]?.price).toEqual({ kind: 'none' });
    expect(fee?.parts[2]?.price).toEqual({ kind: 'foreign', currency: 'CNY' });
    // All in another currency: that one it is.
    expect(billingFee([yuan], [], prices())).toMatchObject({ currency: 'CNY', amount: 100 * UNIT });
    expect(billingFee([tryOn], [], prices())).toBeNull();
  });

  it('are 0 if the ledgers list nothing, unless a pack was paid by time', () => {
    const nothing = { amount: 0, paidByVoucher: 0, currency: 'USD', rows: 0, parts: [] };
    expect(billingFee([], [], prices())).toEqual(nothing);
    expect(billingFee([], [pack()], prices())).toEqual(nothing);
    expect(billingFee([], [pack(), pack({ kind: 'constant_period' })], prices())).toBeNull();
  });

  it('sums any parts exactly, and rounds down once', () => {
    const amounts = fc.array(fc.integer({ min: 1, max: 10_000_000 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(amounts, fc.integer({ min: 1, max: 9_999 }), (parts, cents) => {
        const sums = parts.map((amount, at) => taken({ product: at % 2 === 0 ? 'video' : 'audio', amount }));
        const fee = billingFee(sums, [pack({ total: 7 * UNIT })], prices({ amount: cents * 10_000 }));
        const units = parts.reduce((sum, amount) => sum + BigInt(amount), 0n);
        expect(fee?.amount).toBe(Number((units * BigInt(cents * 10_000)) / BigInt(7 * UNIT)));
      }),
    );
  });

  it('is entered in the config by pack', () => {
    const config = claimsSection.parse({ packs: [{ pack: 'p-1', amount: 4200, paidByVoucher: '10.5' }] });
    expect(packPricesOf(config)).toEqual([
      { pack: 'p-1', amount: 4200 * UNIT, paidByVoucher: 10_500_000, currency: 'USD' },
    ]);
    const over = { packs: [{ pack: 'p-1', amount: 1, paidByVoucher: 2 }] };
    expect(claimsSection.safeParse(over).success).toBe(false);
  });
});
