/**
 * Finds, after a process ended without a stop, the creates whose answers may not have reached their callers, and makes them joinable
 * (idempotency/join-table.ts).
 *
 * These are the creates in progress or in doubt whose callers still waited, and those whose end, or whose join, was recorded within
 * {@link LAST_MS} before the last sign of life: nobody knows whether their answers left. So a create that was answered in these two
 * seconds may be joined by an intended equal one, once; that is better than a second bill. After a stop there are none.
 */
import type { Owner } from '../budget/hold.ts';
import { JOINABLE_MS } from '../idempotency/join-table.ts';
import type { Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';

/** The time before the end of a process in which an answer may not have left. */
export const LAST_MS: Ms = 2_000;
/** The longest time between the date of a create and its answer: `x-kling-timeout-ms` and `creates.deadlineMs` allow an hour. */
const ANSWER_MS_MAX: Ms = 3_600_000;

/** Whose creates are recovered, and when. */
export interface Recovery {
  owner: Owner;
  /** The date. */
  at: Ms;
  /** A reading of the clock of ages. */
  age: Ms;
}

interface LateCreate {
  id: string;
  last_at: Ms;
}

/** Creates of an instance's earlier generations, without those of one that ended by a stop. */
const UNSTOPPED = `(owner = ? AND generation < ? AND NOT EXISTS (
    SELECT 1 FROM instances i WHERE i.id = creates.owner AND i.stopped_generation = creates.generation)
  OR owner IN (SELECT id FROM instances WHERE id <> ? AND lease_until <= ?))`;

const ARM_OPEN = `UPDATE creates SET joinable_from = ?
WHERE state = 'held' AND in_doubt = 0 AND task_id IS NULL AND join_hash IS NOT NULL AND (owner = ? AND generation < ?
  OR owner IN (SELECT id FROM instances WHERE id <> ? AND lease_until <= ?))`;
const ARM_IN_DOUBT = `UPDATE creates SET joinable_from = ?
WHERE in_doubt = 1 AND join_hash IS NOT NULL AND joinable_from IS NULL
  AND (doubt_since > ? OR EXISTS (SELECT 1 FROM joins j WHERE j.hold_id = creates.id AND j.at > ?))
  AND (owner = ? AND generation < ? OR owner IN (SELECT id FROM instances WHERE id <> ? AND lease_until <= ?))`;
const LAST_AT =
  'CASE WHEN COALESCE(task_seen_at, 0) > COALESCE(closed_at, 0) THEN task_seen_at ELSE closed_at END';
const NEWEST_END = `SELECT MAX(${LAST_AT}) AS last_at FROM creates WHERE at > ? AND ${UNSTOPPED}`;
const LATE_ENDS = `SELECT id, ${LAST_AT} AS last_at FROM creates
WHERE at > ? AND (closed_at >= ? OR task_seen_at >= ?) AND task_id IS NOT NULL AND join_hash IS NOT NULL
  AND joinable_from IS NULL AND ${UNSTOPPED}
ORDER BY id`;
const NEWEST_JOIN = 'SELECT MAX(at) AS last_at FROM joins';
const LATE_JOINS = `SELECT creates.id AS id, j.at AS last_at FROM joins j JOIN (SELECT id, owner, generation FROM creates
  WHERE join_hash IS NOT NULL AND joinable_from IS NULL) AS creates ON creates.id = j.hold_id
WHERE j.at >= ? AND ${UNSTOPPED}
ORDER BY creates.id, j.at`;
const ARM = 'UPDATE creates SET joinable_from = ? WHERE id = ? AND joinable_from IS NULL';

/** Makes joinable what the ended processes may have left without an answer. Call it before the open creates change their owner. */
export async function recoverJoins(tx: Tx, recovery: Recovery): Promise<void> {
  const { owner, at, age } = recovery;
  const owners = [owner.instance, owner.generation, owner.instance, at];
  await tx.run(ARM_OPEN, age, ...owners);
  await tx.run(ARM_IN_DOUBT, age, at - JOINABLE_MS, at - JOINABLE_MS, ...owners);
  for (const { id, last_at } of await lateCreates(tx, at, owners)) {
    // The time since then counts by the dates: the clock of ages stood still.
    await tx.run(ARM, age - Math.max(0, at - last_at), id);
  }
}

async function lateCreates(tx: Tx, at: Ms, owners: readonly (string | number)[]): Promise<LateCreate[]> {
  const since = at - JOINABLE_MS - ANSWER_MS_MAX;
  const newest = [
    await tx.get<{ last_at: Ms | null }>(NEWEST_END, since, ...owners),
    await tx.get<{ last_at: Ms | null }>(NEWEST_JOIN),
  ].map((row) => row?.last_at ?? 0);
  const from = Math.max(at - JOINABLE_MS, Math.max(...newest) - LAST_MS);
  const ends = await tx.all<LateCreate>(LATE_ENDS, since, from, from, ...owners);
  return [...ends, ...(await tx.all<LateCreate>(LATE_JOINS, from, ...owners))];
}
