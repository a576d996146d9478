/**
 * The readings of the agreement: which attempts count as errors and which as valid, since its text leaves this open.
 *
 * The text (1.2) makes two kinds of error: a 5xx answer, and a request that never reached Kling through Kling's
 * fault; but only requests that were received are valid (1.3). `received` counts only what Kling's own log can show;
 * `contract` also counts the second kind, both as errors and as valid requests.
 *
 * **Invariant**: every reading is a function of the slices' counts alone. Excluded attempts are no errors; an excluded
 * answer stays a valid request, an excluded request that never arrived does not.
 */
import { answersIn, lostIn, serverErrorsIn, type WindowSlice } from './counts.ts';

export const READING_NAMES = [
  'received',
  'contract',
  'withTraffic',
  'withoutSidecar',
  'withoutMaintenance',
  'withoutRetries',
] as const;
export type ReadingName = (typeof READING_NAMES)[number];

export interface Reading {
  name: ReadingName;
  /** One line for people. */
  title: string;
  /** Whether a slice is counted. */
  takes(slice: WindowSlice): boolean;
  errors(slice: WindowSlice): number;
  valid(slice: WindowSlice): number;
  /** Whether the sum is divided by all windows of the period (the text), or by those with valid requests. */
  dividesBy: 'period' | 'traffic';
}

const serverErrors = ({ counts, excluded }: WindowSlice): number => (excluded ? 0 : serverErrorsIn(counts));
const lostUpstream = ({ counts, excluded }: WindowSlice): number => (excluded ? 0 : lostIn(counts));
const received = (slice: WindowSlice): number => answersIn(slice.counts);

const CONTRACT: Omit<Reading, 'name' | 'title'> = {
  takes: () => true,
  errors: (slice) => serverErrors(slice) + lostUpstream(slice),
  valid: (slice) => received(slice) + lostUpstream(slice),
  dividesBy: 'period',
};

export const READINGS: Readonly<Record<ReadingName, Reading>> = {
  received: {
    ...CONTRACT,
    name: 'received',
    title: '5xx answers over requests that were answered',
    errors: serverErrors,
    valid: received,
  },
  contract: {
    ...CONTRACT,
    name: 'contract',
    title: 'as received, with requests that never arrived through the upstream’s fault',
  },
  withTraffic: {
    ...CONTRACT,
    name: 'withTraffic',
    title: 'as contract, divided by the windows with valid requests only',
    dividesBy: 'traffic',
  },
  withoutSidecar: {
    ...CONTRACT,
    name: 'withoutSidecar',
    title: 'as contract, without the sidecar’s own requests',
    takes: (slice) => slice.origin === 'app',
  },
  withoutMaintenance: {
    ...CONTRACT,
    name: 'withoutMaintenance',
    title: 'as contract, with 5xx answers of code 5001 (maintenance) as no errors',
    errors: (slice) =>
      serverErrors(slice) + lostUpstream(slice) - (slice.excluded ? 0 : slice.counts.maintenance),
  },
  withoutRetries: {
    ...CONTRACT,
    name: 'withoutRetries',
    title: 'as contract, first attempts only',
    takes: (slice) => !slice.retry,
  },
};

/** The counts of one reading in one window. */
export interface WindowRate {
  windowStart: number;
  errors: number;
  valid: number;
}

/** Sums slices by window for one reading, in order of time; windows without valid requests are left out. */
export function ratesOf(slices: readonly WindowSlice[], reading: Reading): WindowRate[] {
  const byWindow = new Map<number, WindowRate>();
  for (const slice of slices) {
    if (!reading.takes(slice)) continue;
    const valid = reading.valid(slice);
    if (valid === 0) continue;
    const rate = byWindow.get(slice.windowStart);
    if (rate) {
      rate.errors += reading.errors(slice);
      rate.valid += valid;
    } else
      byWindow.set(slice.windowStart, {
        windowStart: slice.windowStart,
        errors: reading.errors(slice),
        valid,
      });
  }
  return [...byWindow.values()].sort((a, b) => a.windowStart - b.windowStart);
}
