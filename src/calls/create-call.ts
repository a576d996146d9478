/**
 * The last attempt of a create: columns of the create's row. It becomes a row of the journal instead if the row has other
 * values (another upstream, another task), or has an attempt already.
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
WHERE ${TAKES_ATTEMPT} AND COALESCE(CASE WHEN task_source = 'create' THEN task_id END, '') = ?`;

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
  const values = [...attemptValues(call, at), ...placeValues(call, holdId), call.taskId ?? ''];
  if ((await tx.run(KEEP_ATTEMPT, ...values)) > 0) return 'now';
  const row = await tx.get('SELECT 1 AS known FROM creates WHERE id = ? AND call_id = ?', holdId, call.id);
  return row === undefined ? 'no' : 'before';
}
