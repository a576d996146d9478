/**
 * Which upstream is in use, and which open holds belong to another one.
 *
 * A hold records the host that its create goes to and the account of the credentials. Look-ups and polls ask for it only
 * there: another Kling, or another account, knows nothing of its create, and its "no such task" is no word on it. While its
 * upstream is not in use, the hold waits for an operator.
 */
import { recordAudit } from '../budget/audit-table.ts';
import { upstreamText, type UpstreamAsked } from '../budget/hold-upstream.ts';
import { defineWrite, type Tx } from '../store/operation.ts';
import type { MilliCredits, Ms } from '../units.ts';

export interface HoldsElsewhere {
  /** Host and account. */
  upstream: string;
  holds: number;
  credits: MilliCredits;
}

interface UsedColumns {
  upstream_host: string | null;
  upstream_account: string | null;
}

/**
 * Puts an upstream in use.
 *
 * Open holds made with the same credentials before the operator named their account get that name. Open holds of 0.1.0,
 * which recorded none, are taken as this one's, unless their journal names another host.
 */
export const useUpstream = defineWrite(
  'ledger.useUpstream',
  async (tx: Tx, args: UpstreamAsked & { at: Ms }): Promise<{ elsewhere: HoldsElsewhere[] }> => {
    const { host, account, fingerprint, at } = args;
    await tx.run(
      `UPDATE creates SET upstream_account = ?
       WHERE state = 'held' AND upstream_host = ? AND upstream_account = ? AND upstream_account <> ?`,
      account,
      host,
      fingerprint,
      account,
    );
    await tx.run(
      `UPDATE creates SET upstream_host = ?, upstream_account = ?
       WHERE state = 'held' AND upstream_account IS NULL AND (upstream_host IS NULL OR upstream_host = ?)`,
      host,
      account,
      host,
    );
    const before = await tx.get<UsedColumns>(
      'SELECT upstream_host, upstream_account FROM spending WHERE id = 1',
    );
    await tx.run('UPDATE spending SET upstream_host = ?, upstream_account = ? WHERE id = 1', host, account);
    const elsewhere = await selectElsewhere(tx);
    if (before?.upstream_host === host && before.upstream_account === account) return { elsewhere };
    const stay = elsewhere.reduce((sum, { holds }) => sum + holds, 0);
    await recordAudit(tx, {
      at,
      actor: 'config',
      action: 'upstream.use',
      subject: 'upstream',
      before: before?.upstream_host == null ? null : upstreamText(before),
      after: `${upstreamText({ upstream_host: host, upstream_account: account })}; open holds of others: ${stay}`,
      reason: 'the config in force',
    });
    return { elsewhere };
  },
  { scope: 'exclusive' },
);

/** Gives the open holds of upstreams that are not in use, by upstream. */
export async function selectElsewhere(tx: Tx): Promise<HoldsElsewhere[]> {
  const rows = await tx.all<UsedColumns & { holds: number; credits: MilliCredits }>(
    `SELECT upstream_host, upstream_account, COUNT(*) AS holds, SUM(credits) AS credits
     FROM creates JOIN hold_places ON hold_id = id WHERE state = 'held' AND is_in_use = 0
     GROUP BY upstream_host, upstream_account ORDER BY upstream_host, upstream_account`,
  );
  return rows.map((row) => ({ upstream: upstreamText(row), holds: row.holds, credits: row.credits }));
}
