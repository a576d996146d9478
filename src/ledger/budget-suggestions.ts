/**
 * Limits for budgets by what was spent: the highest window seen, and some room above it.
 *
 * **Invariant**: a limit is never below what was spent in any window of its kind.
 */
import { windowAt } from '../budget/window.ts';
import type { MilliCredits } from '../units.ts';
import type { Spent } from './spending-by-time.ts';

export type SuggestedWindow = 'day' | 'week' | 'month';
const WINDOWS: readonly SuggestedWindow[] = ['day', 'week', 'month'];

export interface BudgetSuggestion {
  window: SuggestedWindow;
  /** The most that was spent in one such window. */
  highest: MilliCredits;
  /** The windows in which something was spent. */
  windows: number;
  /** In whole credits. */
  limit: MilliCredits;
}

/** Suggests limits; none if nothing was spent. @param headroom - Percent above the highest window, 0 or more. */
export function suggestLimits(
  spent: readonly Spent[],
  { timeZone, headroom }: { timeZone: string; headroom: number },
): BudgetSuggestion[] {
  return WINDOWS.flatMap((window) => {
    const sums = new Map<string, MilliCredits>();
    for (const { at, credits } of spent) {
      const { key } = windowAt(window, timeZone, at);
      sums.set(key, (sums.get(key) ?? 0) + credits);
    }
    const used = [...sums.values()].filter((credits) => credits > 0);
    if (used.length === 0) return [];
    const highest = Math.max(...used);
    return [{ window, highest, windows: used.length, limit: rounded((highest * (100 + headroom)) / 100) }];
  });
}

/** Rounds up to whole credits with two digits that are not 0: 1,234 to 1,300. */
function rounded(credits: MilliCredits): MilliCredits {
  const whole = Math.ceil(credits / 1000);
  const step = 10 ** Math.max(0, String(whole).length - 2);
  return Math.ceil(whole / step) * step * 1000;
}
