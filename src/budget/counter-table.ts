/**
 * The counters: one row for each budget and window (and value of a `per`), with what is settled and what is held.
 *
 * **Invariant**: in `enforce` mode a counter is raised only by a statement that tests the limit itself, so that no
 * two creates can both take the last credit. Counters are changed in the order of the budgets' names.
 */
import type { Fact } from '../facts.ts';
import type { SqlValue, SyncTx, Tx } from '../store/operation.ts';
import type { MilliCredits, Ms, WindowKey } from '../units.ts';
import { reaches, sharePpm } from './budget-rule.ts';
import { counterIds } from './hold.ts';
import { currentRules, limitAt, type ActiveRule, type Claim } from './rule-book.ts';
import { windowAt } from './window.ts';

export interface CounterState {
  settled: MilliCredits;
  held: MilliCredits;
  /** The highest share of the limit, in millionths, that was noted as reached in this window. */
  noted_ppm: number;
}

/** No limit, as a number that a statement can compare with. */
const UNLIMITED = Number.MAX_SAFE_INTEGER;
/** The share at which a budget is used up. */
const WHOLE = 1;

const TAKE = `INSERT INTO budget_counters (id, budget_id, window_key, per_value, settled, held)
VALUES (?, ?, ?, ?, 0, ?)
ON CONFLICT (id) DO UPDATE SET held = budget_counters.held + excluded.held
WHERE budget_counters.settled + budget_counters.held + excluded.held <= ?
RETURNING settled, held, noted_ppm`;
const RAISE = 'UPDATE budget_counters SET held = held + ? WHERE id = ? AND settled + held + ? <= ?';
const GIVE_BACK = 'UPDATE budget_counters SET held = held - ? WHERE id = ?';
const READ = 'SELECT settled, held, noted_ppm FROM budget_counters WHERE id = ?';
const SHIFT = `UPDATE budget_counters SET held = held - ?, settled = settled + ? WHERE id = ?
RETURNING budget_id, window_key, per_value, settled, held, noted_ppm`;

/**
 * Adds a hold to one counter; undefined, and nothing changed, where it would pass the claim's limit.
 * A hold of 0 passes no limit. With `isBound` false the limit is not looked at.
 */
export async function take(
  tx: Tx,
  claim: Claim,
  credits: MilliCredits,
  isBound: boolean,
): Promise<CounterState | undefined> {
  const values = takeValues(claim, credits, isBound);
  return values ? tx.get<CounterState>(TAKE, ...values) : undefined;
}

function takeValues(claim: Claim, credits: MilliCredits, isBound: boolean): SqlValue[] | null {
  const ceiling = ceilingOf(claim, credits, isBound);
  if (credits > ceiling) return null;
  return [claim.counterId, claim.rule.id, claim.span.key, claim.perValue, credits, ceiling];
}

function ceilingOf(claim: Claim, credits: MilliCredits, isBound: boolean): MilliCredits {
  return isBound && credits > 0 ? claim.limitCredits : UNLIMITED;
}

/**
 * As {@link take}, on an engine that answers at once, for a counter that has a row; undefined also for one without. Two
 * statements instead of one with RETURNING, for which SQLite makes a table each time.
 */
export function takeAtOnce(
  tx: SyncTx,
  claim: Claim,
  credits: MilliCredits,
  isBound: boolean,
): CounterState | undefined {
  const values = [credits, claim.counterId, credits, ceilingOf(claim, credits, isBound)];
  if (tx.run(RAISE, values) === 0) return undefined;
  return tx.get<CounterState>(READ, [claim.counterId]);
}

/** Takes a hold back out of a counter, in the transaction that added it. */
export async function giveBack(tx: Tx, counterId: string, credits: MilliCredits): Promise<void> {
  await tx.run(GIVE_BACK, credits, counterId);
}

/** As {@link giveBack}, on an engine that answers at once. */
export function giveBackAtOnce(tx: SyncTx, counterId: string, credits: MilliCredits): void {
  tx.run(GIVE_BACK, [credits, counterId]);
}

/** Reads a counter; one that has no row yet is at 0. */
export async function readCounter(tx: Tx, counterId: string): Promise<CounterState> {
  return (await tx.get<CounterState>(READ, counterId)) ?? { settled: 0, held: 0, noted_ppm: 0 };
}

/**
 * Moves a hold's money in all its counters: `fromHeld` leaves what is held, `toSettled` (may be negative) is added
 * to what is settled. Gives the thresholds that were passed; only more money than before can pass one.
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

/** A counter with what its facts say of it. */
export interface NotedCounter {
  rule: ActiveRule;
  counterId: string;
  windowKey: WindowKey;
  perValue: string;
  limitCredits: MilliCredits;
}

/** Gives the shares of the limit that a counter reaches and that were not noted yet, the smallest first. */
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
 * Gives a fact for each share of the limit that is reached for the first time in this window: those of `alertAt`, and all of
 * it. The counter remembers the highest, so that a create that reaches none looks nothing up; the facts are kept in the
 * outbox by the same transaction.
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
