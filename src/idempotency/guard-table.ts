/**
 * Guards as rows. The scope of an idempotency key is its app; a caller's external task id has one scope for all.
 *
 * **Invariant**: a guard's row lives and ends with its hold's: written with it, dropped when the hold turns out never
 * to have reached Kling, else kept {@link ANSWER_KEPT_MS} after the answer and at least until the hold has ended. Answers grow old
 * by the clock of ages, as the store knows it (`spending.aged_to`): no step of a wall clock lets one expire.
 */
import type { Tx } from '../store/operation.ts';
import { ANSWER_KEPT_MS, type Ms } from '../units.ts';
import type { HoldState } from '../words.ts';
import type { GuardDoubt, GuardHit, GuardState, RepeatGuard, StoredAnswer } from './guard.ts';

type GuardKind = 'key' | 'task_id';

/** What a guard's kind is called to callers. */
const WHICH = { key: 'idempotency-key', task_id: 'external_task_id' } as const;

interface GuardRow {
  hold_id: string;
  app: string;
  fingerprint: string;
  hold_state: HoldState;
  external_task_id: string | null;
  task_id: string | null;
  in_doubt: number;
  next_look_up_at: Ms | null;
  /** 0 where its upstream is not in use: nothing looks it up. */
  is_in_use: number;
  answered_at: Ms | null;
  /** How far the clock of ages has come; null before a first run. */
  aged_to: Ms | null;
  status: number | null;
  headers: string | null;
  body: Uint8Array | null;
}

const SELECT_GUARD = `SELECT g.hold_id, g.app, g.fingerprint, h.state AS hold_state, h.external_task_id,
  h.task_id, h.in_doubt, h.next_look_up_at, p.is_in_use, a.at AS answered_at, (SELECT aged_to FROM spending) AS aged_to, a.status, a.headers, a.body
FROM guards g JOIN holds h ON h.id = g.hold_id JOIN hold_places p ON p.hold_id = g.hold_id LEFT JOIN answers a ON a.hold_id = g.hold_id
WHERE g.kind = ? AND g.scope = ? AND g.value = ?`;
const INSERT_GUARD = `INSERT INTO guards (kind, scope, value, hold_id, app, fingerprint) VALUES (?, ?, ?, ?, ?, ?)`;
const KEEP_ANSWER = `INSERT INTO answers (hold_id, at, status, headers, body)
SELECT id, COALESCE((SELECT aged_to FROM spending), ?), ?, ?, ? FROM holds WHERE id = ? AND guarded = 1
ON CONFLICT (hold_id) DO UPDATE SET status = excluded.status, headers = excluded.headers, body = excluded.body
WHERE answers.status IS NULL`;

/** The guards that a request has, in the order in which they are asked. */
function keysOf(app: string, guard: RepeatGuard): [kind: GuardKind, scope: string, value: string][] {
  const keys: [GuardKind, string, string][] = [];
  if (guard.idempotencyKey !== null) keys.push(['key', app, guard.idempotencyKey]);
  if (guard.callerTaskId !== null) keys.push(['task_id', '', guard.callerTaskId]);
  return keys;
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
  for (const key of keysOf(app, guard)) {
    const row = await tx.get<GuardRow>(SELECT_GUARD, ...key);
    if (!row) continue;
    if (isExpired(row, at)) found.expired.push(row.hold_id);
    else if (row.app !== app || row.fingerprint !== guard.fingerprint) found.mismatch ??= WHICH[key[0]];
    else found.row ??= row;
  }
  return found;
}

/** Finds the first request of the same kind; null, and guards that have expired are dropped, where a request is new. */
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

/** Sets up the guards of a new hold; {@link findGuard} must have found none in the same transaction. */
export async function insertGuards(tx: Tx, app: string, guard: RepeatGuard, holdId: string): Promise<void> {
  for (const key of keysOf(app, guard)) await tx.run(INSERT_GUARD, ...key, holdId, app, guard.fingerprint);
}

/** Keeps the answer that repeats of a hold's request are given, where it has a guard; the first one kept stays. */
export async function keepAnswer(tx: Tx, holdId: string, answer: StoredAnswer, at: Ms): Promise<void> {
  await tx.run(KEEP_ANSWER, at, answer.status, JSON.stringify(answer.headers), answer.body, holdId);
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

/** Takes back an answer that was kept and turned out to be another request's; the guards stay. */
export async function dropAnswer(tx: Tx, holdId: string): Promise<void> {
  await tx.run('DELETE FROM answers WHERE hold_id = ?', holdId);
}

/** Frees a request to be sent as new: its guards and what was kept for them go. */
export async function dropGuards(tx: Tx, holdId: string): Promise<void> {
  await tx.run('DELETE FROM guards WHERE hold_id = ?', holdId);
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

/** Tells how the first request with the same key or id stands, for a caller that has not been admitted. */
export async function readGuardState(
  tx: Tx,
  request: { app: string; guard: RepeatGuard; at: Ms },
): Promise<GuardState> {
  const { row, mismatch } = await findStanding(tx, request.app, request.guard, request.at);
  if (mismatch) return { kind: 'mismatch', which: mismatch };
  return row ? stateOf(row) : { kind: 'free' };
}

/** Says how the first request of a kind is, from the row of its guard. */
function stateOf(row: GuardRow): GuardHit {
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
