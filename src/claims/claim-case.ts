/**
 * The case of a claim: what is asked, on which reading, with the numbers that every document shows.
 *
 * **Invariant**: computed once, here; the letters, the page and the summary only write it down. The principal claim
 * is the `received` reading, which the vendor can check in its own log; `contract` is the alternative if it is
 * worth more, and the only claim if `received` is worth nothing.
 */
import { agreementOn, compensationPercent, type Agreement } from '../sla/agreement.ts';
import { availabilityRatio, percentText, sumOfRates } from '../sla/availability.ts';
import { normalHost } from '../sla/host.ts';
import { ratesOf, READINGS, type WindowRate } from '../sla/reading.ts';
import type { MonthQuestion } from '../sla/month.ts';
import { billingFee, type PackPrice } from './billing-fee.ts';
import { claimDates, type ClaimDates } from './deadlines.ts';
import {
  countErrors,
  countLost,
  countRecorded,
  type CountedErrors,
  type LostRequests,
  type RecordedWindows,
} from './case-counts.ts';
import type { ClaimEvidence } from './evidence.ts';
import { worstStretch, type Outage } from './outage.ts';
import { pickFee, voucherOf, type Fee, type FeeSources, type Voucher } from './fee.ts';
import { createCalendar, type CalendarName, type CalendarOverride } from './working-days.ts';

/** How many of the worst windows a letter names. */
const WORST_WINDOWS = 12;

/** Who claims; the sender fills in the fields that are null. */
export interface Claimant {
  accountId: string | null;
  company: string | null;
  /** How the vendor answers: a mail address or a phone number. */
  contact: string | null;
  /** The person who signs. */
  signatory: string | null;
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
  /** Null if no source knows the fee. */
  voucher: Voucher | null;
}

/** A reading without some of its errors. */
export interface ReadingWithout {
  availability: string;
  percent: number;
}

export interface ClaimCase {
  kind: 'due';
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
  /** Windows by who recorded them. */
  recorded: RecordedWindows;
  /** Errors of the principal reading. */
  errors: CountedErrors;
  /** Requests that never arrived through Kling's fault and that no exclusion leaves out. */
  lost: LostRequests;
  /** The stretch of windows that cost most. */
  outage: Outage | null;
  /** What the readings would be without the answers of code 5001: the principal one, and `contract`. */
  withoutMaintenance: { principal: ReadingWithout; contract: ReadingWithout };
  hosts: string[];
  /** The base URL for the letter: the configured one if calls to it are part of the claim, else the claim's hosts. */
  baseUrl: string;
  /** A short name for the mail's subject: month and start of the digest. */
  reference: string;
}

/** Why a month is worth nothing: the commitment was kept, or the fee leaves nothing to ask for. */
export type NothingDue =
  | { kind: 'kept' }
  | { kind: 'no_fee' | 'paid_by_vouchers' | 'below_smallest_unit'; fee: Fee; line: ClaimLine };

/** Builds the case, or says why there is none. */
export function buildCase(
  evidence: ClaimEvidence,
  question: Pick<MonthQuestion, 'agreements'>,
  settings: ClaimSettings,
): ClaimCase | NothingDue {
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
  if (!principal) return { kind: 'kept' };
  if (fee && principal.voucher?.asked === 0) return worthNothing(fee, principal);
  const rates = ratesOf(evidence.slices, READINGS[principal.reading]);
  const bad = rates.filter((rate) => rate.errors > 0);
  const hosts = [...new Set(evidence.slices.map(({ host }) => normalHost(host) ?? host))].sort();
  return {
    kind: 'due',
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
    baseUrl: hosts.includes(normalHost(settings.baseUrl) ?? '')
      ? settings.baseUrl
      : hosts.map((host) => `https://${host}`).join(', '),
    reference: `${measured.month}-${measured.digest.slice(0, 8)}`,
  };
}

function worthNothing(fee: Fee, line: ClaimLine): NothingDue {
  if (fee.amount === 0) return { kind: 'no_fee', fee, line };
  const isByVouchers = fee.paidByVoucher >= fee.amount;
  return { kind: isByVouchers ? 'paid_by_vouchers' : 'below_smallest_unit', fee, line };
}

/** Works out a month's filing dates as configured. */
export function datesOf(
  month: string,
  settings: Pick<ClaimSettings, 'calendar' | 'calendarOverride'>,
): ClaimDates {
  return claimDates(month, createCalendar(settings.calendar, settings.calendarOverride));
}

function feeOf({ deductions, settled }: ClaimEvidence, settings: ClaimSettings): Fee | null {
  const { invoice, price, packPrices } = settings;
  const prices = { packs: packPrices, list: price };
  const billing = deductions && billingFee(deductions.sums, deductions.packs, prices);
  return pickFee({ invoice, billing, settled, price });
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
