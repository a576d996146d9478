/**
 * Settles creates by the rows of Kling's ledgers.
 *
 * A row belongs to the create whose task it names, at the host that was asked: Kling's task ids are unique there, and
 * nobody but the account can read the row. The rows of a task are summed, units and money each at their own price.
 *
 * - A hold whose task succeeded without a deduction is settled with the sum. If both ledgers are complete for its time and
 *   have no row, Kling deducted nothing, and it is settled at 0.
 * - A hold whose task is still open is settled once the deduction is an hour old: by then an answer should have come.
 * - A create that has ended is adjusted to the sum: at once if it is higher, and if it is lower once the ledgers are complete.
 *
 * **Invariant**: nothing is lowered while a row may be missing. A create without a task id is never changed here: no row
 * names it. A row is compared with its create once; a row that must wait is compared again after the next read.
 */
import { defineFactWrite } from '../outbox/outbox-table.ts';
import { defineRead, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import {
  COMPARED_COLUMNS,
  ledgersOf,
  OPEN_MS,
  SettlementPage,
  type ComparedHold,
  type SettleArgs,
  type SettledPage,
} from './settlement-page.ts';

/** Compares a page of rows that are new since the last read with their creates, in the order of task ids. */
export const settleNewDeductions = defineFactWrite(
  'ledger.settleNewDeductions',
  async (tx: Tx, args: SettleArgs): Promise<SettledPage> => {
    const tasks = await tx.all<{ id: string }>(
      `SELECT task_id AS id FROM account_deductions WHERE compared_at IS NULL AND task_id > ?
       GROUP BY task_id ORDER BY task_id LIMIT ?`,
      args.after,
      args.limit,
    );
    const page = new SettlementPage(tx, args, await ledgersOf(tx, args.upstream));
    for (const { id } of tasks) await page.compare(id);
    return page.result(tasks.length === args.limit ? (tasks.at(-1)?.id ?? null) : null);
  },
  { scope: 'exclusive' },
);

/** Settles a page of the holds whose task has succeeded, or is open for an hour, by rows that were known before their task. */
export const settleWaiting = defineFactWrite(
  'ledger.settleWaiting',
  async (tx: Tx, args: SettleArgs): Promise<SettledPage> => {
    // The first condition is the one of the index of open creates.
    const holds = await tx.all<ComparedHold & { task_id: string }>(
      `SELECT ${COMPARED_COLUMNS} FROM creates
       WHERE (state = 'held' OR task_state IN ('submitted', 'processing')) AND state = 'held' AND id > ?
         AND task_id IS NOT NULL AND (task_state = 'succeeded' OR task_created_at <= ?) ORDER BY id LIMIT ?`,
      args.after,
      args.at - OPEN_MS,
      args.limit,
    );
    const page = new SettlementPage(tx, args, await ledgersOf(tx, args.upstream));
    for (const hold of holds) await page.settle(hold);
    return page.result(holds.length === args.limit ? (holds.at(-1)?.id ?? null) : null);
  },
  { scope: 'exclusive' },
);

/**
 * Looks again at a page of the creates that were settled with our price: one for which Kling deducted nothing, as complete
 * ledgers show, is adjusted to 0. One that is older than the ledgers keeps our price.
 */
export const settleEstimated = defineFactWrite(
  'ledger.settleEstimated',
  async (tx: Tx, args: SettleArgs): Promise<SettledPage> => {
    const holds = await tx.all<ComparedHold & { task_id: string }>(
      `SELECT ${COMPARED_COLUMNS} FROM estimated_ends JOIN creates ON id = hold_id
       WHERE hold_id > ? ORDER BY hold_id LIMIT ?`,
      args.after,
      args.limit,
    );
    const page = new SettlementPage(tx, args, await ledgersOf(tx, args.upstream));
    for (const hold of holds) await page.lookAgain(hold);
    return page.result(holds.length === args.limit ? (holds.at(-1)?.id ?? null) : null);
  },
  { scope: 'exclusive' },
);

/** The instants of held tasks that the usual reading of the ledgers does not ask for any more, at most `limit`. */
export const heldTasksBefore = defineRead(
  'ledger.heldTasksBefore',
  async (tx: Tx, args: { from: Ms; before: Ms; limit: number }): Promise<Ms[]> => {
    const rows = await tx.all<{ at: Ms }>(
      `SELECT task_created_at AS at FROM creates
       WHERE (state = 'held' OR task_state IN ('submitted', 'processing')) AND state = 'held' AND task_id IS NOT NULL
         AND task_created_at >= ? AND task_created_at < ? ORDER BY id LIMIT ?`,
      args.from,
      args.before,
      args.limit,
    );
    return rows.map(({ at }) => at);
  },
);
