/**
 * A month's compensation claim and its life.
 *
 * A claim is drafted from a closed month; drafting again makes a new revision only where something changed. The
 * operator files it by hand and says so: draft → filed → acknowledged → granted, rejected or expired. A claim may
 * also be granted, rejected or expire without having been acknowledged, and a draft that nobody filed expires.
 *
 * **Invariant**: granted, rejected and expired are ends. A mark with the state it has only adds details. What is
 * asked is computed once, from the `received` reading first. Nothing here sends anything to anybody.
 */
import { SidecarError } from '../errors.ts';
import type { Ms } from '../units.ts';
import type { Micros } from './money.ts';

export const CLAIM_STATES = ['draft', 'filed', 'acknowledged', 'granted', 'rejected', 'expired'] as const;
export type ClaimState = (typeof CLAIM_STATES)[number];

const NEXT: Readonly<Record<ClaimState, readonly ClaimState[]>> = {
  draft: ['filed', 'expired'],
  filed: ['acknowledged', 'granted', 'rejected', 'expired'],
  acknowledged: ['granted', 'rejected', 'expired'],
  granted: [],
  rejected: [],
  expired: [],
};

/** What an operator learns while a claim lives; null where nothing was said. */
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
  /** The folder of its documents, absolute. */
  folder: string;
  /** SHA-256 of `manifest.sha256`. */
  manifest: string;
  /** The reading that the claim rests on, and what it is worth in per cent of the fee. */
  reading: 'received' | 'contract';
  percent: number;
  /** Null where no source knows the fee. */
  asked: Micros | null;
  currency: string | null;
  earliest: string;
  latest: string;
  draftedAt: Ms;
  updatedAt: Ms;
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
