/** `GET /v1/audit`: what operators changed, and why. */
import { checkIdCursor } from '../../calls/cursor.ts';
import { listAudit } from '../../ledger/audit.ts';
import type { Store } from '../../store/store.ts';
import type { AuditQuery } from '../questions.ts';
import type { AuditAnswer } from '../schemas.ts';
import { given, iso } from './shape.ts';

/** Lists audit rows, newest first. */
export async function answerAudit(reader: Pick<Store, 'read'>, query: AuditQuery): Promise<AuditAnswer> {
  const { limit, cursor, ...filters } = query;
  const after = cursor === undefined ? null : checkIdCursor(cursor, 'audit');
  const { audit, ...rest } = await reader.read(listAudit, { limit, cursor: after, ...given(filters) });
  return { audit: audit.map((row) => ({ ...row, at: iso(row.at) })), ...rest };
}
