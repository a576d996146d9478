/** What a budget is, as the config says it and the store keeps it. */
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
 * counts what its present window has already seen; a change of `limit` changes nothing that was spent.
 */
export interface BudgetRule {
  name: string;
  limit: MilliCredits;
  window: BudgetWindow;
  /** An IANA zone: windows of a day and longer begin at its midnights. */
  timeZone: string;
  /** Shares of the limit, each above 0 and at most 1, reported once a window when settled + held reaches them; 1 always is. */
  alertAt: readonly number[];
  /** `shadow` counts and never refuses. */
  mode: 'enforce' | 'shadow';
  match: BudgetMatch;
  /** One such budget for each value of the app or of the tag. */
  per: 'app' | 'tag' | null;
}

/** Gives the zone that budgets have in common; null where they differ, and where there are none. */
export function commonZone(budgets: readonly Pick<BudgetRule, 'timeZone'>[]): string | null {
  const zones = new Set(budgets.map(({ timeZone }) => timeZone));
  const [zone = null] = zones;
  return zones.size === 1 ? zone : null;
}

const PPM = 1_000_000;

/** Gives a share in millionths, as thresholds are compared and remembered. */
export function sharePpm(share: number): number {
  return Math.round(share * PPM);
}

/** Tells whether what is used has reached a share of a limit; a budget of which nothing is used has reached none. */
export function reaches(share: number, usedCredits: MilliCredits, limitCredits: MilliCredits): boolean {
  return usedCredits > 0 && usedCredits * PPM >= sharePpm(share) * limitCredits;
}
