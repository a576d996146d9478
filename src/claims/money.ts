/**
 * Amounts of money in a claim.
 *
 * **Invariant**: an amount is an integer number of millionths of its currency; what is asked for is rounded down.
 */
import { fromDecimal, toDecimal, type Fraction } from '../sla/fraction.ts';

/** Millionths of a currency unit, a safe integer. */
export type Micros = number;

const SCALE = 1_000_000n;

/** Takes a decimal such as `1234.56` to millionths, rounding down; undefined where it is none. */
export function toMicros(decimal: string): Micros | undefined {
  const value = fromDecimal(decimal);
  return value ? floorMicros(value) : undefined;
}

/** Takes a fraction of currency units to millionths, rounding down. */
export function floorMicros(value: Fraction): Micros {
  return Number((value.num * SCALE) / value.den);
}

/** Writes an amount with two places, rounded down: what is asked is never a cent too much. */
export function formatMoney(micros: Micros, currency: string): string {
  return `${toDecimal({ num: BigInt(micros), den: SCALE }, 2)} ${currency}`;
}

/** Takes a per cent share of an amount, rounding down to a millionth. */
export function shareOf(micros: Micros, percent: number): Micros {
  return Number((BigInt(micros) * BigInt(percent)) / 100n);
}
