/**
 * What amounts of Kling's units and money are in credits: for deductions in answers, and for the rows of the ledgers.
 *
 * **Invariant**: one rule for both, so that an answer and the ledger's row of the same task give the same credits. An
 * amount that cannot be converted is null, never 0.
 */
import { decimalTimes, MILLI_CREDITS_PER_UNIT, type MilliCredits, type Product } from '../units.ts';
import type { BillingRow, Millionths } from './account.ts';

/** The price of one credit, for deductions in cash. */
export interface CashPrice {
  perCredit: number;
  currency: string;
}

/** Kling's list: $0.14 a video unit; in mainland China about 1 yuan (pricing pages, read 2026-09-20). */
const LIST_PRICES: Readonly<Record<string, number>> = { USD: 0.014, CNY: 0.1 };
export const LIST_PRICE: CashPrice = { perCredit: 0.014, currency: 'USD' };
const MILLION = 1_000_000;

/** The parts of a ledger's row that its credits depend on. */
export type ChargedRow = Pick<BillingRow, 'wallet' | 'amount' | 'product' | 'cashType' | 'currency'>;

/**
 * Converts a row of Kling's ledgers to thousandths of a credit, rounded up; null if its currency has no price.
 * @param product - Of the task, for units whose kind Kling does not name.
 */
export function rowCredits(row: ChargedRow, product: Product, price: CashPrice): MilliCredits | null {
  const amount = decimalText(row.amount);
  if (row.wallet === 'package') {
    return decimalTimes(amount, MILLI_CREDITS_PER_UNIT[poolOf(row.product, product)]) ?? null;
  }
  return moneyToMilli(amount, row.currency, price) ?? null;
}

/** Writes a row's amount as the notes of holds have it: `2.4 video`, `0.07 USD balance`. */
export function rowText(row: ChargedRow, product: Product): string {
  const amount = decimalText(row.amount);
  if (row.wallet === 'package') return `${amount} ${poolOf(row.product, product)}`;
  return [amount, row.currency, row.cashType ?? 'balance'].filter((part) => part !== null).join(' ');
}

/** Writes millionths as a plain decimal. */
export function decimalText(millionths: Millionths): string {
  // From a millionth on JavaScript writes numbers without an exponent.
  return String(millionths / MILLION);
}

/** Kling names `audio` as a type, but deducts sounds and voices from the video pack (paid probes, 2026-09-20). */
export function poolOf(type: unknown, product: Product): Product {
  if (type === 'image') return 'image';
  return type === 'video' || type === 'audio' ? 'video' : product;
}

/**
 * Converts money to thousandths of a credit, rounded up; undefined if it is no decimal, or its currency has no price.
 * @param currency - Null: that of the price, which Kling's answers of the legacy generation leave out.
 */
export function moneyToMilli(
  amount: string,
  currency: string | null,
  price: CashPrice,
): MilliCredits | undefined {
  const perCredit =
    currency === null || currency === price.currency ? price.perCredit : LIST_PRICES[currency];
  return perCredit === undefined ? undefined : cashToMilli(amount, perCredit);
}

/**
 * Converts an amount of money to thousandths of a credit at a price, exactly, rounded up; undefined if it is no decimal.
 * @param perCredit - Above 0.
 */
export function cashToMilli(amount: string, perCredit: number): MilliCredits | undefined {
  const money = decimal(amount);
  const price = decimal(perCredit.toFixed(12));
  if (money === null || price === null || price.digits <= 0n) return undefined;
  const places = money.places > price.places ? money.places : price.places;
  const dividend = money.digits * 1000n * 10n ** BigInt(places - money.places);
  const divisor = price.digits * 10n ** BigInt(places - price.places);
  const up = dividend >= 0n ? (dividend + divisor - 1n) / divisor : dividend / divisor;
  const milli = Number(up);
  return Number.isSafeInteger(milli) ? milli : undefined;
}

function decimal(text: string): { digits: bigint; places: number } | null {
  const match = /^(-?\d{1,15})(?:\.(\d{1,18}))?$/.exec(text);
  if (match === null) return null;
  const [, whole = '0', fraction = ''] = match;
  return { digits: BigInt(whole + fraction), places: fraction.length };
}
