/** The audit as a list: everything an operator changed. */
import { recordAudit, selectAudit, type AuditRow } from '../budget/audit-table.ts';
import { countWhere, type Counted } from '../store/count.ts';
import { defineRead, defineWrite, type Tx } from '../store/operation.ts';

export interface ListAuditArgs {
  limit: number;
  cursor: string | null;
  /** Whether all rows are counted, too. */
  total?: boolean;
}

/** Lists audit rows, newest first. */
export const listAudit = defineRead(
  'ledger.listAudit',
  async (
    tx: Tx,
    args: ListAuditArgs,
  ): Promise<{ audit: AuditRow[]; nextCursor: string | null } & Counted> => {
    const rows = await selectAudit(tx, args.limit + 1, args.cursor);
    const audit = rows.slice(0, args.limit);
    const nextCursor = rows.length > args.limit ? (audit.at(-1)?.id ?? null) : null;
    return { audit, nextCursor, ...(await countWhere(tx, args.total, 'audit', [])) };
  },
);

/** Records an order that changes no row of its own. */
export const recordOrder = defineWrite(
  'ledger.recordOrder',
  (tx: Tx, row: Omit<AuditRow, 'id'>): Promise<void> => recordAudit(tx, row),
);
