/**
 * Tasks as rows: inserted when Kling names them, changed by sightings, asked for by the poller.
 *
 * **Invariant**: one task for one hold and one hold for one task; a task's state only advances (task-state.ts).
 * The meaning of a state for money is decided by the ledger, in the same transaction.
 */
import { defineRead, type Tx } from '../store/operation.ts';
import type { MilliCredits, Ms, Product } from '../units.ts';
import type { Mode, OperationWord, TaskState } from '../words.ts';
import { planFiles } from './result-file-table.ts';
import { compareStates, isTerminal } from './task-state.ts';
import type { SightingSource, TaskResult, TaskRow, TaskSighting } from './task.ts';

const ATTACH_TASK = `UPDATE creates SET task_id = ?, task_state = ?, task_message = ?, task_source = ?, task_first_state = ?,
  task_created_at = ?, task_seen_at = ?, task_updated_at = ?, vendor_updated_at = ?, in_doubt = 0, next_look_up_at = NULL
WHERE id = ? AND task_id IS NULL`;
const INSERT_STATE = `INSERT INTO task_states (task_id, state, at, source, message) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (task_id, state) DO NOTHING`;
/** Keeps results in place of earlier ones. */
export const KEEP_RESULTS = `INSERT INTO task_results (hold_id, results) VALUES (?, ?)
ON CONFLICT (hold_id) DO UPDATE SET results = excluded.results`;

/**
 * Names the task of a create that has none, and ends its doubt. The first state of the timeline is part of the row, unless it
 * came with a message. The caller has made sure that no other create has the task.
 */
export async function attachTask(
  tx: Tx,
  sighting: TaskSighting,
  place: { holdId: string; source: SightingSource; createdAt: Ms; at: Ms },
): Promise<void> {
  const { taskId, state, statusMessage, updatedAt } = sighting;
  const { holdId, source, createdAt, at } = place;
  await tx.run(
    ATTACH_TASK,
    taskId,
    state,
    statusMessage,
    source,
    statusMessage === null ? state : null,
    createdAt,
    at,
    at,
    updatedAt,
    holdId,
  );
  if (statusMessage !== null) await tx.run(INSERT_STATE, taskId, state, at, source, statusMessage);
  await keepResults(tx, holdId, sighting, at);
}

/** The fields of a task that sightings are compared with. */
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

/** Reads the fields that a sighting is compared with; undefined for a task that is not ours. */
export function readTask(tx: Tx, taskId: string): Promise<KnownTask | undefined> {
  return tx.get<KnownTask>(
    `SELECT c.task_id AS id, c.id AS hold_id, c.task_state AS state, c.task_created_at AS created_at, c.vendor_updated_at,
       CASE WHEN EXISTS (SELECT 1 FROM task_results r WHERE r.hold_id = c.id) THEN 1 ELSE 0 END AS has_results,
       c.external_task_id, c.upstream_host, c.upstream_account
     FROM creates c WHERE c.task_id = ?`,
    taskId,
  );
}

/** Moves a task to the state of a sighting, with an event. */
export async function advanceTask(
  tx: Tx,
  holdId: string,
  sighting: TaskSighting,
  seen: { source: SightingSource; at: Ms },
): Promise<void> {
  const { taskId, state, statusMessage, updatedAt } = sighting;
  await tx.run(
    `UPDATE creates SET task_state = ?, task_message = ?, task_updated_at = ?,
       vendor_updated_at = COALESCE(?, vendor_updated_at) WHERE id = ?`,
    state,
    statusMessage,
    seen.at,
    updatedAt,
    holdId,
  );
  await tx.run(INSERT_STATE, taskId, state, seen.at, seen.source, statusMessage);
  await keepResults(tx, holdId, sighting, seen.at);
}

/** Keeps the results of a task in place of earlier ones, and plans their files; none change nothing. */
export async function keepResults(tx: Tx, holdId: string, sighting: TaskSighting, at: Ms): Promise<void> {
  const { results } = sighting;
  if (results.length > 0) await tx.run(KEEP_RESULTS, holdId, JSON.stringify(results));
  await planFiles(tx, holdId, sighting, at);
}

/** An open task, with what is needed to ask Kling for it. */
export interface OpenTask {
  id: string;
  holdId: string;
  /** The path of its create. */
  path: string;
  route: string;
  state: TaskState;
  product: Product;
  operation: OperationWord;
  createdAt: Ms;
}

const OPEN_TASK = `SELECT c.task_id AS id, c.id AS "holdId", c.path, c.route, c.task_state AS state, c.product, c.operation,
  c.task_created_at AS "createdAt"`;
/** Only tasks of the host in use: a task is asked for at the host that made it. Nobody asks for a lost one. */
const OPEN_TASK_FROM = `FROM creates c JOIN hold_places p ON p.hold_id = c.id
  WHERE c.task_state IN ('submitted', 'processing') AND c.lost_at IS NULL AND p.is_at_host = 1`;

/** A page of open tasks, and from where on the next one is; null after the last. */
export interface OpenTaskPage {
  tasks: OpenTask[];
  next: OpenTaskCursor | null;
}

export interface OpenTaskCursor {
  holdId: string;
}

/** Lists the open tasks that can be asked for at the upstream in use, in the order of their creates. */
export const listOpenTasks = defineRead(
  'tasks.listOpenTasks',
  async (tx: Tx, args: { after: OpenTaskCursor | null; limit: number }): Promise<OpenTaskPage> => {
    const tasks = await tx.all<OpenTask>(
      `${OPEN_TASK} ${OPEN_TASK_FROM} AND c.id > ? ORDER BY c.id LIMIT ?`,
      args.after?.holdId ?? '',
      args.limit,
    );
    const last = tasks.at(-1);
    const next = last && tasks.length === args.limit ? { holdId: last.holdId } : null;
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
      const task = await tx.get<OpenTask>(`${OPEN_TASK} ${OPEN_TASK_FROM} AND c.task_id = ?`, taskId);
      if (task) found.push(task);
    }
    return found;
  },
  // Creates wait for the slots that polls find free.
  'request',
);

/** The columns of a {@link ListedTask} of `creates c`. */
export const LISTED_TASK = `c.task_id AS id, c.external_task_id, c.id AS hold_id, c.operation, c.model, c.mode, c.product, c.app, c.tag,
  c.task_state AS state, c.task_message AS status_message, c.credits, c.state AS hold_state, c.settled_credits,
  (SELECT COUNT(*) FROM joins j WHERE j.hold_id = c.id) AS joins, c.task_created_at AS created_at,
  c.task_updated_at AS updated_at, c.lost_at, c.prompt_preview`;

export interface ListedTask {
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
  joins: number;
  created_at: Ms;
  updated_at: Ms;
  lost_at: Ms | null;
  prompt_preview: string | null;
}

export interface TaskEvent {
  state: TaskState;
  at: Ms;
  source: SightingSource;
  message: string | null;
}

/** An equal create that got a task's answer, because the task's own caller did not. */
export interface TaskJoin {
  at: Ms;
  requestId: string;
  tag: string | null;
}

export interface TaskDetail extends TaskRow {
  /** In the order of a task's life. */
  timeline: TaskEvent[];
  /** The creates that joined it, the first one first. */
  joined: TaskJoin[];
  results: TaskResult[];
  /** When Kling made the results, by its own update time where it gave one. */
  madeAt: Ms;
}

/** Gives one task by Kling's id, with its timeline and results; null if it is not ours. */
export const getTask = defineRead(
  'tasks.getTask',
  async (tx: Tx, args: { taskId: string }): Promise<TaskDetail | null> => {
    const row = await tx.get<ListedTask & { results: string | null; made_at: Ms }>(
      `SELECT ${LISTED_TASK}, r.results, COALESCE(c.vendor_updated_at, c.task_updated_at) AS made_at FROM creates c LEFT JOIN task_results r ON r.hold_id = c.id WHERE c.task_id = ?`,
      args.taskId,
    );
    if (!row) return null;
    const timeline = await tx.all<TaskEvent>(
      'SELECT state, at, source, message FROM task_events WHERE task_id = ? ORDER BY at, state',
      args.taskId,
    );
    timeline.sort((a, b) => compareStates(a.state, b.state));
    const joined = await tx.all<TaskJoin>(
      'SELECT at, request_id AS "requestId", tag FROM joins WHERE hold_id = ? ORDER BY at, id',
      row.hold_id,
    );
    const results = JSON.parse(row.results ?? '[]') as TaskResult[];
    return { ...toTaskRow(row), timeline, joined, results, madeAt: row.made_at };
  },
);

/** Gives a task as its row has it; `heldCredits` is what is still held, 0 after the end. */
export function toTaskRow(row: ListedTask): TaskRow {
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
    joins: row.joins,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    lostAt: row.lost_at,
    promptPreview: row.prompt_preview,
  };
}

/** Returns whether a sighting has results that the stored task lacks. */
export function bringsResults(task: KnownTask, sighting: TaskSighting): boolean {
  return task.has_results === 0 && sighting.results.length > 0 && isTerminal(sighting.state);
}
