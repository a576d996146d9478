/**
 * Compares creates whose task is known with Kling's rows of that task, a page at a time.
 *
 * **Invariant**: only reads. A row that is not compared with its create yet (ledger/settle-deductions.ts) leaves the create
 * pending, and so does a missing row while the ledgers are not complete: a difference is a fact, never a matter of time.
 */
import { SETTLING_MS } from '../account/account.ts';
import type { ChargedRow } from '../account/row-credits.ts';
import { defineRead, type Tx } from '../store/operation.ts';
import { isTerminal } from '../tasks/task-state.ts';
import type { MilliCredits, Ms, Product } from '../units.ts';
import type { HoldState, TaskState } from '../words.ts';
import { covers, coverageOf, type Coverage } from './coverage.ts';
import { count, countRows, emptyTally, keepExample, type CompareClass, type Tally } from './tally.ts';

export interface CompareArgs {
  from: Ms;
  /** Exclusive. */
  to: Ms;
  /** Where to go on: the `next` of the page before. */
  after: CompareCursor | null;
  limit: number;
}

export interface CompareCursor {
  at: Ms;
  id: string;
}

export interface ComparedPage {
  tally: Tally;
  /** Null after the last page. */
  next: CompareCursor | null;
}

/** A page of creates with their rows; values: from, to, the instant and the id of the last one before, the limit. */
export const COMPARE_CREATES = `SELECT c.id, c.at, c.app, c.product, c.state, c.credits, c.settled_credits, c.task_id, c.task_state,
   c.task_created_at, c.task_updated_at, d.wallet, d.amount, d.product AS kind, d.cash_type AS "cashType", d.currency,
   d.credits AS row_credits, d.compared_at
 FROM (SELECT id, at, app, product, state, credits, settled_credits, task_id, task_state, task_created_at, task_updated_at
   FROM creates WHERE at >= ? AND at < ? AND (at > ? OR id > ?) ORDER BY at, id LIMIT ?) AS c
 LEFT JOIN account_deductions d
   ON d.task_id = c.task_id AND (d.wallet = 'package' OR d.wallet = 'balance')
 ORDER BY c.at, c.id`;

/** Compares a page of the creates of a span that have a task, in the order of their instants. */
export const compareCreates = defineRead(
  'reconcile.compareCreates',
  async (tx: Tx, args: CompareArgs): Promise<ComparedPage> => {
    const rows = await tx.all<Joined>(
      COMPARE_CREATES,
      args.after?.at ?? args.from,
      args.to,
      args.after?.at ?? args.from - 1,
      args.after?.id ?? '',
      args.limit,
    );
    const tally = emptyTally();
    const coverage = await coverageOf(tx);
    const creates = [...Map.groupBy(rows, ({ id }) => id).values()];
    for (const create of creates) compareOne(tally, create, coverage);
    const last = rows.at(-1);
    return { tally, next: last && creates.length === args.limit ? { at: last.at, id: last.id } : null };
  },
);

/** A create with one of its rows; the row's columns are null if it has none. */
interface Joined {
  id: string;
  at: Ms;
  app: string;
  product: Product;
  state: HoldState;
  credits: MilliCredits;
  settled_credits: MilliCredits;
  task_id: string | null;
  task_state: TaskState | null;
  task_created_at: Ms | null;
  task_updated_at: Ms | null;
  wallet: ChargedRow['wallet'] | null;
  amount: number | null;
  kind: string | null;
  cashType: string | null;
  currency: string | null;
  row_credits: MilliCredits | null;
  compared_at: Ms | null;
}

function compareOne(tally: Tally, joined: readonly Joined[], coverage: Coverage): void {
  const [create] = joined;
  if (!create || create.task_id === null) return;
  const rows = joined.filter(({ wallet }) => wallet !== null);
  const theirs = creditsOf(rows);
  const ours = create.settled_credits;
  const found = classOf(create, rows, theirs, coverage);
  if (found === null) return;
  count(tally, found, { ours: create.state === 'held' ? create.credits : ours, theirs: theirs ?? 0 });
  countRows(tally, rows.map(chargedRow), create.product);
  if (found !== 'oursOnly' && found !== 'different') return;
  const { id: holdId, at, app, task_id: taskId } = create;
  const theirCredits = rows.length === 0 ? null : theirs;
  keepExample(tally, { class: found, taskId, holdId, app, key: null, at, ourCredits: ours, theirCredits });
}

/** Null for a create that cost nothing in both ledgers. */
function classOf(
  create: Joined,
  rows: readonly Joined[],
  theirs: MilliCredits | null,
  coverage: Coverage,
): CompareClass | null {
  if (create.state === 'held' || rows.some(({ compared_at: at }) => at === null)) return 'pending';
  const ours = create.settled_credits;
  if (theirs === ours) return ours === 0 ? null : 'matched';
  if (rows.length > 0) return 'different';
  const isOver = create.task_state !== null && isTerminal(create.task_state);
  const madeAt = create.task_created_at ?? create.at;
  const endedAt = isOver ? (create.task_updated_at ?? madeAt) : madeAt + SETTLING_MS;
  return covers(coverage, { from: madeAt, to: endedAt }) ? 'oursOnly' : 'pending';
}

/** Null if a row cannot be converted. */
function creditsOf(rows: readonly Joined[]): MilliCredits | null {
  let sum = 0;
  for (const { row_credits: credits } of rows) {
    if (credits === null) return null;
    sum += credits;
  }
  return sum;
}

function chargedRow({ wallet, amount, kind, cashType, currency }: Joined): ChargedRow {
  return { wallet: wallet ?? 'package', amount: amount ?? 0, product: kind, cashType, currency };
}
