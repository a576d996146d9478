/** The audit: one row for each change by an operator, written in the change's own transaction, never edited. */
import { idAfter, newId } from '../ids.ts';
import type { Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';

export interface AuditRow {
  id: string;
  at: Ms;
  actor: string;
  /** What was done, e.g. `budget.raise`. */
  action: string;
  /** To what: a budget's name, a hold's id. */
  subject: string;
  before: string | null;
  after: string | null;
  reason: string;
}

/** Writes a row: the actor, the subject, the values before and after, and the reason. */
export async function recordAudit(tx: Tx, row: Omit<AuditRow, 'id'>): Promise<void> {
  const newest = await tx.get<{ id: string }>('SELECT id FROM audit ORDER BY id DESC LIMIT 1');
  await tx.run(
    `INSERT INTO audit (id, at, actor, action, subject, before, after, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    idAfter(newest?.id, newId('audit', row.at)),
    row.at,
    row.actor,
    row.action,
    row.subject,
    row.before,
    row.after,
    row.reason,
  );
}

/** Gives audit rows, newest first; with `beforeId` only those older than that row. */
export function selectAudit(tx: Tx, limit: number, beforeId: string | null): Promise<AuditRow[]> {
  const where = beforeId === null ? '' : 'WHERE id < ? ';
  const values = beforeId === null ? [limit] : [beforeId, limit];
  return tx.all<AuditRow>(
    `SELECT id, at, actor, action, subject, before, after, reason FROM audit ${where}ORDER BY id DESC LIMIT ?`,
    ...values,
  );
}
