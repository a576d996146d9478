/** What a start does with creates that the last process left open. */
import { HOLD_COLUMNS, putInDoubt } from '../budget/hold-table.ts';
import type { HoldRow } from '../budget/hold.ts';
import type { Fact } from '../facts.ts';
import { defineFactWrite } from '../outbox/outbox-table.ts';
import type { Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import type { AgeReading } from './ledger.ts';

/**
 * Puts every hold in doubt that was cut off between its admission and its answer, and makes all in doubt due now.
 *
 * Nobody knows whether Kling took such a create, nor for how long: its doubt begins at the start. `age` is a reading of the
 * clock of ages.
 */
export const recoverHolds = defineFactWrite(
  'ledger.recoverHolds',
  async (
    tx: Tx,
    args: { at: Ms; age?: AgeReading },
  ): Promise<{ recovered: number; due: number; facts: Fact[] }> => {
    const { at, age = { now: at, doubtFrom: at } } = args;
    const cutOff = await tx.all<HoldRow>(
      `SELECT ${HOLD_COLUMNS} FROM holds WHERE state = 'held' AND in_doubt = 0 AND task_id IS NULL ORDER BY id`,
    );
    const facts: Fact[] = [];
    for (const hold of cutOff) {
      const nextLookUpAt = hold.external_task_id === null ? null : age.now;
      facts.push(
        await putInDoubt(tx, hold, {
          at,
          ageFrom: age.doubtFrom,
          nextLookUpAt,
          evidence: 'the sidecar ended before the answer',
        }),
      );
    }
    const due = await tx.run(
      'UPDATE holds SET next_look_up_at = ? WHERE in_doubt = 1 AND external_task_id IS NOT NULL',
      age.now,
    );
    return { recovered: cutOff.length, due, facts };
  },
);
