/**
 * What Kling refuses for the whole account, a pack or a model, as the journal shows it.
 *
 * A refusal holds until Kling takes a create of its scope again: 1102 speaks of the packs of a product, 1103 of a route and
 * model, the others of the account, and 1304 of this machine's address, which any answer of Kling's proves to be allowed.
 *
 * **Invariant**: read from the journal, so that a restart forgets nothing.
 */
import { defineRead, type SqlValue, type Tx } from '../store/operation.ts';
import type { Ms, Product } from '../units.ts';

/** Kling's codes that do not change from one request to the next (its page of error codes, read 2026-09-20). */
export const ACCOUNT_CODES = [1100, 1101, 1102, 1103, 1304] as const;
export type AccountCode = (typeof ACCOUNT_CODES)[number];

export interface AccountRefusal {
  code: AccountCode;
  /** Of 1102; else null, and where no hold says it. */
  product: Product | null;
  /** Of 1103; else null. */
  route: string | null;
  model: string | null;
  calls: number;
  /** Since Kling took a create of this scope last, within the span asked. */
  since: Ms;
  lastAt: Ms;
}

type Scope = Pick<AccountRefusal, 'code' | 'product' | 'route' | 'model'>;

/** Gives the refusals that hold at an instant, of those not older than `from`; in the order of their codes. */
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

/** The codes are part of the statement, and written as in the partial indexes, so that SQLite uses those. */
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

/** When Kling last took what the scope speaks of; before the span where it never did within it. */
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
