/**
 * Guards: columns of a create's row, and the answers kept for them. An idempotency key is one within its app; a caller's
 * external task id is one for all apps. Unique indexes keep them so.
 *
 * **Invariant**: a guard is inserted with its hold, removed when the hold turns out never
 * to have reached Kling, else kept {@link ANSWER_KEPT_MS} after the answer and at least until the hold has ended. Answers grow old
 * by the clock of ages, as the store knows it (`spending.aged_to`): no step of a wall clock lets one expire.
 */
import type { SqlValue, SyncTx, Tx } from '../store/operation.ts';
import { ANSWER_KEPT_MS, type Ms } from '../units.ts';
import type { HoldState } from '../words.ts';
import type { FoundGuard, GuardDoubt, GuardHit, GuardState, RepeatGuard, StoredAnswer } from './guard.ts';

type GuardKind = 'key' | 'task_id';

/** The name of a guard's kind for callers. */
const WHICH = { key: 'idempotency-key', task_id: 'external_task_id' } as const;

export interface GuardRow {
  hold_id: string;
  app: string;
  /** Null without a guard. */
  fingerprint: string | null;
  hold_state: HoldState;
  external_task_id: string | null;
  task_id: string | null;
  in_doubt: number;
  next_look_up_at: Ms | null;
  /** 0 if its upstream is not in use: nothing looks it up. */
  is_in_use: number;
  answered_at: Ms | null;
  /** How far the clock of ages has come; null before a first run. */
  aged_to: Ms | null;
  status: number | null;
  headers: string | null;
  body: Uint8Array | null;
}

const SELECT_GUARD = `SELECT h.id AS hold_id, h.app, h.fingerprint, h.state AS hold_state, h.external_task_id,
  h.task_id, h.in_doubt, h.next_look_up_at, p.is_in_use, a.at AS answered_at, (SELECT aged_to FROM spending) AS aged_to,
  a.status, a.headers, a.body
FROM creates h JOIN hold_places p ON p.hold_id = h.id LEFT JOIN answers a ON a.hold_id = h.id`;
const BY_KEY = `${SELECT_GUARD} WHERE h.app = ? AND h.guard_key = ?`;
const BY_HOLD = `${SELECT_GUARD} WHERE h.id = ?`;
const BY_TASK_ID = `${SELECT_GUARD} WHERE h.guard_task_id = ?`;
/** Keeps an answer where the hold has a guard or can be joined; values: at, status, headers, body, hold id. */
export const KEEP_ANSWER = `INSERT INTO answers (hold_id, at, status, headers, body)
SELECT id, COALESCE((SELECT aged_to FROM spending), ?), ?, ?, ? FROM creates
WHERE id = ? AND (fingerprint IS NOT NULL OR join_hash IS NOT NULL)
ON CONFLICT (hold_id) DO UPDATE SET status = excluded.status, headers = excluded.headers, body = excluded.body
WHERE answers.status IS NULL`;

const HAS_KEY = 'SELECT 1 AS found FROM creates WHERE app = ? AND guard_key = ?';
const HAS_TASK_ID = 'SELECT 1 AS found FROM creates WHERE guard_task_id = ?';
/** Removes the guard of a create. */
const DROP_GUARD =
  'UPDATE creates SET guard_key = NULL, guard_task_id = NULL, fingerprint = NULL WHERE id = ?';

/** The guards that a request has, in the order in which they are asked. */
function questionsOf(app: string, guard: RepeatGuard): { kind: GuardKind; sql: string; values: string[] }[] {
  const questions: { kind: GuardKind; sql: string; values: string[] }[] = [];
  if (guard.idempotencyKey !== null)
    questions.push({ kind: 'key', sql: BY_KEY, values: [app, guard.idempotencyKey] });
  if (guard.callerTaskId !== null)
    questions.push({ kind: 'task_id', sql: BY_TASK_ID, values: [guard.callerTaskId] });
  return questions;
}

/** Returns, without a promise, whether a row has one of a request's guards, expired or not; for an engine that answers at once. */
export function hasGuard(tx: SyncTx, app: string, guard: RepeatGuard): boolean {
  const { idempotencyKey, callerTaskId } = guard;
  return (
    (idempotencyKey !== null && tx.get(HAS_KEY, [app, idempotencyKey]) !== undefined) ||
    (callerTaskId !== null && tx.get(HAS_TASK_ID, [callerTaskId]) !== undefined)
  );
}

interface Standing {
  /** The first guard found of the same request. */
  row: GuardRow | null;
  mismatch: 'idempotency-key' | 'external_task_id' | null;
  /** Holds whose guards were found to have expired. */
  expired: string[];
}

async function findStanding(tx: Tx, app: string, guard: RepeatGuard, at: Ms): Promise<Standing> {
  const found: Standing = { row: null, mismatch: null, expired: [] };
  for (const { kind, sql, values } of questionsOf(app, guard)) {
    const row = await tx.get<GuardRow>(sql, ...values);
    if (!row) continue;
    if (isExpired(row, at)) found.expired.push(row.hold_id);
    else if (row.app !== app || row.fingerprint !== guard.fingerprint) found.mismatch ??= WHICH[kind];
    else found.row ??= row;
  }
  return found;
}

/** Finds the first equal request; for a new request gives null and drops expired guards. */
export async function findGuard(
  tx: Tx,
  request: { app: string; guard: RepeatGuard; at: Ms },
): Promise<GuardHit | null> {
  const { row, mismatch, expired } = await findStanding(tx, request.app, request.guard, request.at);
  for (const holdId of expired) await dropGuards(tx, holdId);
  if (mismatch) return { kind: 'mismatch', which: mismatch };
  return row && stateOf(row);
}

function isExpired(row: GuardRow, at: Ms): boolean {
  const isOld = row.answered_at !== null && row.answered_at + ANSWER_KEPT_MS <= (row.aged_to ?? at);
  return isOld && row.hold_state !== 'held';
}

function answerOf(row: GuardRow): StoredAnswer | null {
  if (row.status === null || row.headers === null || row.body === null) return null;
  return { status: row.status, headers: JSON.parse(row.headers) as [string, string][], body: row.body };
}

/** Keeps the answer for repeats of a hold's request, if it has a guard or can be joined; the first kept answer stays. */
export async function keepAnswer(tx: Tx, holdId: string, answer: StoredAnswer, at: Ms): Promise<void> {
  await tx.run(KEEP_ANSWER, ...answerValues(holdId, answer, at));
}

/** Gives the values of {@link KEEP_ANSWER}. */
export function answerValues(holdId: string, answer: StoredAnswer, at: Ms): SqlValue[] {
  return [at, answer.status, JSON.stringify(answer.headers), answer.body, holdId];
}

/** Marks that a hold ended without an answer to give again, so that its guards expire as if it had been answered. */
export async function closeUnanswered(tx: Tx, holdId: string, at: Ms): Promise<void> {
  await tx.run(
    `INSERT INTO answers (hold_id, at) SELECT ?, COALESCE(aged_to, ?) FROM spending WHERE true
     ON CONFLICT (hold_id) DO NOTHING`,
    holdId,
    at,
  );
}

/** Removes a kept answer that was found to be another request's; the guards stay. */
export async function dropAnswer(tx: Tx, holdId: string): Promise<void> {
  await tx.run('DELETE FROM answers WHERE hold_id = ?', holdId);
}

/** Frees a request to be sent as new: drops its guards and the kept answer. */
export async function dropGuards(tx: Tx, holdId: string): Promise<void> {
  await tx.run(DROP_GUARD, holdId);
  await tx.run('DELETE FROM answers WHERE hold_id = ?', holdId);
}

/** Frees the guards of a hold that never reached Kling, unless Kling's answer is kept for them. */
export async function freeUnanswered(tx: Tx, holdId: string): Promise<void> {
  const kept = await tx.get<{ status: number | null }>(
    'SELECT status FROM answers WHERE hold_id = ?',
    holdId,
  );
  if (kept?.status == null) await dropGuards(tx, holdId);
}

/** Gives the state of the first request with the same key or id, for a caller that has not been admitted. */
export async function readGuardState(
  tx: Tx,
  request: { app: string; guard: RepeatGuard; at: Ms },
): Promise<GuardState> {
  const { row, mismatch } = await findStanding(tx, request.app, request.guard, request.at);
  if (mismatch) return { kind: 'mismatch', which: mismatch };
  return row ? stateOf(row) : { kind: 'free' };
}

/** Reads the row of a hold as that of a guard; undefined without such a hold. */
export function readGuardRow(tx: Tx, holdId: string): Promise<GuardRow | undefined> {
  return tx.get<GuardRow>(BY_HOLD, holdId);
}

/** Gives the state of the first equal request, from the row of its guard. */
export function stateOf(row: GuardRow): FoundGuard {
  const answer = answerOf(row);
  const first = { holdId: row.hold_id, externalTaskId: row.external_task_id };
  if (answer) return { kind: 'answered', answer, ...first };
  if (row.hold_state !== 'held' || row.task_id !== null) {
    return { kind: 'ended', ...first, holdState: row.hold_state, taskId: row.task_id };
  }
  return { kind: 'open', ...first, doubt: doubtOf(row) };
}

function doubtOf(row: GuardRow): GuardDoubt | null {
  if (row.in_doubt === 0) return null;
  return row.next_look_up_at === null || row.is_in_use === 0 ? 'operator' : 'looked_up';
}

/** Drops up to `rowsMax` guards of holds that ended, with answers that are old by the clock of ages; gives how many. */
export async function purgeGuards(tx: Tx, at: Ms, rowsMax: number): Promise<number> {
  const expired = await tx.all<{ hold_id: string }>(
    `SELECT a.hold_id FROM answers a JOIN creates h ON h.id = a.hold_id
     WHERE a.at <= COALESCE((SELECT aged_to FROM spending), ?) - ? AND h.state <> 'held'
     ORDER BY a.at LIMIT ?`,
    at,
    ANSWER_KEPT_MS,
    rowsMax,
  );
  for (const { hold_id } of expired) await dropGuards(tx, hold_id);
  return expired.length;
}
