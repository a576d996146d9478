/**
 * The case of a claim: what is asked, on which reading, with the numbers that every document shows.
 *
 * **Invariant**: computed once, here; the letters, the page and the summary only write it down. The principal claim
 * is the `received` reading, which the vendor can check in its own log; `contract` is the alternative where it is
 * worth more, and the only claim where `received` alone is worth nothing.
 */
import { agreementOn, compensationPercent, type Agreement } from '../sla/agreement.ts';
import { availabilityRatio, percentText, sumOfRates } from '../sla/availability.ts';
import { ratesOf, READINGS, type WindowRate } from '../sla/reading.ts';
import type { MonthQuestion } from '../sla/month.ts';
import type { BlameBasis } from '../sla/blame-table.ts';
import { spansHold } from '../sla/window.ts';
import { billingFee, type PackPrice } from './billing-fee.ts';
import { claimDates, type ClaimDates } from './deadlines.ts';
import { isMaintenance, type ClaimEvidence, type ErrorRequest } from './evidence.ts';
import { worstStretch, type Outage } from './outage.ts';
import { pickFee, voucherOf, type Fee, type FeeSources, type Voucher } from './fee.ts';
import { createCalendar, type CalendarName, type CalendarOverride } from './working-days.ts';

/** How many of the worst windows a letter names. */
const WORST_WINDOWS = 12;

/** Who claims; what is null is left for the sender to fill in. */
export interface Claimant {
  accountId: string | null;
  company: string | null;
  contact: string | null;
}

/** What a claim needs beside the measured month. */
export interface ClaimSettings {
  claimant: Claimant;
  baseUrl: string;
  calendar: CalendarName;
  calendarOverride: CalendarOverride | null;
  invoice: FeeSources['invoice'];
  /** What packs cost, as entered. */
  packPrices: readonly PackPrice[];
  price: FeeSources['price'];
}

/** One way to claim. */
export interface ClaimLine {
  reading: 'received' | 'contract';
  availability: string;
  percent: number;
  /** Null where no source knows the fee. */
  voucher: Voucher | null;
}

export interface CountedErrors {
  windows: number;
  /** With Kling's request id, and without. */
  withRequestId: number;
  withoutRequestId: number;
  maintenance: number;
  /** Recorded elsewhere and imported; of those with an id, too. */
  imported: number;
  importedWithRequestId: number;
  /** With any of the headers that a proxy or Kling itself puts on an answer. */
  withHeaders: number;
}

/** A reading without some of its errors. */
export interface ReadingWithout {
  availability: string;
  percent: number;
}

export interface ClaimCase {
  evidence: ClaimEvidence;
  settings: ClaimSettings;
  agreement: Agreement;
  principal: ClaimLine;
  alternative: ClaimLine | null;
  fee: Fee | null;
  dates: ClaimDates;
  /** Windows by the principal reading, those with errors, worst first. */
  worst: WindowRate[];
  /** Windows with valid requests by the principal reading. */
  windowsWithTraffic: number;
  /** Windows by who recorded them: a sidecar, other programs alone (imported), nobody. */
  recorded: { bySidecar: number; byOthers: number; byNobody: number };
  /** Errors of the principal reading, those that are still listed one by one. */
  errors: CountedErrors;
  /** Requests that never arrived through Kling's fault: how that is known. */
  lost: { byCheck: number; byRecorder: number; byOperator: number };
  /** The stretch of windows that cost most. */
  outage: Outage | null;
  /** What the readings would be without the answers of code 5001: the principal one, and `contract`. */
  withoutMaintenance: { principal: ReadingWithout; contract: ReadingWithout };
  hosts: string[];
  /** The base URL for the letter: as configured, where calls to it are part of the claim, else those hosts. */
  baseUrl: string;
  /** A short name for the mail's subject: month and the beginning of the digest. */
  reference: string;
}

/** Builds the case; null where neither reading is worth anything. */
export function buildCase(
  evidence: ClaimEvidence,
  question: Pick<MonthQuestion, 'agreements'>,
  settings: ClaimSettings,
): ClaimCase | null {
  const { measured, period } = evidence;
  const agreement = agreementOn(period.firstDay ?? `${measured.month}-01`, question.agreements);
  const fee = feeOf(evidence, settings);
  const lineOf = (reading: 'received' | 'contract'): ClaimLine | null => {
    const { availability, compensationPercent: percent } = measured.readings[reading];
    if (availability === null || percent === 0) return null;
    return {
      reading,
      availability,
      percent,
      voucher: fee ? voucherOf(fee, percent, agreement.capPercent) : null,
    };
  };
  const received = lineOf('received');
  const contract = lineOf('contract');
  const principal = received ?? contract;
  if (!principal) return null;
  const rates = ratesOf(evidence.slices, READINGS[principal.reading]);
  const bad = rates.filter((rate) => rate.errors > 0);
  const hosts = [...new Set(evidence.slices.map((slice) => slice.host))].sort();
  return {
    evidence,
    settings,
    agreement,
    principal,
    alternative: received && contract && contract.percent > received.percent ? contract : null,
    fee,
    dates: datesOf(measured.month, settings),
    worst: worstFirst(bad).slice(0, WORST_WINDOWS),
    windowsWithTraffic: rates.length,
    recorded: countRecorded(evidence),
    errors: countErrors(evidence, principal.reading, bad.length),
    lost: countLost(evidence),
    outage: worstStretch(bad, { windows: period.windows, agreement }),
    withoutMaintenance: {
      principal: readWithoutMaintenance(evidence, principal.reading, agreement),
      contract: readWithoutMaintenance(evidence, 'contract', agreement),
    },
    hosts,
    baseUrl: hosts.includes(new URL(settings.baseUrl).host)
      ? settings.baseUrl
      : hosts.map((host) => `https://${host}`).join(', '),
    reference: `${measured.month}-${measured.digest.slice(0, 8)}`,
  };
}

/** Works out a month's filing dates as configured. */
export function datesOf(
  month: string,
  settings: Pick<ClaimSettings, 'calendar' | 'calendarOverride'>,
): ClaimDates {
  return claimDates(month, createCalendar(settings.calendar, settings.calendarOverride));
}

function feeOf({ deductions, settledCredits }: ClaimEvidence, settings: ClaimSettings): Fee | null {
  const { invoice, price, packPrices } = settings;
  const prices = { packs: packPrices, list: price };
  const billing = deductions && billingFee(deductions.sums, deductions.packs, prices);
  return pickFee({ invoice, billing, settledCredits, price });
}

function readWithoutMaintenance(
  evidence: ClaimEvidence,
  reading: ClaimLine['reading'],
  agreement: Agreement,
): ReadingWithout {
  const base = READINGS[reading];
  const rates = ratesOf(evidence.slices, {
    ...base,
    errors: (slice) => base.errors(slice) - (slice.excluded ? 0 : slice.counts.maintenance),
  });
  const ratio = availabilityRatio(sumOfRates(rates), evidence.period.windows);
  if (!ratio) return { availability: '-', percent: 0 };
  return { availability: percentText(ratio), percent: compensationPercent(ratio, agreement) };
}

function worstFirst(rates: readonly WindowRate[]): WindowRate[] {
  return rates.toSorted(
    (a, b) => b.errors * a.valid - a.errors * b.valid || b.errors - a.errors || a.windowStart - b.windowStart,
  );
}

/** Picks the errors that a reading counts. */
function countedErrors(evidence: ClaimEvidence, reading: ClaimLine['reading']): ErrorRequest[] {
  return evidence.errors.filter(
    ({ countedIn }) =>
      countedIn === 'received+contract' || (reading === 'contract' && countedIn === 'contract'),
  );
}

function countRecorded({ measured, slices }: ClaimEvidence): ClaimCase['recorded'] {
  const gaps = measured.gaps.map(({ start, end }) => ({ start: Date.parse(start), end: Date.parse(end) }));
  const imported = new Set(
    slices.map((slice) => slice.windowStart).filter((start) => spansHold(gaps, start)),
  );
  const { total, notObserved } = measured.windows;
  return {
    bySidecar: total - notObserved,
    byOthers: imported.size,
    byNobody: notObserved - imported.size,
  };
}

function countLost({ errors }: ClaimEvidence): ClaimCase['lost'] {
  const lost = errors.filter(({ blame }) => blame === 'upstream');
  const by = (basis: BlameBasis): number => lost.filter((one) => one.basis === basis).length;
  return { byCheck: by('check'), byRecorder: by('recorder'), byOperator: by('operator') };
}

const hasHeaders = ({ call: { evidence } }: ErrorRequest): boolean =>
  evidence !== null && (evidence.date !== null || evidence.server !== null || evidence.via !== null);

function countErrors(evidence: ClaimEvidence, reading: ClaimLine['reading'], windows: number): CountedErrors {
  const counted = countedErrors(evidence, reading);
  const withRequestId = counted.filter(({ call }) => call.klingRequestId !== null).length;
  const imported = counted.filter(({ call }) => call.id.startsWith('imp_'));
  return {
    windows,
    withRequestId,
    withoutRequestId: counted.length - withRequestId,
    imported: imported.length,
    importedWithRequestId: imported.filter(({ call }) => call.klingRequestId !== null).length,
    withHeaders: counted.filter(hasHeaders).length,
    maintenance: counted.filter(({ call }) => isMaintenance(call)).length,
  };
}
