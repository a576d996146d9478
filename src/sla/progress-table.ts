/**
 * The progress of a running month: the numbers that decide whether it breaks its commitment, without the rest of its report.
 *
 * **Invariant**: the same readings and error budget as the month's report, computed by the same functions; it is read once
 * a minute, so it neither compares zones nor hashes.
 */
import { defineRead } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import { agreementOn } from './agreement.ts';
import {
  errorBudget,
  readAvailability,
  sumOfRates,
  type ErrorBudget,
  type ReadingResult,
} from './availability.ts';
import { toNumber } from './fraction.ts';
import { isRecorded, monthReach, slicesIn } from './month.ts';
import { slicesOfHosts, type StoredMonthQuestion } from './month-table.ts';
import { servicePeriod } from './period.ts';
import { ratesOf, READINGS, type WindowRate } from './reading.ts';
import { selectRuns } from './run-table.ts';
import { withTerms } from './terms.ts';
import { selectSlices } from './window-table.ts';
import { clipSpans, countWindows, WINDOW_MS, windowStart } from './window.ts';

const HOUR_MS: Ms = 3_600_000;

export interface MonthProgress {
  month: string;
  /** Whether the month has any record; if not, the other fields have no meaning. */
  recorded: boolean;
  commitment: string;
  /** The per cent of the fee of each tier, lowest first. */
  tierPercents: number[];
  received: ReadingResult;
  contract: ReadingResult;
  /** By the `contract` reading. */
  budget: ErrorBudget;
  /** Windows of the period that have not begun. */
  windowsLeft: number;
  /** Sums of the error rates of the windows that ended in the last hour and the last six, by the same reading. */
  burnt: { lastHour: number; lastSixHours: number };
}

/** Reads the progress of a month at the question's instant. */
export const readMonthProgress = defineRead(
  'sla.readMonthProgress',
  async (tx, asked: StoredMonthQuestion): Promise<MonthProgress> => {
    const question = await withTerms(tx, asked);
    const period = servicePeriod(question.month, question.timeZone, question.terms);
    const agreement = agreementOn(period.firstDay ?? `${question.month}-01`, question.agreements);
    const slices = slicesIn(await slicesOfHosts(tx, question), period.spans);
    const recorded = isRecorded(slices, await selectRuns(tx, monthReach(question.month)), period.spans);
    const windows = { windows: recorded ? period.windows : 0, agreement };
    const rates = ratesOf(slices, READINGS.contract);
    const present = windowStart(question.now);
    const total = countWindows(period.spans);
    const elapsed = countWindows(clipSpans(period.spans, { start: 0, end: present + WINDOW_MS }));
    const burntSince = (from: Ms): number =>
      toNumber(
        sumOfRates(rates.filter(({ windowStart: start }) => start >= present - from && start < present)),
      );
    return {
      month: question.month,
      recorded,
      commitment: agreement.commitment,
      tierPercents: agreement.tiers.map(({ percent }) => percent).toSorted((a, b) => a - b),
      received: readAvailability(slices, 'received', windows),
      contract: readAvailability(slices, 'contract', windows),
      budget: errorBudget(sumOfRates(rates), { windows: period.windows, total, elapsed, agreement }),
      windowsLeft: total - elapsed,
      burnt: { lastHour: burntSince(HOUR_MS), lastSixHours: burntSince(6 * HOUR_MS) },
    };
  },
);

/** Reads the windows that start within a span (`to` exclusive) by the `contract` reading, oldest first. */
export const readWindowRates = defineRead(
  'sla.readWindowRates',
  async (tx, args: { from: Ms; to: Ms }): Promise<WindowRate[]> =>
    ratesOf(await selectSlices(tx, { start: args.from, end: args.to }), READINGS.contract),
);
