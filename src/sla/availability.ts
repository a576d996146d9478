/**
 * Availability by the agreement's formula (2.1), computed exactly and only here.
 *
 * availability = (1 - sum of the windows' error rates / number of windows) x 100 %.
 *
 * The number of windows is the text's 12 x 24 x days, in every zone. A month in which a zone sets its clock back
 * by an hour has 12 more real windows; if the sum of their rates is larger than the number, availability
 * is 0.
 *
 * **Invariant**: the input is integers, and exact fractions decide; text with six places, rounded down, is for people. A
 * window without valid requests adds 0. 99.8999… % is below 99.90 %; exactly 99.90 % is not. Availability is from 0
 * to 100 %, both inclusive.
 */
import { compensationPercent, isBreached, ratioOf, type Agreement } from './agreement.ts';
import { compare, subtract, sum, toDecimal, ZERO, type Fraction } from './fraction.ts';
import { ratesOf, READING_NAMES, READINGS, type ReadingName, type WindowRate } from './reading.ts';
import type { WindowSlice } from './counts.ts';

/** Decimal places of every percentage and sum that is shown. */
const PLACES = 6;
const ONE: Fraction = { num: 1n, den: 1n };

/** One reading of a period, as shown. */
export interface ReadingResult {
  title: string;
  errors: number;
  valid: number;
  /** The divisor of the sum; 0 if there is nothing to measure. */
  windows: number;
  sumErrorRates: string;
  /** Per cent; null if the divisor is 0. */
  availability: string | null;
  breached: boolean;
  compensationPercent: number;
}

/** Sums the error rates of windows exactly. */
export function sumOfRates(rates: readonly WindowRate[]): Fraction {
  const errorsByValid = new Map<number, number>();
  for (const { errors, valid } of rates) {
    if (errors > 0) errorsByValid.set(valid, (errorsByValid.get(valid) ?? 0) + errors);
  }
  return sum([...errorsByValid].map(([valid, errors]) => ({ num: BigInt(errors), den: BigInt(valid) })));
}

/** Gives availability as a ratio from 0 to 1, both inclusive; undefined if the divisor is 0. */
export function availabilityRatio(rateSum: Fraction, windows: number): Fraction | undefined {
  if (windows === 0) return undefined;
  const ratio = subtract(ONE, { num: rateSum.num, den: rateSum.den * BigInt(windows) });
  return compare(ratio, ZERO) < 0 ? ZERO : ratio;
}

/** Writes a ratio as a percentage with six places, rounded down. */
export function percentText(ratio: Fraction): string {
  return toDecimal({ num: ratio.num * 100n, den: ratio.den }, PLACES);
}

/** Computes one reading of a period from its slices. */
export function readAvailability(
  slices: readonly WindowSlice[],
  name: ReadingName,
  period: { windows: number; agreement: Agreement },
): ReadingResult {
  const reading = READINGS[name];
  const rates = ratesOf(slices, reading);
  const rateSum = sumOfRates(rates);
  const windows = reading.dividesBy === 'period' ? period.windows : rates.length;
  const ratio = availabilityRatio(rateSum, windows);
  return {
    title: reading.title,
    errors: rates.reduce((total, rate) => total + rate.errors, 0),
    valid: rates.reduce((total, rate) => total + rate.valid, 0),
    windows,
    sumErrorRates: toDecimal(rateSum, PLACES),
    availability: ratio ? percentText(ratio) : null,
    breached: ratio ? isBreached(ratio, period.agreement) : false,
    compensationPercent: ratio ? compensationPercent(ratio, period.agreement) : 0,
  };
}

/** Computes every reading of a period, side by side. */
export function readAll(
  slices: readonly WindowSlice[],
  period: { windows: number; agreement: Agreement },
): Record<ReadingName, ReadingResult> {
  const results = READING_NAMES.map((name) => [name, readAvailability(slices, name, period)] as const);
  return Object.fromEntries(results) as Record<ReadingName, ReadingResult>;
}

/** How much of a period's allowance of failed windows is used. All are numbers of windows, as text. */
export interface ErrorBudget {
  /** Windows that may fail completely before the commitment is missed: 8.928 of 31 days at 99.90 %. */
  allowed: string;
  used: string;
  /** Below 0 once the commitment is missed, by the number of windows. */
  left: string;
  /**
   * Availability at the end if the rest of the period is like the part so far; null before its first window and if
   * nothing was recorded.
   */
  projected: string | null;
  /** Availability at the end if nothing more fails; null if nothing was recorded. */
  best: string | null;
  /** Whether the projection misses the commitment. */
  projectedBreach: boolean;
}

/** A running period. */
export interface RunningPeriod {
  /** The divisor of the sum of rates: 12 x 24 x days. */
  windows: number;
  /** The real windows of the period, and how many of them have begun. */
  total: number;
  elapsed: number;
  agreement: Agreement;
}

/** How much of a period's allowance is used, without a look ahead. */
export type UsedBudget = Pick<ErrorBudget, 'allowed' | 'used' | 'left'>;

/** Computes how much of a period's allowance is used, of one that runs or is over. */
export function usedBudget(
  rateSum: Fraction,
  { windows, agreement }: Pick<RunningPeriod, 'windows' | 'agreement'>,
): UsedBudget {
  const promised = ratioOf(agreement.commitment);
  const allowed = { num: (promised.den - promised.num) * BigInt(windows), den: promised.den };
  return {
    allowed: toDecimal(allowed, 3),
    used: toDecimal(rateSum, PLACES),
    left: toDecimal(subtract(allowed, rateSum), PLACES),
  };
}

/** Computes the error budget of a running period. */
export function errorBudget(rateSum: Fraction, period: RunningPeriod): ErrorBudget {
  const { windows, total, elapsed, agreement } = period;
  const promised = ratioOf(agreement.commitment);
  const projection =
    elapsed > 0
      ? availabilityRatio({ num: rateSum.num * BigInt(total), den: rateSum.den * BigInt(elapsed) }, windows)
      : undefined;
  const best = availabilityRatio(rateSum, windows);
  return {
    ...usedBudget(rateSum, { windows, agreement }),
    projected: projection ? percentText(projection) : null,
    best: best ? percentText(best) : null,
    projectedBreach: projection ? compare(projection, promised) < 0 : false,
  };
}
