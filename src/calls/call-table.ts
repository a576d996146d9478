/**
 * The journal as rows: attempts at Kling in `journal`, those of creates in their own rows, both in the view `calls`; what we
 * refused ourselves in `refusals`.
 *
 * **Invariant**: an attempt is written once, also if it is given again, and never changed. Refusals are bounded
 * to the newest {@link REFUSALS_MAX}: a caller in a loop must not fill the disk.
 */
import { idAfter } from '../ids.ts';
import { defineWrite, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import type { CallOutcome } from '../words.ts';
import type { CallEvidence, CallRecord, RefusalRecord } from './call.ts';
import { callValues } from './call-values.ts';
import type { ErrorClass } from './outcome.ts';
import { INSERT_REFUSAL, refusalValues } from './refusal-row.ts';
import { addWouldHave } from './would-have-table.ts';

/** How many refusals are kept, the newest. */
export const REFUSALS_MAX = 10_000;

const INSERT_CALL = `INSERT INTO journal (at, id, request_id, app, tag, method, route, host, status, code,
  kling_request_id, task_id, hold_id, attempt, outcome, error_class, duration_ms, overhead_ms, bytes_sent,
  bytes_received, clock_offset_ms, origin, evidence)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (at, id) DO NOTHING`;

/**
 * Journals one attempt in the caller's transaction; gives false if it was journalled before. Its caller counts it for
 * availability (`sla/journal.ts`): nothing else may journal.
 */
export async function insertCall(tx: Tx, call: CallRecord): Promise<boolean> {
  return (await tx.run(INSERT_CALL, ...callValues(call))) > 0;
}

const NEWEST_REFUSAL = 'SELECT id FROM refusals ORDER BY id DESC LIMIT 1';
const COUNT_REFUSALS =
  'UPDATE refusal_count SET refusals = refusals + ? WHERE one = 1 RETURNING refusals - ? AS excess';
const DROP_OLDEST = 'DELETE FROM refusals WHERE id IN (SELECT id FROM refusals ORDER BY id LIMIT ?)';

/** Records our own refusals in the order given, and drops the oldest above {@link REFUSALS_MAX}. */
export const recordRefusals = defineWrite(
  'calls.recordRefusals',
  async (tx: Tx, refusals: RefusalRecord[]): Promise<void> => {
    let newest = (await tx.get<{ id: string }>(NEWEST_REFUSAL))?.id;
    for (const refusal of refusals) {
      newest = idAfter(newest, refusal.id);
      await tx.run(INSERT_REFUSAL, ...refusalValues({ ...refusal, id: newest }));
      if (refusal.wouldOnly) await addWouldHave(tx, { ...refusal, credits: refusal.credits ?? 0 });
    }
    await dropExcess(tx, refusals.length);
  },
  { scope: 'own' },
);

/** The count is a row that each writer locks, so that two of them never drop the same excess. */
async function dropExcess(tx: Tx, added: number): Promise<void> {
  const counted = await tx.get<{ excess: number }>(COUNT_REFUSALS, added, REFUSALS_MAX);
  if (counted === undefined || counted.excess <= 0) return;
  const dropped = await tx.run(DROP_OLDEST, counted.excess);
  await tx.run('UPDATE refusal_count SET refusals = refusals - ? WHERE one = 1', dropped);
}

/** A row of the journal as it is stored. */
export interface CallColumns {
  at: Ms;
  id: string;
  request_id: string;
  app: string;
  tag: string | null;
  method: string;
  route: string;
  host: string;
  status: number | null;
  code: number | null;
  kling_request_id: string | null;
  task_id: string | null;
  hold_id: string | null;
  attempt: number;
  outcome: CallOutcome;
  error_class: ErrorClass | null;
  duration_ms: number;
  overhead_ms: number;
  bytes_sent: number;
  bytes_received: number;
  clock_offset_ms: number | null;
  origin: 'app' | 'sidecar';
  evidence: string | null;
}

/** Converts a stored row back to its record. */
export function toCall(row: CallColumns): CallRecord {
  return {
    id: row.id,
    requestId: row.request_id,
    at: row.at,
    app: row.app,
    tag: row.tag,
    method: row.method,
    route: row.route,
    host: row.host,
    status: row.status,
    code: row.code,
    klingRequestId: row.kling_request_id,
    taskId: row.task_id,
    holdId: row.hold_id,
    attempt: row.attempt,
    outcome: row.outcome,
    errorClass: row.error_class,
    durationMs: row.duration_ms,
    overheadMs: row.overhead_ms,
    bytesSent: row.bytes_sent,
    bytesReceived: row.bytes_received,
    clockOffsetMs: row.clock_offset_ms,
    origin: row.origin,
    evidence: row.evidence === null ? null : (JSON.parse(row.evidence) as CallEvidence),
  };
}
