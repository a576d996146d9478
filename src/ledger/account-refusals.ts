/**
 * Kling's refusals for the whole account, a pack or a model, read from the journal.
 *
 * A refusal lasts until Kling takes a create of the same scope again. The scope of 1102 is the packs of a product, of 1103 a
 * route and model, of 1304 this machine's address, of the others the account. Any answer of Kling's proves that the address is
 * allowed.
 *
 * **Invariant**: everything is read from the journal, so a restart forgets nothing.
 */
import { defineRead, type SqlValue, type Tx } from '../store/operation.ts';
import type { Ms, Product } from '../units.ts';

/** Kling's codes that do not change from one request to the next (its page of error codes, read 2026-09-20). */
export const ACCOUNT_CODES = [1100, 1101, 1102, 1103, 1304] as const;
export type AccountCode = (typeof ACCOUNT_CODES)[number];

export interface AccountRefusal {
  code: AccountCode;
  /** Of 1102; null for other codes, and if no hold names it. */
  product: Product | null;
  /** Of 1103; null for other codes. */
  route: string | null;
  model: string | null;
  calls: number;
  /** Since Kling last took a create of this scope, within the requested span. */
  since: Ms;
  lastAt: Ms;
}

type Scope = Pick<AccountRefusal, 'code' | 'product' | 'route' | 'model'>;

/** Gives the refusals that last at an instant and are not older than `from`; in the order of their codes. */
export const accountRefusals = defineRead(
  'ledger.accountRefusals',
  async (tx: Tx, { from, at }: { from: Ms; at: Ms }): Promise<AccountRefusal[]> => {
    const refused: AccountRefusal[] = [];
    for (const scope of await selectScopes(tx, { from, at })) {
      const takenAt = await lastTaken(tx, scope, { from, at });
      const counted = await countSince(tx, scope, { from: Math.max(from, takenAt + 1), at });
      if (counted) refused.push({ ...scope, ...counted });
    }
    return refused;
  },
);

interface Span {
  from: Ms;
  at: Ms;
}

/** The codes are part of the statement, with the text of the partial indexes: only then does SQLite use the indexes. */
const REFUSED = `FROM calls c LEFT JOIN creates h ON h.id = c.hold_id
WHERE (c.code = 1100 OR c.code = 1101 OR c.code = 1102 OR c.code = 1103 OR c.code = 1304) AND c.at >= ? AND c.at <= ?`;
const PRODUCT = 'CASE WHEN c.code = 1102 THEN h.product END';
const ROUTE = 'CASE WHEN c.code = 1103 THEN c.route END';
const MODEL = 'CASE WHEN c.code = 1103 THEN h.model END';

function selectScopes(tx: Tx, { from, at }: Span): Promise<Scope[]> {
  return tx.all<Scope>(
    `SELECT DISTINCT c.code, ${PRODUCT} AS product, ${ROUTE} AS route, ${MODEL} AS model ${REFUSED}
     ORDER BY c.code, product, route, model`,
    from,
    at,
  );
}

/** When Kling last took a create of the scope; an instant before the span if it took none within the span. */
async function lastTaken(tx: Tx, { code, product, route, model }: Scope, { from, at }: Span): Promise<Ms> {
  const conditions = ["c.outcome = 'ok'", 'c.at >= ?', 'c.at <= ?'];
  const values: SqlValue[] = [from, at];
  if (code !== 1304) conditions.push('c.hold_id IS NOT NULL', 'c.code = 0');
  if (code === 1102 && product !== null) conditions.push('h.product = ?');
  if (code === 1102 && product !== null) values.push(product);
  if (code === 1103) conditions.push('c.route = ?', "COALESCE(h.model, '') = ?");
  if (code === 1103) values.push(route, model ?? '');
  const row = await tx.get<{ at: Ms | null }>(
    `SELECT MAX(c.at) AS at FROM calls c LEFT JOIN creates h ON h.id = c.hold_id WHERE ${conditions.join(' AND ')}`,
    ...values,
  );
  return row?.at ?? from - 1;
}

async function countSince(
  tx: Tx,
  { code, product, route, model }: Scope,
  { from, at }: Span,
): Promise<Pick<AccountRefusal, 'calls' | 'since' | 'lastAt'> | null> {
  const row = await tx.get<{ calls: number; since: Ms | null; lastAt: Ms | null }>(
    `SELECT COUNT(*) AS calls, MIN(c.at) AS since, MAX(c.at) AS "lastAt" ${REFUSED} AND c.code = ?
       AND COALESCE(${PRODUCT}, '') = ? AND COALESCE(${ROUTE}, '') = ? AND COALESCE(${MODEL}, '') = ?`,
    from,
    at,
    code,
    product ?? '',
    route ?? '',
    model ?? '',
  );
  if (!row || row.since === null || row.lastAt === null) return null;
  return { calls: row.calls, since: row.since, lastAt: row.lastAt };
}
