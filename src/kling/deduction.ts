/**
 * Reads Kling's deduction for a task, in thousandths of a credit.
 *
 * The legacy generation has `final_unit_deduction` (units of the route's product) and `final_balance_deduction` (cash);
 * the new one has `billing[]`, rows of units or cash. Amounts are decimal text and never floating-point numbers.
 *
 * **Invariant**: null means that the answer has no deduction, or none that can be read; never that the task was
 * free. An unread amount is left to the next answer, to reconciliation, or to a person.
 */
import type { Deduction } from '../tasks/task.ts';
import { unitsToMilli, type MilliCredits, type Product } from '../units.ts';
import { fieldOf, textOfValue } from './json-value.ts';

/** The price of one credit, for deductions in cash. */
export interface CashPrice {
  perCredit: number;
  currency: string;
}

/** Kling's list: $0.14 a video unit; in mainland China about 1 yuan (pricing pages, read 2026-09-20). */
const LIST_PRICES: Readonly<Record<string, number>> = { USD: 0.014, CNY: 0.1 };
const LIST: CashPrice = { perCredit: 0.014, currency: 'USD' };

/** Reads the deduction of a task, or of a synchronous answer's `data`, of either generation. */
export function deductionOf(data: unknown, product: Product, price: CashPrice = LIST): Deduction | null {
  const billing = fieldOf(data, 'billing');
  const parts = Array.isArray(billing)
    ? billing.map((it) => billed(it, product, price))
    : legacy(data, product, price);
  const read = parts.filter((part) => part !== undefined);
  if (read.length === 0 || read.includes(null)) return null;
  const sum = read.reduce((total, part) => total + (part?.credits ?? 0), 0);
  return { credits: sum, raw: read.map((part) => part?.raw ?? '').join(' + ') };
}

/** Undefined if there is nothing to read, null if it cannot be read. */
type Part = Deduction | null | undefined;

function legacy(data: unknown, product: Product, price: CashPrice): Part[] {
  const balance = fieldOf(data, 'final_balance_deduction');
  return [
    units(fieldOf(data, 'final_unit_deduction'), product),
    cash(fieldOf(balance, 'quota'), { currency: null, type: 'balance', price }),
  ];
}

function billed(item: unknown, product: Product, price: CashPrice): Part {
  const amount = fieldOf(item, 'amount');
  const charge = fieldOf(item, 'charge_type');
  if (charge === 'unit') return units(amount, poolOf(fieldOf(item, 'package_type'), product));
  if (charge !== 'cash') return null;
  const currency = textOfValue(fieldOf(item, 'currency'));
  return cash(amount, { currency, type: textOfValue(fieldOf(item, 'cash_type')) ?? 'balance', price });
}

/** Kling names `audio` as a type, but deducts sounds and voices from the video pack (paid probes, 2026-09-20). */
function poolOf(type: unknown, product: Product): Product {
  if (type === 'image') return 'image';
  return type === 'video' || type === 'audio' ? 'video' : product;
}

function units(value: unknown, pool: Product): Part {
  const amount = textOfValue(value);
  if (amount === null) return undefined;
  const credits = unitsToMilli(amount, pool);
  return credits === undefined ? null : { credits, raw: `${amount} ${pool}` };
}

interface Cash {
  currency: string | null;
  type: string;
  price: CashPrice;
}

function cash(value: unknown, { currency, type, price }: Cash): Part {
  const amount = textOfValue(value);
  if (amount === null) return undefined;
  const perCredit =
    currency === null || currency === price.currency ? price.perCredit : LIST_PRICES[currency];
  const credits = perCredit === undefined ? undefined : cashToMilli(amount, perCredit);
  if (credits === undefined) return null;
  return { credits, raw: [amount, currency, type].filter((it) => it !== null).join(' ') };
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
