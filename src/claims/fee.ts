/**
 * The monthly service fee (SLA, 1.5) from the best source there is, and the voucher that follows from it (3.1).
 *
 * **Invariant**: the source is always told. An invoice stands above Kling's billing rows, those above our own settled
 * credits at the configured price; a source that says nothing, or nothing but 0, is passed over.
 */
import { fromDecimal, times } from '../sla/fraction.ts';
import type { MilliCredits } from '../units.ts';
import type { BillingFee, FeePart } from './billing-fee.ts';
import { floorMicros, shareOf, type Micros } from './money.ts';

export type FeeSource = 'invoice' | 'billing' | 'settled';

export interface Fee {
  amount: Micros;
  /** The part of it that vouchers paid. */
  paidByVoucher: Micros;
  currency: string;
  source: FeeSource;
  /** One sentence on where the number comes from. */
  explanation: string;
  /** What the fee is made of, where Kling's ledgers give it. */
  parts: readonly FeePart[];
}

/** What is known of a month's fee. */
export interface FeeSources {
  /** `claims.fees` of the config. */
  invoice: { amount: Micros; paidByVoucher: Micros; currency: string; source: string | null } | null;
  /** Kling's billing rows by deduction time, each at its pack's price; null where they are not all known. */
  billing: BillingFee | null;
  /** What our ledger settled in the period. */
  settledCredits: MilliCredits;
  /** Currency units for a credit, as a decimal. */
  price: { perCredit: string; currency: string };
}

/** Picks the fee; null where no source says anything. */
export function pickFee(sources: FeeSources): Fee | null {
  const { invoice, billing, settledCredits, price } = sources;
  if (invoice && invoice.amount > 0) {
    const named = invoice.source === null ? '' : ` (${invoice.source})`;
    return {
      amount: invoice.amount,
      paidByVoucher: invoice.paidByVoucher,
      currency: invoice.currency,
      source: 'invoice',
      explanation: `the invoiced fee as entered by the account holder${named}`,
      parts: [],
    };
  }
  if (billing && billing.amount > 0) {
    return {
      amount: billing.amount,
      paidByVoucher: billing.paidByVoucher,
      currency: billing.currency,
      source: 'billing',
      explanation: explainBilling(billing),
      parts: billing.parts,
    };
  }
  const perCredit = fromDecimal(price.perCredit);
  if (!perCredit || settledCredits <= 0) return null;
  const credits = { num: BigInt(settledCredits), den: 1000n };
  return {
    amount: floorMicros(times(credits, perCredit)),
    paidByVoucher: 0,
    currency: price.currency,
    source: 'settled',
    explanation:
      `an estimate: ${settledCredits / 1000} credits deducted by Kling's own reports, ` +
      `at ${price.perCredit} ${price.currency} a credit`,
    parts: [],
  };
}

function explainBilling({ rows, parts }: BillingFee): string {
  const listed = parts.map(
    ({ name, quantity, unit, basis }) => `${name}: ${quantity / 1_000_000} ${unit} (${basis})`,
  );
  return `the ${rows} deductions that your own billing API lists for the period by deduction time: ${listed.join('; ')}`;
}

/** What a tier is worth. */
export interface Voucher {
  /** min(tier x fee, cap x (fee - paid by voucher)). */
  asked: Micros;
  /** The narrower reading: tier x (fee - paid by voucher). */
  narrower: Micros;
  /** Whether the cap decided. */
  isCapped: boolean;
}

/** Works out the voucher of a tier, both readings of "excluding fees paid with vouchers". */
export function voucherOf(fee: Fee, percent: number, capPercent: number): Voucher {
  const paidInMoney = Math.max(0, fee.amount - fee.paidByVoucher);
  const full = shareOf(fee.amount, percent);
  const cap = shareOf(paidInMoney, capPercent);
  return { asked: Math.min(full, cap), narrower: shareOf(paidInMoney, percent), isCapped: cap < full };
}
