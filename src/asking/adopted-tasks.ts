/**
 * From Kling's books to what a new store adopts: one entry for each task, with the credits that it holds or has cost.
 *
 * **Invariant**: an entry never has less than the task may cost. A task without a known deduction counts as open, at the highest
 * price: the poller asks for it, and the ledger settles it like every other.
 */
import { rowCredits, rowText, type CashPrice } from '../account/row-credits.ts';
import type { BillingRow } from '../account/account.ts';
import type { AdoptedTask } from '../ledger/adopt-tasks.ts';
import type { MilliCredits, Ms, Product } from '../units.ts';
import { isTerminal } from '../tasks/task-state.ts';
import type { BookedTask, Books } from './account-books.ts';

export interface ToAdopt {
  price: CashPrice;
  /** The most that a create of a product can cost. */
  highest: (product: Product) => MilliCredits;
  now: Ms;
  /** Exclusive: later creates are our own. Null if there are none yet. */
  madeBefore: Ms | null;
}

/** Gives the tasks to adopt, the oldest first. */
export function tasksToAdopt({ tasks, rows }: Books, options: ToAdopt): AdoptedTask[] {
  const rowsOf = Map.groupBy(rows, ({ taskId }) => taskId);
  const adopted = new Map<string, AdoptedTask>();
  for (const task of newest(tasks)) {
    const one = ofTask(task, rowsOf.get(task.taskId) ?? [], options);
    if (one) adopted.set(task.taskId, one);
    rowsOf.delete(task.taskId);
  }
  for (const [taskId, own] of rowsOf) adopted.set(taskId, ofRows(taskId, own, options));
  return [...adopted.values()]
    .filter(({ at }) => options.madeBefore === null || at < options.madeBefore)
    .toSorted((a, b) => a.at - b.at || (a.taskId < b.taskId ? -1 : 1));
}

/** A task may be in two lists: the state that is further counts. */
function newest(tasks: readonly BookedTask[]): Iterable<BookedTask> {
  const byId = new Map<string, BookedTask>();
  for (const task of tasks) {
    const known = byId.get(task.taskId);
    if (!known || (!isTerminal(known.state) && isTerminal(task.state))) byId.set(task.taskId, task);
  }
  return byId.values();
}

/** Null for a task that failed and cost nothing. */
function ofTask(task: BookedTask, rows: readonly BillingRow[], options: ToAdopt): AdoptedTask | null {
  const { taskId, externalTaskId, product, route, state, createdAt, updatedAt } = task;
  const common = {
    taskId,
    externalTaskId,
    product,
    operation: route?.operation ?? ('unknown' as const),
    path: route?.queryPath ?? null,
    route: route?.template ?? null,
    at: Math.min(createdAt ?? options.now, options.now),
    updatedAt,
  };
  const open = { ...common, credits: options.highest(product), note: null };
  if (!isTerminal(state)) return { ...open, state };
  const cost = task.deduction
    ? { credits: task.deduction.credits, note: task.deduction.raw }
    : costOf(rows, product, options);
  if (cost) return state === 'failed' && cost.credits === 0 ? null : { ...common, ...cost, state };
  return state === 'failed' ? null : { ...open, state: 'processing', updatedAt: null };
}

/** A deduction without a task in a list: of a synchronous create, or older than the lists. Its date is that of its last row. */
function ofRows(taskId: string, rows: readonly BillingRow[], options: ToAdopt): AdoptedTask {
  const product: Product = rows.some((row) => row.product === 'image') ? 'image' : 'video';
  const cost = costOf(rows, product, options) ?? { credits: 0, note: '' };
  const at = Math.min(options.now, Math.max(...rows.map((row) => row.at)));
  return {
    taskId,
    externalTaskId: null,
    product,
    operation: 'unknown',
    path: null,
    route: null,
    at,
    state: 'succeeded',
    updatedAt: null,
    ...cost,
  };
}

/** Sums rows of both ledgers; a currency without a price counts at the price of a credit. Null without rows. */
function costOf(
  rows: readonly BillingRow[],
  product: Product,
  { price }: ToAdopt,
): { credits: MilliCredits; note: string } | null {
  if (rows.length === 0) return null;
  const credits = rows.map(
    (row) => rowCredits(row, product, price) ?? rowCredits({ ...row, currency: null }, product, price) ?? 0,
  );
  return {
    credits: Math.max(
      0,
      credits.reduce((sum, one) => sum + one, 0),
    ),
    note: rows.map((row) => rowText(row, product)).join(' + '),
  };
}
