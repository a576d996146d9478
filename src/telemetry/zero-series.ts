/**
 * Series that exist from the start, at 0: those whose labels are known before the first event.
 *
 * An alert on the increase of a counter misses the first event of a series that begins with that event, and "no data" does
 * not show whether nothing happened or nothing was measured.
 */
import { ERROR_CLASSES } from '../calls/outcome.ts';
import { REFUSALS } from '../errors.ts';
import { AUTHENTICATION_CODES, CODES } from '../kling/codes.ts';
import { FREE_OPERATIONS, OPERATIONS } from '../words.ts';
import { FAILURE_REASONS } from '../kling/task-failures.ts';
import { CALLBACK_RESULTS, RELAY_RESULTS } from './callback-events.ts';
import { PAUSE_REASONS, QUEUE_RESULTS } from './pacing-events.ts';
import type { Instruments } from './metrics.ts';
import { RETRY_RESULTS } from './task-retry-events.ts';

const PRODUCTS = ['video', 'image'] as const;
const THROTTLED = 429;
/** Why an attempt is repeated, beside the classes of failures. */
const OTHER_RETRIES = [
  'external_task_id_refused',
  'callback_url_refused',
  'throttled',
  'not_found',
  'server_error',
];
const RESULTS = ['ok', 'failed'] as const;
const CREDIT_STATES = ['held', 'settled', 'released', 'refused'] as const;
const free: ReadonlySet<string> = new Set(FREE_OPERATIONS);

/** Begins every series whose labels are known at start. */
export function beginSeries(instruments: Instruments): void {
  for (const { code, status } of CODES) if (status === THROTTLED) instruments.throttles.add(0, String(code));
  for (const code of AUTHENTICATION_CODES) instruments.credentialsRefused.add(0, String(code));
  for (const result of RESULTS) {
    instruments.tokenRefreshes.add(0, result);
    instruments.configReloads.add(0, result);
  }
  for (const word of Object.keys(REFUSALS)) instruments.refusals.add(0, word);
  for (const word of [...Object.keys(REFUSALS), 'external_task_id_added'])
    instruments.wouldRefuse.add(0, word);
  for (const reason of [...ERROR_CLASSES, ...OTHER_RETRIES]) instruments.retries.add(0, reason);
  for (const result of ['found', 'absent', 'failed']) instruments.lookUps.add(0, result);
  for (const pool of PRODUCTS) {
    for (const result of QUEUE_RESULTS) instruments.queueEnds.add(0, pool, result);
    for (const why of PAUSE_REASONS) instruments.pauses.add(0, pool, why);
  }
  for (const result of RETRY_RESULTS) instruments.taskRetries.add(0, result);
  for (const result of CALLBACK_RESULTS) instruments.callbacks.add(0, result);
  for (const result of RELAY_RESULTS) instruments.callbackRelays.add(0, result);
  for (const kind of ['key', 'task_id', 'join']) instruments.replays.add(0, kind);
  for (const operation of OPERATIONS) {
    if (free.has(operation)) continue;
    instruments.unpricedFields.add(0, operation);
    for (const reason of FAILURE_REASONS) instruments.taskFailures.add(0, operation, reason);
  }
}

/**
 * Begins the credits of apps in every state, so that their sums by app are there from the start. The operation is `unknown`,
 * since nobody knows what an app will try to create.
 */
export function beginCredits(instruments: Instruments, apps: readonly string[], currency: string): void {
  for (const app of apps) {
    for (const state of CREDIT_STATES) {
      const labels = [app, 'unknown', '', '', state];
      instruments.credits.add(0, ...labels);
      instruments.cost.add(0, ...labels, currency);
    }
  }
}

/** Begins the series of every job's runs. */
export function beginJobs(instruments: Instruments, names: readonly string[]): void {
  for (const name of names) {
    for (const result of RESULTS) instruments.jobRuns.add(0, name, result);
    instruments.jobsMissed.add(0, name);
  }
}
