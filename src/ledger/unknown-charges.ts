/**
 * Kling's deductions for tasks that no create of ours names, and the creates without a task id that explain them.
 *
 * Synchronous creates, and creates still in doubt, have no task id here. Each of their holds explains one deduction near its
 * own time, the nearest that fits: of exactly its amount if it is settled, of any amount if its cost is not known.
 *
 * **Invariant**: a hold explains at most one task, so never more deductions are explained than creates were made here.
 */
import type { Wallet } from '../account/account.ts';
import type { Tx } from '../store/operation.ts';
import { MILLI_CREDITS_PER_UNIT, type MilliCredits, type Ms, type Product } from '../units.ts';

/** The largest difference between Kling's clock and ours while creates are sent. */
export const CLOCKS_MS: Ms = 300_000;
/** How long after its hold a create without a task id may be charged. */
export const CHARGED_MS: Ms = 3_600_000;
const MILLION = 1_000_000;

export interface ChargeRow {
  wallet: Wallet;
  task_id: string;
  at: Ms;
  amount: number;
  product: string | null;
  cash_type: string | null;
  currency: string | null;
  key_name: string | null;
  /** Null if the row was not compared yet, or cannot be converted. */
  credits: MilliCredits | null;
}

/** One task of Kling's ledgers with all of its rows. */
export interface Charge {
  taskId: string;
  /** Its first deduction. */
  at: Ms;
  rows: ChargeRow[];
}

/** Lists the charged tasks that no create names, by the time of their first deduction in the span; `until` is exclusive. */
export async function unknownCharges(tx: Tx, span: { since: Ms; until: Ms }): Promise<Charge[]> {
  const rows = await tx.all<ChargeRow>(
    `SELECT d.wallet, d.task_id, d.at, d.amount, d.product, d.cash_type, d.currency, d.api_key_name AS key_name, d.credits
     FROM account_deductions d LEFT JOIN creates t ON t.task_id = d.task_id
     WHERE d.at >= ? AND d.at < ? AND t.id IS NULL AND d.amount > 0 ORDER BY d.at, d.task_id`,
    span.since,
    span.until,
  );
  const byTask = Map.groupBy(rows, (row) => row.task_id);
  return [...byTask].map(([taskId, own]) => ({ taskId, at: own[0]?.at ?? 0, rows: own }));
}

/** A create of ours without a known task id. */
export interface Taskless {
  id: string;
  at: Ms;
  product: Product;
  /** Null if nobody knows what it cost. */
  credits: MilliCredits | null;
}

/** Lists the creates without a task id that may explain deductions of a span. */
export function holdsWithoutTask(tx: Tx, span: { since: Ms; until: Ms }): Promise<Taskless[]> {
  return tx.all<Taskless>(
    `SELECT id, at, product, CASE WHEN state = 'settled' THEN settled_credits END AS credits FROM creates
     WHERE at >= ? AND at < ? AND task_id IS NULL AND state <> 'released'
       AND (state <> 'settled' OR settled_credits > 0) ORDER BY at, id`,
    span.since - CHARGED_MS,
    span.until + CLOCKS_MS,
  );
}

export interface Explained {
  /** The charges that nothing here explains. */
  foreign: Charge[];
  /** The charge that each hold explains, by the hold's id. */
  byHold: ReadonlyMap<string, Charge>;
}

/** Explains charges by our own creates, both in order of time; creates with a known cost come first. */
export function explainCharges(charges: readonly Charge[], holds: readonly Taskless[]): Explained {
  const byHold = new Map<string, Charge>();
  let foreign: readonly Charge[] = charges;
  for (const isKnown of [true, false]) {
    const some = holds.filter(({ credits }) => (credits !== null) === isKnown);
    foreign = withoutExplained(foreign, some, byHold);
  }
  return { foreign: [...foreign], byHold };
}

function withoutExplained(
  charges: readonly Charge[],
  holds: readonly Taskless[],
  byHold: Map<string, Charge>,
): Charge[] {
  let first = 0;
  return charges.filter((charge) => {
    // A hold that is too old for one charge is too old for all later ones.
    while (first < holds.length && (holds[first]?.at ?? 0) + CHARGED_MS < charge.at) first += 1;
    const found = nearest(holds, first, charge, byHold);
    if (found) byHold.set(found.id, charge);
    return found === null;
  });
}

/** The hold nearest to a charge that explains it and explains no other. */
function nearest(
  holds: readonly Taskless[],
  first: number,
  charge: Charge,
  byHold: ReadonlyMap<string, Charge>,
): Taskless | null {
  const isFree = (hold: Taskless): boolean => !byHold.has(hold.id) && explains(hold, charge);
  const middle = firstAfter(holds, first, charge.at);
  let found: Taskless | null = null;
  for (let at = middle; at < holds.length; at += 1) {
    const hold = holds[at];
    if (!hold || hold.at > charge.at + CLOCKS_MS) break;
    if (!isFree(hold)) continue;
    found = hold;
    break;
  }
  const distanceMax = found === null ? Infinity : found.at - charge.at;
  for (let at = middle - 1; at >= first; at -= 1) {
    const hold = holds[at];
    if (!hold || charge.at - hold.at > distanceMax) break;
    if (isFree(hold)) return hold;
  }
  return found;
}

/** The index of the first hold that is later than an instant. */
function firstAfter(holds: readonly Taskless[], from: number, instant: Ms): number {
  let [low, high] = [from, holds.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((holds[middle]?.at ?? 0) > instant) high = middle;
    else low = middle + 1;
  }
  return low;
}

function explains(hold: Taskless, charge: Charge): boolean {
  if (charge.at < hold.at - CLOCKS_MS || charge.at > hold.at + CHARGED_MS) return false;
  const ofPacks = charge.rows.filter(({ wallet, product }) => wallet === 'package' && product !== null);
  if (ofPacks.some(({ product }) => product !== hold.product)) return false;
  if (hold.credits === null) return true;
  const credits = creditsOf(charge);
  if (credits !== null) return credits === hold.credits;
  // Money that is not converted, and a row without a pool that could be of either product.
  if (ofPacks.length < charge.rows.length) return true;
  const taken = ofPacks.reduce((total, { amount }) => total + amount, 0);
  return taken * MILLI_CREDITS_PER_UNIT[hold.product] === hold.credits * MILLION;
}

/** Null if a row was not compared yet, or cannot be converted. */
function creditsOf({ rows }: Charge): MilliCredits | null {
  let sum = 0;
  for (const { credits } of rows) {
    if (credits === null) return null;
    sum += credits;
  }
  return sum;
}
