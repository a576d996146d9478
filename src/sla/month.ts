/**
 * Measures a month: from slices, runs, exclusions and terms to every number that is shown or claimed.
 *
 * **Invariant**: a pure function of its input, so that the month's report, its claim and its check from the journal
 * agree to the last digit. The fields at the top level are the `contract` reading.
 */
import { createHash } from 'node:crypto';
import type { Ms } from '../units.ts';
import { agreementOn, type Agreement } from './agreement.ts';
import {
  errorBudget,
  readAll,
  readAvailability,
  sumOfRates,
  usedBudget,
  type ErrorBudget,
  type ReadingResult,
  type UsedBudget,
} from './availability.ts';
import { answersIn, serverErrorsIn, attemptsIn, unreachableIn, type WindowSlice } from './counts.ts';
import { gapsIn, type Gap } from './observed.ts';
import { servicePeriod, type ServicePeriod, type Term, type Terms, type TermSource } from './period.ts';
import { ratesOf, READINGS, type ReadingName, type WindowRate } from './reading.ts';
import { excludedIn, sumCounts, worstOf, type WindowView } from './window-view.ts';
import { clipSpans, countWindows, spansHold, WINDOW_MS, windowStart, type Span } from './window.ts';

/** The zone of Kling's own months (UTC+8), and the zone that others usually assume. */
const COMPARED_ZONES = ['UTC', 'Asia/Shanghai'] as const;

/** An exclusion in force. */
export interface Exclusion {
  id: string;
  start: Ms;
  end: Ms;
  /** The agreement's clause, `2.2(i)`. */
  clause: string;
  source: string;
  /** Who entered it, `config` for the config file. */
  actor: string;
  at: Ms;
}

/** The question about a month. */
export interface MonthQuestion {
  month: string;
  timeZone: string;
  terms: Terms;
  agreements: readonly Agreement[];
  now: Ms;
}

/** The store's rows of the month and a day around it. */
export interface MonthRecords {
  slices: readonly WindowSlice[];
  runs: readonly Span[];
  exclusions: readonly Exclusion[];
}

export interface LiveMonth {
  /** Windows of the period that have begun. */
  elapsedWindows: number;
  budget: ErrorBudget;
}

/** A month's windows. All but `divisor` count real windows, and none is above `total`. */
export interface MonthWindows {
  /** Differs from the divisor if the zone changes its clock within the period: by 12 for an hour. */
  total: number;
  /** With valid requests. */
  withTraffic: number;
  withErrors: number;
  /** Windows that are over and in which no sidecar ran. */
  notObserved: number;
  /** Begun. */
  elapsed: number;
  /** Begun and without valid requests. */
  idle: number;
  /** The divisor of sums of error rates: the agreement's 12 x 24 x days. */
  divisor: number;
}

/** A month's numbers; field names and meanings are public (`GET /v1/sla/YYYY-MM`). */
export interface SlaMonth {
  month: string;
  timeZone: string;
  /** First instant, ISO; null if no term touches the month. */
  start: string | null;
  /** Exclusive. */
  end: string | null;
  days: number;
  termSource: TermSource;
  /** The terms that touch the month, both days inclusive; empty if whole months are measured. */
  terms: Term[];
  /** Whether the month has any record: a sidecar ran in it, or calls of it were recorded. */
  recorded: boolean;
  windows: MonthWindows;
  requests: {
    valid: number;
    errors: number;
    unreachable: number;
    excluded: number;
    answered: number;
    serverErrors: number;
    maintenance: number;
    unreachableUpstream: number;
    unreachableLocal: number;
    unreachableUnknown: number;
    noAnswer: number;
    aborted: number;
    bySidecar: number;
    byProbe: number;
    retries: number;
  };
  sumErrorRates: string;
  availability: string | null;
  commitment: string;
  breached: boolean;
  compensationPercent: number;
  readings: Record<ReadingName, ReadingResult>;
  /** The last closed revision; 0 while the month was never closed. */
  revision: number;
  agreement: { name: string; effectiveFrom: string; textSha256: string };
  exclusions: { start: string; end: string; clause: string; source: string; actor: string; at: string }[];
  gaps: { start: string; end: string; windows: number }[];
  worstWindows: WindowView[];
  /** The allowance of failed windows, of a month that is over too; null if nothing was recorded. */
  budget: UsedBudget | null;
  live: LiveMonth | null;
  warnings: string[];
  /** SHA-256 of the whole input of the numbers. */
  digest: string;
}

/** Measures a month. The caller fills in `revision`. */
export function measureMonth(question: MonthQuestion, records: MonthRecords): SlaMonth {
  const period = servicePeriod(question.month, question.timeZone, question.terms);
  const agreement = agreementOn(period.firstDay ?? `${question.month}-01`, question.agreements);
  const slices = slicesIn(records.slices, period.spans);
  const recorded = isRecorded(slices, records.runs, period.spans);
  const readings = readAll(slices, { windows: recorded ? period.windows : 0, agreement });
  const rates = ratesOf(slices, READINGS.contract);
  const gaps = gapsIn(period.spans, records.runs, question.now);
  const exclusions = records.exclusions.filter((one) => clipSpans(period.spans, one).length > 0);
  const windows = windowsIn(period, { rates, gaps, now: question.now });
  return {
    month: period.month,
    timeZone: period.timeZone,
    ...boundsOf(period),
    days: period.days,
    termSource: period.termSource,
    terms: period.terms,
    recorded,
    windows,
    requests: requestsIn(slices, readings.contract),
    ...topLevel(readings.contract, agreement),
    readings,
    revision: 0,
    agreement: {
      name: agreement.name,
      effectiveFrom: agreement.effectiveFrom,
      textSha256: agreement.textSha256,
    },
    exclusions: exclusions.map(exclusionView),
    gaps: gaps.map(gapView),
    worstWindows: worstOf(slices, rates),
    budget: recorded ? usedBudget(sumOfRates(rates), { windows: windows.divisor, agreement }) : null,
    live: liveOf(period, { windows, recorded, rates, agreement, now: question.now }),
    warnings: zoneWarnings(question, records),
    digest: digestOf({ period, agreement, slices, exclusions, gaps }),
  };
}

/** Gives a time range around a month that holds the month of every zone and its exclusions. */
export function monthReach(month: string): Span {
  const start = Date.parse(`${month}-01T00:00:00Z`);
  const dayMs = 86_400_000;
  return { start: start - 2 * dayMs, end: start + 33 * dayMs };
}

/** Keeps the slices whose windows are in some merged spans. */
export function slicesIn(slices: readonly WindowSlice[], spans: readonly Span[]): WindowSlice[] {
  return slices.filter((slice) => spansHold(spans, slice.windowStart));
}

function requestsIn(slices: readonly WindowSlice[], contract: ReadingResult): SlaMonth['requests'] {
  const counts = sumCounts(slices);
  const attempts = (takes: (slice: WindowSlice) => boolean): number =>
    attemptsIn(sumCounts(slices.filter(takes)));
  return {
    valid: contract.valid,
    errors: contract.errors,
    unreachable: unreachableIn(counts),
    excluded: excludedIn(slices),
    answered: answersIn(counts),
    serverErrors: serverErrorsIn(counts),
    maintenance: counts.maintenance,
    unreachableUpstream: counts.unreachable_upstream,
    unreachableLocal: counts.unreachable_local,
    unreachableUnknown: counts.unreachable_unknown,
    noAnswer: counts.no_answer,
    aborted: counts.aborted,
    bySidecar: attempts((slice) => slice.origin !== 'app'),
    byProbe: attempts((slice) => slice.origin === 'probe'),
    retries: attempts((slice) => slice.retry),
  };
}

function topLevel(
  contract: ReadingResult,
  agreement: Agreement,
): Pick<SlaMonth, 'sumErrorRates' | 'availability' | 'commitment' | 'breached' | 'compensationPercent'> {
  return {
    sumErrorRates: contract.sumErrorRates,
    availability: contract.availability,
    commitment: agreement.commitment,
    breached: contract.breached,
    compensationPercent: contract.compensationPercent,
  };
}

function boundsOf(period: ServicePeriod): { start: string | null; end: string | null } {
  const first = period.spans[0];
  const last = period.spans.at(-1);
  return { start: first ? iso(first.start) : null, end: last ? iso(last.end) : null };
}

/**
 * Returns whether a period has any record: a sidecar ran in it, or an attempt of it was counted. A month without any
 * record has no availability.
 */
export function isRecorded(
  slices: readonly WindowSlice[],
  runs: readonly Span[],
  spans: readonly Span[],
): boolean {
  return (
    slices.some(({ counts }) => attemptsIn(counts) > 0) ||
    // A run that has not had its second heartbeat is an instant.
    runs.some((run) => clipSpans(spans, { start: run.start, end: run.end + 1 }).length > 0)
  );
}

function windowsIn(
  period: ServicePeriod,
  state: { rates: readonly WindowRate[]; gaps: readonly Gap[]; now: Ms },
): MonthWindows {
  const { rates, gaps, now } = state;
  const begun = windowStart(now) + WINDOW_MS;
  const elapsed = countWindows(clipSpans(period.spans, { start: 0, end: begun }));
  return {
    total: countWindows(period.spans),
    withTraffic: rates.length,
    withErrors: rates.filter((rate) => rate.errors > 0).length,
    notObserved: gaps.reduce((total, gap) => total + gap.windows, 0),
    elapsed,
    // After a clock was set back there are requests in windows that have not begun.
    idle: elapsed - rates.filter((rate) => rate.windowStart < begun).length,
    divisor: period.windows,
  };
}

function liveOf(
  period: ServicePeriod,
  state: {
    windows: MonthWindows;
    recorded: boolean;
    rates: readonly WindowRate[];
    agreement: Agreement;
    now: Ms;
  },
): LiveMonth | null {
  const { windows, recorded, rates, agreement, now } = state;
  const end = period.spans.at(-1)?.end;
  if (end === undefined || now >= end) return null;
  const budget = errorBudget(sumOfRates(rates), {
    windows: windows.divisor,
    total: windows.total,
    elapsed: recorded ? windows.elapsed : 0,
    agreement,
  });
  return { elapsedWindows: windows.elapsed, budget: recorded ? budget : { ...budget, best: null } };
}

/** Warns if the result depends on the zone whose midnight ends the month. */
function zoneWarnings(question: MonthQuestion, records: MonthRecords): string[] {
  const [utc, east] = COMPARED_ZONES.map((timeZone) => {
    const period = servicePeriod(question.month, timeZone, question.terms);
    const agreement = agreementOn(period.firstDay ?? `${question.month}-01`, question.agreements);
    const slices = slicesIn(records.slices, period.spans);
    const read = (name: ReadingName): ReadingResult =>
      readAvailability(slices, name, { windows: period.windows, agreement });
    return { received: read('received'), contract: read('contract') };
  });
  if (!utc || !east) return [];
  return (['received', 'contract'] as const)
    .filter((name) => utc[name].compensationPercent !== east[name].compensationPercent)
    .map(
      (name) =>
        `Whose month counts matters (reading ${name}): in UTC availability is ${utc[name].availability ?? 'unknown'} % ` +
        `(${utc[name].compensationPercent} % of the fee), in UTC+8 it is ${east[name].availability ?? 'unknown'} % ` +
        `(${east[name].compensationPercent} % of the fee).`,
    );
}

function digestOf(basis: {
  period: ServicePeriod;
  agreement: Agreement;
  slices: readonly WindowSlice[];
  exclusions: readonly Exclusion[];
  gaps: readonly Gap[];
}): string {
  const { agreement, exclusions, gaps } = basis;
  // A pack may be renamed; only its days count for the period.
  const { terms: _terms, ...period } = basis.period;
  const hash = createHash('sha256');
  hash.update(JSON.stringify({ period, agreement, exclusions, gaps }));
  for (const slice of basis.slices) hash.update(`${JSON.stringify(slice)}\n`);
  return hash.digest('hex');
}

function exclusionView(one: Exclusion): SlaMonth['exclusions'][number] {
  const { clause, source, actor } = one;
  return { start: iso(one.start), end: iso(one.end), clause, source, actor, at: iso(one.at) };
}

function gapView(gap: Gap): SlaMonth['gaps'][number] {
  return { start: iso(gap.start), end: iso(gap.end), windows: gap.windows };
}

/** Writes an instant as ISO 8601 in UTC, whole seconds without a fraction. */
function iso(at: Ms): string {
  return new Date(at).toISOString();
}
