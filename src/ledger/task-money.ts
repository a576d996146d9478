/**
 * The money of one task, for answers about it: its price and how that was computed, how its hold ended and how that was
 * known, what was adjusted since, and the rows that Kling's own ledgers have for it.
 *
 * **Invariant**: read by the index of each table; every list is bounded.
 */
import { WALLETS, type Wallet } from '../account/account.ts';
import { rowText } from '../account/row-credits.ts';
import type { EntryBasis } from '../budget/hold-table.ts';
import { readNotes } from '../budget/price-rule-schema.ts';
import { defineRead, type Tx } from '../store/operation.ts';
import type { SightingSource } from '../tasks/task.ts';
import type { MilliCredits, Ms, Product } from '../units.ts';
import type { PriceBasis } from '../words.ts';

const ROWS_MAX = 100;

export interface TaskMoney {
  price: {
    /** What was held for it. */
    credits: MilliCredits;
    basis: PriceBasis;
    /** How it was computed; null for adopted creates and those of versions that did not keep it. */
    rule: string | null;
    /** What was unsure about it. */
    notes: string[];
    durationSeconds: string | null;
    weight: number;
    route: string;
  };
  /** The end of its hold; null while it is held. */
  end: TaskEnd | null;
  /** Later changes of the amount, the first one first. */
  adjustments: { at: Ms; byCredits: MilliCredits; basis: EntryBasis; note: string | null }[];
  /** Rows of Kling's ledgers as they were last read, the first one first. */
  ledgerRows: LedgerRow[];
}

export interface TaskEnd {
  at: Ms;
  credits: MilliCredits;
  basis: EntryBasis;
  /** Kling's own text of the amount, its message, or an operator's reason. */
  note: string | null;
  /** Where Kling's amount was seen: in the answer that showed the task's end, or in its ledgers; null for no amount of Kling's. */
  source: SightingSource | 'ledgers' | null;
}

export interface LedgerRow {
  wallet: Wallet;
  at: Ms;
  /** Kling's own amount, such as `2.4 video`. */
  amount: string;
  /** Null until it was compared with the task, and where it cannot be converted. */
  credits: MilliCredits | null;
  packId: string | null;
}

interface MoneyColumns {
  id: string;
  product: Product;
  credits: MilliCredits;
  basis: PriceBasis;
  rule: string | null;
  notes: string | null;
  duration_seconds: string | null;
  weight: number;
  route: string;
  ended_at: Ms | null;
  end_credits: MilliCredits | null;
  end_basis: EntryBasis | null;
  end_note: string | null;
}

/** Gives the money of a task by Kling's id; null if it is not ours. */
export const taskMoney = defineRead(
  'ledger.taskMoney',
  async (tx: Tx, { taskId }: { taskId: string }): Promise<TaskMoney | null> => {
    const row = await tx.get<MoneyColumns>(
      `SELECT id, product, credits, basis, price_rule AS rule, price_notes AS notes, duration_seconds, weight, route,
         ended_at, end_credits, end_basis, end_note
       FROM creates WHERE task_id = ?`,
      taskId,
    );
    if (!row) return null;
    const { credits, basis, rule, weight, route } = row;
    return {
      price: {
        credits,
        basis,
        rule,
        notes: readNotes(row.notes),
        durationSeconds: row.duration_seconds,
        weight,
        route,
      },
      end: await endOf(tx, row, taskId),
      adjustments: await tx.all<TaskMoney['adjustments'][number]>(
        `SELECT at, credits AS "byCredits", basis, note FROM adjustments WHERE hold_id = ? ORDER BY at, id LIMIT ?`,
        row.id,
        ROWS_MAX,
      ),
      ledgerRows: await ledgerRowsOf(tx, row, taskId),
    };
  },
);

async function endOf(tx: Tx, row: MoneyColumns, taskId: string): Promise<TaskEnd | null> {
  const { ended_at: at, end_credits: credits, end_basis: basis, end_note: note } = row;
  if (at === null || credits === null || basis === null) return null;
  if (basis !== 'reported') return { at, credits, basis, note, source: null };
  // The answer that showed the end, and its amount, ended the hold in the same transaction.
  const seen = await tx.get<{ source: SightingSource }>(
    `SELECT source FROM task_events WHERE task_id = ? AND (state = 'succeeded' OR state = 'failed') AND at = ?`,
    taskId,
    at,
  );
  return { at, credits, basis, note, source: seen?.source ?? 'ledgers' };
}

type RowColumns = Omit<LedgerRow, 'amount'> & {
  units: number;
  row_product: string | null;
  cash_type: string | null;
  currency: string | null;
};

async function ledgerRowsOf(tx: Tx, { product }: MoneyColumns, taskId: string): Promise<LedgerRow[]> {
  const rows: LedgerRow[] = [];
  for (const wallet of WALLETS) {
    const found = await tx.all<RowColumns>(
      `SELECT wallet, at, amount AS units, product AS row_product, cash_type, currency, credits, pack_id AS "packId"
       FROM account_deductions WHERE wallet = ? AND task_id = ? ORDER BY at, before LIMIT ?`,
      wallet,
      taskId,
      ROWS_MAX,
    );
    for (const { units, row_product: kind, cash_type: cashType, currency, ...row } of found)
      rows.push({
        ...row,
        amount: rowText({ wallet, amount: units, product: kind, cashType, currency }, product),
      });
  }
  return rows.sort((a, b) => a.at - b.at);
}
