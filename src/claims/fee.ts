/**
 * The monthly service fee (SLA, 1.5) from the best source there is, and the voucher that follows from it (3.1).
 *
 * **Invariant**: the source is always named. An invoice overrides Kling's billing rows, and those override our own
 * settled credits at the configured price. A fee of 0 is known to be 0; without any source it is unknown.
 */
import { fromDecimal, times } from '../sla/fraction.ts';
import type { MilliCredits } from '../units.ts';
import type { BillingFee, FeePart } from './billing-fee.ts';
import { floorMicros, roundDown, roundUp, shareOf, type Micros } from './money.ts';

/** What our ledger settled in a period. */
export interface SettledCredits {
  /** All of it, in thousandths. */
  total: MilliCredits;
  /** The part that Kling reported; the rest is our own price of creates whose deduction it has not named. */
  reported: MilliCredits;
}

/** Where a fee comes from, with what a reader needs to check it. */
export type FeeSource =
  | { kind: 'invoice'; number: string | null }
  | { kind: 'billing'; rows: number; parts: readonly FeePart[] }
  | { kind: 'settled'; credits: SettledCredits; perCredit: string; currency: string };

export interface Fee {
  /** A multiple of the currency's smallest unit. */
  amount: Micros;
  /** The part of it that vouchers paid, likewise. */
  paidByVoucher: Micros;
  currency: string;
  source: FeeSource;
}

/** The sources of a month's fee. */
export interface FeeSources {
  /** `claims.fees` of the config. */
  invoice: { amount: Micros; paidByVoucher: Micros; currency: string; source: string | null } | null;
  /** Kling's billing rows by deduction time, each at its pack's price; null if not all of them are known. */
  billing: BillingFee | null;
  settled: SettledCredits;
  /** Currency units for a credit, as a decimal. */
  price: { perCredit: string; currency: string };
}

/** Picks the fee; null without any source. */
export function pickFee(sources: FeeSources): Fee | null {
  const { invoice, billing, settled, price } = sources;
  if (invoice) {
    const { amount, paidByVoucher, currency, source } = invoice;
    return { ...rounded(amount, paidByVoucher, currency), source: { kind: 'invoice', number: source } };
  }
  // Kling's ledgers may lag: empty ones are no source while our own ledger has deductions.
  if (billing && (billing.amount > 0 || settled.total <= 0)) {
    const { amount, paidByVoucher, currency, rows, parts } = billing;
    return { ...rounded(amount, paidByVoucher, currency), source: { kind: 'billing', rows, parts } };
  }
  const perCredit = fromDecimal(price.perCredit);
  if (!perCredit || settled.total <= 0) return null;
  const amount = floorMicros(times({ num: BigInt(settled.total), den: 1000n }, perCredit));
  const source = { kind: 'settled', credits: settled, ...price } as const;
  return { ...rounded(amount, 0, price.currency), source };
}

/** Rounds once, to the claimant's disadvantage, so that a reader can check the voucher from the numbers shown. */
function rounded(amount: Micros, paid: Micros, currency: string): Omit<Fee, 'source'> {
  const whole = roundDown(amount, currency);
  return { amount: whole, paidByVoucher: Math.min(whole, roundUp(paid, currency)), currency };
}

/** What a tier is worth. */
export interface Voucher {
  /** min(tier x fee, cap x (fee - paid by voucher)), rounded down to the currency's smallest unit. */
  asked: Micros;
  /** The narrower reading: tier x (fee - paid by voucher), likewise. */
  narrower: Micros;
  /** Whether the cap decided. */
  isCapped: boolean;
}

/** Works out the voucher of a tier, both readings of "excluding fees paid with vouchers". */
export function voucherOf(fee: Omit<Fee, 'source'>, percent: number, capPercent: number): Voucher {
  const { amount, paidByVoucher, currency } = fee;
  const paidInMoney = Math.max(0, amount - paidByVoucher);
  const full = shareOf(amount, percent);
  const cap = shareOf(paidInMoney, capPercent);
  return {
    asked: roundDown(Math.min(full, cap), currency),
    narrower: roundDown(shareOf(paidInMoney, percent), currency),
    isCapped: cap < full,
  };
}
