/**
 * The usual end of a create: Kling made a task that is still open, in the only attempt, and nothing has changed the row meanwhile.
 * It takes a change of its row, one of the window of its attempt, and one more if an answer is kept for repeats.
 */
import { SET_ATTEMPT, TAKES_ATTEMPT, attemptValues, placeValues } from '../calls/create-call.ts';
import { classOf, isAnswer } from '../calls/outcome.ts';
import type { Fact } from '../facts.ts';
import { KEEP_ANSWER, answerValues } from '../idempotency/guard-table.ts';
import { addCallAtOnce } from '../sla/window-table.ts';
import type { SyncTx } from '../store/operation.ts';
import { isTerminal } from '../tasks/task-state.ts';
import type { CloseArgs } from './ledger.ts';

/** Changes no row unless all is as usual, and the sender knows what the row has. */
const CLOSE = `UPDATE creates SET ${SET_ATTEMPT}, task_id = ?, task_state = ?, task_source = 'create', task_first_state = ?,
  task_created_at = ?, task_seen_at = ?, task_updated_at = ?, vendor_updated_at = ?
WHERE ${TAKES_ATTEMPT} AND owner = ? AND state = 'held' AND in_doubt = 0 AND task_id IS NULL
  AND NOT EXISTS (SELECT 1 FROM creates other WHERE other.task_id = ?)`;

/** Closes a create in the usual case; undefined, with nothing changed, in every other. */
export function closeUsual(tx: SyncTx, args: CloseArgs): { facts: Fact[] } | undefined {
  const { holdId, heldAs, at, end, calls, answer } = args;
  const [call, second] = calls;
  if (end.kind !== 'task' || !heldAs || !call || second) return undefined;
  const { taskId, state, statusMessage, updatedAt, results } = end.sighting;
  const isUsual = statusMessage === null && results.length === 0 && !isTerminal(state);
  const countedAs = classOf(call, 'unknown');
  if (!isUsual || call.taskId !== taskId || !isAnswer(countedAs)) return undefined;
  const task = [taskId, state, state, at, at, at, updatedAt];
  const values = [...attemptValues(call, at), ...task, ...placeValues(call, holdId), heldAs.owner, taskId];
  if (tx.run(CLOSE, values) === 0) return undefined;
  if (answer) tx.run(KEEP_ANSWER, answerValues(holdId, answer, at));
  addCallAtOnce(tx, call, { name: countedAs, writer: heldAs.owner });
  return { facts: taskMade(args) };
}

/** Gives the facts of a close in the usual case. They depend on its arguments alone, so that its sender can make them too. */
export function taskMade({ holdId, heldAs, at, end, calls: [call] }: CloseArgs): Fact[] {
  if (end.kind !== 'task' || !heldAs || !call) throw new Error('this close is not a usual one');
  const { operation, model, mode, product, weight } = heldAs;
  const { taskId, state: to } = end.sighting;
  const labels = { app: call.app, operation, model, mode, product, weight };
  const changed = { from: null, to, createdAt: at, ageMs: 0, klingAt: null, statusMessage: null, at };
  return [{ kind: 'task_changed', holdId, taskId, ...changed, ...labels }];
}
