/**
 * The last attempt of a create: columns of the create's row. It becomes a row of the journal instead if the row has other
 * values (another upstream, another task), or has an attempt already. A create that is sent again gives it to the journal.
 */
import type { SqlValue, Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import type { CallRecord } from './call.ts';

/** Sets the columns of an attempt; {@link attemptValues} gives the values. */
export const SET_ATTEMPT = `closed_at = ?, sent_at = ?, call_id = ?, attempt = ?, status = ?, code = ?, kling_request_id = ?,
  outcome = ?, error_class = ?, duration_ms = ?, overhead_ms = ?, bytes_sent = ?, bytes_received = ?, clock_offset_ms = ?,
  evidence = ?`;
/** Finds a row that can take an attempt; {@link placeValues} gives the values. */
export const TAKES_ATTEMPT =
  'id = ? AND call_id IS NULL AND request_id = ? AND app = ? AND route = ? AND upstream_host = ?';

const KEEP_ATTEMPT = `UPDATE creates SET ${SET_ATTEMPT}
WHERE ${TAKES_ATTEMPT} AND COALESCE(CASE WHEN task_source = 'create' THEN task_id END, '') = ?
  AND NOT EXISTS (SELECT 1 FROM journal WHERE journal.at = ? AND journal.id = ?)`;

/** Gives the values of {@link SET_ATTEMPT}; `at` is when the outcome is recorded. */
export function attemptValues(call: CallRecord, at: Ms): SqlValue[] {
  return [
    at,
    call.at,
    call.id,
    call.attempt,
    call.status,
    call.code,
    call.klingRequestId,
    call.outcome,
    call.errorClass,
    call.durationMs,
    call.overheadMs,
    call.bytesSent,
    call.bytesReceived,
    call.clockOffsetMs,
    call.evidence === null ? null : JSON.stringify(call.evidence),
  ];
}

/** Gives the values of {@link TAKES_ATTEMPT}. */
export function placeValues(call: CallRecord, holdId: string): SqlValue[] {
  return [holdId, call.requestId, call.app, call.route, call.host];
}

/** How an attempt was kept with its create: now, before, or not at all: then it is to be journalled. */
export type Kept = 'now' | 'before' | 'no';

/** Keeps an attempt in the row of its create, once its task is attached. */
export async function keepAttempt(
  tx: Tx,
  { holdId, at, call }: { holdId: string; at: Ms; call: CallRecord },
): Promise<Kept> {
  const values = [
    ...attemptValues(call, at),
    ...placeValues(call, holdId),
    call.taskId ?? '',
    call.at,
    call.id,
  ];
  if ((await tx.run(KEEP_ATTEMPT, ...values)) > 0) return 'now';
  const row = await tx.get('SELECT 1 AS known FROM creates WHERE id = ? AND call_id = ?', holdId, call.id);
  return row === undefined ? 'no' : 'before';
}

const COPY_ATTEMPT = `INSERT INTO journal (at, id, request_id, app, tag, method, route, host, status, code, kling_request_id,
  task_id, hold_id, attempt, outcome, error_class, duration_ms, overhead_ms, bytes_sent, bytes_received, clock_offset_ms,
  origin, evidence)
SELECT sent_at, call_id, request_id, app, tag, 'POST', route, upstream_host, status, code, kling_request_id,
  NULL, id, attempt, outcome, error_class, duration_ms, overhead_ms, bytes_sent, bytes_received, clock_offset_ms,
  'app', evidence
FROM creates WHERE id = ? AND outcome IS NOT NULL AND task_id IS NULL`;
const CLEAR_ATTEMPT = `UPDATE creates SET closed_at = NULL, sent_at = NULL, call_id = NULL, attempt = NULL, status = NULL,
  code = NULL, kling_request_id = NULL, outcome = NULL, error_class = NULL, duration_ms = NULL, overhead_ms = NULL,
  bytes_sent = NULL, bytes_received = NULL, clock_offset_ms = NULL, evidence = NULL
WHERE id = ? AND task_id IS NULL`;

/**
 * Moves the attempt of a create without a task from its row to the journal, since another attempt follows. It was counted
 * when it was kept.
 */
export async function moveAttempt(tx: Tx, holdId: string): Promise<void> {
  if ((await tx.run(COPY_ATTEMPT, holdId)) > 0) await tx.run(CLEAR_ATTEMPT, holdId);
}
