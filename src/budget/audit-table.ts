/** The audit: one row for each change by an operator, written in the change's own transaction, never edited. */
import { idAfter, newId } from '../ids.ts';
import { whereOf } from '../store/count.ts';
import type { SqlValue, Tx } from '../store/operation.ts';
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

/** Which rows; each value that is given must be equal. */
export interface AuditFilter {
  actor?: string;
  action?: string;
  subject?: string;
  /** Inclusive. */
  from?: Ms;
  /** Exclusive. */
  to?: Ms;
}

/** Gives the condition of a filter, and its values. Rows come from people's orders alone: they are few, and need no further index. */
export function auditWhere(filter: AuditFilter): { conditions: string[]; values: SqlValue[] } {
  const { actor, action, subject, from, to } = filter;
  const asked = [
    ['actor = ?', actor],
    ['action = ?', action],
    ['subject = ?', subject],
    ['at >= ?', from],
    ['at < ?', to],
  ] as const;
  const given = asked.flatMap(([condition, value]) =>
    value === undefined ? [] : [{ condition, value: value as SqlValue }],
  );
  return { conditions: given.map((one) => one.condition), values: given.map((one) => one.value) };
}

/** Gives audit rows, newest first; with `beforeId` only those older than that row. */
export function selectAudit(
  tx: Tx,
  { limit, beforeId, filter = {} }: { limit: number; beforeId: string | null; filter?: AuditFilter },
): Promise<AuditRow[]> {
  const { conditions, values } = auditWhere(filter);
  const older = beforeId === null ? [] : ['id < ?'];
  return tx.all<AuditRow>(
    'SELECT id, at, actor, action, subject, before, after, reason FROM audit ' +
      `${whereOf([...conditions, ...older])} ORDER BY id DESC LIMIT ?`,
    ...values,
    ...(beforeId === null ? [] : [beforeId]),
    limit,
  );
}
