/**
 * The units of all quantities, and their conversions.
 *
 * **Invariant**: money is an integer number of thousandths of a credit ({@link MilliCredits}) everywhere inside;
 * decimals exist only at the edge, made by the functions here. One credit is a tenth of a Kling video unit;
 * an image unit is a quarter of a credit (Kling's pricing pages, read 2026-09-20).
 */

/** Thousandths of a credit, a safe integer. May be negative only where a remainder is meant. */
export type MilliCredits = number;
/** Milliseconds: a duration, or an instant since the Unix epoch in UTC. Instants are integers. */
export type Ms = number;
/** A budget window's key: `2026-11-21`, `2026-W47`, `2026-11`, an hour's UTC start instant, or `total`. */
export type WindowKey = string;
/** The kind of Kling's units that a task is charged in. */
export type Product = 'video' | 'image';

/** How long Kling's answer to a create is given again to the same request: 24 hours, and at least until its hold ends. */
export const ANSWER_KEPT_MS: Ms = 86_400_000;

/** Thousandths of a credit in one unit of each product. */
export const MILLI_CREDITS_PER_UNIT: Readonly<Record<Product, number>> = { video: 10_000, image: 250 };

/** Gives thousandths as a decimal number of credits with at most three places: `12_345` is `12.345`. */
export function toCredits(milli: MilliCredits): number {
  return milli / 1000;
}

/** Gives the price of credits at a price for one, rounded to a millionth: for people and reports, never for decisions. */
export function costOf(milli: MilliCredits, perCredit: number): number {
  return Math.round(milli * perCredit * 1000) / 1_000_000;
}

/** Converts a decimal number of credits to thousandths, rounded up. */
export function fromCredits(credits: number): MilliCredits {
  const milli = credits * 1000;
  const nearest = Math.round(milli);
  const isNearest = Math.abs(milli - nearest) < 1e-6;
  return isNearest ? nearest : Math.ceil(milli);
}

const DECIMAL = /^(-?)(\d{1,15})(?:\.(\d{1,18}))?$/;

/**
 * Multiplies a decimal written as text by an integer factor exactly, rounding up to an integer.
 *
 * Kling writes deductions as decimal strings (kling-api.md, section 5); floats never touch them.
 * @returns undefined if the text is not a plain decimal (no exponent, at most 15 digits before the point
 *   and 18 after) or the product is not a safe integer.
 */
export function decimalTimes(text: string, factor: number): number | undefined {
  const match = DECIMAL.exec(text);
  if (!match) return undefined;
  const [, sign, whole = '0', fraction = ''] = match;
  const scale = 10n ** BigInt(fraction.length);
  const scaled = BigInt(whole + fraction) * BigInt(factor) * (sign === '-' ? -1n : 1n);
  const floor = scaled / scale;
  const isExact = floor * scale === scaled;
  const up = isExact || scaled < 0n ? floor : floor + 1n;
  const product = Number(up);
  return Number.isSafeInteger(product) ? product : undefined;
}

/** Converts Kling units of one product, as decimal text, to thousandths of a credit; undefined if not a decimal. */
export function unitsToMilli(units: string, product: Product): MilliCredits | undefined {
  return decimalTimes(units, MILLI_CREDITS_PER_UNIT[product]);
}

/** Gives the lower of two limits; null is no limit. */
export function lowerLimit(one: MilliCredits | null, other: MilliCredits | null): MilliCredits | null {
  if (one === null || other === null) return one ?? other;
  return Math.min(one, other);
}

/** Writes credits for people: no trailing zeros, at most three places, `1234.5`. */
export function formatCredits(milli: MilliCredits): string {
  return String(toCredits(milli));
}
