/**
 * The usual end of a create: Kling made a task that is still open, in the only attempt, and nothing has changed the row meanwhile.
 * Its row takes a read and a change, the window of the attempt one more, and an answer that is kept for repeats another.
 */
import { SET_ATTEMPT, TAKES_ATTEMPT, attemptValues, placeValues } from '../calls/create-call.ts';
import { classOf, isAnswer } from '../calls/outcome.ts';
import type { CreateLabels, Fact } from '../facts.ts';
import { KEEP_ANSWER, answerValues } from '../idempotency/guard-table.ts';
import { addCallAtOnce } from '../sla/window-table.ts';
import type { SyncTx } from '../store/operation.ts';
import { isTerminal } from '../tasks/task-state.ts';
import type { Product } from '../units.ts';
import type { CloseArgs } from './ledger.ts';

/** Two statements instead of one with RETURNING, for which SQLite makes a table each time. */
const FIND = `SELECT owner, app, operation, model, mode, product, weight FROM creates
WHERE ${TAKES_ATTEMPT} AND state = 'held' AND in_doubt = 0 AND task_id IS NULL`;
const CLOSE = `UPDATE creates SET ${SET_ATTEMPT}, task_id = ?, task_state = ?, task_source = 'create', task_first_state = ?,
  task_created_at = ?, task_seen_at = ?, task_updated_at = ?, vendor_updated_at = ?
WHERE id = ? AND NOT EXISTS (SELECT 1 FROM creates other WHERE other.task_id = ?)`;

interface ClosedRow extends CreateLabels {
  owner: string | null;
  product: Product;
  weight: number;
}

/** Closes a create in the usual case; undefined, with nothing changed, in every other. */
export function closeUsual(tx: SyncTx, args: CloseArgs): { facts: Fact[] } | undefined {
  const { holdId, at, end, calls, answer } = args;
  const [call, second] = calls;
  if (end.kind !== 'task' || !call || second) return undefined;
  const { taskId, state, statusMessage, updatedAt, results } = end.sighting;
  const isUsual = statusMessage === null && results.length === 0 && !isTerminal(state);
  const countedAs = classOf(call, 'unknown');
  if (!isUsual || call.taskId !== taskId || !isAnswer(countedAs)) return undefined;
  const task = [taskId, state, state, at, at, at, updatedAt];
  const row = tx.get<ClosedRow>(FIND, placeValues(call, holdId));
  // A row without an owner is of 0.1.0, whose creates this version only looks up.
  if (!row?.owner) return undefined;
  const { owner: writer, ...labels } = row;
  if (tx.run(CLOSE, [...attemptValues(call, at), ...task, holdId, taskId]) === 0) return undefined;
  if (answer) tx.run(KEEP_ANSWER, answerValues(holdId, answer, at));
  addCallAtOnce(tx, call, { name: countedAs, writer });
  const changed = {
    kind: 'task_changed',
    holdId,
    taskId,
    from: null,
    to: state,
    createdAt: at,
    ageMs: 0,
  } as const;
  return { facts: [{ ...changed, statusMessage: null, at, ...labels }] };
}
