/**
 * Applies a sighting of a task to its hold: attach, advance, settle, release, adjust.
 *
 * A hold ends when its task ends. `succeeded` settles it with Kling's deduction; without one it stays held until Kling's ledger
 * has it (deduction-wait.ts), or is settled with our price where the ledgers are not read. `failed` releases it unless Kling
 * deducted something. After the end, another deduction is an adjustment, for every kind of
 * end.
 *
 * **Invariant**: only a terminal sighting moves money. A task always belongs to the hold that first named it.
 */
import {
  adjustHold,
  endHold,
  putInDoubt,
  readHold,
  restartDoubt,
  type HoldEnd,
} from '../budget/hold-table.ts';
import { labelsOf, type HoldRow } from '../budget/hold.ts';
import type { UpstreamColumns } from '../budget/hold-upstream.ts';
import { SidecarError } from '../errors.ts';
import type { Fact } from '../facts.ts';
import { closeUnanswered, dropAnswer, freeUnanswered } from '../idempotency/guard-table.ts';
import type { Tx } from '../store/operation.ts';
import { contradicts, keepContradiction } from '../tasks/contradiction-table.ts';
import type { Deduction, SightingSource, TaskSighting } from '../tasks/task.ts';
import { isAdvance, isStale, isTerminal } from '../tasks/task-state.ts';
import {
  advanceTask,
  attachTask,
  bringsResults,
  keepResults,
  readTask,
  type KnownTask,
} from '../tasks/task-table.ts';
import type { Ms } from '../units.ts';
import type { AgeReading } from './ledger.ts';
import { noteEstimatedEnd, waitsForLedger } from './deduction-wait.ts';
import { doubtFromOf, firstLookUpAt } from './look-up-schedule.ts';

export interface Seen {
  source: SightingSource;
  at: Ms;
  /** Present only for a create's own answer: no other sighting can put the hold in doubt. */
  age?: AgeReading;
}

/** The first look-up of a hold that is put in doubt now, and the beginning of its doubt. */
export function firstAges(
  hold: Pick<HoldRow, 'external_task_id'>,
  { now, doubtFrom }: AgeReading,
  isRefusal = false,
): { ageFrom: Ms | null; nextLookUpAt: Ms | null } {
  const nextLookUpAt = hold.external_task_id === null ? null : firstLookUpAt(now);
  return { ageFrom: doubtFrom === null ? null : doubtFromOf(doubtFrom, { isRefusal }), nextLookUpAt };
}

/** Puts a hold in doubt, or begins its doubt again: a second send reached Kling later than the first. */
export async function beginDoubt(
  tx: Tx,
  hold: HoldRow,
  doubt: { at: Ms; ageFrom: Ms | null; nextLookUpAt: Ms | null; evidence: string },
): Promise<Fact[]> {
  if (hold.in_doubt === 0) return [await putInDoubt(tx, hold, doubt)];
  await restartDoubt(tx, hold.id, doubt);
  return [];
}

/** Makes the fact that a doubt ended: with a task, or because there is none (null). */
export function doubtEnded(hold: HoldRow, taskId: string | null, at: Ms): Fact {
  return { kind: 'doubt_ended', holdId: hold.id, found: taskId !== null, taskId, at, ...labelsOf(hold) };
}

/** Ends a hold, and with it the wait of its guard. */
export async function resolveTo(tx: Tx, hold: HoldRow, end: HoldEnd): Promise<Fact[]> {
  const facts = await endHold(tx, hold, end);
  if (hold.guarded === 1) await closeUnanswered(tx, hold.id, end.at);
  return facts;
}

/** Releases a hold, and frees the guard of its request unless an answer of Kling's is kept. */
export async function releaseHold(tx: Tx, hold: HoldRow, evidence: string, at: Ms): Promise<Fact[]> {
  const facts = await endHold(tx, hold, { state: 'released', credits: 0, basis: 'none', note: evidence, at });
  if (hold.guarded === 1) await freeUnanswered(tx, hold.id);
  return facts;
}

export interface Attached {
  /** False if the task is another hold's. */
  isOwn: boolean;
  facts: Fact[];
}

/**
 * Attaches the task that Kling made for a hold, and applies the sighting to the hold.
 *
 * If the task belongs to another hold, Kling made none for this one. This one is then released if Kling's answer is certainly
 * about it: it was looked up by its external id, or both holds have the same id. Else it is put in doubt.
 * @throws SidecarError `not_found`, or `already_resolved` if the hold has another task.
 */
export async function attachSighting(
  tx: Tx,
  holdId: string,
  sighting: TaskSighting,
  seen: Seen,
): Promise<Attached> {
  const known = await readTask(tx, sighting.taskId);
  const hold = await readHold(tx, holdId);
  if (known) return attachKnown(tx, { hold, task: known }, sighting, seen);
  if (hold.task_id !== null) {
    const text = `Hold ${holdId} has task ${hold.task_id}; it cannot have task ${sighting.taskId} too.`;
    throw new SidecarError('already_resolved', text);
  }
  const createdAt = seen.source === 'look_up' ? hold.at : seen.at;
  await attachTask(tx, sighting, { holdId, source: seen.source, createdAt, at: seen.at });
  const facts: Fact[] = [changeFact(hold, sighting, { from: null, createdAt, at: seen.at })];
  facts.push(...(await moveMoney(tx, hold, sighting, { isNews: true, at: seen.at })));
  return { isOwn: true, facts };
}

async function attachKnown(
  tx: Tx,
  { hold, task }: { hold: HoldRow; task: KnownTask },
  sighting: TaskSighting,
  seen: Seen,
): Promise<Attached> {
  if (task.hold_id === hold.id) return { isOwn: true, facts: await applySighting(tx, task, sighting, seen) };
  if (hold.state !== 'held' || hold.task_id !== null) return { isOwn: false, facts: [] };
  if (!isSameUpstream(hold, task)) return leaveToOperator(tx, hold, sighting, seen);
  const isSameId = hold.external_task_id !== null && task.external_task_id === hold.external_task_id;
  const evidence = `Kling answered with task ${sighting.taskId}, which belongs to hold ${task.hold_id}`;
  if (seen.source === 'look_up' || isSameId) {
    return { isOwn: false, facts: await releaseHold(tx, hold, evidence, seen.at) };
  }
  await dropAnswer(tx, hold.id);
  const ages = seen.age ? firstAges(hold, seen.age) : { ageFrom: null, nextLookUpAt: null };
  return { isOwn: false, facts: await beginDoubt(tx, hold, { at: seen.at, ...ages, evidence }) };
}

function isSameUpstream(one: UpstreamColumns, other: UpstreamColumns): boolean {
  return one.upstream_host === other.upstream_host && one.upstream_account === other.upstream_account;
}

/** Two upstreams gave two tasks the same id: the second one cannot be followed. */
async function leaveToOperator(
  tx: Tx,
  hold: HoldRow,
  { taskId }: TaskSighting,
  { at }: Seen,
): Promise<Attached> {
  await dropAnswer(tx, hold.id);
  const evidence = `Kling answered with task ${taskId}, an id that a task of another upstream has`;
  const doubt = { at, ageFrom: null, nextLookUpAt: null, evidence };
  return { isOwn: false, facts: await beginDoubt(tx, hold, doubt) };
}

/** Applies a sighting to a known task and its hold; does nothing if it has nothing new. */
export async function applySighting(
  tx: Tx,
  task: KnownTask,
  sighting: TaskSighting,
  seen: Seen,
): Promise<Fact[]> {
  if (isStale(task.vendor_updated_at, sighting.updatedAt)) return [];
  const advances = isAdvance(task.state, sighting.state);
  if (contradicts(task, sighting)) return applyContradiction(tx, task, sighting, seen);
  if (!advances && !isTerminal(sighting.state)) return [];
  const hold = await readHold(tx, task.hold_id);
  const facts: Fact[] = [];
  if (advances) {
    await advanceTask(tx, hold.id, sighting, seen);
    facts.push(changeFact(hold, sighting, { from: task.state, createdAt: task.created_at, at: seen.at }));
  } else if (bringsResults(task, sighting)) {
    await keepResults(tx, hold.id, sighting, seen.at);
  }
  facts.push(...(await moveMoney(tx, hold, sighting, { isNews: advances, at: seen.at })));
  return facts;
}

/** Keeps an answer that contradicts a task's end. Of its money only another deduction counts, once the hold has ended. */
async function applyContradiction(
  tx: Tx,
  task: KnownTask,
  sighting: TaskSighting,
  { source, at }: Seen,
): Promise<Fact[]> {
  const hold = await readHold(tx, task.hold_id);
  const facts: Fact[] = [];
  if (await keepContradiction(tx, hold.id, sighting, { source, at })) {
    const { taskId, state: seen, statusMessage } = sighting;
    const states = { known: task.state, seen, statusMessage };
    facts.push({ kind: 'task_contradicted', holdId: hold.id, taskId, ...states, at, ...labelsOf(hold) });
  }
  if (hold.state !== 'held') facts.push(...(await moveMoney(tx, hold, sighting, { isNews: false, at })));
  return facts;
}

function changeFact(
  hold: HoldRow,
  sighting: TaskSighting,
  when: { from: KnownTask['state'] | null; createdAt: Ms; at: Ms },
): Fact {
  return {
    kind: 'task_changed',
    holdId: hold.id,
    taskId: sighting.taskId,
    product: hold.product,
    from: when.from,
    to: sighting.state,
    createdAt: when.createdAt,
    ageMs: Math.max(0, when.at - when.createdAt),
    klingAt: sighting.updatedAt,
    weight: hold.weight,
    statusMessage: sighting.statusMessage,
    at: when.at,
    ...labelsOf(hold),
  };
}

/** Ends or adjusts a hold by a terminal sighting; `isNews` if the end of the task was not known. */
async function moveMoney(
  tx: Tx,
  hold: HoldRow,
  sighting: TaskSighting,
  when: { isNews: boolean; at: Ms },
): Promise<Fact[]> {
  if (!isTerminal(sighting.state)) return [];
  const charge = chargeOf(hold, sighting);
  if (hold.state === 'held') {
    if (charge.basis === 'estimate' && (await waitsForLedger(tx))) {
      if (hold.guarded === 1) await closeUnanswered(tx, hold.id, when.at);
      return [];
    }
    if (charge.basis === 'estimate') await noteEstimatedEnd(tx, hold.id);
    const state = sighting.state === 'failed' && charge.credits === 0 ? 'released' : 'settled';
    return resolveTo(tx, hold, { state, ...charge, at: when.at });
  }
  // A later answer without a deduction has nothing new about money; the first one shows whether there was a task to pay.
  if (charge.basis !== 'reported' && (!when.isNews || (await isDeducted(tx, sighting.taskId)))) return [];
  return adjustHold(tx, hold, { ...charge, at: when.at });
}

/**
 * Returns whether Kling's ledgers have a deduction for a task: then an answer without one changes nothing, as it does where the
 * row comes after the answer.
 */
async function isDeducted(tx: Tx, taskId: string): Promise<boolean> {
  const found = await tx.get(
    `SELECT 1 AS found FROM account_deductions WHERE (wallet = 'package' OR wallet = 'balance') AND task_id = ? LIMIT 1`,
    taskId,
  );
  return found !== undefined;
}

/** The cost of a task that ended: Kling's deduction, else our price if it succeeded and nothing if it failed. */
function chargeOf(hold: HoldRow, sighting: TaskSighting): Pick<HoldEnd, 'credits' | 'basis' | 'note'> {
  const deduction = plausible(sighting.deduction);
  if (deduction) return { credits: deduction.credits, basis: 'reported', note: deduction.raw };
  if (sighting.state === 'succeeded') return { credits: hold.credits, basis: 'estimate', note: null };
  return { credits: 0, basis: 'none', note: sighting.statusMessage ?? 'the task failed' };
}

/** A negative or unsafe number is no deduction; the next answer may have one. */
function plausible(deduction: Deduction | null): Deduction | null {
  return deduction && Number.isSafeInteger(deduction.credits) && deduction.credits >= 0 ? deduction : null;
}
