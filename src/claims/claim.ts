/**
 * A month's compensation claim and its life.
 *
 * A claim is drafted from a closed month; drafting again makes a new revision only if something changed. The
 * operator files it by hand and marks it: draft → filed → acknowledged → granted, rejected or expired. A claim may
 * also be granted, rejected or expire without an acknowledgement, and a draft that nobody filed expires.
 *
 * A draft that is no longer valid changes its state by itself: a newer draft or a grant supersedes it, and it is
 * withdrawn if nothing is due any more (an exclusion was entered, vouchers paid the fee). A withdrawn draft becomes a
 * draft again if the same documents are due again. An operator who sent such a draft can still mark it as filed.
 *
 * **Invariant**: of a month at most one revision is a draft. Granted, rejected and expired are ends. A mark with the
 * present state only adds details. What is asked is computed once, from the `received` reading first. Nothing here
 * sends anything to anybody.
 */
import { SidecarError } from '../errors.ts';
import type { Ms } from '../units.ts';
import type { Micros } from './money.ts';

/** The states that an operator marks. */
export const MARKED_STATES = ['draft', 'filed', 'acknowledged', 'granted', 'rejected', 'expired'] as const;
export type MarkedState = (typeof MARKED_STATES)[number];
export const CLAIM_STATES = [...MARKED_STATES, 'superseded', 'withdrawn'] as const;
export type ClaimState = (typeof CLAIM_STATES)[number];

const NEXT: Readonly<Record<ClaimState, readonly ClaimState[]>> = {
  draft: ['filed', 'expired'],
  filed: ['acknowledged', 'granted', 'rejected', 'expired'],
  acknowledged: ['granted', 'rejected', 'expired'],
  granted: [],
  rejected: [],
  expired: [],
  superseded: ['filed'],
  withdrawn: ['filed'],
};

/** Whether a claim may be filed today: by its dates, or closed if it is no longer to be filed. */
export type ClaimFiling = 'early' | 'open' | 'late' | 'closed';

const STILL_FILED: readonly ClaimState[] = ['draft', 'filed', 'acknowledged'];

/** Gives whether a claim may be filed, from its state and from today's place among its dates. */
export function claimFiling(state: ClaimState, byDates: Exclude<ClaimFiling, 'closed'>): ClaimFiling {
  return isOpen(state) ? byDates : 'closed';
}

/** Returns whether something may still come of a claim. */
export function isOpen(state: ClaimState): boolean {
  return STILL_FILED.includes(state);
}

/** Picks the revision of a month that counts, from a list with the newest first: a granted one, else a valid one, else the last. */
export function currentRevision<C extends { state: ClaimState }>(revisions: readonly C[]): C | undefined {
  const isValid = ({ state }: C): boolean => state !== 'superseded' && state !== 'withdrawn';
  return revisions.find(({ state }) => state === 'granted') ?? revisions.find(isValid) ?? revisions[0];
}

/**
 * Picks a revision from a month's list with the newest first: the one asked for, or the one that counts.
 * @throws SidecarError `not_found`.
 */
export function revisionOf<C extends { state: ClaimState; revision: number }>(
  claims: readonly C[],
  { month, revision }: { month: string; revision: number | null },
): C {
  const found =
    revision === null ? currentRevision(claims) : claims.find((claim) => claim.revision === revision);
  if (found) return found;
  const which = revision === null ? '' : ` with revision ${revision}`;
  throw new SidecarError(
    'not_found',
    `There is no claim for ${month}${which}; claim draft ${month} makes one.`,
  );
}

/** What an operator adds to a claim later; null until then. */
export interface ClaimDetails {
  /** The vendor's ticket or mail reference. */
  ticket: string | null;
  voucherCode: string | null;
  granted: Micros | null;
  /** The day on which the voucher ends, `YYYY-MM-DD`. */
  voucherExpires: string | null;
}

export interface Claim extends ClaimDetails {
  month: string;
  revision: number;
  state: ClaimState;
  /** Why a draft was superseded or withdrawn; null for others. */
  note: string | null;
  /** The folder of its documents, absolute. */
  folder: string;
  /** SHA-256 of `manifest.sha256`. */
  manifest: string;
  /** The reading that the claim rests on, and what it is worth in per cent of the fee. */
  reading: 'received' | 'contract';
  percent: number;
  /** Null if no source knows the fee. */
  asked: Micros | null;
  currency: string | null;
  earliest: string;
  latest: string;
  draftedAt: Ms;
  updatedAt: Ms;
}

/** Gives the states that a claim can be marked with: its own, which only adds details, and the next ones. */
export function marksOf(state: ClaimState): MarkedState[] {
  return MARKED_STATES.filter((to) => to === state || NEXT[state].includes(to));
}

/** Checks a step of a claim's life. @throws SidecarError `bad_usage` naming the steps that are allowed. */
export function checkStep(from: ClaimState, to: ClaimState): void {
  if (from === to || NEXT[from].includes(to)) return;
  const allowed = NEXT[from];
  throw new SidecarError(
    'bad_usage',
    `a claim that is ${from} cannot become ${to}; ` +
      (allowed.length === 0 ? `${from} is an end.` : `it can become ${allowed.join(', ')}.`),
  );
}
