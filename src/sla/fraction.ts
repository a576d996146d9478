/**
 * Exact fractions, for sums and comparisons that decide about money.
 *
 * **Invariant**: no floating point. A fraction's denominator is above 0; it need not be in lowest terms.
 */

export interface Fraction {
  num: bigint;
  den: bigint;
}

export const ZERO: Fraction = { num: 0n, den: 1n };

/** Adds exactly. */
export function add(a: Fraction, b: Fraction): Fraction {
  if (a.den === b.den) return { num: a.num + b.num, den: a.den };
  return { num: a.num * b.den + b.num * a.den, den: a.den * b.den };
}

/** Subtracts exactly. */
export function subtract(a: Fraction, b: Fraction): Fraction {
  return add(a, { num: -b.num, den: b.den });
}

/** Multiplies exactly. */
export function times(a: Fraction, b: Fraction): Fraction {
  return { num: a.num * b.num, den: a.den * b.den };
}

/** Compares exactly: below 0, 0 or above 0 as `a` is below, at or above `b`. */
export function compare(a: Fraction, b: Fraction): number {
  const difference = a.num * b.den - b.num * a.den;
  return difference < 0n ? -1 : Number(difference > 0n);
}

/**
 * Sums many small fractions by halves.
 *
 * Denominators multiply: adding one by one would cost the square of their number. By halves, only a few
 * multiplications are large: 8,928 different denominators take a few milliseconds.
 */
export function sum(terms: readonly Fraction[]): Fraction {
  if (terms.length === 0) return ZERO;
  let level = [...terms];
  while (level.length > 1) {
    const next: Fraction[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const a = level[i] ?? ZERO;
      const b = level[i + 1];
      next.push(b ? add(a, b) : a);
    }
    level = next;
  }
  return level[0] ?? ZERO;
}

const DECIMAL = /^(\d{1,9})(?:\.(\d{1,9}))?$/;

/** Reads a decimal such as `99.90` exactly; undefined if the text is no decimal (at most 9 digits before and after the point). */
export function fromDecimal(text: string): Fraction | undefined {
  const match = DECIMAL.exec(text);
  if (!match) return undefined;
  const fraction = match[2] ?? '';
  return { num: BigInt(`${match[1] ?? ''}${fraction}`), den: 10n ** BigInt(fraction.length) };
}

/** Writes a fraction with a fixed number of places, rounded down (towards minus infinity). */
export function toDecimal(value: Fraction, places: number): string {
  const scale = 10n ** BigInt(places);
  const scaled = value.num * scale;
  let floor = scaled / value.den;
  if (scaled < 0n && floor * value.den !== scaled) floor -= 1n;
  const sign = floor < 0n ? '-' : '';
  const digits = (floor < 0n ? -floor : floor).toString().padStart(places + 1, '0');
  if (places === 0) return sign + digits;
  return `${sign}${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

/** Gives a floating-point number for gauges and pictures; never for a decision. */
export function toNumber(value: Fraction): number {
  return Number(toDecimal(value, 12));
}
