/** The audit as a list: every change by an operator. */
import {
  auditWhere,
  recordAudit,
  selectAudit,
  type AuditFilter,
  type AuditRow,
} from '../budget/audit-table.ts';
import { countWhere, whereOf, type Counted } from '../store/count.ts';
import { defineRead, defineWrite, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';

export interface ListAuditArgs extends AuditFilter {
  limit: number;
  cursor: string | null;
  /** Whether to count all rows too. */
  total?: boolean;
}

/** Lists audit rows, newest first: all, or those that a filter names. */
export const listAudit = defineRead(
  'ledger.listAudit',
  async (
    tx: Tx,
    args: ListAuditArgs,
  ): Promise<{ audit: AuditRow[]; nextCursor: string | null } & Counted> => {
    const { limit, cursor, total, ...filter } = args;
    const rows = await selectAudit(tx, { limit: limit + 1, beforeId: cursor, filter });
    const audit = rows.slice(0, limit);
    const nextCursor = rows.length > limit ? (audit.at(-1)?.id ?? null) : null;
    const { conditions, values } = auditWhere(filter);
    return { audit, nextCursor, ...(await countWhere(tx, total, `audit ${whereOf(conditions)}`, values)) };
  },
);

/** Files named in one answer. */
const FILES_MAX = 20;
const IMPORT_ACTION = 'sla.import';
const IMPORT_OF = 'import of ';

/** Makes the audit row of an import, at its begin or its end. */
export function importOrder(of: {
  source: string;
  file: string;
  actor: string;
  at: Ms;
  after: string;
}): Order {
  const { source, file, actor, at, after } = of;
  const reason = `${IMPORT_OF}${file}`;
  return { at, actor, action: IMPORT_ACTION, subject: source, before: null, after, reason };
}

/** Lists the files that were imported with a source, each once, newest first, at most 20. */
export const listImportedFiles = defineRead(
  'ledger.listImportedFiles',
  async (tx: Tx, args: { source: string }): Promise<string[]> => {
    const rows = await tx.all<{ reason: string }>(
      'SELECT reason FROM audit WHERE action = ? AND subject = ? GROUP BY reason ORDER BY MAX(id) DESC LIMIT ?',
      IMPORT_ACTION,
      args.source,
      FILES_MAX,
    );
    return rows.map(({ reason }) => reason.replace(IMPORT_OF, ''));
  },
);

type Order = Omit<AuditRow, 'id'>;

/** Records an order that changes no row of its own. */
export const recordOrder = defineWrite(
  'ledger.recordOrder',
  (tx: Tx, row: Order): Promise<void> => recordAudit(tx, row),
  { scope: 'own' },
);
