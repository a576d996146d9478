/**
 * Spending from the account without this store: Kling's deductions that no task of ours explains.
 *
 * Synchronous creates, and creates still in doubt, have no task id here. Each of their holds explains one deduction
 * near its own time: of exactly its amount if it is settled, of any amount if its cost is not known.
 *
 * **Invariant**: only reads. Deductions from before the store's first hold or run are left out, since nothing here can
 * explain them. Those younger than {@link SETTLED_MS} are left out too, since their task may not be entered yet. A hold
 * explains at most one task, so never more deductions are explained than creates were made here.
 */
import type { Wallet } from '../account/account.ts';
import { defineRead, type Tx } from '../store/operation.ts';
import { MILLI_CREDITS_PER_UNIT, type MilliCredits, type Ms, type Product } from '../units.ts';

const HOUR_MS: Ms = 3_600_000;
/** How long a deduction may be known before its task. */
export const SETTLED_MS: Ms = HOUR_MS;
/** The largest difference between Kling's clock and ours while creates are sent. */
const CLOCKS_MS: Ms = 300_000;
/** How long after its hold a create without a task id may be charged. */
const CHARGED_MS: Ms = HOUR_MS;
const EXAMPLES_MAX = 3;
const MILLION = 1_000_000;

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
    return { since, until, ...summary(unexplained(charges, holds)) };
  },
);

/** Gives the first hold or run on this store, null if there is none; imported calls do not count. */
export const firstSignOfLife = defineRead('ledger.firstSignOfLife', (tx) => selectFirstSign(tx));

async function selectFirstSign(tx: Tx): Promise<Ms | null> {
  const hold = await tx.get<{ first: Ms | null }>('SELECT MIN(at) AS first FROM creates');
  const run = await tx.get<{ first: Ms | null }>('SELECT MIN(started_at) AS first FROM sla_runs');
  const found = [hold?.first, run?.first].filter((at) => typeof at === 'number');
  return found.length === 0 ? null : Math.min(...found);
}

interface Row {
  wallet: Wallet;
  task_id: string;
  at: Ms;
  amount: number;
  product: string | null;
  currency: string | null;
  key_name: string | null;
}

/** One task of Kling's ledgers with all of its rows. */
interface Charge {
  taskId: string;
  at: Ms;
  rows: Row[];
}

async function unknownCharges(tx: Tx, span: { since: Ms; until: Ms }): Promise<Charge[]> {
  const rows = await tx.all<Row>(
    `SELECT d.wallet, d.task_id, d.at, d.amount, d.product, d.currency, d.api_key_name AS key_name
     FROM account_deductions d LEFT JOIN creates t ON t.task_id = d.task_id
     WHERE d.at >= ? AND d.at < ? AND t.id IS NULL AND d.amount > 0 ORDER BY d.at, d.task_id`,
    span.since,
    span.until,
  );
  const byTask = Map.groupBy(rows, (row) => row.task_id);
  return [...byTask].map(([taskId, own]) => ({ taskId, at: own[0]?.at ?? 0, rows: own }));
}

/** A create of ours without a known task id. */
interface Taskless {
  at: Ms;
  product: Product;
  /** Null if nobody knows what it cost. */
  credits: MilliCredits | null;
}

function holdsWithoutTask(tx: Tx, span: { since: Ms; until: Ms }): Promise<Taskless[]> {
  return tx.all<Taskless>(
    `SELECT at, product, CASE WHEN state = 'settled' THEN settled_credits END AS credits FROM creates
     WHERE at >= ? AND at < ? AND task_id IS NULL AND state <> 'released'
       AND (state <> 'settled' OR settled_credits > 0) ORDER BY at, id`,
    span.since - CHARGED_MS,
    span.until + CLOCKS_MS,
  );
}

/** Removes the deductions that our own creates explain; creates with a known cost come first. */
function unexplained(charges: readonly Charge[], holds: readonly Taskless[]): Charge[] {
  const known = holds.filter(({ credits }) => credits !== null);
  const left = withoutExplained(charges, known);
  return withoutExplained(
    left,
    holds.filter(({ credits }) => credits === null),
  );
}

/** Both are in order of time: a hold that is too old for one charge is too old for all later ones. */
function withoutExplained(charges: readonly Charge[], holds: readonly Taskless[]): Charge[] {
  const waiting = [...holds];
  return charges.filter((charge) => {
    while (waiting[0] && waiting[0].at + CHARGED_MS < charge.at) waiting.shift();
    const index = waiting.findIndex((hold) => explains(hold, charge));
    if (index >= 0) waiting.splice(index, 1);
    return index < 0;
  });
}

function explains(hold: Taskless, charge: Charge): boolean {
  if (charge.at < hold.at - CLOCKS_MS || charge.at > hold.at + CHARGED_MS) return false;
  const ofPacks = charge.rows.filter(({ wallet, product }) => wallet === 'package' && product !== null);
  if (ofPacks.some(({ product }) => product !== hold.product)) return false;
  // Our ledger has no prices in money, and a row without a pool could be of either product.
  if (hold.credits === null || ofPacks.length < charge.rows.length) return true;
  const taken = ofPacks.reduce((total, { amount }) => total + amount, 0);
  return taken * MILLI_CREDITS_PER_UNIT[hold.product] === hold.credits * MILLION;
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
