/**
 * The counters: one row for each budget and window (and value of a `per`), with the settled and the held credits.
 *
 * **Invariant**: in `enforce` mode only a statement that tests the limit itself raises a counter, so that no two creates
 * can both reserve the last credit. Counters are changed in the order of the budgets' names.
 */
import type { Fact } from '../facts.ts';
import type { SqlValue, SyncTx, Tx } from '../store/operation.ts';
import type { MilliCredits, Ms, WindowKey } from '../units.ts';
import { reaches, sharePpm } from './budget-rule.ts';
import { counterIds } from './hold.ts';
import { ADOPTED } from './adopted.ts';
import { currentRules, limitAt, renewVersion, type ActiveRule, type MatchingBudget } from './rule-book.ts';
import { windowAt } from './window.ts';

export interface CounterState {
  settled: MilliCredits;
  held: MilliCredits;
  /** The highest share of the limit, in millionths, that is recorded as reached in this window. */
  noted_ppm: number;
}

/** No limit, as a number for the comparison in a statement. */
const UNLIMITED = Number.MAX_SAFE_INTEGER;
/** The share at which a budget is used up. */
const WHOLE = 1;

const RESERVE = `INSERT INTO budget_counters (id, budget_id, window_key, per_value, settled, held)
VALUES (?, ?, ?, ?, 0, ?)
ON CONFLICT (id) DO UPDATE SET held = budget_counters.held + excluded.held
WHERE budget_counters.settled + budget_counters.held + excluded.held <= ?
RETURNING settled, held, noted_ppm`;
const ADD = `INSERT INTO budget_counters (id, budget_id, window_key, per_value, settled, held) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET settled = budget_counters.settled + excluded.settled,
  held = budget_counters.held + excluded.held`;
const RAISE = 'UPDATE budget_counters SET held = held + ? WHERE id = ? AND settled + held + ? <= ?';
const UNRESERVE = 'UPDATE budget_counters SET held = held - ? WHERE id = ?';
const READ = 'SELECT settled, held, noted_ppm FROM budget_counters WHERE id = ?';
const SHIFT = `UPDATE budget_counters SET held = held - ?, settled = settled + ? WHERE id = ?
RETURNING budget_id, window_key, per_value, settled, held, noted_ppm`;

/**
 * Reserves a hold's credits in one counter; undefined, and nothing changed, if it would exceed the budget's limit.
 * A hold of 0 exceeds no limit. With `isBound` false the limit is not tested.
 */
export async function reserve(
  tx: Tx,
  budget: MatchingBudget,
  credits: MilliCredits,
  isBound: boolean,
): Promise<CounterState | undefined> {
  const values = reserveValues(budget, credits, isBound);
  return values ? tx.get<CounterState>(RESERVE, ...values) : undefined;
}

function reserveValues(budget: MatchingBudget, credits: MilliCredits, isBound: boolean): SqlValue[] | null {
  const ceiling = ceilingOf(budget, credits, isBound);
  if (credits > ceiling) return null;
  return [budget.counterId, budget.rule.id, budget.span.key, budget.perValue, credits, ceiling];
}

function ceilingOf(budget: MatchingBudget, credits: MilliCredits, isBound: boolean): MilliCredits {
  return isBound && credits > 0 ? budget.limitCredits : UNLIMITED;
}

/**
 * Does the same as {@link reserve} on a synchronous engine, for a counter that has a row; undefined also if it has none. It
 * uses two statements instead of one with RETURNING, for which SQLite makes a table each time.
 */
export function reserveAtOnce(
  tx: SyncTx,
  budget: MatchingBudget,
  credits: MilliCredits,
  isBound: boolean,
): CounterState | undefined {
  const values = [credits, budget.counterId, credits, ceilingOf(budget, credits, isBound)];
  if (tx.run(RAISE, values) === 0) return undefined;
  return tx.get<CounterState>(READ, [budget.counterId]);
}

/** A counter by its id and the columns of its identity. */
export interface CounterPlace {
  id: string;
  budgetId: string;
  windowKey: WindowKey;
  perValue: string;
}

/** Adds credits of creates that are counted later than they were made; no limit is tested. */
export async function addToCounter(
  tx: Tx,
  { id, budgetId, windowKey, perValue }: CounterPlace,
  { settled, held }: Pick<CounterState, 'settled' | 'held'>,
): Promise<void> {
  await tx.run(ADD, id, budgetId, windowKey, perValue, settled, held);
}

/** Removes a hold from a counter, in the transaction that added it. */
export async function unreserve(tx: Tx, counterId: string, credits: MilliCredits): Promise<void> {
  await tx.run(UNRESERVE, credits, counterId);
}

/** Does the same as {@link unreserve} on a synchronous engine. */
export function unreserveAtOnce(tx: SyncTx, counterId: string, credits: MilliCredits): void {
  tx.run(UNRESERVE, [credits, counterId]);
}

/** Reads a counter; one that has no row yet is at 0. */
export async function readCounter(tx: Tx, counterId: string): Promise<CounterState> {
  return (await tx.get<CounterState>(READ, counterId)) ?? { settled: 0, held: 0, noted_ppm: 0 };
}

/**
 * Moves a hold's money in all its counters: subtracts `fromHeld` from the held credits, and adds `toSettled` (may be negative)
 * to the settled ones. Gives the thresholds that were reached; only a higher sum than before can reach one.
 */
export async function shiftCounters(
  tx: Tx,
  counters: string,
  move: { fromHeld: MilliCredits; toSettled: MilliCredits; at: Ms },
): Promise<Fact[]> {
  const facts: Fact[] = [];
  if (move.fromHeld === 0 && move.toSettled === 0) return facts;
  const grows = move.toSettled > move.fromHeld;
  for (const id of counterIds(counters)) {
    const state = await tx.get<ShiftedCounter>(SHIFT, move.fromHeld, move.toSettled, id);
    if (state?.per_value === ADOPTED) await renewVersion(tx, move.at);
    if (!state || !grows) continue;
    const rule = (await currentRules(tx)).find((known) => known.id === state.budget_id);
    if (!rule) continue;
    const { window_key: windowKey, per_value: perValue } = state;
    const counter = { rule, counterId: id, windowKey, perValue, limitCredits: limitAt(rule, move.at) };
    facts.push(...(await noteThresholds(tx, counter, state, move.at)));
  }
  return facts;
}

interface ShiftedCounter extends CounterState {
  budget_id: string;
  window_key: WindowKey;
  per_value: string;
}

/** A counter, with the fields of its facts. */
export interface NotedCounter {
  rule: ActiveRule;
  counterId: string;
  windowKey: WindowKey;
  perValue: string;
  limitCredits: MilliCredits;
}

/** Gives the shares of the limit that a counter reaches and that are not recorded yet, smallest first. */
export function newlyReached(
  rule: ActiveRule,
  state: CounterState,
  limitCredits: MilliCredits,
): { share: number; ppm: number }[] {
  const usedCredits = state.settled + state.held;
  const reached: { share: number; ppm: number }[] = [];
  for (const share of new Set([...rule.alertAt, WHOLE])) {
    const ppm = sharePpm(share);
    if (ppm > state.noted_ppm && reaches(share, usedCredits, limitCredits)) reached.push({ share, ppm });
  }
  return reached.sort((a, b) => a.ppm - b.ppm);
}

/**
 * Gives a fact for each share of the limit that is reached for the first time in this window: the shares of `alertAt`, and
 * 1. The counter's row has the highest one, so a create that reaches none reads nothing more. The same transaction keeps the
 * facts in the outbox.
 */
export async function noteThresholds(
  tx: Tx,
  counter: NotedCounter,
  state: CounterState,
  at: Ms,
): Promise<Fact[]> {
  const { rule, counterId, windowKey, perValue, limitCredits } = counter;
  const usedCredits = state.settled + state.held;
  const reached = newlyReached(rule, state, limitCredits);
  const last = reached.at(-1);
  if (!last) return [];
  await tx.run('UPDATE budget_counters SET noted_ppm = ? WHERE id = ?', last.ppm, counterId);
  const present = windowAt(rule.window, rule.timeZone, at);
  const isPresent = present.key === windowKey;
  return reached.map(({ share }) => ({
    kind: 'budget_threshold',
    budget: rule.name,
    mode: rule.mode,
    counterId,
    per: rule.per,
    perValue,
    windowKey,
    isPresent,
    resetsAt: isPresent ? present.resetsAt : null,
    share,
    usedCredits,
    limitCredits,
    at,
  }));
}
