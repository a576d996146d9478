/**
 * Amounts of money in a claim.
 *
 * **Invariant**: an amount is an integer number of millionths of its currency. A fee and the amount asked are
 * rounded down to the currency's smallest unit (a cent; a whole yen) once, when they are computed: letter, list,
 * summary and API show the same number.
 */
import { fromDecimal, toDecimal, type Fraction } from '../sla/fraction.ts';

/** Millionths of a currency unit, a safe integer. */
export type Micros = number;

const SCALE = 1_000_000n;
/** Decimals of a currency that Intl does not know. */
const DECIMALS_USUAL = 2;
const decimals = new Map<string, number>();

/** Converts a decimal such as `1234.56` to millionths, rounding down; undefined if it is none. */
export function toMicros(decimal: string): Micros | undefined {
  const value = fromDecimal(decimal);
  return value ? floorMicros(value) : undefined;
}

/** Converts a fraction of currency units to millionths, rounding down. */
export function floorMicros(value: Fraction): Micros {
  return Number((value.num * SCALE) / value.den);
}

/** Gives how many decimals a currency has, at most six: 2 for USD, 0 for JPY and KRW. */
export function decimalsOf(currency: string): number {
  const known = decimals.get(currency);
  if (known !== undefined) return known;
  const found = readDecimals(currency);
  decimals.set(currency, found);
  return found;
}

function readDecimals(currency: string): number {
  // Intl refuses codes that are not three letters.
  if (!/^[A-Za-z]{3}$/.test(currency)) return DECIMALS_USUAL;
  const options = { style: 'currency', currency } as const;
  const places = new Intl.NumberFormat('en', options).resolvedOptions().maximumFractionDigits;
  return Math.min(6, places ?? DECIMALS_USUAL);
}

/** Gives the smallest unit of a currency in millionths: 10,000 for a cent. */
export function smallestUnit(currency: string): Micros {
  return 10 ** (6 - decimalsOf(currency));
}

/** Rounds an amount of 0 or more down to its currency's smallest unit. */
export function roundDown(micros: Micros, currency: string): Micros {
  return micros - (micros % smallestUnit(currency));
}

/** Rounds an amount of 0 or more up to its currency's smallest unit. */
export function roundUp(micros: Micros, currency: string): Micros {
  const unit = smallestUnit(currency);
  return Math.ceil(micros / unit) * unit;
}

/** Writes an amount with the decimals of its currency, rounded down: never a cent too much is asked. */
export function formatMoney(micros: Micros, currency: string): string {
  return `${toDecimal({ num: BigInt(micros), den: SCALE }, decimalsOf(currency))} ${currency}`;
}

/** Gives an amount in currency units for JSON, rounded down as {@link formatMoney} does. */
export function toAmount(micros: Micros, currency: string | null): number {
  return (currency === null ? micros : roundDown(micros, currency)) / Number(SCALE);
}

/** Writes an amount of currency units that an answer gave. */
export function formatAmount(amount: number, currency: string | null): string {
  return currency === null ? String(amount) : formatMoney(Math.round(amount * Number(SCALE)), currency);
}

/** Gives a per cent share of an amount, rounded down to a millionth. */
export function shareOf(micros: Micros, percent: number): Micros {
  return Number((BigInt(micros) * BigInt(percent)) / 100n);
}
