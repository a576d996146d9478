/**
 * The month's fee from Kling's own ledgers: what was deducted within the service period, at the price of each pack.
 *
 * A pack's unit costs its price over the units it was sold with. A pack whose price was not entered is taken at the
 * configured price of a credit; money was deducted as money. Test money counts as paid by a voucher.
 *
 * **Invariant**: sums are exact until they are rounded down once; rows of a currency that is not the fee's, and rows
 * that nothing gives a price to, are left out and told, never guessed.
 */
import type { Pack } from '../account/account.ts';
import type { DeductionSum } from '../account/account-table.ts';
import { add, fromDecimal, times, ZERO, type Fraction } from '../sla/fraction.ts';
import { MILLI_CREDITS_PER_UNIT } from '../units.ts';
import { floorMicros, formatMoney, type Micros } from './money.ts';

/** What a pack cost, as its buyer entered it. */
export interface PackPrice {
  /** The pack's id or name. */
  pack: string;
  amount: Micros;
  paidByVoucher: Micros;
  currency: string;
}

/** The fee by the ledgers; amounts in the one currency of the claim. */
export interface BillingFee {
  amount: Micros;
  paidByVoucher: Micros;
  currency: string;
  rows: number;
  parts: FeePart[];
}

/** What one pack or purse adds, for those who check. */
export interface FeePart {
  name: string;
  /** Units, or money, in millionths. */
  quantity: number;
  unit: string;
  rows: number;
  /** Null where it is left out. */
  amount: Micros | null;
  /** Priced by its pack, by the configured credit, as money, or not at all. */
  kind: 'pack' | 'credit' | 'money' | 'none';
  basis: string;
}

export interface FeePrices {
  packs: readonly PackPrice[];
  /** Currency units for a credit, as a decimal. */
  list: { perCredit: string; currency: string };
}

interface Priced {
  part: Omit<FeePart, 'amount'>;
  currency: string | null;
  money: Fraction;
  byVoucher: Fraction;
}

const MILLION = 1_000_000n;

/** Adds up what was deducted; null where no row has a price. */
export function billingFee(
  sums: readonly DeductionSum[],
  packs: readonly Pack[],
  prices: FeePrices,
): BillingFee | null {
  const priced = sums.map((sum) => (sum.wallet === 'balance' ? cash(sum) : units(sum, packs, prices)));
  const currency = currencyOf(priced, prices);
  if (currency === null) return null;
  let money = ZERO;
  let byVoucher = ZERO;
  for (const one of priced) {
    if (one.currency !== currency) continue;
    money = add(money, one.money);
    byVoucher = add(byVoucher, one.byVoucher);
  }
  const counted = priced.filter((one) => one.currency === currency);
  return {
    amount: floorMicros(money),
    paidByVoucher: floorMicros(byVoucher),
    currency,
    rows: counted.reduce((total, { part }) => total + part.rows, 0),
    parts: priced.map(({ part, currency: own, money: worth }) => ({
      ...part,
      amount: own === currency ? floorMicros(worth) : null,
      basis: own === null || own === currency ? part.basis : `${part.basis}; in ${own}, left out`,
    })),
  };
}

/** The configured currency where anything was paid in it, else the first by name. */
function currencyOf(priced: readonly Priced[], { list }: FeePrices): string | null {
  const known = priced.flatMap(({ currency }) => (currency === null ? [] : [currency])).sort();
  return known.includes(list.currency) ? list.currency : (known[0] ?? null);
}

function cash(sum: DeductionSum): Priced {
  const money = { num: BigInt(sum.amount), den: MILLION };
  const isTest = sum.cashType === 'test_balance';
  return {
    part: {
      name: isTest ? 'test money' : 'account balance',
      quantity: sum.amount,
      unit: sum.currency ?? 'money',
      rows: sum.rows,
      kind: sum.currency === null ? 'none' : 'money',
      basis: sum.currency === null ? 'no currency given, left out' : 'as deducted',
    },
    currency: sum.currency,
    money,
    byVoucher: isTest ? money : ZERO,
  };
}

function units(sum: DeductionSum, packs: readonly Pack[], { packs: entered, list }: FeePrices): Priced {
  const pack = packs.find(({ id }) => id === sum.packId);
  const name = pack?.name ?? sum.packId ?? 'unknown pack';
  const quantity = { num: BigInt(sum.amount), den: MILLION };
  const part = { name, quantity: sum.amount, unit: `${sum.product ?? 'unknown'} units`, rows: sum.rows };
  const price = entered.find((one) => one.pack === sum.packId || one.pack === pack?.name);
  const total = pack?.total ?? 0;
  if (price && total > 0) {
    // Both are in millionths, so that they cancel.
    const share = (amount: Micros): Fraction => times(quantity, { num: BigInt(amount), den: BigInt(total) });
    const { currency } = price;
    const basis = `${formatMoney(price.amount, currency)} for the pack's ${total / 1_000_000} units`;
    return {
      part: { ...part, kind: 'pack', basis },
      currency,
      money: share(price.amount),
      byVoucher: share(price.paidByVoucher),
    };
  }
  const perUnit = listPerUnit(sum.product, list.perCredit);
  if (!perUnit) return { part: { ...part, kind: 'none', basis: 'no price known, left out' }, ...NOTHING };
  const basis = `no pack price entered, so ${list.perCredit} ${list.currency} a credit`;
  return {
    part: { ...part, kind: 'credit', basis },
    currency: list.currency,
    money: times(quantity, perUnit),
    byVoucher: ZERO,
  };
}

const NOTHING = { currency: null, money: ZERO, byVoucher: ZERO };

/** Gives a unit's price by the credit's; undefined for pools whose unit no credit is a part of. */
function listPerUnit(product: string | null, perCredit: string): Fraction | undefined {
  if (product !== 'video' && product !== 'image') return undefined;
  const credit = fromDecimal(perCredit);
  return credit && times(credit, { num: BigInt(MILLI_CREDITS_PER_UNIT[product]), den: 1000n });
}
