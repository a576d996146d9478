/**
 * The rules in force: active budgets with their raises, which every create needs.
 *
 * Only the config or an operator changes rules, so they are kept in memory by their version: an id that is new at every
 * change, and that each transaction reads from the store. Spent credits are never kept here.
 */
import { createHash } from 'node:crypto';
import { newId } from '../ids.ts';
import type { Tx } from '../store/operation.ts';
import type { MilliCredits, Ms, WindowKey } from '../units.ts';
import type { BudgetWindow } from '../words.ts';
import type { BudgetMatch, BudgetRule } from './budget-rule.ts';
import { windowAt, type WindowSpan } from './window.ts';

/** A temporary rise of a limit, from inclusive, until exclusive. */
export interface Raise {
  byCredits: MilliCredits;
  fromAt: Ms;
  untilAt: Ms;
  actor: string;
  reason: string;
}

export interface ActiveRule extends BudgetRule {
  id: string;
  raises: Raise[];
  /** Of a budget with `per`: the adopted credits of a window, which no app or tag is known for (adopted.ts). Usually empty. */
  adopted: ReadonlyMap<WindowKey, MilliCredits>;
}

const NONE_ADOPTED: ActiveRule['adopted'] = new Map();

/** The labels of a create that decide its matching budgets. */
export interface MatchLabels {
  app: string;
  operation: string;
  model: string | null;
  tag: string | null;
}

/** A budget that a create counts against, with its counter. */
export interface MatchingBudget {
  rule: ActiveRule;
  counterId: string;
  /** The app or tag if the rule is per app or tag, else empty; also empty for creates without a tag. */
  perValue: string;
  span: WindowSpan;
  /** With the raises in force. */
  limitCredits: MilliCredits;
}

interface BudgetColumns {
  id: string;
  name: string;
  limit_credits: MilliCredits;
  window_kind: BudgetWindow;
  time_zone: string;
  alert_at: string;
  mode: 'enforce' | 'shadow';
  match_app: string | null;
  match_operation: string | null;
  match_model: string | null;
  match_tag: string | null;
  per: 'app' | 'tag' | null;
}

interface RaiseColumns {
  budget_id: string;
  by_credits: number;
  from_at: Ms;
  until_at: Ms;
  actor: string;
  reason: string;
}

/** More than the stores that one process has open. */
const BOOKS_MAX = 16;
const books = new Map<string, readonly ActiveRule[]>();

/** Gives the active rules of a version if this process has read them before; else undefined. */
export function knownRules(version: string): readonly ActiveRule[] | undefined {
  return books.get(version);
}

/** Gives the active rules of a version, in the order of their ids and so of their names; reads only a new version. */
export async function rulesOf(tx: Tx, version: string): Promise<readonly ActiveRule[]> {
  const known = books.get(version);
  if (known) return known;
  const rules = await selectRules(tx);
  if (books.size >= BOOKS_MAX) books.clear();
  // The version before any rules were applied is the same in every new store.
  if (version !== 'none') books.set(version, rules);
  return rules;
}

async function selectRules(tx: Tx): Promise<ActiveRule[]> {
  const rows = await tx.all<BudgetColumns>(
    `SELECT id, name, limit_credits, window_kind, time_zone, alert_at, mode,
            match_app, match_operation, match_model, match_tag, per
     FROM budgets WHERE active = 1 ORDER BY id`,
  );
  const raises = await tx.all<RaiseColumns>(
    'SELECT budget_id, by_credits, from_at, until_at, actor, reason FROM budget_raises ORDER BY id',
  );
  rows.sort((a, b) => compareIds(a.id, b.id));
  const adopted = await selectAdopted(tx);
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    limit: row.limit_credits,
    window: row.window_kind,
    timeZone: row.time_zone,
    alertAt: JSON.parse(row.alert_at) as number[],
    mode: row.mode,
    match: matchOf(row),
    per: row.per,
    raises: raises
      .filter((raise) => raise.budget_id === row.id)
      .map(({ by_credits: byCredits, from_at: fromAt, until_at: untilAt, actor, reason }) => {
        return { byCredits, fromAt, untilAt, actor, reason };
      }),
    adopted: adopted.get(row.id) ?? NONE_ADOPTED,
  }));
}

/** Reads the credits on the counters of adopted creates, by budget and window. */
async function selectAdopted(tx: Tx): Promise<Map<string, Map<WindowKey, MilliCredits>>> {
  const rows = await tx.all<{ budget_id: string; window_key: WindowKey; used: MilliCredits }>(
    `SELECT c.budget_id, c.window_key, c.settled + c.held AS used
     FROM adopted_counters a JOIN budget_counters c ON c.id = a.id ORDER BY a.id`,
  );
  const byBudget = new Map<string, Map<WindowKey, MilliCredits>>();
  for (const { budget_id, window_key, used } of rows) {
    const byWindow = byBudget.get(budget_id) ?? new Map<WindowKey, MilliCredits>();
    byBudget.set(budget_id, byWindow.set(window_key, used));
  }
  return byBudget;
}

/** Orders ids of budgets and of counters by the budget's name, in the same order on every engine. */
export function compareIds(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Gives the id of a rule: its name, and a hash of its identity. */
export function ruleIdOf(rule: BudgetRule): string {
  const { app, operation, model, tag } = rule.match;
  const identity = [rule.name, rule.window, rule.timeZone, app, operation, model, tag, rule.per];
  const hash = createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 16);
  return `${encodeURIComponent(rule.name.toWellFormed())}~${hash}`;
}

function matchOf(row: BudgetColumns): BudgetMatch {
  return {
    ...(row.match_app !== null && { app: row.match_app }),
    ...(row.match_operation !== null && { operation: row.match_operation }),
    ...(row.match_model !== null && { model: row.match_model }),
    ...(row.match_tag !== null && { tag: row.match_tag }),
  };
}

/** Reads the version of the rules and, unless it is known, the rules. */
export async function currentRules(tx: Tx): Promise<readonly ActiveRule[]> {
  const row = await tx.get<{ rules_version: string }>('SELECT rules_version FROM spending WHERE id = 1');
  return rulesOf(tx, row?.rules_version ?? 'none');
}

/** Sets a new version of the rules, so that no transaction uses the old ones. */
export async function renewVersion(tx: Tx, at: Ms): Promise<void> {
  await tx.run('UPDATE spending SET rules_version = ? WHERE id = 1', newId('run', at));
}

/** Returns whether a rule matches a create. */
export function isMatch(match: BudgetMatch, labels: MatchLabels): boolean {
  return (
    (match.app === undefined || match.app === labels.app) &&
    (match.operation === undefined || match.operation === labels.operation) &&
    (match.model === undefined || match.model === labels.model) &&
    (match.tag === undefined || match.tag === labels.tag)
  );
}

/** Gives a rule's limit for creates of ours: {@link fullLimitAt} less what was adopted for a budget with `per`; at least 0. */
export function limitAt(rule: ActiveRule, at: Ms): MilliCredits {
  const limit = fullLimitAt(rule, at);
  if (rule.adopted.size === 0) return limit;
  const adopted = rule.adopted.get(windowAt(rule.window, rule.timeZone, at).key) ?? 0;
  return Math.max(0, limit - adopted);
}

/** Gives a rule's limit at an instant, with the raises in force then (from inclusive, until exclusive). */
export function fullLimitAt(rule: ActiveRule, at: Ms): MilliCredits {
  let limit = rule.limit;
  for (const raise of rule.raises) if (isInForce(raise, at)) limit += raise.byCredits;
  return limit;
}

/** Returns whether a raise is in force at an instant. */
export function isInForce(raise: Raise, at: Ms): boolean {
  return raise.fromAt <= at && at < raise.untilAt;
}

/** Gives the matching budgets of a create with these labels at an instant, in the order of the rules. */
export function matchingBudgets(rules: readonly ActiveRule[], labels: MatchLabels, at: Ms): MatchingBudget[] {
  const budgets: MatchingBudget[] = [];
  for (const rule of rules) {
    if (isMatch(rule.match, labels)) budgets.push(matchingBudget(rule, labels, at));
  }
  return budgets;
}

function matchingBudget(rule: ActiveRule, labels: MatchLabels, at: Ms): MatchingBudget {
  const span = windowAt(rule.window, rule.timeZone, at);
  const perValue = perValueOf(rule, labels);
  return {
    rule,
    counterId: counterIdOf(rule, span, perValue),
    perValue,
    span,
    limitCredits: limitAt(rule, at),
  };
}

/** Gives a create's value for a rule's `per`: empty unless the rule is per app or tag. */
export function perValueOf(rule: BudgetRule, labels: Pick<MatchLabels, 'app' | 'tag'>): string {
  if (rule.per === null) return '';
  const value = rule.per === 'app' ? labels.app : labels.tag;
  return (value ?? '').toWellFormed();
}

/** Gives the id of a rule's counter in a window. It has no spaces, so that a hold can list several. */
export function counterIdOf(rule: ActiveRule, span: WindowSpan, perValue: string): string {
  const id = `${rule.id}.${span.key}`;
  return rule.per === null ? id : `${id}.${encodeURIComponent(perValue)}`;
}
