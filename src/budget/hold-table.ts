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
import { countWhere, whereOf } from '../store/count.ts';
import { defineRead, type SqlValue, type Tx } from '../store/operation.ts';
import type { MilliCredits, Ms } from '../units.ts';
import type { HoldState, Mode, OperationWord } from '../words.ts';
import { shiftCounters } from './counter-table.ts';
import { labelsOf, type HoldRow, type NewHold } from './hold.ts';
import { upstreamText } from './hold-upstream.ts';

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

export interface ListHoldsArgs {
  limit: number;
  cursor: string | null;
  /** Whether to count all rows too. */
  total?: boolean;
  state?: HoldState;
  inDoubt?: boolean;
  app?: string;
}

export interface HoldListItem {
  id: string;
  state: HoldState;
  inDoubt: boolean;
  credits: MilliCredits;
  settledCredits: MilliCredits;
  externalTaskId: string | null;
  taskId: string | null;
  operation: OperationWord;
  model: string | null;
  mode: Mode | null;
  app: string;
  tag: string | null;
  createdAt: Ms;
  endedAt: Ms | null;
  doubtSince: Ms | null;
  doubtEvidence: string | null;
  lookUps: number;
  /** Host and account; null if 0.1.0 recorded none. */
  upstream: string | null;
  /** Whether only an operator can end it: nothing can ask Kling for it, or its upstream is not in use. */
  waitsForOperator: boolean;
}

interface ListedColumns extends HoldRow {
  ended_at: Ms | null;
  doubt_evidence: string | null;
  is_in_use: number;
  is_at_host: number;
}

/** Lists holds, newest first. */
export const listHolds = defineRead('budget.listHolds', async (tx: Tx, args: ListHoldsArgs) => {
  const conditions: string[] = [];
  const values: SqlValue[] = [];
  const add = (condition: string, value: SqlValue): void => {
    conditions.push(condition);
    values.push(value);
  };
  // Part of the text, not bound: only then does SQLite use the partial indexes.
  if (args.state !== undefined) conditions.push(STATE_CONDITIONS[args.state]);
  if (args.inDoubt !== undefined) conditions.push(args.inDoubt ? 'in_doubt = 1' : 'in_doubt = 0');
  if (args.app !== undefined) add('app = ?', args.app);
  const counted = await countWhere(tx, args.total, `creates ${whereOf(conditions)}`, values);
  if (args.cursor !== null) add('id < ?', args.cursor);
  const rows = await tx.all<ListedColumns>(
    `SELECT ${HOLD_COLUMNS}, ended_at, doubt_evidence, is_in_use, is_at_host
     FROM creates JOIN hold_places ON hold_id = id ${whereOf(conditions)} ORDER BY id DESC LIMIT ?`,
    ...values,
    args.limit + 1,
  );
  const holds = rows.slice(0, args.limit).map(toListItem);
  const nextCursor = rows.length > args.limit ? (holds.at(-1)?.id ?? null) : null;
  return { holds, nextCursor, ...counted };
});

const STATE_CONDITIONS: Readonly<Record<HoldState, string>> = {
  held: "state = 'held'",
  settled: "state = 'settled'",
  released: "state = 'released'",
  written_off: "state = 'written_off'",
};

function toListItem(row: ListedColumns): HoldListItem {
  return {
    id: row.id,
    state: row.state,
    inDoubt: row.in_doubt === 1,
    credits: row.credits,
    settledCredits: row.settled_credits,
    externalTaskId: row.external_task_id,
    taskId: row.task_id,
    operation: row.operation,
    model: row.model,
    mode: row.mode,
    app: row.app,
    tag: row.tag,
    createdAt: row.at,
    endedAt: row.ended_at,
    doubtSince: row.doubt_since,
    doubtEvidence: row.doubt_evidence,
    lookUps: row.look_ups,
    upstream: row.upstream_host === null && row.upstream_account === null ? null : upstreamText(row),
    waitsForOperator: waitsForOperator(row),
  };
}

function waitsForOperator(row: ListedColumns): boolean {
  if (row.state !== 'held') return false;
  if (row.in_doubt === 1) return row.external_task_id === null || row.is_in_use === 0;
  return row.task_id !== null && row.is_at_host === 0;
}
