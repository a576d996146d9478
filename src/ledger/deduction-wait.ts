/**
 * Tasks that succeeded while Kling's answer had no deduction: their hold stays held until Kling's ledgers show one.
 *
 * Such a create is a row that is `held` with a task that `succeeded`; no other column says so. It waits only while the
 * ledgers are read. Without them it is settled at our price, as the only figure that there is then. Such ends are listed in
 * `estimated_ends` until ledgers that are read later show the amount, or that there is none (settle-deductions.ts).
 */
import { selectRead } from '../account/account-table.ts';
import { WALLETS } from '../account/account.ts';
import { defineWrite, type Migration, type Tx } from '../store/operation.ts';

const KEY = 'account.ledgers_are_read';

export const estimatedEndMigrations: readonly Migration[] = [
  {
    id: '241-estimated-ends',
    sqlite: 'CREATE TABLE estimated_ends (hold_id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;',
  },
];

/** Lists a create that was settled with our price in place of a deduction. */
export async function noteEstimatedEnd(tx: Tx, holdId: string): Promise<void> {
  await tx.run('INSERT INTO estimated_ends (hold_id) VALUES (?) ON CONFLICT (hold_id) DO NOTHING', holdId);
}

/** Takes a create off that list. */
export async function dropEstimatedEnd(tx: Tx, holdId: string): Promise<void> {
  await tx.run('DELETE FROM estimated_ends WHERE hold_id = ?', holdId);
}

/** Notes whether the ledgers are read (`account.poll` and the job `ledgers`), at a start and at a reload. */
export const noteLedgersAreRead = defineWrite(
  'ledger.noteLedgersAreRead',
  async (tx: Tx, { areRead }: { areRead: boolean }): Promise<void> => {
    if (!areRead) {
      await tx.run('DELETE FROM meta WHERE key = ?', KEY);
      return;
    }
    await tx.run(`INSERT INTO meta (key, value) VALUES (?, '1') ON CONFLICT (key) DO NOTHING`, KEY);
  },
  { scope: 'exclusive' },
);

/**
 * Returns whether a task without a deduction waits for Kling's ledgers: they are read, and Kling did not refuse one of them
 * whenever it was asked. A ledger that was readable once is waited for, however long Kling is down.
 */
export async function waitsForLedger(tx: Tx): Promise<boolean> {
  if ((await tx.get('SELECT value FROM meta WHERE key = ?', KEY)) === undefined) return false;
  for (const wallet of WALLETS) {
    const { readAt, problem } = await selectRead(tx, wallet);
    if (readAt === null && problem !== null) return false;
  }
  return true;
}
