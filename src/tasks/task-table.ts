/**
 * Tasks as rows: inserted when Kling names them, moved along by sightings, asked for by the poller.
 *
 * **Invariant**: one task for one hold and one hold for one task; a task's state only advances (task-state.ts).
 * Never decides what a state means for money: the ledger does, in the same transaction.
 */
import { countWhere, whereOf, type Counted } from '../store/count.ts';
import { defineRead, defineWrite, type SqlValue, type Tx } from '../store/operation.ts';
import type { MilliCredits, Ms, Product } from '../units.ts';
import type { Mode, OperationWord, TaskState } from '../words.ts';
import { compareStates, isTerminal } from './task-state.ts';
import type { SightingSource, TaskResult, TaskRow, TaskSighting } from './task.ts';

/** A poll due later than this from now was set by a clock that has been set back since: it is due. */
const POLL_WAIT_MS_MAX = 86_400_000;

const INSERT_TASK = `INSERT INTO tasks (id, hold_id, state, status_message, created_at, updated_at,
  vendor_updated_at, next_poll_at, results)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`;
const INSERT_EVENT = `INSERT INTO task_events (task_id, state, at, source, message) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (task_id, state) DO NOTHING`;

/** Inserts a task with the first event of its timeline; false, and nothing changed, where the id is known. */
export async function insertTask(
  tx: Tx,
  sighting: TaskSighting,
  place: { holdId: string; source: SightingSource; createdAt: Ms; at: Ms },
): Promise<boolean> {
  const { taskId, state, statusMessage, updatedAt } = sighting;
  const inserted = await tx.run(
    INSERT_TASK,
    taskId,
    place.holdId,
    state,
    statusMessage,
    place.createdAt,
    place.at,
    updatedAt,
    place.at,
    resultsText(sighting.results),
  );
  if (inserted === 0) return false;
  await tx.run(INSERT_EVENT, taskId, state, place.at, place.source, statusMessage);
  return true;
}

/** A task as sightings are compared with it. */
export interface KnownTask {
  id: string;
  hold_id: string;
  state: TaskState;
  created_at: Ms;
  vendor_updated_at: Ms | null;
  has_results: number;
  /** Of its hold. */
  external_task_id: string | null;
  upstream_host: string | null;
  upstream_account: string | null;
}

/** Reads what a sighting is compared with; undefined for a task that is not ours. */
export function readTask(tx: Tx, taskId: string): Promise<KnownTask | undefined> {
  return tx.get<KnownTask>(
    `SELECT t.id, t.hold_id, t.state, t.created_at, t.vendor_updated_at,
       CASE WHEN t.results IS NULL THEN 0 ELSE 1 END AS has_results,
       h.external_task_id, h.upstream_host, h.upstream_account
     FROM tasks t JOIN holds h ON h.id = t.hold_id WHERE t.id = ?`,
    taskId,
  );
}

/** Moves a task to the state of a sighting, with an event. */
export async function advanceTask(
  tx: Tx,
  sighting: TaskSighting,
  seen: { source: SightingSource; at: Ms },
): Promise<void> {
  const { taskId, state, statusMessage, updatedAt } = sighting;
  await tx.run(
    `UPDATE tasks SET state = ?, status_message = ?, updated_at = ?, results = COALESCE(?, results),
       vendor_updated_at = COALESCE(?, vendor_updated_at) WHERE id = ?`,
    state,
    statusMessage,
    seen.at,
    resultsText(sighting.results),
    updatedAt,
    taskId,
  );
  await tx.run(INSERT_EVENT, taskId, state, seen.at, seen.source, statusMessage);
}

/** Keeps results that an earlier sighting of the same state did not have. */
export async function keepResults(tx: Tx, taskId: string, results: TaskResult[]): Promise<void> {
  await tx.run('UPDATE tasks SET results = ? WHERE id = ?', resultsText(results), taskId);
}

function resultsText(results: TaskResult[]): string | null {
  return results.length === 0 ? null : JSON.stringify(results);
}

/** An open task, with what is needed to ask Kling for it. */
export interface OpenTask {
  id: string;
  holdId: string;
  externalTaskId: string | null;
  /** The path of its create. */
  path: string;
  route: string;
  operation: OperationWord;
  model: string | null;
  product: Product;
  app: string;
  state: TaskState;
  weight: number;
  createdAt: Ms;
  nextPollAt: Ms;
}

interface OpenTaskColumns {
  id: string;
  hold_id: string;
  external_task_id: string | null;
  path: string;
  route: string;
  operation: OperationWord;
  model: string | null;
  product: Product;
  app: string;
  state: TaskState;
  weight: number;
  created_at: Ms;
  next_poll_at: Ms;
}

/** Gives the open tasks that are due to be asked for, the longest due first; with `at` null all.
 * None of another host than the one in use: a task is asked for where it was made. */
export const openTasks = defineRead(
  'tasks.openTasks',
  async (tx: Tx, args: { at: Ms | null; limit: number; minAgeMs?: Ms }): Promise<OpenTask[]> => {
    const { at, minAgeMs = 0 } = args;
    // What lies in our future was written before the clock was set back, and is due.
    const due =
      'AND ((t.next_poll_at <= ? AND (t.created_at <= ? OR t.created_at > ?)) OR t.next_poll_at > ?)';
    const values = at === null ? [] : [at, at - minAgeMs, at, at + POLL_WAIT_MS_MAX];
    const rows = await tx.all<OpenTaskColumns>(
      `SELECT t.id, t.hold_id, h.external_task_id, h.path, h.route, h.operation, h.model, h.product, h.app, t.state,
         h.weight, t.created_at, t.next_poll_at
       FROM tasks t JOIN holds h ON h.id = t.hold_id JOIN hold_places p ON p.hold_id = h.id
       WHERE t.state IN ('submitted', 'processing') AND p.is_at_host = 1 ${at === null ? '' : due} ORDER BY t.next_poll_at LIMIT ?`,
      ...values,
      args.limit,
    );
    return rows.map((row) => ({
      id: row.id,
      holdId: row.hold_id,
      externalTaskId: row.external_task_id,
      path: row.path,
      route: row.route,
      operation: row.operation,
      model: row.model,
      product: row.product,
      app: row.app,
      state: row.state,
      weight: row.weight,
      createdAt: row.created_at,
      nextPollAt: row.next_poll_at,
    }));
  },
  // Creates wait for the slots that polls find free.
  'request',
);

/** Sets when tasks are next to be asked for, at most a day ahead; unknown and ended tasks are left as they are. */
export const deferPolls = defineWrite(
  'tasks.deferPolls',
  async (tx: Tx, args: { taskIds: string[]; until: Ms }): Promise<void> => {
    for (const taskId of args.taskIds) {
      await tx.run(
        `UPDATE tasks SET next_poll_at = ? WHERE id = ? AND state IN ('submitted', 'processing')`,
        args.until,
        taskId,
      );
    }
  },
);

const LISTED = `t.id, h.external_task_id, t.hold_id, h.operation, h.model, h.mode, h.product, h.app, h.tag, t.state,
  t.status_message, h.credits, h.state AS hold_state, h.settled_credits, t.created_at, t.updated_at`;

interface ListedColumns {
  id: string;
  external_task_id: string | null;
  hold_id: string;
  operation: OperationWord;
  model: string | null;
  mode: Mode | null;
  product: Product;
  app: string;
  tag: string | null;
  state: TaskState;
  status_message: string | null;
  credits: MilliCredits;
  hold_state: string;
  settled_credits: MilliCredits;
  created_at: Ms;
  updated_at: Ms;
}

export interface ListTasksArgs {
  limit: number;
  cursor: string | null;
  /** Whether all rows are counted, too. */
  total?: boolean;
  /** By the instant of the create; `from` is inclusive, `to` exclusive. */
  from?: Ms;
  to?: Ms;
  state?: TaskState;
  app?: string;
  /** Only tasks that have been open for at least this long at `at`. */
  stuck?: { afterMs: Ms; at: Ms };
}

/** Lists tasks, newest first. `heldCredits` is what is still held, 0 after the end. */
export const listTasks = defineRead(
  'tasks.listTasks',
  async (tx: Tx, args: ListTasksArgs): Promise<{ tasks: TaskRow[]; nextCursor: string | null } & Counted> => {
    const conditions: string[] = [];
    const values: SqlValue[] = [];
    const add = (condition: string, value: SqlValue): void => {
      conditions.push(condition);
      values.push(value);
    };
    if (args.from !== undefined) add('t.created_at >= ?', args.from);
    if (args.to !== undefined) add('t.created_at < ?', args.to);
    if (args.state !== undefined) add('t.state = ?', args.state);
    if (args.app !== undefined) add('h.app = ?', args.app);
    if (args.stuck) {
      conditions.push("t.state IN ('submitted', 'processing')");
      add('t.created_at <= ?', args.stuck.at - args.stuck.afterMs);
    }
    const tables = 'tasks t JOIN holds h ON h.id = t.hold_id';
    const counted = await countWhere(tx, args.total, `${tables} ${whereOf(conditions)}`, values);
    if (args.cursor !== null) add('t.hold_id < ?', args.cursor);
    const rows = await tx.all<ListedColumns>(
      `SELECT ${LISTED} FROM ${tables} ${whereOf(conditions)} ORDER BY t.hold_id DESC LIMIT ?`,
      ...values,
      args.limit + 1,
    );
    const tasks = rows.slice(0, args.limit).map(toTaskRow);
    const nextCursor = rows.length > args.limit ? (tasks.at(-1)?.holdId ?? null) : null;
    return { tasks, nextCursor, ...counted };
  },
);

export interface TaskEvent {
  state: TaskState;
  at: Ms;
  source: SightingSource;
  message: string | null;
}

export interface TaskDetail extends TaskRow {
  /** In the order in which a task passes through its states. */
  timeline: TaskEvent[];
  results: TaskResult[];
}

/** Gives one task by Kling's id, with its timeline and results; null where it is not ours. */
export const getTask = defineRead(
  'tasks.getTask',
  async (tx: Tx, args: { taskId: string }): Promise<TaskDetail | null> => {
    const row = await tx.get<ListedColumns & { results: string | null }>(
      `SELECT ${LISTED}, t.results FROM tasks t JOIN holds h ON h.id = t.hold_id WHERE t.id = ?`,
      args.taskId,
    );
    if (!row) return null;
    const timeline = await tx.all<TaskEvent>(
      'SELECT state, at, source, message FROM task_events WHERE task_id = ?',
      args.taskId,
    );
    timeline.sort((a, b) => compareStates(a.state, b.state));
    return { ...toTaskRow(row), timeline, results: JSON.parse(row.results ?? '[]') as TaskResult[] };
  },
);

function toTaskRow(row: ListedColumns): TaskRow {
  return {
    id: row.id,
    externalTaskId: row.external_task_id,
    holdId: row.hold_id,
    operation: row.operation,
    model: row.model,
    mode: row.mode,
    product: row.product,
    app: row.app,
    tag: row.tag,
    state: row.state,
    statusMessage: row.status_message,
    heldCredits: row.hold_state === 'held' ? row.credits : 0,
    settledCredits: row.settled_credits,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** Tells whether a sighting tells results that the stored task lacks. */
export function bringsResults(task: KnownTask, sighting: TaskSighting): boolean {
  return task.has_results === 0 && sighting.results.length > 0 && isTerminal(sighting.state);
}
