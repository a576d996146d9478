/**
 * Months in the store: measured from the windows, closed as revisions, checked against the journal.
 *
 * A month is closed once its grace time is over: its numbers are kept as revision 1. What arrives later (rows of an
 * import, a correction, an exclusion) changes its digest, and the next close keeps it as the next revision; no
 * revision is ever changed.
 *
 * **Invariant**: measuring reads windows, never the journal; it runs on the reading connection.
 */
import { SidecarError } from '../errors.ts';
import { defineRead, defineWrite, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import { agreementOn } from './agreement.ts';
import { readAll } from './availability.ts';
import { hostFilter } from './host.ts';
import { selectExclusions } from './exclusion-table.ts';
import {
  isRecorded,
  measureMonth,
  monthReach,
  slicesIn,
  type MonthQuestion,
  type MonthRecords,
  type SlaMonth,
} from './month.ts';
import { servicePeriod } from './period.ts';
import { withTerms } from './terms.ts';
import { ratesOf, READING_NAMES, READINGS, type ReadingName } from './reading.ts';
import { selectRuns } from './run-table.ts';
import { isWindowIdle, selectSlices } from './window-table.ts';
import { mapRuns, type MapRun } from './window-map.ts';
import { windowViews, type WindowView } from './window-view.ts';
import type { WindowSlice } from './counts.ts';

/** A month's question; a claim narrows it to some hosts. */
export interface StoredMonthQuestion extends MonthQuestion {
  /** Host names without port; null for all hosts. */
  hosts: readonly string[] | null;
}

/** Reads and measures a month, with the last closed revision's number. */
export const readMonth = defineRead(
  'sla.readMonth',
  async (tx, question: StoredMonthQuestion): Promise<SlaMonth> => (await loadMonth(tx, question)).measured,
);

/** As {@link readMonth}, with the windows for a picture, from the same rows. */
export const readMonthMap = defineRead(
  'sla.readMonthMap',
  async (tx, question: StoredMonthQuestion): Promise<SlaMonth & { map: MapRun[] }> => {
    const { measured, records, question: asked } = await loadMonth(tx, question);
    const { spans } = servicePeriod(asked.month, asked.timeZone, asked.terms);
    return { ...measured, map: mapRuns(ratesOf(slicesIn(records.slices, spans), READINGS.contract)) };
  },
);

/** Lists the windows of a month's service period in which anything was attempted. */
export const readWindows = defineRead(
  'sla.readWindows',
  async (tx, question: StoredMonthQuestion): Promise<WindowView[]> => {
    const { month, timeZone, terms } = await withTerms(tx, question);
    const period = servicePeriod(month, timeZone, terms);
    const slices = await slicesOfHosts(tx, question);
    return windowViews(slicesIn(slices, period.spans));
  },
);

/** Loads what a month is measured from, and measures it; gives the question with the terms in force. */
export async function loadMonth(
  tx: Tx,
  asked: StoredMonthQuestion,
): Promise<{ measured: SlaMonth; records: MonthRecords; question: StoredMonthQuestion }> {
  const question = await withTerms(tx, asked);
  const reach = monthReach(question.month);
  const records: MonthRecords = {
    slices: await slicesOfHosts(tx, question),
    runs: await selectRuns(tx, reach),
    exclusions: await selectExclusions(tx, reach),
  };
  const closed = await lastRevision(tx, question.month);
  const measured = { ...measureMonth(question, records), revision: closed?.revision ?? 0 };
  return { measured, records, question };
}

/** Reads the slices of a month and a day around it, for the hosts of the question. */
export async function slicesOfHosts(tx: Tx, question: StoredMonthQuestion): Promise<WindowSlice[]> {
  const slices = await selectSlices(tx, monthReach(question.month));
  if (question.hosts === null) return slices;
  const { hosts } = question;
  return slices.filter((slice) => isHostAmong(slice.host, hosts));
}

/** Returns whether a host, with or without a port, is one of some hosts in any spelling. */
export function isHostAmong(host: string, names: readonly string[]): boolean {
  return hostFilter(names)(host);
}

interface RevisionRow {
  revision: number;
  closed_at: Ms;
  digest: string;
}

function lastRevision(tx: Tx, month: string): Promise<RevisionRow | undefined> {
  return tx.get<RevisionRow>(
    'SELECT revision, closed_at, digest FROM sla_months WHERE month = ? ORDER BY revision DESC LIMIT 1',
    month,
  );
}

/**
 * Keeps a measured month as its next revision, unless the last one is equal.
 * @throws SidecarError `bad_usage` if the month is not over.
 */
export const closeMonth = defineWrite(
  'sla.closeMonth',
  async (tx, args: { measured: SlaMonth; at: Ms }): Promise<{ revision: number; isNew: boolean }> => {
    const { measured, at } = args;
    if (measured.live !== null) {
      throw new SidecarError(
        'bad_usage',
        `${measured.month} is not over; it ends at ${measured.end ?? 'no time'}.`,
      );
    }
    const last = await lastRevision(tx, measured.month);
    if (last?.digest === measured.digest) return { revision: last.revision, isNew: false };
    const revision = (last?.revision ?? 0) + 1;
    await tx.run(
      'INSERT INTO sla_months (month, revision, closed_at, digest, summary) VALUES (?, ?, ?, ?, ?)',
      measured.month,
      revision,
      at,
      measured.digest,
      JSON.stringify({ ...measured, revision }),
    );
    return { revision, isNew: true };
  },
  { scope: 'exclusive' },
);

/** Lists the closed revisions of a month, oldest first, each with its numbers of that time. */
export const readRevisions = defineRead(
  'sla.readRevisions',
  async (tx, args: { month: string }): Promise<{ revision: number; closedAt: Ms; measured: SlaMonth }[]> => {
    const rows = await tx.all<RevisionRow & { summary: string }>(
      'SELECT revision, closed_at, digest, summary FROM sla_months WHERE month = ? ORDER BY revision',
      args.month,
    );
    return rows.map(({ revision, closed_at: closedAt, summary }) => ({
      revision,
      closedAt,
      measured: JSON.parse(summary) as SlaMonth,
    }));
  },
);

/** Returns whether no attempt was made in the window that starts at an instant: then a probe may run. */
export const readWindowIdle = defineRead('sla.readWindowIdle', (tx, args: { windowStart: Ms }) =>
  isWindowIdle(tx, args.windowStart),
);

/** One reading of a month as gauges show it. */
export interface ReadingGauge {
  reading: ReadingName;
  /** 1 is 100 %; null if no term touches the month, or if nothing was recorded. */
  availability: number | null;
  usedWindows: number;
}

/** Gives only a month's readings, for gauges: exact sums, converted to numbers at the end. */
export const readMonthGauges = defineRead(
  'sla.readMonthGauges',
  async (tx, asked: StoredMonthQuestion): Promise<ReadingGauge[]> => {
    const question = await withTerms(tx, asked);
    const period = servicePeriod(question.month, question.timeZone, question.terms);
    const agreement = agreementOn(period.firstDay ?? `${question.month}-01`, question.agreements);
    const slices = slicesIn(await slicesOfHosts(tx, question), period.spans);
    const runs = await selectRuns(tx, monthReach(question.month));
    const recorded = isRecorded(slices, runs, period.spans);
    const readings = readAll(slices, { windows: recorded ? period.windows : 0, agreement });
    return READING_NAMES.map((reading) => ({
      reading,
      availability:
        readings[reading].availability === null ? null : Number(readings[reading].availability) / 100,
      usedWindows: Number(readings[reading].sumErrorRates),
    }));
  },
);

/** Gives the counts of the `contract` reading in one window: for gauges of the window before the present one. */
export const readWindow = defineRead(
  'sla.readWindow',
  async (tx, args: { windowStart: Ms }): Promise<{ valid: number; errors: number }> => {
    const slices = await selectSlices(tx, { start: args.windowStart, end: args.windowStart + 1 });
    const [rate] = ratesOf(slices, READINGS.contract);
    return { valid: rate?.valid ?? 0, errors: rate?.errors ?? 0 };
  },
);
