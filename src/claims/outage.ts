/**
 * The stretch of a period that cost most: a reader asks for it first.
 *
 * **Invariant**: windows with errors belong together if at most one window without errors lies between them. The
 * stretch with the highest sum of error rates wins, the earlier of two equal ones.
 */
import type { Agreement } from '../sla/agreement.ts';
import { compensationPercent } from '../sla/agreement.ts';
import { availabilityRatio, percentText, sumOfRates } from '../sla/availability.ts';
import { compare, times, toDecimal } from '../sla/fraction.ts';
import type { WindowRate } from '../sla/reading.ts';
import { WINDOW_MS } from '../sla/window.ts';
import type { Ms } from '../units.ts';

const TWO = { num: 2n, den: 1n };

export interface Outage {
  start: Ms;
  /** Exclusive. */
  end: Ms;
  /** Windows from first to last. */
  windows: number;
  /** Those with errors. */
  failing: number;
  errors: number;
  /** Valid requests of the windows with errors. */
  valid: number;
  sumErrorRates: string;
  /** Whether it holds more than half of the period's sum. */
  isMost: boolean;
  /** The availability if nothing else had failed in the period. */
  availability: string;
  percent: number;
}

/** Finds it among the windows with errors, in order of time; null if no two windows belong together. */
export function worstStretch(
  bad: readonly WindowRate[],
  period: { windows: number; agreement: Agreement },
): Outage | null {
  let worst: readonly WindowRate[] = [];
  for (const stretch of stretchesOf(bad)) {
    if (compare(sumOfRates(stretch), sumOfRates(worst)) > 0) worst = stretch;
  }
  const [first] = worst;
  const last = worst.at(-1);
  if (!first || !last || worst.length < 2) return null;
  const rateSum = sumOfRates(worst);
  const ratio = availabilityRatio(rateSum, period.windows);
  if (!ratio) return null;
  const end = last.windowStart + WINDOW_MS;
  return {
    start: first.windowStart,
    end,
    windows: (end - first.windowStart) / WINDOW_MS,
    failing: worst.length,
    errors: worst.reduce((total, { errors }) => total + errors, 0),
    valid: worst.reduce((total, { valid }) => total + valid, 0),
    sumErrorRates: toDecimal(rateSum, 6),
    isMost: compare(times(rateSum, TWO), sumOfRates(bad)) > 0,
    availability: percentText(ratio),
    percent: compensationPercent(ratio, period.agreement),
  };
}

function stretchesOf(bad: readonly WindowRate[]): WindowRate[][] {
  const stretches: WindowRate[][] = [];
  for (const rate of bad) {
    const stretch = stretches.at(-1);
    const before = stretch?.at(-1);
    if (stretch && before && rate.windowStart - before.windowStart <= 2 * WINDOW_MS) stretch.push(rate);
    else stretches.push([rate]);
  }
  return stretches;
}
