/** Counts what a new budget's present window has already seen, open holds included. */
import type { SqlValue, Tx } from '../store/operation.ts';
import type { MilliCredits, Ms } from '../units.ts';
import type { HoldState } from '../words.ts';
import type { BudgetMatch } from './budget-rule.ts';
import { counterIds } from './hold.ts';
import { compareIds, counterIdOf, perValueOf, type ActiveRule } from './rule-book.ts';
import { windowAt, type WindowSpan } from './window.ts';

interface SeenHold {
  id: string;
  at: Ms;
  app: string;
  tag: string | null;
  credits: MilliCredits;
  settled_credits: MilliCredits;
  state: HoldState;
  counters: string;
}

interface Sum {
  perValue: string;
  settled: MilliCredits;
  held: MilliCredits;
}

/** Holds read at a time: a `total` budget may have to count a long history. */
const PAGE_ROWS = 2000;

/**
 * Adds a rule's counters of the window at an instant to every hold of that window that matches and does not count
 * there yet, and raises the counters by what those holds hold and have settled.
 */
export async function backfill(tx: Tx, rule: ActiveRule, at: Ms): Promise<void> {
  const span = windowAt(rule.window, rule.timeZone, at);
  const sums = new Map<string, Sum>();
  let last = { at: span.startsAt, id: '' };
  for (;;) {
    const page = await selectPage(tx, rule.match, span, last);
    for (const hold of page) await count(tx, { rule, span, sums }, hold);
    const end = page.at(-1);
    if (!end || page.length < PAGE_ROWS) break;
    last = end;
  }
  for (const [counterId, sum] of sums) {
    await tx.run(
      `INSERT INTO budget_counters (id, budget_id, window_key, per_value, settled, held) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET settled = budget_counters.settled + excluded.settled,
         held = budget_counters.held + excluded.held`,
      counterId,
      rule.id,
      span.key,
      sum.perValue,
      sum.settled,
      sum.held,
    );
  }
}

function selectPage(
  tx: Tx,
  match: BudgetMatch,
  span: WindowSpan,
  after: { at: Ms; id: string },
): Promise<SeenHold[]> {
  const conditions = ['(at > ? OR (at = ? AND id > ?))', 'at >= ?'];
  const values: SqlValue[] = [after.at, after.at, after.id, after.at];
  const add = (condition: string, value: SqlValue | undefined): void => {
    if (value === undefined || value === null) return;
    conditions.push(condition);
    values.push(value);
  };
  add('at < ?', span.resetsAt);
  add('app = ?', match.app);
  add('operation = ?', match.operation);
  add('model = ?', match.model);
  add('tag = ?', match.tag);
  return tx.all<SeenHold>(
    `SELECT id, at, app, tag, credits, settled_credits, state, counters FROM holds
     WHERE ${conditions.join(' AND ')} ORDER BY at, id LIMIT ${PAGE_ROWS}`,
    ...values,
  );
}

async function count(
  tx: Tx,
  into: { rule: ActiveRule; span: WindowSpan; sums: Map<string, Sum> },
  hold: SeenHold,
): Promise<void> {
  const { rule, span, sums } = into;
  const perValue = perValueOf(rule, hold);
  const counterId = counterIdOf(rule, span, perValue);
  const counters = counterIds(hold.counters);
  if (counters.includes(counterId)) return;
  const sum = sums.get(counterId) ?? { perValue, settled: 0, held: 0 };
  sums.set(counterId, sum);
  sum.settled += hold.settled_credits;
  if (hold.state === 'held') sum.held += hold.credits;
  const joined = [...counters, counterId].sort(compareIds).join(' ');
  await tx.run('UPDATE holds SET counters = ? WHERE id = ?', joined, hold.id);
}
