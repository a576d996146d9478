/**
 * Tasks as rows: inserted when Kling names them, moved along by sightings, asked for by the poller.
 *
 * **Invariant**: one task for one hold and one hold for one task; a task's state only advances (task-state.ts).
 * Never decides what a state means for money: the ledger does, in the same transaction.
 */
import { countWhere, whereOf, type Counted } from '../store/count.ts';
import { defineRead, type SqlValue, type Tx } from '../store/operation.ts';
import type { MilliCredits, Ms, Product } from '../units.ts';
import type { Mode, OperationWord, TaskState } from '../words.ts';
import { compareStates, isTerminal } from './task-state.ts';
import type { SightingSource, TaskResult, TaskRow, TaskSighting } from './task.ts';

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
  /** The path of its create. */
  path: string;
  route: string;
  state: TaskState;
  createdAt: Ms;
}

const OPEN_TASK = `SELECT t.id, t.hold_id AS "holdId", h.path, h.route, t.state, t.created_at AS "createdAt"`;
/** None of another host than the one in use: a task is asked for where it was made. */
const OPEN_TASK_FROM = `FROM tasks t JOIN holds h ON h.id = t.hold_id JOIN hold_places p ON p.hold_id = h.id
  WHERE t.state IN ('submitted', 'processing') AND p.is_at_host = 1`;

/** A page of open tasks, and from where on the next one is; null after the last. */
export interface OpenTaskPage {
  tasks: OpenTask[];
  next: OpenTaskCursor | null;
}

export interface OpenTaskCursor {
  firstAt: Ms;
  id: string;
}

/** Lists the open tasks that can be asked for at the upstream in use, oldest first. */
export const listOpenTasks = defineRead(
  'tasks.listOpenTasks',
  async (tx: Tx, args: { after: OpenTaskCursor | null; limit: number }): Promise<OpenTaskPage> => {
    const { firstAt, id } = args.after ?? { firstAt: Number.MIN_SAFE_INTEGER, id: '' };
    const rows = await tx.all<OpenTask & { next_poll_at: Ms }>(
      `${OPEN_TASK}, t.next_poll_at ${OPEN_TASK_FROM} AND (t.next_poll_at, t.id) > (?, ?)
       ORDER BY t.next_poll_at, t.id LIMIT ?`,
      firstAt,
      id,
      args.limit,
    );
    const last = rows.at(-1);
    const next = last && rows.length === args.limit ? { firstAt: last.next_poll_at, id: last.id } : null;
    const tasks = rows.map(({ id: taskId, holdId, path, route, state, createdAt }) => {
      return { id: taskId, holdId, path, route, state, createdAt };
    });
    return { tasks, next };
  },
  // Polls wait for it; in short pages no request waits long behind it.
  'request',
);

/** Gives those of some tasks that are open and can be asked for at the upstream in use. */
export const openTasks = defineRead(
  'tasks.openTasks',
  async (tx: Tx, args: { taskIds: readonly string[] }): Promise<OpenTask[]> => {
    const found: OpenTask[] = [];
    for (const taskId of args.taskIds) {
      const task = await tx.get<OpenTask>(`${OPEN_TASK} ${OPEN_TASK_FROM} AND t.id = ?`, taskId);
      if (task) found.push(task);
    }
    return found;
  },
  // Creates wait for the slots that polls find free.
  'request',
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
