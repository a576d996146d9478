/**
 * The limits of budgets over a past time: what each was when, by the audit of the config's changes and by the raises.
 *
 * **Invariant**: nothing is said of a time before a budget was added: it limited nothing then. Audit rows are never dropped, and come from
 * people's changes alone, so they are few.
 */
import { defineRead, type Tx } from '../store/operation.ts';
import { fromCredits, type MilliCredits, type Ms } from '../units.ts';
import type { BudgetWindow } from '../words.ts';
import type { BudgetMatch } from './budget-rule.ts';
import { currentRules, isInForce, type ActiveRule } from './rule-book.ts';

/** A limit with its raises, in force from an instant (inclusive) to another (exclusive). */
export interface LimitSpan {
  from: Ms;
  to: Ms;
  limitCredits: MilliCredits;
}

/** The limits of one budget; with `per` those of each app or tag, without what was adopted. */
export interface BudgetLimits {
  name: string;
  window: BudgetWindow;
  timeZone: string;
  match: BudgetMatch;
  per: 'app' | 'tag' | null;
  /** When it was added to the config last. */
  addedAt: Ms;
  /** In order of time, without gaps from `addedAt` on; neighbours differ. */
  limits: LimitSpan[];
}

/** The limit of the config from an instant on. */
interface Step {
  at: Ms;
  limitCredits: MilliCredits;
}

interface Change {
  at: Ms;
  action: 'budget.add' | 'budget.change';
  after: string;
}

/** Gives the limits of the budgets in force now over a stretch of time (`from` inclusive, `to` exclusive). */
export const limitHistory = defineRead(
  'budget.limitHistory',
  async (tx: Tx, span: { from: Ms; to: Ms }): Promise<{ budgets: BudgetLimits[] }> => {
    const budgets: BudgetLimits[] = [];
    for (const rule of await currentRules(tx)) budgets.push(limitsOf(rule, await stepsOf(tx, rule), span));
    return { budgets };
  },
);

/** Reads the limits that the config gave a budget since it was added last, in order of time; at least one. */
async function stepsOf(tx: Tx, rule: ActiveRule): Promise<readonly [Step, ...Step[]]> {
  const changes = await tx.all<Change>(
    `SELECT at, action, after FROM audit
     WHERE subject = ? AND (action = 'budget.add' OR action = 'budget.change') AND after IS NOT NULL ORDER BY id DESC`,
    rule.name,
  );
  const added = changes.findIndex(({ action }) => action === 'budget.add');
  const since = added === -1 ? [] : changes.slice(0, added + 1).toReversed();
  const [first, ...others] = since.map(({ at, after }) => ({ at, limitCredits: limitIn(after) }));
  if (first) return [first, ...others];
  // Stores of the first versions have budgets of which the audit says nothing.
  const row = await tx.get<{ created_at: Ms }>('SELECT created_at FROM budgets WHERE id = ?', rule.id);
  return [{ at: row?.created_at ?? 0, limitCredits: rule.limit }];
}

/** Reads the limit in the text of an audit row, such as `120 credits, enforce, alertAt [0.8]`. */
function limitIn(text: string): MilliCredits {
  return fromCredits(Number(/^[\d.]+/.exec(text)?.[0] ?? 0));
}

function limitsOf(
  rule: ActiveRule,
  steps: readonly [Step, ...Step[]],
  { from, to }: { from: Ms; to: Ms },
): BudgetLimits {
  const { name, window, timeZone, match, per, raises } = rule;
  const addedAt = steps[0].at;
  const start = Math.max(from, addedAt);
  const borders = [start, ...steps.map(({ at }) => at), ...raises.flatMap((one) => [one.fromAt, one.untilAt])]
    .filter((at) => at >= start && at < to)
    .toSorted((a, b) => a - b);
  const limits: LimitSpan[] = [];
  for (const at of new Set(borders)) {
    const given = steps.findLast((step) => step.at <= at)?.limitCredits ?? steps[0].limitCredits;
    const raised = raises.filter((raise) => isInForce(raise, at));
    const limitCredits = raised.reduce((sum, { byCredits }) => sum + byCredits, given);
    const last = limits.at(-1);
    if (last?.limitCredits === limitCredits) continue;
    if (last) last.to = at;
    limits.push({ from: at, to, limitCredits });
  }
  return { name, window, timeZone, match, per, addedAt, limits };
}
