/**
 * Counts the earlier holds of a new budget's present window, open holds too: in pieces, while creates continue.
 *
 * A hold counts in the counters of its own list, and every change of its money uses that list. A piece adds the counter to
 * some holds and raises it by their held and settled credits, in one transaction. New creates name the counter from their
 * beginning.
 *
 * **Invariant**: each hold is counted once, also if some are settled between two pieces. After every piece a counter equals
 * the holds that name it. A budget that is still being counted is pending: its limit applies to the sum so far.
 */
import { defineWrite, type SqlValue, type Tx } from '../store/operation.ts';
import type { MilliCredits, Ms } from '../units.ts';
import type { HoldState } from '../words.ts';
import { ADOPTED, noteAdoptedCounter } from './adopted.ts';
import type { BudgetMatch } from './budget-rule.ts';
import { addToCounter } from './counter-table.ts';
import { counterIds } from './hold.ts';
import {
  compareIds,
  counterIdOf,
  currentRules,
  perValueOf,
  renewVersion,
  type ActiveRule,
} from './rule-book.ts';
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

/** The progress of a budget's counting. */
interface Place {
  span: Pick<WindowSpan, 'key' | 'startsAt' | 'resetsAt'>;
  after: { at: Ms; id: string };
}

interface PlaceColumns {
  budget_id: string;
  window_key: string;
  starts_at: Ms;
  resets_at: Ms | null;
  after_at: Ms;
  after_id: string;
}

/**
 * Counts the first `rowsMax` holds of a rule's window at an instant.
 * @returns True if there are more: the budget is pending then, and {@link countPiece} continues.
 */
export async function beginCounting(tx: Tx, rule: ActiveRule, at: Ms, rowsMax: number): Promise<boolean> {
  const span = windowAt(rule.window, rule.timeZone, at);
  return countOn(tx, rule, { span, after: { at: span.startsAt, id: '' } }, rowsMax);
}

/** Drops the progress of a budget's counting: the budget is no longer in force. */
export async function endCounting(tx: Tx, budgetId: string): Promise<void> {
  await tx.run('DELETE FROM budget_countings WHERE budget_id = ?', budgetId);
}

/** Gives the budgets that are pending, each with the window that is being counted. */
export async function pendingWindows(tx: Tx): Promise<ReadonlyMap<string, string>> {
  const rows = await tx.all<PlaceColumns>(
    'SELECT budget_id, window_key FROM budget_countings ORDER BY budget_id',
  );
  return new Map(rows.map((row) => [row.budget_id, row.window_key]));
}

/** Counts up to `rowsMax` holds for the first budget that is pending; `more` asks for another piece. */
export const countPiece = defineWrite(
  'budget.countPiece',
  async (tx: Tx, args: { rowsMax: number }): Promise<{ more: boolean }> => {
    const row = await tx.get<PlaceColumns>('SELECT * FROM budget_countings ORDER BY budget_id LIMIT 1');
    if (!row) return { more: false };
    const rule = (await currentRules(tx)).find(({ id }) => id === row.budget_id);
    const span = { key: row.window_key, startsAt: row.starts_at, resetsAt: row.resets_at };
    const after = { at: row.after_at, id: row.after_id };
    if (rule) await countOn(tx, rule, { span, after }, args.rowsMax);
    else await endCounting(tx, row.budget_id);
    return { more: (await tx.get('SELECT 1 AS one FROM budget_countings LIMIT 1')) !== undefined };
  },
  { scope: 'exclusive', isPlain: () => true },
);

async function countOn(tx: Tx, rule: ActiveRule, { span, after }: Place, rowsMax: number): Promise<boolean> {
  const page = await selectPage(tx, rule.match, { span, after, rowsMax });
  const sums = new Map<string, Sum>();
  for (const hold of page) await count(tx, { rule, span, sums }, hold);
  await raiseCounters(tx, { rule, span, sums }, page.at(-1)?.at ?? span.startsAt);
  const last = page.at(-1);
  if (page.length < rowsMax) {
    await endCounting(tx, rule.id);
    return false;
  }
  await keepPlace(tx, rule.id, { span, after: last ?? after });
  return true;
}

async function keepPlace(tx: Tx, budgetId: string, { span, after }: Place): Promise<void> {
  await tx.run(
    `INSERT INTO budget_countings (budget_id, window_key, starts_at, resets_at, after_at, after_id)
     VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (budget_id) DO UPDATE SET window_key = excluded.window_key, starts_at = excluded.starts_at,
       resets_at = excluded.resets_at, after_at = excluded.after_at, after_id = excluded.after_id`,
    budgetId,
    span.key,
    span.startsAt,
    span.resetsAt,
    after.at,
    after.id,
  );
}

interface Counted {
  rule: ActiveRule;
  span: Place['span'];
  sums: Map<string, Sum>;
}

async function raiseCounters(tx: Tx, { rule, span, sums }: Counted, at: Ms): Promise<void> {
  for (const [id, { perValue, ...sum }] of sums) {
    await addToCounter(tx, { id, budgetId: rule.id, windowKey: span.key, perValue }, sum);
    if (perValue !== ADOPTED) continue;
    await noteAdoptedCounter(tx, id);
    await renewVersion(tx, at);
  }
}

function selectPage(
  tx: Tx,
  match: BudgetMatch,
  { span, after, rowsMax }: Place & { rowsMax: number },
): Promise<SeenHold[]> {
  const conditions = ['(at > ? OR (at = ? AND id > ?))', 'at >= ?'];
  const values: SqlValue[] = [after.at, after.at, after.id, after.at];
  if (span.resetsAt !== null) {
    conditions.push('at < ?');
    values.push(span.resetsAt);
  }
  const named = [
    ['app = ?', match.app],
    ['operation = ?', match.operation],
    ['model = ?', match.model],
    ['tag = ?', match.tag],
  ].filter((pair): pair is [string, string] => pair[1] !== undefined);
  if (named.length > 0) {
    conditions.push(`(app = '${ADOPTED}' OR (${named.map(([condition]) => condition).join(' AND ')}))`);
    values.push(...named.map(([, value]) => value));
  }
  return tx.all<SeenHold>(
    `SELECT id, at, app, tag, credits, settled_credits, state, counters FROM creates
     WHERE ${conditions.join(' AND ')} ORDER BY at, id LIMIT ?`,
    ...values,
    rowsMax,
  );
}

async function count(tx: Tx, { rule, span, sums }: Counted, hold: SeenHold): Promise<void> {
  const isAdopted = rule.per !== null && hold.app === ADOPTED;
  const perValue = isAdopted ? ADOPTED : perValueOf(rule, hold);
  const counterId = counterIdOf(rule, span, perValue);
  const counters = counterIds(hold.counters);
  if (counters.includes(counterId)) return;
  const sum = sums.get(counterId) ?? { perValue, settled: 0, held: 0 };
  sums.set(counterId, sum);
  sum.settled += hold.settled_credits;
  if (hold.state === 'held') sum.held += hold.credits;
  const joined = [...counters, counterId].sort(compareIds).join(' ');
  await tx.run('UPDATE creates SET counters = ? WHERE id = ?', joined, hold.id);
}
