/**
 * Compares Kling's charges for tasks that no create names with the creates that have no task id.
 *
 * **Invariant**: only reads. The search goes beyond the span on both sides, so that a create and its charge meet across
 * midnight; each is counted once, in the day of its own instant.
 */
import { rowCredits, type CashPrice, type ChargedRow } from '../account/row-credits.ts';
import { SETTLED_MS, selectFirstSign } from '../ledger/spending-elsewhere.ts';
import {
  CHARGED_MS,
  CLOCKS_MS,
  explainCharges,
  holdsWithoutTask,
  unknownCharges,
  type Charge,
} from '../ledger/unknown-charges.ts';
import { defineRead, type Tx } from '../store/operation.ts';
import type { MilliCredits, Ms, Product } from '../units.ts';
import type { HoldState } from '../words.ts';
import { covers, coverageOf, type Coverage } from './coverage.ts';
import { count, countRows, emptyTally, keepExample, type Tally } from './tally.ts';

export interface UnknownArgs {
  from: Ms;
  /** Exclusive. */
  to: Ms;
  /** The present instant: a charge of the last hour may be of a create whose task is not known yet. */
  at: Ms;
  /** For rows whose credits are not noted. */
  price: CashPrice;
}

export interface UnknownPart {
  tally: Tally;
  /** Kling's charges before this instant are not compared: nothing ran here. Null if nothing ever ran. */
  since: Ms | null;
}

/** Compares the charges and creates of a span that share no task id. */
export const compareUnknown = defineRead(
  'reconcile.compareUnknown',
  async (tx: Tx, { from, to, at, price }: UnknownArgs): Promise<UnknownPart> => {
    const tally = emptyTally();
    const since = await selectFirstSign(tx);
    if (since === null) return { tally, since };
    const until = Math.min(to, at - SETTLED_MS);
    const wide = {
      since: Math.max(since, from - CHARGED_MS - CLOCKS_MS),
      until: Math.min(to + CHARGED_MS + CLOCKS_MS, at),
    };
    const charges = await unknownCharges(tx, wide);
    const { foreign, byHold } = explainCharges(charges, await holdsWithoutTask(tx, wide));
    const coverage = await coverageOf(tx);
    for (const hold of await tasklessIn(tx, { from, to })) {
      countHold(tally, hold, byHold.get(hold.id) ?? null, { coverage, price });
    }
    for (const charge of foreign)
      if (charge.at >= from && charge.at < until) countForeign(tally, charge, price);
    return { tally, since };
  },
);

interface TasklessRow {
  id: string;
  at: Ms;
  app: string;
  product: Product;
  state: HoldState;
  credits: MilliCredits;
  settled_credits: MilliCredits;
}

function tasklessIn(tx: Tx, { from, to }: { from: Ms; to: Ms }): Promise<TasklessRow[]> {
  return tx.all<TasklessRow>(
    `SELECT id, at, app, product, state, credits, settled_credits FROM creates
     WHERE at >= ? AND at < ? AND task_id IS NULL AND state <> 'released' AND (state = 'held' OR settled_credits > 0)
     ORDER BY at, id`,
    from,
    to,
  );
}

interface Terms {
  coverage: Coverage;
  price: CashPrice;
}

function countHold(tally: Tally, hold: TasklessRow, charge: Charge | null, { coverage, price }: Terms): void {
  const { id: holdId, at, app, product, settled_credits: ours } = hold;
  const theirs = charge === null ? null : creditsOf(charge, product, price);
  if (charge !== null) countRows(tally, charge.rows.map(chargedRow), product);
  if (hold.state === 'held') return count(tally, 'pending', { ours: hold.credits, theirs: theirs ?? 0 });
  if (charge !== null && theirs === ours) return count(tally, 'matched', { ours, theirs });
  const isMissing = charge === null && !covers(coverage, { from: at, to: at + CHARGED_MS });
  if (isMissing) return count(tally, 'pending', { ours, theirs: 0 });
  const found = charge === null ? 'oursOnly' : 'different';
  count(tally, found, { ours, theirs: theirs ?? 0 });
  const taskId = charge?.taskId ?? null;
  keepExample(tally, {
    class: found,
    taskId,
    holdId,
    app,
    key: null,
    at,
    ourCredits: ours,
    theirCredits: theirs,
  });
}

function countForeign(tally: Tally, charge: Charge, price: CashPrice): void {
  const { taskId, at, rows } = charge;
  const theirs = creditsOf(charge, 'video', price);
  count(tally, 'theirsOnly', { ours: 0, theirs: theirs ?? 0 });
  countRows(tally, rows.map(chargedRow), 'video');
  const key = rows[0]?.key_name ?? null;
  const example = { class: 'theirsOnly', taskId, holdId: null, app: null, key, at } as const;
  keepExample(tally, { ...example, ourCredits: null, theirCredits: theirs });
}

/** Null if a row cannot be converted. */
function creditsOf({ rows }: Charge, product: Product, price: CashPrice): MilliCredits | null {
  let sum = 0;
  for (const row of rows) {
    const credits = row.credits ?? rowCredits(chargedRow(row), product, price);
    if (credits === null) return null;
    sum += credits;
  }
  return sum;
}

function chargedRow({
  wallet,
  amount,
  product,
  cash_type: cashType,
  currency,
}: Charge['rows'][number]): ChargedRow {
  return { wallet, amount, product, cashType, currency };
}
