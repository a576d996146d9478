/**
 * Closes a create's attempt: records the attempt, the task or the end of the hold, and the answer that is kept for repeats.
 *
 * The last attempt is part of the create's row. Earlier attempts, and one that differs from the row, are rows of the journal.
 *
 * **Invariant**: everything is durable before the caller sees the answer. It is recorded even if an operator has ended the
 * hold meanwhile. An unknown end leaves the guard open and puts the hold in doubt; of a second send, it begins the doubt again.
 */
import { adjustHold, readHold } from '../budget/hold-table.ts';
import type { Fact } from '../facts.ts';
import { keepAnswer } from '../idempotency/guard-table.ts';
import { journalCreateCall } from '../sla/journal.ts';
import { defineFactWrite } from '../outbox/outbox-table.ts';
import type { Tx } from '../store/operation.ts';
import type { TaskSighting } from '../tasks/task.ts';
import type { Ms } from '../units.ts';
import { closeUsual } from './close-usual.ts';
import { closeForm } from './create-messages.ts';
import type { AgeReading, CloseArgs, CreateEnd } from './ledger.ts';
import { attachSighting, beginDoubt, doubtEnded, firstAges, releaseHold, resolveTo } from './sighting.ts';

/**
 * Records how a create's attempt ended.
 *
 * The answer is kept for repeats if the request had a guard and the end is known. With null, a guard is freed
 * if the end is `refused`, and stays without an answer otherwise.
 * @throws SidecarError `not_found` if the hold does not exist; nothing is journalled then.
 */
export const closeCreate = defineFactWrite(
  'ledger.closeCreate',
  async (tx: Tx, args: CloseArgs): Promise<{ facts: Fact[] }> => {
    const { holdId, at, end, calls, answer, age = { now: args.at, doubtFrom: args.at } } = args;
    // Before the hold ends, so that a release finds the answer and keeps the guard.
    if (answer && end.kind !== 'unknown') await keepAnswer(tx, holdId, answer, at);
    const facts = await applyEnd(tx, holdId, end, { at, age });
    for (const call of calls)
      await journalCreateCall(tx, { holdId, at, call, isLast: call === calls.at(-1) });
    return { facts };
  },
  {
    scope: 'own',
    isPlain: (args) => args.answer === null,
    form: closeForm,
    priority: 'request',
    usual: closeUsual,
  },
);

async function applyEnd(
  tx: Tx,
  holdId: string,
  end: CreateEnd,
  { at, age }: { at: Ms; age: AgeReading },
): Promise<Fact[]> {
  switch (end.kind) {
    case 'task':
      return attachOwn(tx, holdId, end.sighting, { at, age });
    case 'done':
      return settleAtOnce(tx, holdId, end, at);
    case 'refused': {
      const hold = await readHold(tx, holdId);
      const isOpen = hold.state === 'held' && hold.task_id === null;
      return isOpen ? releaseHold(tx, hold, end.evidence, at) : [];
    }
    case 'unknown': {
      const hold = await readHold(tx, holdId);
      if (hold.state !== 'held' || hold.task_id !== null) return [];
      const ages = firstAges(hold, age, end.isRefusal);
      return beginDoubt(tx, hold, { at, ...ages, evidence: end.evidence });
    }
  }
}

/** Attaches the task of a create's own answer. After a second send that ends the doubt which the first one began. */
async function attachOwn(
  tx: Tx,
  holdId: string,
  sighting: TaskSighting,
  { at, age }: { at: Ms; age: AgeReading },
): Promise<Fact[]> {
  const before = await readHold(tx, holdId);
  const { isOwn, facts } = await attachSighting(tx, holdId, sighting, { source: 'create', at, age });
  if (!isOwn || before.in_doubt === 0) return facts;
  return [doubtEnded(before, sighting.taskId, at), ...facts];
}

/** Settles a synchronous create with Kling's deduction, or with our price if Kling names none. */
async function settleAtOnce(
  tx: Tx,
  holdId: string,
  end: Extract<CreateEnd, { kind: 'done' }>,
  at: Ms,
): Promise<Fact[]> {
  const hold = await readHold(tx, holdId);
  const isReported = end.credits !== null && Number.isSafeInteger(end.credits) && end.credits >= 0;
  const credits = isReported && end.credits !== null ? end.credits : hold.credits;
  const charge = { credits, basis: isReported ? 'reported' : 'estimate', note: end.raw, at } as const;
  if (hold.state !== 'held') return adjustHold(tx, hold, charge);
  return resolveTo(tx, hold, { state: 'settled', ...charge });
}
