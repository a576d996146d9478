/**
 * The upstream in use, and the open holds of other upstreams.
 *
 * A hold records the host of its create and the account of the credentials. Look-ups and polls ask only there: another host or
 * account does not know the create, and its "no such task" proves nothing. While its upstream is not in use, the hold waits for
 * an operator.
 */
import { recordAudit } from '../budget/audit-table.ts';
import { upstreamText, type UpstreamAsked, type UpstreamColumns } from '../budget/hold-upstream.ts';
import { defineWrite, type Tx } from '../store/operation.ts';
import type { MilliCredits, Ms } from '../units.ts';

export interface HoldsElsewhere {
  /** Host and account. */
  upstream: string;
  holds: number;
  credits: MilliCredits;
}

/** An open hold of an upstream that is not in use. */
export interface HoldElsewhere extends UpstreamColumns {
  holdId: string;
  credits: MilliCredits;
}

/** The upstream in use. */
export interface UsedUpstream {
  host: string;
  account: string;
}

export interface UpstreamInUse {
  inUse: UsedUpstream;
  elsewhere: HoldElsewhere[];
}

/**
 * Puts an upstream in use, and gives the open holds of all others.
 *
 * Open holds that were made with the same credentials before the operator named their account get that name. Open holds of
 * 0.1.0 have no upstream: they get this one, unless their journal names another host.
 */
export const useUpstream = defineWrite(
  'ledger.useUpstream',
  async (tx: Tx, args: UpstreamAsked & { at: Ms }): Promise<UpstreamInUse> => {
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
    const before = await selectUsed(tx);
    await tx.run('UPDATE spending SET upstream_host = ?, upstream_account = ? WHERE id = 1', host, account);
    const elsewhere = await selectHoldsElsewhere(tx);
    const changed = { inUse: { host, account }, elsewhere };
    if (before?.host === host && before.account === account) return changed;
    await recordAudit(tx, {
      at,
      actor: 'config',
      action: 'upstream.use',
      subject: 'upstream',
      before: before && textOf(before),
      after: `${textOf(changed.inUse)}; open holds of others: ${elsewhere.length}`,
      reason: 'the config in force',
    });
    return changed;
  },
  { scope: 'exclusive' },
);

/** Reads the upstream in use; null if none was ever put in use. */
export async function selectUsed(tx: Tx): Promise<UsedUpstream | null> {
  const row = await tx.get<UpstreamColumns>(
    'SELECT upstream_host, upstream_account FROM spending WHERE id = 1',
  );
  if (!row || row.upstream_host === null) return null;
  return { host: row.upstream_host, account: row.upstream_account ?? '' };
}

/** Gives the open holds of upstreams that are not in use, one by one. */
export function selectHoldsElsewhere(tx: Tx): Promise<HoldElsewhere[]> {
  return tx.all<HoldElsewhere>(
    `SELECT id AS "holdId", upstream_host, upstream_account, credits FROM creates JOIN hold_places ON hold_id = id
     WHERE state = 'held' AND is_in_use = 0 ORDER BY id`,
  );
}

/** Sums open holds of upstreams that are not in use, by upstream in the order of host and account. */
export function sumElsewhere(holds: Iterable<HoldElsewhere>): HoldsElsewhere[] {
  const sums = new Map<string, HoldsElsewhere & { columns: UpstreamColumns }>();
  for (const { holdId: _id, credits, ...columns } of holds) {
    const upstream = upstreamText(columns);
    const sum = sums.get(upstream);
    if (sum) {
      sum.holds += 1;
      sum.credits += credits;
    } else sums.set(upstream, { upstream, holds: 1, credits, columns });
  }
  return [...sums.values()]
    .toSorted((one, other) => compareUpstreams(one.columns, other.columns))
    .map(({ upstream, holds: count, credits }) => ({ upstream, holds: count, credits }));
}

/** An upstream that was not recorded comes first. */
function compareUpstreams(one: UpstreamColumns, other: UpstreamColumns): number {
  const by = (a: string | null, b: string | null): number => {
    if (a === b) return 0;
    return a === null || (b !== null && a < b) ? -1 : 1;
  };
  return by(one.upstream_host, other.upstream_host) || by(one.upstream_account, other.upstream_account);
}

function textOf({ host, account }: UsedUpstream): string {
  return upstreamText({ upstream_host: host, upstream_account: account });
}
