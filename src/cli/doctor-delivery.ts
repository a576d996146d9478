/** What `doctor` finds of callbacks and of kept results, from the status. */
import { checkCallbacks } from '../callbacks/callback-checks.ts';
import type { Check } from '../check.ts';
import type { StatusAnswer } from '../control/schemas.ts';
import { checkResults } from '../results/result-checks.ts';
import type { Ms } from '../units.ts';

/** Checks both; a sidecar of an earlier version says nothing of them. */
export function deliveryChecks(
  { callbacks, results }: Partial<Pick<StatusAnswer, 'callbacks' | 'results'>>,
  now: Ms,
): Check[] {
  if (callbacks === undefined || results === undefined) return [];
  return [
    checkCallbacks(callbacks && { ...callbacks, lastAt: instantOf(callbacks.lastAt) }, now),
    checkResults(
      results && {
        ...results,
        firstExpiresAt: instantOf(results.firstExpiresAt),
        lastSavedAt: instantOf(results.lastSavedAt),
      },
      now,
    ),
  ];
}

function instantOf(text: string | null): Ms | null {
  return text === null ? null : Date.parse(text);
}
