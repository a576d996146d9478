/**
 * The money of a create's row: its hold, its end, its adjustments.
 *
 * A hold is `held` until its end: `settled`, `released` or `written_off`. This file makes every change of its money, together
 * with its counters. The view `entries` lists the changes: the hold, the end, each adjustment.
 *
 * **Invariant**: `settled_credits` is the sum of the hold's entries after the first; the counters of the hold got the same
 * sums. The end of a hold changes nothing unless it was still `held`.
 */
import { SidecarError } from '../errors.ts';
import type { Fact } from '../facts.ts';
import { newId } from '../ids.ts';
import type { SqlValue, Tx } from '../store/operation.ts';
import type { MilliCredits, Ms } from '../units.ts';
import type { HoldState } from '../words.ts';
import { shiftCounters } from './counter-table.ts';
import { labelsOf, type HoldRow, type NewHold } from './hold.ts';

/** The source of an entry's amount: Kling, our price, or neither. */
export type EntryBasis = 'reported' | 'estimate' | 'none';

export interface HoldEnd {
  state: Exclude<HoldState, 'held'>;
  credits: MilliCredits;
  basis: EntryBasis;
  /** Kling's own message, the evidence of a release, or an operator's reason. */
  note: string | null;
  at: Ms;
}

/** The statement that inserts a create; {@link createValues} gives its values. */
export const INSERT_CREATE = `INSERT INTO creates (id, request_id, at, app, tag, path, route, operation, model, mode, product,
  duration_seconds, credits, basis, weight, external_task_id, prompt_hash, prompt_preview, counters,
  upstream_host, upstream_account, owner, generation, guard_key, guard_task_id, fingerprint, join_hash, price_rule, price_notes)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const INSERT_ADJUST =
  'INSERT INTO adjustments (hold_id, id, at, credits, basis, note) VALUES (?, ?, ?, ?, ?, ?)';

/** The columns of a {@link HoldRow}. */
export const HOLD_COLUMNS = `id, at, app, tag, operation, model, mode, product, weight, credits, settled_credits, state,
  counters, CASE WHEN fingerprint IS NULL THEN 0 ELSE 1 END AS guarded, external_task_id, task_id, in_doubt, doubt_since, doubt_age_from, look_ups,
  upstream_host, upstream_account`;

const SELECT_HOLD = `SELECT ${HOLD_COLUMNS} FROM creates WHERE id = ?`;
const END_HOLD = `UPDATE creates SET state = ?, settled_credits = ?, ended_at = ?, end_credits = ?, end_basis = ?, end_note = ?,
  in_doubt = 0, next_look_up_at = NULL
WHERE id = ? AND state = 'held'`;

/** Ends a statement over the holds in doubt, in the order of their index: for another order SQLite reads every create. */
export const FROM_IN_DOUBT = 'FROM creates WHERE in_doubt = 1 ORDER BY next_look_up_at, id';

/** The values of a hold that are decided when it is inserted. */
export interface HoldPlace {
  at: Ms;
  /** Ids of its counters, separated by spaces. */
  counters: string;
  /** The guard by which repeats of its request are found; null without one. */
  guard: { idempotencyKey: string | null; callerTaskId: string | null; fingerprint: string } | null;
  /** By which an equal create of its app is known; null if none may join it. */
  joinHash: string | null;
}

/** Gives the values of {@link INSERT_CREATE}. */
export function createValues(hold: NewHold, { at, counters, guard, joinHash }: HoldPlace): SqlValue[] {
  return [
    hold.holdId,
    hold.requestId,
    at,
    hold.app,
    hold.tag,
    hold.path,
    hold.route,
    hold.operation,
    hold.model,
    hold.mode,
    hold.product,
    hold.durationSeconds,
    hold.credits,
    hold.basis,
    hold.weight,
    hold.externalTaskId,
    hold.prompt?.hash ?? null,
    hold.prompt?.preview ?? null,
    counters,
    hold.upstream.host,
    hold.upstream.account,
    hold.owner.instance,
    hold.owner.generation,
    guard?.idempotencyKey ?? null,
    guard?.callerTaskId ?? null,
    guard?.fingerprint ?? null,
    joinHash,
    hold.rule,
    hold.notes,
  ];
}

/**
 * Reads a hold.
 * @throws SidecarError `not_found`.
 */
export async function readHold(tx: Tx, holdId: string): Promise<HoldRow> {
  const hold = await tx.get<HoldRow>(SELECT_HOLD, holdId);
  if (hold) return hold;
  throw new SidecarError('not_found', `There is no hold ${holdId}. \`holds list\` shows the known ones.`);
}

/** Ends a hold that is `held`: state, entry, counters, facts. */
export async function endHold(tx: Tx, hold: HoldRow, end: HoldEnd): Promise<Fact[]> {
  const { state, credits, at, basis, note } = end;
  const changed = await tx.run(END_HOLD, state, credits, at, credits, basis, note, hold.id);
  if (changed === 0) {
    throw new SidecarError('already_resolved', `Hold ${hold.id} has ended before; nothing was changed.`);
  }
  const thresholds = await shiftCounters(tx, hold.counters, {
    fromHeld: hold.credits,
    toSettled: end.credits,
    at: end.at,
  });
  const common = {
    holdId: hold.id,
    credits: end.credits,
    heldCredits: hold.credits,
    at: end.at,
    ...labelsOf(hold),
  };
  const facts: Fact[] = [{ kind: 'hold_resolved', state: end.state, basis: end.basis, ...common }];
  if (end.credits > hold.credits) facts.push({ kind: 'actual_above_estimate', ...common });
  return [...facts, ...thresholds];
}

/** Records another amount for a hold that has ended, in its own counters; does nothing if it is the same. */
export async function adjustHold(
  tx: Tx,
  hold: HoldRow,
  learnt: { credits: MilliCredits; basis: EntryBasis; note: string | null; at: Ms },
): Promise<Fact[]> {
  const { credits, basis, note, at } = learnt;
  const byCredits = credits - hold.settled_credits;
  if (byCredits === 0) return [];
  await tx.run('UPDATE creates SET settled_credits = ? WHERE id = ?', credits, hold.id);
  await tx.run(INSERT_ADJUST, hold.id, newId('entry', at), at, byCredits, basis, note);
  const thresholds = await shiftCounters(tx, hold.counters, { fromHeld: 0, toSettled: byCredits, at });
  const labels = labelsOf(hold);
  const facts: Fact[] = [{ kind: 'hold_adjusted', holdId: hold.id, byCredits, at, ...labels }];
  if (credits > hold.credits && hold.settled_credits <= hold.credits) {
    const fact = { holdId: hold.id, credits, heldCredits: hold.credits, at, ...labels };
    facts.push({ kind: 'actual_above_estimate', ...fact });
  }
  return [...facts, ...thresholds];
}

/**
 * Puts a held hold in doubt. Its first look-up is at `nextLookUpAt` (null: it cannot be looked up). `at` is a date;
 * `ageFrom` and `nextLookUpAt` are readings of the clock of ages. Without `ageFrom` the age of the doubt begins with its first
 * answered look-up.
 */
export async function putInDoubt(
  tx: Tx,
  hold: HoldRow,
  doubt: { at: Ms; ageFrom: Ms | null; nextLookUpAt: Ms | null; evidence: string },
): Promise<Fact> {
  await tx.run(
    `UPDATE creates SET in_doubt = 1, doubt_since = ?, doubt_age_from = ?, next_look_up_at = ?, doubt_evidence = ?,
       look_ups = 0
     WHERE id = ? AND state = 'held'`,
    doubt.at,
    doubt.ageFrom,
    doubt.nextLookUpAt,
    doubt.evidence,
    hold.id,
  );
  return {
    kind: 'hold_in_doubt',
    holdId: hold.id,
    heldCredits: hold.credits,
    externalTaskId: hold.external_task_id,
    at: doubt.at,
    ...labelsOf(hold),
  };
}

/** Begins the doubt of a hold in doubt again, after a second send. Its date stays that of the first. */
export async function restartDoubt(
  tx: Tx,
  holdId: string,
  doubt: { ageFrom: Ms | null; nextLookUpAt: Ms | null; evidence?: string },
): Promise<void> {
  await tx.run(
    `UPDATE creates SET doubt_age_from = ?, next_look_up_at = ?, doubt_evidence = COALESCE(?, doubt_evidence), look_ups = 0
     WHERE id = ? AND in_doubt = 1`,
    doubt.ageFrom,
    doubt.nextLookUpAt,
    doubt.evidence ?? null,
    holdId,
  );
}

/** Sums the credits in doubt of one counter. Holds in doubt are few. */
export async function inDoubtCredits(tx: Tx, counterId: string): Promise<MilliCredits> {
  let sum = 0;
  for (const hold of await holdsInDoubt(tx)) {
    if (hold.counters.split(' ').includes(counterId)) sum += hold.credits;
  }
  return sum;
}

/** Gives the credits and counters of every hold in doubt. */
export function holdsInDoubt(tx: Tx): Promise<{ credits: MilliCredits; counters: string }[]> {
  return tx.all(`SELECT credits, counters ${FROM_IN_DOUBT}`);
}

/**
 * The earliest date of a new hold: the date of the newest hold, unless an operator set it back
 * (ledger/time.ts). Null before the first hold.
 */
export async function datedTo(tx: Tx): Promise<Ms | null> {
  const row = await tx.get<{ dated_to: Ms | null }>('SELECT dated_to FROM spending WHERE id = 1');
  return row?.dated_to ?? null;
}
