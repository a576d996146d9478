/**
 * The account as Kling keeps it: packs with their dates, and what was deducted from each.
 *
 * Facts read from Kling and nothing else: our own ledger neither feeds nor reads them. They tell the term that was
 * bought and the month's fee; a difference to our ledger is spending that did not pass through us.
 *
 * **Invariant**: quantities and money are integers in millionths; a deduction is entered once however often it is
 * read. Nothing here is a promise of completeness: {@link AccountRead} says what has been read.
 */
import type { Ms, Product } from '../units.ts';

/** Which of Kling's two ledgers: units of packs, or money. */
export type Wallet = 'package' | 'balance';
export const WALLETS: readonly Wallet[] = ['package', 'balance'];

/** Millionths of a unit or of a currency unit, a safe integer. */
export type Millionths = number;

/** A pack, as `GET /account/costs` lists it. */
export interface Pack {
  id: string;
  name: string;
  /** `decreasing_total` or `constant_period`, as Kling writes it. */
  kind: string;
  /** Null where Kling does not say. */
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
export interface Deduction {
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
  /** Whose key made the task, as named at Kling. */
  apiKeyName: string | null;
}

/** How far something of the account was read; null where it never was. */
export interface AccountRead {
  /** The last complete reading. */
  readAt: Ms | null;
  /** Deductions of tasks made from here on, inclusive, … */
  fromAt: Ms | null;
  /** … up to here, exclusive, are all known. */
  throughAt: Ms | null;
  /** Why the last try failed. */
  problem: string | null;
}

/**
 * Tells which product's units a pack holds, by its name: Kling's packs are called `Trial-Image-1000Units-…` (seen in several
 * accounts; kling-api.md, section 8), and its list has no other word for it.
 */
export function productOfPack({ name }: Pick<Pack, 'name'>): Product {
  return /image/i.test(name) ? 'image' : 'video';
}

/** How long after its task was made a deduction may still appear. */
export const SETTLING_MS: Ms = 86_400_000;

/** Tells whether every deduction within a stretch of time is known: a task may be made up to a day before its deduction. */
export function isCovered(read: AccountRead, span: { start: Ms; end: Ms }): boolean {
  const { fromAt, throughAt } = read;
  return fromAt !== null && throughAt !== null && fromAt <= span.start - SETTLING_MS && span.end <= throughAt;
}
