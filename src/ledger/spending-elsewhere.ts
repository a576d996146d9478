/**
 * Spending from the account without this store: Kling's deductions that no create of ours explains (unknown-charges.ts).
 *
 * **Invariant**: only reads. Deductions from before the store's first hold or run are left out, since nothing here can
 * explain them. Those younger than {@link SETTLED_MS} are left out too, since their task may not be entered yet.
 */
import type { Wallet } from '../account/account.ts';
import { ADOPTED } from '../budget/adopted.ts';
import { defineRead, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import { explainCharges, holdsWithoutTask, unknownCharges, type Charge } from './unknown-charges.ts';

/** How long a deduction may be known before its task. */
export const SETTLED_MS: Ms = 3_600_000;
const EXAMPLES_MAX = 3;

/** The sum that was deducted from one pool of units or one wallet, in millionths. */
export interface ElsewhereSum {
  wallet: Wallet;
  /** Of units; null for money, and if Kling does not name it. */
  product: string | null;
  currency: string | null;
  amount: number;
}

export interface SpendingElsewhere {
  /** The first instant of the comparison, inclusive; null if this store has neither run nor held anything. */
  since: Ms | null;
  /** Exclusive. */
  until: Ms;
  tasks: number;
  sums: ElsewhereSum[];
  /** The last of these deductions. */
  lastAt: Ms | null;
  /** A few of their tasks, newest first. */
  taskIds: string[];
  /** The names of the keys that made them, if Kling names them. */
  keys: string[];
}

/** Compares Kling's deductions with our tasks, from `from` up to an hour before `at`. */
export const spendingElsewhere = defineRead(
  'ledger.spendingElsewhere',
  async (tx: Tx, args: { from: Ms; at: Ms }): Promise<SpendingElsewhere> => {
    const until = args.at - SETTLED_MS;
    const first = await selectFirstSign(tx);
    if (first === null) {
      return { since: null, until, tasks: 0, sums: [], lastAt: null, taskIds: [], keys: [] };
    }
    const since = Math.max(args.from, first);
    const charges = await unknownCharges(tx, { since, until });
    const holds = charges.length === 0 ? [] : await holdsWithoutTask(tx, { since, until });
    return { since, until, ...summary(explainCharges(charges, holds).foreign) };
  },
);

/** Gives the first hold or run on this store, null if there is none; imported calls do not count. */
export const firstSignOfLife = defineRead('ledger.firstSignOfLife', (tx) => selectFirstSign(tx));

/** Gives the first hold or run on this store; null if there is none. */
export async function selectFirstSign(tx: Tx): Promise<Ms | null> {
  // An adopted create was made elsewhere, before this store.
  const hold = await tx.get<{ first: Ms | null }>(
    'SELECT at AS first FROM creates WHERE app <> ? ORDER BY at, id LIMIT 1',
    ADOPTED,
  );
  const run = await tx.get<{ first: Ms | null }>('SELECT MIN(started_at) AS first FROM sla_runs');
  const found = [hold?.first, run?.first].filter((at) => typeof at === 'number');
  return found.length === 0 ? null : Math.min(...found);
}

function summary(charges: readonly Charge[]): Omit<SpendingElsewhere, 'since' | 'until'> {
  const sums = new Map<string, ElsewhereSum>();
  const keys = new Set<string>();
  for (const { wallet, product, currency, amount, key_name } of charges.flatMap(({ rows }) => rows)) {
    if (key_name !== null) keys.add(key_name);
    const pool = wallet === 'package' ? { product, currency: null } : { product: null, currency };
    const key = JSON.stringify([wallet, pool]);
    sums.set(key, { wallet, ...pool, amount: (sums.get(key)?.amount ?? 0) + amount });
  }
  const latest = charges.slice(-EXAMPLES_MAX).toReversed();
  return {
    tasks: charges.length,
    sums: [...sums].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, sum]) => sum),
    lastAt: latest[0]?.at ?? null,
    taskIds: latest.map(({ taskId }) => taskId),
    keys: [...keys].sort(),
  };
}
