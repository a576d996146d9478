/** `GET /v1/audit`: what operators changed, and why. */
import { listAudit } from '../../ledger/audit.ts';
import type { Store } from '../../store/store.ts';
import type { AuditQuery } from '../questions.ts';
import type { AuditAnswer } from '../schemas.ts';
import { iso } from './shape.ts';

/** Lists audit rows, newest first. */
export async function answerAudit(reader: Pick<Store, 'read'>, query: AuditQuery): Promise<AuditAnswer> {
  const { limit, cursor = null } = query;
  const { audit, nextCursor } = await reader.read(listAudit, { limit, cursor });
  return { audit: audit.map((row) => ({ ...row, at: iso(row.at) })), nextCursor };
}
