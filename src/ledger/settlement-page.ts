/**
 * One page of the settlement by Kling's ledgers: the rows of a task, their sum, and what it means for the task's create.
 *
 * **Invariant**: nothing is lowered while a row may be missing (settle-deductions.ts has the rules).
 */
import { selectRead } from '../account/account-table.ts';
import { WALLETS, type AccountRead } from '../account/account.ts';
import { rowCredits, rowText, type CashPrice, type ChargedRow } from '../account/row-credits.ts';
import { adjustHold, HOLD_COLUMNS } from '../budget/hold-table.ts';
import type { HoldRow } from '../budget/hold.ts';
import { isOfUpstream, upstreamText, type UpstreamAsked } from '../budget/hold-upstream.ts';
import type { Fact } from '../facts.ts';
import type { Tx } from '../store/operation.ts';
import { isTerminal } from '../tasks/task-state.ts';
import type { MilliCredits, Ms, Product } from '../units.ts';
import type { TaskState } from '../words.ts';
import { dropEstimatedEnd, noteEstimatedEnd, waitsForLedger } from './deduction-wait.ts';
import { resolveTo } from './sighting.ts';

/** How long after its deduction a task may still be open before the deduction settles its hold. */
export const OPEN_MS: Ms = 3_600_000;
/** The largest difference between Kling's clock and ours, and the longest time for a create's answer, together. */
const CLOCKS_MS: Ms = 600_000;
/** The note of a create that cost nothing. */
const FREE = 'Kling’s ledgers have no deduction for it';

export interface SettleArgs {
  at: Ms;
  price: CashPrice;
  /** The upstream whose ledgers were read. */
  upstream: UpstreamAsked;
  /** Where to go on: the `next` of the page before, empty for the first one. */
  after: string;
  limit: number;
}

export interface SettledPage {
  /** Null after the last page. */
  next: string | null;
  settled: number;
  adjusted: number;
  facts: Fact[];
}

/** A create with what its rows are compared with. */
export interface ComparedHold extends HoldRow {
  task_state: TaskState;
  task_created_at: Ms;
  /** When its present state was seen first. */
  task_updated_at: Ms;
}

/** The columns of a {@link ComparedHold}. */
export const COMPARED_COLUMNS = `${HOLD_COLUMNS}, task_state, task_created_at, task_updated_at`;

/** Gives how far both ledgers of an upstream were read; of another upstream they were not. */
export async function ledgersOf(tx: Tx, { host, account }: UpstreamAsked): Promise<AccountRead[]> {
  const asked = upstreamText({ upstream_host: host, upstream_account: account });
  const ledgers: AccountRead[] = [];
  for (const wallet of WALLETS) {
    const read = await selectRead(tx, wallet);
    const isAsked = read.upstream === null || read.upstream === asked;
    ledgers.push(isAsked ? read : { ...read, readAt: 0, fromAt: null, throughAt: null });
  }
  return ledgers;
}

interface KnownRow extends ChargedRow {
  at: Ms;
  before: number;
}

/** The rows of one task. */
interface Charge {
  /** Null if one of them cannot be converted, or the sum is no amount. */
  credits: MilliCredits | null;
  note: string;
  /** The last deduction. */
  at: Ms;
}

/** One page of the settlement, in its transaction. */
export class SettlementPage {
  readonly #tx: Tx;
  readonly #args: SettleArgs;
  readonly #ledgers: readonly AccountRead[];
  readonly #facts: Fact[] = [];
  #settled = 0;
  #adjusted = 0;

  constructor(tx: Tx, args: SettleArgs, ledgers: readonly AccountRead[]) {
    this.#tx = tx;
    this.#args = args;
    this.#ledgers = ledgers;
  }

  result(next: string | null): SettledPage {
    return { next, settled: this.#settled, adjusted: this.#adjusted, facts: this.#facts };
  }

  /** Compares the rows of a task with its create, if there is one, and marks them unless they must wait. */
  async compare(taskId: string): Promise<void> {
    const hold = await this.#tx.get<ComparedHold>(
      `SELECT ${COMPARED_COLUMNS} FROM creates WHERE task_id = ?`,
      taskId,
    );
    const rows = await this.#rowsOf(taskId);
    const product = hold?.product ?? 'video';
    const isOurs = hold !== undefined && this.#isAtHost(hold);
    if (isOurs && !(await this.#apply(hold, chargeOf(rows, product, this.#args.price)))) return;
    await this.#mark(taskId, rows, product);
  }

  /** Settles a hold by the rows of its task, or because there certainly are none. */
  async settle(hold: ComparedHold & { task_id: string }): Promise<void> {
    const rows = await this.#rowsOf(hold.task_id);
    if (rows.length > 0) {
      if (this.#isAtHost(hold)) await this.#apply(hold, chargeOf(rows, hold.product, this.#args.price));
      return;
    }
    if (hold.task_state !== 'succeeded') return;
    if (!(await waitsForLedger(this.#tx))) {
      await noteEstimatedEnd(this.#tx, hold.id);
      await this.#end(hold, { credits: hold.credits, basis: 'estimate', note: null });
    } else if (await this.#isFree(hold)) {
      await this.#end(hold, { credits: 0, basis: 'none', note: FREE });
    }
  }

  /** Adjusts a create that has our price to 0 if it cost nothing; its rows, if it has any, are compared elsewhere. */
  async lookAgain(hold: ComparedHold & { task_id: string }): Promise<void> {
    const isKnown = hold.settled_credits === 0 || (await this.#rowsOf(hold.task_id)).length > 0;
    const isTooOld = this.#ledgers.some(({ fromAt }) => fromAt !== null && fromAt > hold.task_created_at);
    const isFree = !isKnown && !isTooOld && (await this.#isFree(hold));
    if (isFree) {
      const charge = { credits: 0, basis: 'none', note: FREE, at: this.#args.at } as const;
      this.#facts.push(...(await adjustHold(this.#tx, hold, charge)));
      this.#adjusted += 1;
    }
    if (isKnown || isTooOld || isFree) await dropEstimatedEnd(this.#tx, hold.id);
  }

  /** Moves the money of a create to the sum of its rows; false if that must wait. */
  async #apply(hold: ComparedHold, { credits, note, at }: Charge): Promise<boolean> {
    if (credits === null) return true;
    if (hold.state === 'held') {
      const isTold = !isTerminal(hold.task_state) && this.#args.at - at < OPEN_MS;
      if (isTold || !this.#isRead(at)) return false;
      await this.#end(hold, { credits, basis: 'reported', note });
      return true;
    }
    if (credits < hold.settled_credits && !this.#isComplete(Math.max(at, hold.task_updated_at))) return false;
    const facts = await adjustHold(this.#tx, hold, {
      credits,
      basis: 'reported',
      note,
      at: this.#args.at,
    });
    if (facts.length > 0) this.#adjusted += 1;
    this.#facts.push(...facts);
    return true;
  }

  async #end(
    hold: ComparedHold,
    charge: { credits: MilliCredits; basis: 'reported' | 'estimate' | 'none'; note: string | null },
  ): Promise<void> {
    this.#facts.push(
      ...(await resolveTo(this.#tx, hold, { state: 'settled', ...charge, at: this.#args.at })),
    );
    this.#settled += 1;
  }

  #isAtHost({ upstream_host: host }: HoldRow): boolean {
    return host === null || host === this.#args.upstream.host;
  }

  /** Returns whether every readable ledger was read after an instant, so that a second row of the same deduction is known. */
  #isRead(at: Ms): boolean {
    return this.#ledgers.every(({ readAt }) => readAt === null || readAt > at);
  }

  /** Returns whether no row of a deduction up to an instant can be missing in the readable ledgers. */
  #isComplete(at: Ms): boolean {
    return this.#ledgers.every(
      ({ readAt, throughAt }) => readAt === null || (throughAt !== null && throughAt >= at + CLOCKS_MS),
    );
  }

  /**
   * Returns whether Kling deducted nothing for a task that succeeded: both ledgers were read without a problem from before the
   * task to a day after its end, and they are alive: they have a later deduction of another task. A free task is free at once.
   */
  async #isFree(hold: ComparedHold): Promise<boolean> {
    const isCovered = this.#ledgers.every(
      ({ fromAt, throughAt, problem }) =>
        problem === null &&
        fromAt !== null &&
        fromAt <= hold.task_created_at - CLOCKS_MS &&
        throughAt !== null &&
        throughAt >= hold.task_updated_at + CLOCKS_MS,
    );
    if (!isCovered || !isOfUpstream(hold, this.#args.upstream)) return false;
    const later = await this.#tx.get(
      'SELECT 1 AS found FROM account_deductions WHERE at > ? LIMIT 1',
      hold.task_updated_at,
    );
    return hold.credits === 0 || later !== undefined;
  }

  #rowsOf(taskId: string): Promise<KnownRow[]> {
    return this.#tx.all<KnownRow>(
      `SELECT wallet, amount, product, cash_type AS "cashType", currency, at, before FROM account_deductions
       WHERE (wallet = 'package' OR wallet = 'balance') AND task_id = ? ORDER BY wallet, at, before`,
      taskId,
    );
  }

  async #mark(taskId: string, rows: readonly KnownRow[], product: Product): Promise<void> {
    const { at, price } = this.#args;
    for (const row of rows) {
      await this.#tx.run(
        `UPDATE account_deductions SET credits = ?, compared_at = ?
         WHERE wallet = ? AND task_id = ? AND at = ? AND before = ?`,
        rowCredits(row, product, price),
        at,
        row.wallet,
        taskId,
        row.at,
        row.before,
      );
    }
  }
}

/** Sums the rows of a task. */
function chargeOf(rows: readonly KnownRow[], product: Product, price: CashPrice): Charge {
  let credits: MilliCredits | null = 0;
  for (const row of rows) {
    const part = rowCredits(row, product, price);
    credits = credits === null || part === null ? null : credits + part;
  }
  const isAmount = credits !== null && Number.isSafeInteger(credits) && credits >= 0;
  return {
    credits: isAmount ? credits : null,
    note: rows.map((row) => rowText(row, product)).join(' + '),
    at: Math.max(0, ...rows.map(({ at }) => at)),
  };
}
