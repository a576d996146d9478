/**
 * The agreement's formula once more, written from its text alone: fractions of BigInt, one request at a time.
 *
 * Shares nothing with `src/sla`: no windows, no slices, no zone code of ours. A request is put into its window by
 * division; months are found by stepping through the minutes of the calendar with Intl.
 */

/** A request as somebody's log has it. */
export interface LoggedRequest {
  at: number;
  status: number | null;
  code: number | null;
  /** For a request that never arrived: whose fault. Null for one that was answered or had no answer. */
  fault: 'upstream' | 'local' | 'unknown' | null;
  own: boolean;
  attempt: number;
}

export interface ReferenceMonth {
  /** Days of the service period, each as its first and last instant (exclusive). */
  days: { start: number; end: number }[];
  exclusions: { start: number; end: number }[];
}

export interface ReferenceResult {
  num: bigint;
  den: bigint;
  windows: number;
  errors: number;
  valid: number;
}

export type ReferenceReading =
  'received' | 'contract' | 'withTraffic' | 'withoutSidecar' | 'withoutMaintenance' | 'withoutRetries';

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

/** Computes one reading: the sum of the error rates as a reduced fraction, and what it is divided by. */
export function refer(
  log: readonly LoggedRequest[],
  month: ReferenceMonth,
  reading: ReferenceReading,
): ReferenceResult {
  const perWindow = new Map<number, { errors: number; valid: number }>();
  let errors = 0;
  let valid = 0;
  for (const request of log) {
    if (!month.days.some((day) => request.at >= day.start && request.at < day.end)) continue;
    if (reading === 'withoutSidecar' && request.own) continue;
    if (reading === 'withoutRetries' && request.attempt > 1) continue;
    const isExcluded = month.exclusions.some((one) => request.at >= one.start && request.at < one.end);
    const wasReceived = request.status !== null;
    const isServerError = request.status !== null && Math.floor(request.status / 100) === 5;
    const neverArrived = request.fault === 'upstream';
    const countsArrival = neverArrived && reading !== 'received' && !isExcluded;
    const isForgiven = reading === 'withoutMaintenance' && isServerError && request.code === 5001;
    const isError =
      ((isServerError && !isForgiven) || (neverArrived && reading !== 'received')) && !isExcluded;
    if (!wasReceived && !countsArrival) continue;
    const window = request.at - (((request.at % 300_000) + 300_000) % 300_000);
    const counted = perWindow.get(window) ?? { errors: 0, valid: 0 };
    counted.valid += 1;
    valid += 1;
    if (isError) {
      counted.errors += 1;
      errors += 1;
    }
    perWindow.set(window, counted);
  }
  let num = 0n;
  let den = 1n;
  for (const counted of perWindow.values()) {
    num = num * BigInt(counted.valid) + BigInt(counted.errors) * den;
    den *= BigInt(counted.valid);
    const divisor = gcd(num, den);
    num /= divisor;
    den /= divisor;
  }
  return {
    num,
    den,
    windows: reading === 'withTraffic' ? perWindow.size : 12 * 24 * month.days.length,
    errors,
    valid,
  };
}

/** Gives availability in per cent with six places, rounded down; null without a window. */
export function referPercent({ num, den, windows }: ReferenceResult): string | null {
  if (windows === 0) return null;
  const whole = den * BigInt(windows);
  const millionths = ((whole - num) * 100_000_000n) / whole;
  const digits = millionths.toString().padStart(7, '0');
  return `${digits.slice(0, -6)}.${digits.slice(-6)}`;
}

/** Gives the per cent of the fee by the table of 3.1. */
export function referTier({ num, den, windows }: ReferenceResult): number {
  if (windows === 0) return 0;
  // availability < p %  ⇔  100 (T·den − num) < p · T·den
  const whole = den * BigInt(windows);
  const isBelow = (hundredths: bigint): boolean => 10_000n * (whole - num) < hundredths * whole;
  if (isBelow(9500n)) return 50;
  if (isBelow(9900n)) return 25;
  return isBelow(9990n) ? 10 : 0;
}

/** Finds the days of a month in a zone by looking at the calendar of every quarter of an hour around it. */
export function referDays(
  month: string,
  timeZone: string,
  term: { from: string; to: string } | null,
): ReferenceMonth['days'] {
  const format = new Intl.DateTimeFormat('sv-SE', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  });
  const step = 900_000;
  const from = Date.parse(`${month}-01T00:00:00Z`) - 86_400_000;
  const days = new Map<string, { start: number; end: number }>();
  for (let at = from; at < from + 34 * 86_400_000; at += step) {
    const day = format.format(at);
    if (!day.startsWith(month)) continue;
    if (term && (day < term.from || day > term.to)) continue;
    const known = days.get(day);
    if (known) known.end = at + step;
    else days.set(day, { start: at, end: at + step });
  }
  return [...days.values()];
}
