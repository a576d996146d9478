/**
 * Adopts tasks of Kling's books as creates of a new store: see adoption.ts.
 *
 * An adopted create that is open holds its credits, is asked for like any other and ends as Kling says. One that has ended is
 * settled at once, and its results are left to the app that made it. Each counts on the budgets' counters of the present
 * windows that its instant belongs to (budget/adopted.ts).
 *
 * **Invariant**: a task is adopted once, and none that the store knows by Kling's id, or by the external id of an open create.
 */
import { ADOPTED, adoptedCounters, noteAdoptedCounter, type AdoptedCounter } from '../budget/adopted.ts';
import { addToCounter, noteThresholds, readCounter } from '../budget/counter-table.ts';
import { datedTo } from '../budget/hold-table.ts';
import { UNKNOWN_ROUTE } from '../budget/hold.ts';
import {
  compareIds,
  currentRules,
  fullLimitAt,
  limitAt,
  renewVersion,
  type ActiveRule,
} from '../budget/rule-book.ts';
import type { Fact } from '../facts.ts';
import { newId } from '../ids.ts';
import { defineFactWrite } from '../outbox/outbox-table.ts';
import type { Tx } from '../store/operation.ts';
import { isTerminal } from '../tasks/task-state.ts';
import type { MilliCredits, Ms, Product } from '../units.ts';
import type { OperationWord, TaskState } from '../words.ts';

/** A task of Kling's books, as it is adopted. */
export interface AdoptedTask {
  taskId: string;
  externalTaskId: string | null;
  product: Product;
  operation: OperationWord;
  /** The path of its create, where it is known: with access and secret key only that shows the task. */
  path: string | null;
  route: string | null;
  /** When it was made, as far as is known; never later than now. */
  at: Ms;
  state: TaskState;
  updatedAt: Ms | null;
  /** Held for an open task, settled for one that has ended. */
  credits: MilliCredits;
  /** Kling's words for the deduction; null for an open task. */
  note: string | null;
}

export interface AdoptArgs {
  tasks: readonly AdoptedTask[];
  upstream: { host: string; account: string };
  at: Ms;
}

/** An open create that was adopted: it has a slot. */
export interface AdoptedHold {
  holdId: string;
  product: Product;
  operation: OperationWord;
  credits: MilliCredits;
  at: Ms;
}

export interface AdoptResult {
  /** How many were adopted. */
  count: number;
  /** The open ones of them. */
  holds: AdoptedHold[];
  facts: Fact[];
}

const INSERT = `INSERT INTO creates (id, request_id, at, app, path, route, operation, product, credits, basis, weight,
  external_task_id, counters, upstream_host, upstream_account, state, settled_credits, ended_at, end_credits, end_basis, end_note,
  closed_at, task_id, task_state, task_source, task_first_state, task_created_at, task_seen_at, task_updated_at, vendor_updated_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'unknown', 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'look_up', ?, ?, ?, ?, ?)`;

/** Adopts tasks; known ones change nothing. */
export const adoptTasks = defineFactWrite(
  'ledger.adoptTasks',
  async (tx: Tx, args: AdoptArgs): Promise<AdoptResult> => {
    const adopting = new Adopting(tx, args, await currentRules(tx));
    const tasks = await unknownOf(tx, args.tasks);
    for (const task of tasks) await adopting.add(task);
    return adopting.end();
  },
  {
    scope: 'exclusive',
    toPublish: ({ upstream }, { holds, facts }) => [
      ...holds.map(({ holdId, credits }): Fact => ({
        kind: 'create_held',
        holdId,
        heldCredits: credits,
        upstream,
      })),
      ...facts,
    ],
  },
);

/** Leaves out the tasks that the store has, and those of creates whose answers are not here yet. */
async function unknownOf(tx: Tx, tasks: readonly AdoptedTask[]): Promise<AdoptedTask[]> {
  const unknown: AdoptedTask[] = [];
  for (const task of new Map(tasks.map((one) => [one.taskId, one])).values())
    if (!(await tx.get('SELECT id FROM creates WHERE task_id = ?', task.taskId))) unknown.push(task);
  if (unknown.every(({ externalTaskId }) => externalTaskId === null)) return unknown;
  const open = await tx.all<{ external_task_id: string }>(
    `SELECT external_task_id FROM creates
     WHERE state = 'held' AND task_id IS NULL AND external_task_id IS NOT NULL ORDER BY id`,
  );
  const ours = new Set(open.map((row) => row.external_task_id));
  return unknown.filter(({ externalTaskId }) => externalTaskId === null || !ours.has(externalTaskId));
}

interface CounterSum {
  counter: AdoptedCounter;
  settled: MilliCredits;
  held: MilliCredits;
}

/** One write that adopts: it gathers the sums of the counters and the facts. */
class Adopting {
  readonly #tx: Tx;
  readonly #args: AdoptArgs;
  readonly #rules: readonly ActiveRule[];
  readonly #sums = new Map<string, CounterSum>();
  readonly #holds: AdoptedHold[] = [];
  readonly #facts: Fact[] = [];
  #settledCredits: MilliCredits = 0;
  #endedTasks = 0;
  #latestAt: Ms = -Infinity;

  constructor(tx: Tx, args: AdoptArgs, rules: readonly ActiveRule[]) {
    this.#tx = tx;
    this.#args = args;
    this.#rules = rules;
  }

  async add(task: AdoptedTask): Promise<void> {
    const { at: now } = this.#args;
    const counters = adoptedCounters(this.#rules, task.at, now);
    const holdId = newId('hold', task.at);
    await this.#insert(task, { holdId, counters });
    const isOpen = !isTerminal(task.state);
    for (const counter of counters) {
      const sum = this.#sums.get(counter.id) ?? { counter, settled: 0, held: 0 };
      this.#sums.set(counter.id, sum);
      if (isOpen) sum.held += task.credits;
      else sum.settled += task.credits;
    }
    this.#latestAt = Math.max(this.#latestAt, task.at);
    if (isOpen) this.#noteOpen(task, holdId);
    else {
      this.#endedTasks += 1;
      this.#settledCredits += task.credits;
    }
  }

  async #insert(
    task: AdoptedTask,
    { holdId, counters }: { holdId: string; counters: readonly AdoptedCounter[] },
  ): Promise<void> {
    const { upstream, at: now } = this.#args;
    const ids = counters.map(({ id }) => id).toSorted(compareIds);
    const end = isTerminal(task.state) ? task : null;
    await this.#tx.run(
      INSERT,
      holdId,
      newId('req', task.at),
      task.at,
      ADOPTED,
      task.path ?? ADOPTED,
      task.route ?? UNKNOWN_ROUTE,
      task.operation,
      task.product,
      task.credits,
      task.externalTaskId,
      ids.join(' '),
      upstream.host,
      upstream.account,
      end ? 'settled' : 'held',
      end?.credits ?? 0,
      end ? now : null,
      end?.credits ?? null,
      end ? 'reported' : null,
      end?.note ?? null,
      now,
      task.taskId,
      task.state,
      task.state,
      task.at,
      now,
      end ? (task.updatedAt ?? task.at) : now,
      task.updatedAt,
    );
  }

  #noteOpen(task: AdoptedTask, holdId: string): void {
    const { taskId, product, credits, operation, state, at: createdAt } = task;
    const { at } = this.#args;
    this.#holds.push({ holdId, product, operation, credits, at: createdAt });
    this.#facts.push({
      kind: 'task_changed',
      holdId,
      taskId,
      product,
      from: null,
      to: state,
      createdAt,
      klingAt: task.updatedAt,
      ageMs: Math.max(0, at - createdAt),
      weight: 1,
      statusMessage: null,
      at,
      app: ADOPTED,
      operation,
      model: null,
      mode: null,
    });
  }

  /** Writes the sums, and gives what was adopted. */
  async end(): Promise<AdoptResult> {
    const tx = this.#tx;
    const { at } = this.#args;
    const sums = [...this.#sums.values()].toSorted((a, b) => compareIds(a.counter.id, b.counter.id));
    for (const { counter, settled, held } of sums) {
      const { id, rule, windowKey, perValue } = counter;
      await addToCounter(tx, { id, budgetId: rule.id, windowKey, perValue }, { settled, held });
      if (perValue === ADOPTED) await noteAdoptedCounter(tx, id);
      const limitCredits = perValue === ADOPTED ? fullLimitAt(rule, at) : limitAt(rule, at);
      const noted = { rule, counterId: id, windowKey, perValue, limitCredits };
      this.#facts.push(...(await noteThresholds(tx, noted, await readCounter(tx, id), at)));
    }
    // Limits of budgets with `per` depend on what was adopted.
    if (sums.some(({ counter }) => counter.perValue === ADOPTED)) await renewVersion(tx, at);
    const dated = await datedTo(tx);
    if (this.#latestAt > (dated ?? -Infinity))
      await tx.run('UPDATE spending SET dated_to = ? WHERE id = 1', this.#latestAt);
    await tx.run(
      `UPDATE adoption SET open_tasks = open_tasks + ?, held_credits = held_credits + ?, ended_tasks = ended_tasks + ?,
         settled_credits = settled_credits + ? WHERE id = 1`,
      this.#holds.length,
      this.#holds.reduce((sum, { credits }) => sum + credits, 0),
      this.#endedTasks,
      this.#settledCredits,
    );
    return { count: this.#holds.length + this.#endedTasks, holds: this.#holds, facts: this.#facts };
  }
}
