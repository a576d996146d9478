/**
 * Joins: an equal create of the same app, sent again because the answer of the first one was lost, gets the first one's answer.
 *
 * A create can be joined from the moment that its caller was answered without an outcome, or closed its connection before the
 * answer was written (`joinable_from`), for {@link JOINABLE_MS}. The first equal create that arrives then takes that away
 * again, and so absorbs the loss. If its own answer is lost, too, the first create can be joined once more.
 *
 * **Invariant**: a loss absorbs one create. A create whose answer was written to its caller is never joined, and so two creates
 * that are in progress at the same time never join each other.
 */
import { newId } from '../ids.ts';
import type { SyncTx, Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import { keepAnswer, readGuardRow, stateOf } from './guard-table.ts';
import type { FoundGuard, StoredAnswer } from './guard.ts';

/** How long after the loss of its answer a create can be joined: until then, and not at it, by the clock of ages. */
export const JOINABLE_MS: Ms = 600_000;

/** An equal create that may have to join an earlier one. */
export interface JoinRequest {
  app: string;
  hash: string;
  /** When it arrived: a reading of the clock of ages. */
  arrivedAge: Ms;
  requestId: string;
  tag: string | null;
  /** The date of the join. */
  at: Ms;
}

/** A create that joined an earlier one. */
export interface Joined {
  /** The state of the earlier one. */
  state: FoundGuard;
  /** Of its row in `joins`. */
  joinId: string;
}

const HAS_JOINABLE =
  'SELECT 1 AS found FROM creates WHERE app = ? AND join_hash = ? AND joinable_from IS NOT NULL';
const FIND_JOINABLE = `SELECT id FROM creates
WHERE app = ? AND join_hash = ? AND joinable_from IS NOT NULL AND joinable_from <= ? AND joinable_from > ?
ORDER BY joinable_from, id LIMIT 1`;
const TAKE = 'UPDATE creates SET joinable_from = NULL WHERE id = ? AND joinable_from IS NOT NULL';

/** Returns, without a promise, whether an equal create may be joinable; for an engine that answers at once. */
export function hasJoinable(tx: SyncTx, app: string, hash: string): boolean {
  return tx.get(HAS_JOINABLE, [app, hash]) !== undefined;
}

/**
 * Lets a create join the equal one whose answer was lost first; null if there is none. One that made nothing is
 * passed over: its retry is a new create.
 */
export async function takeJoinable(tx: Tx, request: JoinRequest): Promise<Joined | null> {
  const { app, hash, arrivedAge, requestId, tag, at } = request;
  for (;;) {
    const earliest = arrivedAge - JOINABLE_MS;
    const found = await tx.get<{ id: string }>(FIND_JOINABLE, app, hash, arrivedAge, earliest);
    if (!found) return null;
    // Another instance may be quicker.
    if (!(await takeFrom(tx, found.id))) continue;
    const state = await joinedState(tx, found.id);
    if (state.kind === 'free') continue;
    const joinId = newId('join', at);
    await tx.run(
      'INSERT INTO joins (hold_id, id, at, request_id, tag) VALUES (?, ?, ?, ?, ?)',
      found.id,
      joinId,
      at,
      requestId,
      tag,
    );
    return { state, joinId };
  }
}

/** Takes away that a create can be joined; false if it could not be joined. */
export async function takeFrom(tx: Tx, holdId: string): Promise<boolean> {
  return (await tx.run(TAKE, holdId)) > 0;
}

/** Gives the state of a joined create; `free` if it certainly made nothing. */
export async function joinedState(tx: Tx, holdId: string): Promise<FoundGuard | { kind: 'free' }> {
  const row = await readGuardRow(tx, holdId);
  if (!row) return { kind: 'free' };
  const state = stateOf(row);
  const isNothing = state.kind === 'ended' && state.holdState === 'released' && state.taskId === null;
  return isNothing ? { kind: 'free' } : state;
}

/** A create whose answer did not reach its caller. */
export interface LostAnswer {
  holdId: string;
  /** When that was known: a reading of the clock of ages. */
  age: Ms;
  at: Ms;
  /** Kling's answer, if it may be given again and came. */
  answer: StoredAnswer | null;
}

/** Makes a create joinable, and keeps its answer for the one that joins. */
export async function makeJoinable(tx: Tx, { holdId, age, at, answer }: LostAnswer): Promise<void> {
  if (answer) await keepAnswer(tx, holdId, answer, at);
  await tx.run('UPDATE creates SET joinable_from = ? WHERE id = ? AND join_hash IS NOT NULL', age, holdId);
}

/** Removes the record of a join whose create was sent as a new one. */
export async function dropJoin(tx: Tx, holdId: string, joinId: string): Promise<void> {
  await tx.run('DELETE FROM joins WHERE hold_id = ? AND id = ?', holdId, joinId);
}

/** Ends the time of up to `rowsMax` creates that nobody joined in time; gives how many. `at` is used before a first reading of ages. */
export async function expireJoinable(tx: Tx, at: Ms, rowsMax: number): Promise<number> {
  return tx.run(
    `UPDATE creates SET joinable_from = NULL WHERE id IN (
       SELECT id FROM creates WHERE joinable_from IS NOT NULL AND joinable_from <= COALESCE((SELECT aged_to FROM spending), ?) - ?
       ORDER BY app, join_hash, joinable_from LIMIT ?)`,
    at,
    JOINABLE_MS,
    rowsMax,
  );
}
