/**
 * The account in Kling's books: packs with their dates, and the deductions from each.
 *
 * It holds only facts read from Kling: our own ledger neither feeds nor reads them. They give the service term and the
 * month's fee; a difference to our ledger is spending that did not go through this sidecar.
 *
 * **Invariant**: quantities and money are integers in millionths; a deduction is entered once even if it is read often.
 * The rows may be incomplete: {@link AccountRead} says how far they were read.
 */
import type { Ms, Product } from '../units.ts';

/** Which of Kling's two ledgers: units of packs, or money. */
export type Wallet = 'package' | 'balance';
export const WALLETS: readonly Wallet[] = ['package', 'balance'];

/** Millionths of a unit or of a currency unit, a safe integer. */
export type Millionths = number;

/** A pack in the list of `GET /account/costs`. */
export interface Pack {
  id: string;
  name: string;
  /** `decreasing_total` or `constant_period`, as Kling writes it. */
  kind: string;
  /** Null if Kling does not say. */
  total: Millionths | null;
  remaining: Millionths | null;
  purchasedAt: Ms | null;
  effectiveAt: Ms;
  /** The first instant at which it can no longer be used. */
  invalidAt: Ms;
  /** `toBeOnline`, `online`, `expired` or `runOut`, as Kling writes it. */
  status: string;
}

/** One row of `POST /account/billing/package` or `/balance`. */
export interface BillingRow {
  wallet: Wallet;
  taskId: string;
  at: Ms;
  before: Millionths;
  /** Units of the pack, or money. */
  amount: Millionths;
  packId: string | null;
  /** `video`, `image` or `try-on`, as Kling writes it. */
  product: string | null;
  /** `balance` or `test_balance`. */
  cashType: string | null;
  currency: string | null;
  /** The name at Kling of the key that made the task. */
  apiKeyName: string | null;
}

/** How far one list of the account was read; null before the first read. */
export interface AccountRead {
  /** The last complete read. */
  readAt: Ms | null;
  /** Deductions of tasks made from here on, inclusive, … */
  fromAt: Ms | null;
  /** … up to here, exclusive, are all known. */
  throughAt: Ms | null;
  /** Why the last try failed. */
  problem: string | null;
  /** The upstream that the ledger was read from (`upstreamText`); null if that is not known, and for packs. */
  upstream: string | null;
}

/**
 * Gives the product whose units a pack holds, by its name: Kling's packs are called `Trial-Image-1000Units-…` (seen in several
 * accounts; kling-api.md, section 8), and its list has no field for it.
 */
export function productOfPack({ name }: Pick<Pack, 'name'>): Product {
  return /image/i.test(name) ? 'image' : 'video';
}

/** How long after its task was made a deduction may still appear. */
export const SETTLING_MS: Ms = 86_400_000;

/** Returns whether every deduction within a time range is known: a task may be made up to a day before its deduction. */
export function isCovered(read: AccountRead, span: { start: Ms; end: Ms }): boolean {
  const { fromAt, throughAt } = read;
  return fromAt !== null && throughAt !== null && fromAt <= span.start - SETTLING_MS && span.end <= throughAt;
}
