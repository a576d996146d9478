/**
 * Budgets: the credits that may be held and settled in a window, and the creates that they match.
 *
 * Name, window, zone, match and `per` are a budget's identity. A change of those makes another budget, which first counts the
 * earlier holds of its present window. Limit, mode and thresholds change in place and do not change what was spent. A budget
 * that the config no longer names is kept as history and limits nothing.
 *
 * **Invariant**: every change of the rules renews their version in its own transaction, so the new rules apply to the next
 * create. This file never decides about a create: the ledger does, with the counters.
 */
import { SidecarError } from '../errors.ts';
import { newId } from '../ids.ts';
import { defineRead, defineWrite, type Tx } from '../store/operation.ts';
import { formatCredits, type MilliCredits, type Ms, type WindowKey } from '../units.ts';
import type { BudgetWindow } from '../words.ts';
import { ADOPTED } from './adopted.ts';
import { recordAudit } from './audit-table.ts';
import { beginCounting, endCounting, pendingWindows } from './backfill.ts';
import type { BudgetMatch, BudgetRule } from './budget-rule.ts';
import { counterIds } from './hold.ts';
import { holdsInDoubt, datedTo } from './hold-table.ts';
import {
  counterIdOf,
  currentRules,
  fullLimitAt,
  limitAt,
  renewVersion,
  ruleIdOf,
  type ActiveRule,
  isInForce,
  type Raise,
} from './rule-book.ts';
import { windowAt } from './window.ts';

export interface AppliedBudgets {
  /** The lists contain names, in the order of the rules. */
  added: string[];
  changed: string[];
  retired: string[];
  /** Whether earlier holds must still be counted for a budget: see `countPiece`. */
  isPending: boolean;
}

interface KnownBudget {
  id: string;
  name: string;
  limit_credits: MilliCredits;
  alert_at: string;
  mode: 'enforce' | 'shadow';
  active: number;
}

const UPSERT = `INSERT INTO budgets (id, name, limit_credits, window_kind, time_zone, alert_at, mode,
  match_app, match_operation, match_model, match_tag, per, active, created_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?)
ON CONFLICT (id) DO UPDATE SET limit_credits = excluded.limit_credits, alert_at = excluded.alert_at,
  mode = excluded.mode, active = 1`;

export interface ApplyArgs {
  rules: BudgetRule[];
  at: Ms;
  /** Above 0. */
  countedAtOnce?: number;
}

/** The most holds that are counted in the transaction that adds a budget: some ten milliseconds. */
const COUNTED_AT_ONCE = 500;

/**
 * Puts the given rules in force, with an audit row for each difference.
 * A budget that is new, or was not in force, counts the earlier holds of its present window: up to `countedAtOnce` holds
 * here, and the others in pieces, while it is pending.
 */
export const applyBudgets = defineWrite(
  'budget.applyBudgets',
  async (tx: Tx, args: ApplyArgs): Promise<AppliedBudgets> => {
    const known = new Map<string, KnownBudget>();
    const columns = 'id, name, limit_credits, alert_at, mode, active';
    for (const row of await tx.all<KnownBudget>(`SELECT ${columns} FROM budgets ORDER BY id`))
      known.set(row.id, row);
    const wanted = new Map(args.rules.map((rule) => [ruleIdOf(rule), rule]));
    const applied: AppliedBudgets = { added: [], changed: [], retired: [], isPending: false };
    const { at, countedAtOnce = COUNTED_AT_ONCE } = args;
    for (const [id, rule] of wanted)
      await applyOne(tx, { id, rule, known: known.get(id), at, countedAtOnce }, applied);
    for (const row of known.values()) {
      if (row.active === 0 || wanted.has(row.id)) continue;
      await tx.run('UPDATE budgets SET active = 0 WHERE id = ?', row.id);
      await endCounting(tx, row.id);
      applied.retired.push(row.name);
      await audit(tx, {
        at: args.at,
        action: 'budget.retire',
        subject: row.name,
        before: describe(row),
        after: null,
      });
    }
    const differences = applied.added.length + applied.changed.length + applied.retired.length;
    if (differences > 0) await renewVersion(tx, args.at);
    applied.isPending = (await pendingWindows(tx)).size > 0;
    return applied;
  },
  { scope: 'exclusive' },
);

async function applyOne(
  tx: Tx,
  change: { id: string; rule: BudgetRule; known: KnownBudget | undefined } & Required<
    Omit<ApplyArgs, 'rules'>
  >,
  applied: AppliedBudgets,
): Promise<void> {
  const { id, rule, known, at } = change;
  const next = { limit_credits: rule.limit, alert_at: JSON.stringify(rule.alertAt), mode: rule.mode };
  const wasActive = known?.active === 1;
  if (known && wasActive && describe(known) === describe(next)) return;
  const { match } = rule;
  await tx.run(
    UPSERT,
    id,
    rule.name,
    rule.limit,
    rule.window,
    rule.timeZone,
    next.alert_at,
    rule.mode,
    match.app ?? null,
    match.operation ?? null,
    match.model ?? null,
    match.tag ?? null,
    rule.per,
    at,
  );
  if (!wasActive) {
    const instant = Math.max(at, (await datedTo(tx)) ?? at);
    await beginCounting(tx, { ...rule, id, raises: [], adopted: new Map() }, instant, change.countedAtOnce);
  }
  (wasActive ? applied.changed : applied.added).push(rule.name);
  await audit(tx, {
    at,
    action: wasActive ? 'budget.change' : 'budget.add',
    subject: rule.name,
    before: known && wasActive ? describe(known) : null,
    after: describe(next),
  });
}

function describe(row: Pick<KnownBudget, 'limit_credits' | 'alert_at' | 'mode'>): string {
  return `${formatCredits(row.limit_credits)} credits, ${row.mode}, alertAt ${row.alert_at}`;
}

function audit(
  tx: Tx,
  row: { at: Ms; action: string; subject: string; before: string | null; after: string | null },
): Promise<void> {
  return recordAudit(tx, { ...row, actor: 'config', reason: 'the config in force' });
}

export interface RaiseArgs {
  name: string;
  byCredits: MilliCredits;
  /** Exclusive. */
  until: Ms;
  reason: string;
  actor: string;
  at: Ms;
}

/**
 * Raises the limit of a budget in force until an instant; raises add up.
 * @throws SidecarError `not_found` if no budget in force has that name, `bad_usage` if the amount is not
 *   above 0 or the end is not in the future.
 */
export const raiseBudget = defineWrite(
  'budget.raiseBudget',
  async (tx: Tx, args: RaiseArgs): Promise<{ limitCredits: MilliCredits; until: Ms }> => {
    const { name, byCredits, until, reason, actor, at } = args;
    const rules = await currentRules(tx);
    const named = rules.filter((rule) => rule.name === name);
    if (named.length === 0) {
      const names = rules.map((rule) => rule.name).join(', ') || 'none';
      throw new SidecarError(
        'not_found',
        `There is no budget "${name}" in force. Budgets in force: ${names}.`,
      );
    }
    if (!Number.isSafeInteger(byCredits) || byCredits <= 0) {
      const text = `A raise by ${formatCredits(byCredits)} credits is not possible: it must be above 0.`;
      throw new SidecarError('bad_usage', text);
    }
    const now = Math.max(at, (await datedTo(tx)) ?? at);
    if (until <= now) {
      const text = `A raise until ${new Date(until).toISOString()} would have ended already; it is ${new Date(now).toISOString()}.`;
      throw new SidecarError('bad_usage', text);
    }
    let limitCredits = 0;
    for (const rule of named) limitCredits = await raiseOne(tx, rule, { ...args, at: now });
    await renewVersion(tx, at);
    await recordAudit(tx, {
      at,
      actor,
      action: 'budget.raise',
      subject: name,
      before: `${formatCredits(limitCredits - byCredits)} credits`,
      after: `${formatCredits(limitCredits)} credits until ${new Date(until).toISOString()}`,
      reason,
    });
    return { limitCredits, until };
  },
  { scope: 'exclusive' },
);

async function raiseOne(tx: Tx, rule: ActiveRule, args: RaiseArgs): Promise<MilliCredits> {
  await tx.run(
    `INSERT INTO budget_raises (id, budget_id, by_credits, from_at, until_at, reason, actor)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    newId('raise', args.at),
    rule.id,
    args.byCredits,
    args.at,
    args.until,
    args.reason,
    args.actor,
  );
  return limitAt(rule, args.at) + args.byCredits;
}

export interface BudgetRow {
  name: string;
  /** Of budget, window and value of a `per`. */
  counterId: string;
  /** The app or tag of this row; null if the budget is not per app or tag, '' for no tag. */
  perValue: string | null;
  window: BudgetWindow;
  windowKey: WindowKey;
  startsAt: Ms;
  resetsAt: Ms | null;
  timeZone: string;
  /** With the raises in force. */
  limitCredits: MilliCredits;
  settledCredits: MilliCredits;
  heldCredits: MilliCredits;
  /** The part of `heldCredits` that is in doubt. */
  inDoubtCredits: MilliCredits;
  /** Negative if actual cost exceeded the limit. */
  remainingCredits: MilliCredits;
  /** Settled and held as percent of the limit in force; 100 if the limit is 0. */
  usedPercent: number;
  mode: 'enforce' | 'shadow';
  match: BudgetMatch;
  per: 'app' | 'tag' | null;
  alertAt: readonly number[];
  /** The raises in force, each part of `limitCredits`. */
  raises: readonly Raise[];
  /** Whether holds from before the budget was added are still being counted in this window. */
  isPending: boolean;
}

/** The most rows of one budget with `per` that a summary shows: the number of tags is not limited. */
export const PER_ROWS_MAX = 100;

const ROWS_OF_WINDOW =
  'SELECT per_value, settled, held FROM budget_counters WHERE budget_id = ? AND window_key = ? ORDER BY per_value';
const MOST_USED = `SELECT per_value, settled, held FROM (
  SELECT per_value, settled, held FROM budget_counters WHERE budget_id = ? AND window_key = ?
  ORDER BY settled + held DESC, per_value LIMIT ${PER_ROWS_MAX}
) AS most_used ORDER BY per_value`;

export interface ListBudgetsArgs {
  at: Ms;
  /** Uses the instant unchanged; else the present is never before the date of the newest hold. */
  isPast?: boolean;
  /** Limits a budget with `per` to the {@link PER_ROWS_MAX} most used rows. */
  isSummary?: boolean;
}

/** Lists the budgets in force in their windows at an instant: one row each, or one for each known `per` value. */
export const listBudgets = defineRead(
  'budget.listBudgets',
  async (tx: Tx, args: ListBudgetsArgs): Promise<{ budgets: BudgetRow[] }> => {
    const at = args.isPast === true ? args.at : Math.max(args.at, (await datedTo(tx)) ?? args.at);
    const doubts = new Map<string, MilliCredits>();
    for (const hold of await holdsInDoubt(tx)) {
      for (const id of counterIds(hold.counters)) doubts.set(id, (doubts.get(id) ?? 0) + hold.credits);
    }
    const pending = await pendingWindows(tx);
    const budgets: BudgetRow[] = [];
    const sql = args.isSummary === true ? MOST_USED : ROWS_OF_WINDOW;
    for (const rule of await currentRules(tx))
      budgets.push(...(await rowsOf(tx, { rule, at, doubts, countedWindow: pending.get(rule.id), sql })));
    return { budgets };
  },
);

async function rowsOf(
  tx: Tx,
  of: {
    rule: ActiveRule;
    at: Ms;
    doubts: ReadonlyMap<string, MilliCredits>;
    countedWindow: string | undefined;
    sql: string;
  },
): Promise<BudgetRow[]> {
  const { rule, at, doubts, countedWindow, sql } = of;
  const span = windowAt(rule.window, rule.timeZone, at);
  const counters = await tx.all<{ per_value: string; settled: MilliCredits; held: MilliCredits }>(
    sql,
    rule.id,
    span.key,
  );
  if (counters.length === 0 && rule.per === null) counters.push({ per_value: '', settled: 0, held: 0 });
  return counters.map(({ per_value, settled, held }) => {
    // The row of adopted creates shows what it takes from the limit of all others.
    const limitCredits = per_value === ADOPTED ? fullLimitAt(rule, at) : limitAt(rule, at);
    return {
      name: rule.name,
      counterId: counterIdOf(rule, span, per_value),
      perValue: rule.per === null ? null : per_value,
      window: rule.window,
      windowKey: span.key,
      startsAt: span.startsAt,
      resetsAt: span.resetsAt,
      timeZone: rule.timeZone,
      limitCredits,
      settledCredits: settled,
      heldCredits: held,
      inDoubtCredits: doubts.get(counterIdOf(rule, span, per_value)) ?? 0,
      remainingCredits: limitCredits - settled - held,
      usedPercent: limitCredits === 0 ? 100 : ((settled + held) / limitCredits) * 100,
      mode: rule.mode,
      match: rule.match,
      per: rule.per,
      alertAt: rule.alertAt,
      raises: rule.raises.filter((raise) => isInForce(raise, at)),
      isPending: countedWindow === span.key,
    };
  });
}
