/**
 * Series that are there from the start, at 0: those whose labels are known before anything happens.
 *
 * An alert on the increase of a counter misses the first event of a series that begins with it, and "no data" does not
 * say whether nothing happened or nothing was measured.
 */
import { ERROR_CLASSES } from '../calls/outcome.ts';
import { REFUSALS } from '../errors.ts';
import { AUTHENTICATION_CODES, CODES } from '../kling/codes.ts';
import { FREE_OPERATIONS, OPERATIONS } from '../words.ts';
import { FAILURE_REASONS } from './labels.ts';
import type { Instruments } from './metrics.ts';

const THROTTLED = 429;
const RESULTS = ['ok', 'failed'] as const;
const free: ReadonlySet<string> = new Set(FREE_OPERATIONS);

/** Begins every series whose labels are known at start. */
export function beginSeries(instruments: Instruments): void {
  for (const { code, status } of CODES) if (status === THROTTLED) instruments.throttles.add(0, String(code));
  for (const code of AUTHENTICATION_CODES) instruments.credentialsRefused.add(0, String(code));
  for (const result of RESULTS) {
    instruments.tokenRefreshes.add(0, result);
    instruments.configReloads.add(0, result);
  }
  for (const word of [...Object.keys(REFUSALS), 'external_task_id_added'])
    instruments.wouldRefuse.add(0, word);
  for (const reason of [...ERROR_CLASSES, 'external_task_id_refused']) instruments.retries.add(0, reason);
  for (const operation of OPERATIONS) {
    if (free.has(operation)) continue;
    instruments.unpricedFields.add(0, operation);
    for (const reason of FAILURE_REASONS) instruments.taskFailures.add(0, operation, reason);
  }
}

/**
 * Begins the refused credits of apps, so that their sum by app is there from the start. The operation is `unknown`, since
 * nobody knows what an app will try to create.
 */
export function beginRefusedCredits(instruments: Instruments, apps: readonly string[]): void {
  for (const app of apps) instruments.credits.add(0, app, 'unknown', '', '', 'refused');
}
