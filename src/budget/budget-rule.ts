/** A budget, in the config and in the store. */
import type { MilliCredits } from '../units.ts';
import type { BudgetWindow } from '../words.ts';

/** Narrows a budget to some creates; every field given must equal the create's. */
export interface BudgetMatch {
  app?: string;
  operation?: string;
  model?: string;
  tag?: string;
}

/**
 * One budget. Name, window, zone, match and `per` are its identity: a change of those makes a new budget, which
 * counts the earlier holds of its present window; a change of `limit` does not change what was spent.
 */
export interface BudgetRule {
  name: string;
  limit: MilliCredits;
  window: BudgetWindow;
  /** An IANA zone: windows of a day and longer begin at its midnights. */
  timeZone: string;
  /** Shares of the limit, above 0 and at most 1: each is reported once a window when settled + held reaches it; 1 always is. */
  alertAt: readonly number[];
  /** `shadow` counts and never refuses. */
  mode: 'enforce' | 'shadow';
  match: BudgetMatch;
  /** One such budget for each value of the app or of the tag. */
  per: 'app' | 'tag' | null;
}

/** Gives the zone that all budgets have in common; null if they differ, or if there are none. */
export function commonZone(budgets: readonly Pick<BudgetRule, 'timeZone'>[]): string | null {
  const zones = new Set(budgets.map(({ timeZone }) => timeZone));
  const [zone = null] = zones;
  return zones.size === 1 ? zone : null;
}

const PPM = 1_000_000;

/** Gives a share in millionths: thresholds are compared and kept in this form. */
export function sharePpm(share: number): number {
  return Math.round(share * PPM);
}

/** Returns whether the used credits have reached a share of a limit; an unused budget has reached none. */
export function reaches(share: number, usedCredits: MilliCredits, limitCredits: MilliCredits): boolean {
  return usedCredits > 0 && usedCredits * PPM >= sharePpm(share) * limitCredits;
}
