/**
 * The month's fee from Kling's own ledgers: what was deducted within the service period, at the price of each pack.
 *
 * A unit costs the price of its pack divided by the units of that pack. A pack without an entered price counts at the
 * configured price of a credit; money that was deducted counts as money. Test money counts as paid by a voucher. If the
 * ledgers list nothing, the fee is 0, unless a pack that is paid by time was in force: its units are no deductions.
 *
 * **Invariant**: sums are exact until they are rounded once; rows in a currency other than the fee's, and rows
 * without a known price, are left out and named, never guessed.
 */
import type { Pack } from '../account/account.ts';
import type { DeductionSum } from '../account/account-table.ts';
import { add, fromDecimal, times, ZERO, type Fraction } from '../sla/fraction.ts';
import { MILLI_CREDITS_PER_UNIT } from '../units.ts';
import { floorMicros, type Micros } from './money.ts';

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

/** What one pack or purse adds, so that a reader can check the sum. */
export interface FeePart {
  /** A pack, the account's balance, or its test balance. */
  purse: 'pack' | 'balance' | 'test_balance';
  /** The pack's name, else its id; null if it is no pack or the pack is unknown. */
  pack: string | null;
  /** Units, or money, in millionths. */
  quantity: number;
  /** `video`, `image`, …: the product of the units; null for money, or if unknown. */
  product: string | null;
  /** Currency of the money deducted; null for units, or if Kling names none. */
  currency: string | null;
  rows: number;
  /** Null if the part is left out. */
  amount: Micros | null;
  price: PartPrice;
}

/** How a part was priced: by its pack, by the configured credit, as money, not in the fee's currency, or not at all. */
export type PartPrice =
  | { kind: 'pack'; amount: Micros; currency: string; packUnits: number }
  | { kind: 'credit'; perCredit: string; currency: string }
  | { kind: 'money' }
  | { kind: 'foreign'; currency: string }
  | { kind: 'none' };

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

/** Adds up what was deducted; null if the ledgers give no fee. */
export function billingFee(
  sums: readonly DeductionSum[],
  packs: readonly Pack[],
  prices: FeePrices,
): BillingFee | null {
  if (sums.length === 0) return nothingDeducted(packs, prices);
  const priced = sums.map((sum) => (sum.wallet === 'balance' ? cash(sum) : units(sum, packs, prices)));
  const currency = currencyOf(priced, prices);
  if (currency === null) return null;
  const counted = priced.filter((one) => one.currency === currency);
  const total = (of: (one: Priced) => Fraction): Fraction =>
    counted.reduce((sum, one) => add(sum, of(one)), ZERO);
  return {
    amount: floorMicros(total(({ money }) => money)),
    paidByVoucher: floorMicros(total(({ byVoucher }) => byVoucher)),
    currency,
    rows: counted.reduce((sum, { part }) => sum + part.rows, 0),
    parts: priced.map(({ part, currency: own, money }) => {
      if (own === currency) return { ...part, amount: floorMicros(money) };
      const price: PartPrice = own === null ? part.price : { kind: 'foreign', currency: own };
      return { ...part, amount: null, price };
    }),
  };
}

function nothingDeducted(packs: readonly Pack[], { list }: FeePrices): BillingFee | null {
  if (packs.some(({ kind }) => kind !== 'decreasing_total')) return null;
  return { amount: 0, paidByVoucher: 0, currency: list.currency, rows: 0, parts: [] };
}

/** The configured currency if anything was paid in it, else the first by name. */
function currencyOf(priced: readonly Priced[], { list }: FeePrices): string | null {
  const known = priced.flatMap(({ currency }) => (currency === null ? [] : [currency])).sort();
  return known.includes(list.currency) ? list.currency : (known[0] ?? null);
}

function cash(sum: DeductionSum): Priced {
  const money = { num: BigInt(sum.amount), den: MILLION };
  const isTest = sum.cashType === 'test_balance';
  return {
    part: {
      purse: isTest ? 'test_balance' : 'balance',
      pack: null,
      quantity: sum.amount,
      product: null,
      currency: sum.currency,
      rows: sum.rows,
      price: { kind: sum.currency === null ? 'none' : 'money' },
    },
    currency: sum.currency,
    money,
    byVoucher: isTest ? money : ZERO,
  };
}

function units(sum: DeductionSum, packs: readonly Pack[], { packs: entered, list }: FeePrices): Priced {
  const pack = packs.find(({ id }) => id === sum.packId);
  const quantity = { num: BigInt(sum.amount), den: MILLION };
  const part = {
    purse: 'pack',
    pack: pack?.name ?? sum.packId,
    quantity: sum.amount,
    product: sum.product,
    currency: null,
    rows: sum.rows,
  } as const;
  const price = entered.find((one) => one.pack === sum.packId || one.pack === pack?.name);
  const total = pack?.total ?? 0;
  if (price && total > 0) {
    // Both are in millionths, so that they cancel.
    const share = (amount: Micros): Fraction => times(quantity, { num: BigInt(amount), den: BigInt(total) });
    const { amount, currency } = price;
    return {
      part: { ...part, price: { kind: 'pack', amount, currency, packUnits: total } },
      currency,
      money: share(amount),
      byVoucher: share(price.paidByVoucher),
    };
  }
  const perUnit = listPerUnit(sum.product, list.perCredit);
  if (!perUnit) return { part: { ...part, price: { kind: 'none' } }, ...NOTHING };
  return {
    part: { ...part, price: { kind: 'credit', ...list } },
    currency: list.currency,
    money: times(quantity, perUnit),
    byVoucher: ZERO,
  };
}

const NOTHING = { currency: null, money: ZERO, byVoucher: ZERO };

/** Gives a unit's price from the price of a credit; undefined for products whose units do not convert to credits. */
function listPerUnit(product: string | null, perCredit: string): Fraction | undefined {
  if (product !== 'video' && product !== 'image') return undefined;
  const credit = fromDecimal(perCredit);
  return credit && times(credit, { num: BigInt(MILLI_CREDITS_PER_UNIT[product]), den: 1000n });
}
