/** A start puts open creates of ended processes in doubt: of its own earlier generations, and of instances whose lease has run out. */
import { HOLD_COLUMNS, putInDoubt } from '../budget/hold-table.ts';
import type { HoldRow, Owner } from '../budget/hold.ts';
import type { Fact } from '../facts.ts';
import { defineFactWrite } from '../outbox/outbox-table.ts';
import type { Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import type { AgeReading } from './ledger.ts';
import { recoverJoins } from './recover-joins.ts';

export interface RecoverArgs {
  owner: Owner;
  at: Ms;
  /** A reading of the clock of ages; without it, `at` is one. */
  age?: AgeReading;
}

const LEFT_OPEN = `SELECT ${HOLD_COLUMNS} FROM creates
WHERE state = 'held' AND in_doubt = 0 AND task_id IS NULL AND (owner IS NULL OR (owner = ? AND generation < ?)
  OR owner IN (SELECT id FROM instances WHERE id <> ? AND lease_until <= ?))
ORDER BY id`;

/**
 * Puts every hold in doubt whose process ended between admission and answer, and makes all holds in doubt due now.
 *
 * Nobody knows whether Kling took such a create, nor since when it is open: its doubt begins now. From now on the starting
 * instance owns these holds. Equal creates join those whose callers may have got no answer (recover-joins.ts).
 */
export const recoverHolds = defineFactWrite(
  'ledger.recoverHolds',
  async (tx: Tx, args: RecoverArgs): Promise<{ recovered: number; due: number; facts: Fact[] }> => {
    const { owner, at, age = { now: at, doubtFrom: at } } = args;
    const { instance, generation } = owner;
    await recoverJoins(tx, { owner, at, age: age.now });
    const leftOpen = await tx.all<HoldRow>(LEFT_OPEN, instance, generation, instance, at);
    await tx.run(
      'UPDATE instances SET generation = generation + 1 WHERE id <> ? AND lease_until <= ?',
      instance,
      at,
    );
    const facts: Fact[] = [];
    for (const hold of leftOpen) {
      const nextLookUpAt = hold.external_task_id === null ? null : age.now;
      const evidence = 'the sidecar ended before the answer';
      facts.push(await putInDoubt(tx, hold, { at, ageFrom: age.doubtFrom, nextLookUpAt, evidence }));
      await tx.run(
        'UPDATE creates SET owner = ?, generation = ? WHERE id = ?',
        instance,
        generation,
        hold.id,
      );
    }
    const due = await tx.run(
      'UPDATE creates SET next_look_up_at = ? WHERE in_doubt = 1 AND external_task_id IS NOT NULL',
      age.now,
    );
    return { recovered: leftOpen.length, due, facts };
  },
  { scope: 'exclusive' },
);
