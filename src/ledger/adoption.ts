/**
 * A lost store is no fresh budget: a new store takes the account's open tasks and the deductions of the present windows over
 * from Kling's books, as creates of the app `(adopted)` (adopt-tasks.ts).
 *
 * The store's adoption is `waiting` until Kling's books were read once; until then creates wait (asking/adoption.ts). Then it is
 * `open`: creates are admitted, and the books are read again for a day, since a deduction may be entered late. Then it is `done`.
 *
 * **Invariant**: a store that already had creates has no adoption, and an adoption never goes back to an earlier state.
 */
import { datedTo } from '../budget/hold-table.ts';
import { defineRead, defineWrite, type Tx } from '../store/operation.ts';
import type { MilliCredits, Ms } from '../units.ts';

export type AdoptionState = 'waiting' | 'open' | 'done';

/** The adoption of a store. */
export interface Adopted {
  state: AdoptionState;
  beganAt: Ms;
  /** Since when creates are admitted; null while they wait. */
  openedAt: Ms | null;
  /** When Kling's books were last read completely; null if they never were. */
  readAt: Ms | null;
  /** The first instant that was read; null if there was no budget to read for. */
  fromAt: Ms | null;
  openTasks: number;
  /** Held for the open tasks when they were adopted. */
  heldCredits: MilliCredits;
  endedTasks: number;
  settledCredits: MilliCredits;
  /** Why Kling's books are not adopted completely; null if they are. */
  problem: string | null;
}

interface AdoptionColumns {
  state: AdoptionState;
  began_at: Ms;
  opened_at: Ms | null;
  read_at: Ms | null;
  from_at: Ms | null;
  open_tasks: number;
  held_credits: MilliCredits;
  ended_tasks: number;
  settled_credits: MilliCredits;
  problem: string | null;
}

/** Gives the store's adoption; null if it has none. */
export const readAdoption = defineRead('ledger.readAdoption', (tx: Tx, _args: Record<string, never>) =>
  selectAdoption(tx),
);

async function selectAdoption(tx: Tx): Promise<Adopted | null> {
  const row = await tx.get<AdoptionColumns>(
    `SELECT state, began_at, opened_at, read_at, from_at, open_tasks, held_credits, ended_tasks, settled_credits, problem
     FROM adoption WHERE id = 1`,
  );
  if (!row) return null;
  return {
    state: row.state,
    beganAt: row.began_at,
    openedAt: row.opened_at,
    readAt: row.read_at,
    fromAt: row.from_at,
    openTasks: row.open_tasks,
    heldCredits: row.held_credits,
    endedTasks: row.ended_tasks,
    settledCredits: row.settled_credits,
    problem: row.problem,
  };
}

/** Begins the adoption of a store that never had a create, and gives it; gives a known one unchanged. Null if the store has none. */
export const beginAdoption = defineWrite(
  'ledger.beginAdoption',
  async (tx: Tx, { at }: { at: Ms }): Promise<Adopted | null> => {
    const known = await selectAdoption(tx);
    if (known) return known;
    const isUsed =
      (await datedTo(tx)) !== null || (await tx.get('SELECT id FROM creates LIMIT 1')) !== undefined;
    if (isUsed) return null;
    await tx.run(`INSERT INTO adoption (id, state, began_at) VALUES (1, 'waiting', ?)`, at);
    return selectAdoption(tx);
  },
  { scope: 'exclusive' },
);

export interface AdoptionProgress {
  state: AdoptionState;
  /** When creates are admitted from; kept if it is known. */
  openedAt: Ms;
  /** Present after a complete read. */
  readAt?: Ms;
  fromAt?: Ms | null;
  problem: string | null;
}

/** Records a step of the adoption, and gives it. */
export const noteAdoption = defineWrite(
  'ledger.noteAdoption',
  async (tx: Tx, { state, openedAt, readAt, fromAt, problem }: AdoptionProgress): Promise<Adopted | null> => {
    await tx.run(
      `UPDATE adoption SET state = ?, opened_at = COALESCE(opened_at, ?), read_at = COALESCE(?, read_at),
         from_at = COALESCE(from_at, ?), problem = ? WHERE id = 1`,
      state,
      openedAt,
      readAt ?? null,
      fromAt ?? null,
      problem,
    );
    return selectAdoption(tx);
  },
  { scope: 'exclusive' },
);
