/** How far Kling's ledgers are complete, for comparisons: of those that Kling gives. */
import { WALLETS, type AccountRead } from '../account/account.ts';
import { selectRead } from '../account/account-table.ts';
import type { Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';

/** Kling's clock against ours, and the time of a create's answer, together. */
const CLOCKS_MS: Ms = 600_000;

/** All tasks made from `from` (inclusive) are known with all deductions up to `through`; null if no ledger was ever read. */
export interface Coverage {
  from: Ms | null;
  through: Ms | null;
}

/** Gives what every readable ledger covers; a ledger that Kling never gave is left out. */
export async function coverageOf(tx: Tx): Promise<Coverage> {
  const reads: AccountRead[] = [];
  for (const wallet of WALLETS) reads.push(await selectRead(tx, wallet));
  const readable = reads.filter(({ readAt }) => readAt !== null);
  const isKnown =
    readable.length > 0 && readable.every(({ fromAt, throughAt }) => fromAt !== null && throughAt !== null);
  if (!isKnown) return { from: null, through: null };
  return {
    from: Math.max(...readable.map(({ fromAt }) => fromAt ?? 0)),
    through: Math.min(...readable.map(({ throughAt }) => throughAt ?? 0)),
  };
}

/** Returns whether no row of a task can be missing that was made at `from` and charged up to `to`. */
export function covers({ from, through }: Coverage, span: { from: Ms; to: Ms }): boolean {
  return from !== null && through !== null && from <= span.from - CLOCKS_MS && span.to + CLOCKS_MS <= through;
}
