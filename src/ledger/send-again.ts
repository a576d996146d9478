/**
 * The permission to send a create again: its last check, and its record.
 *
 * **Invariant**: before the second send leaves, the attempts before it are rows of the journal, and the doubt of a create that may
 * have made a task begins again. So a process that ends at any moment leaves a hold that is open and is looked up.
 */
import { readHold, restartDoubt } from '../budget/hold-table.ts';
import { moveAttempt } from '../calls/create-call.ts';
import type { CallRecord } from '../calls/call.ts';
import { journalCreateCall } from '../sla/journal.ts';
import { defineWrite, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import { readFreeze } from './freeze.ts';
import type { AgeReading } from './ledger.ts';
import { firstAges } from './sighting.ts';

export interface SendAgainArgs {
  holdId: string;
  at: Ms;
  age: AgeReading;
  /** Whether an earlier send may have made a task: then the hold must be in doubt, else it must not. */
  isInDoubt: boolean;
  /** All attempts of this create that are not recorded yet, in order. */
  calls: CallRecord[];
}

/**
 * Records that a create is sent again; false, with nothing changed, if it must not be: its hold ended, its task is known,
 * its doubt began or ended meanwhile, or spending is frozen.
 * @throws SidecarError `not_found` if the hold does not exist.
 */
export const sendAgain = defineWrite(
  'ledger.sendAgain',
  async (tx: Tx, { holdId, at, age, isInDoubt, calls }: SendAgainArgs): Promise<boolean> => {
    const hold = await readHold(tx, holdId);
    const isAsExpected =
      hold.state === 'held' && hold.task_id === null && (hold.in_doubt === 1) === isInDoubt;
    if (!isAsExpected || (await readFreeze(tx)) !== null) return false;
    await moveAttempt(tx, holdId);
    for (const call of calls) await journalCreateCall(tx, { holdId, at, call, isLast: false });
    if (isInDoubt) await restartDoubt(tx, holdId, firstAges(hold, age));
    return true;
  },
  { scope: 'own' },
);
