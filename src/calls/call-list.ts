/**
 * The list of attempts at Kling with its filters.
 *
 * **Invariant**: a page reads a bounded number of rows, from the newest on (store/bounded-list.ts).
 */
import type { Counted } from '../store/count.ts';
import { defineRead, type Tx } from '../store/operation.ts';
import { readStretches, type Stretches } from '../store/stretched-list.ts';
import {
  addCondition,
  addEqual,
  countTimed,
  rangeOf,
  readTimedPage,
  type Conditions,
} from '../store/timed-list.ts';
import type { Ms } from '../units.ts';
import type { CallOutcome } from '../words.ts';
import type { CallRecord } from './call.ts';
import { toCall, type CallColumns } from './call-table.ts';
import { cursorAfter, readCursor, type Place } from './cursor.ts';
import { selectDroppedTo } from './retention.ts';

/** What narrows a list of calls; all given must hold. `from` is inclusive, `to` exclusive. */
export interface CallFilter {
  from?: Ms;
  to?: Ms;
  app?: string;
  /** Null: calls without a tag. */
  tag?: string | null;
  method?: string;
  route?: string;
  status?: number;
  code?: number;
  outcome?: CallOutcome;
  /** Some of them, at least one. */
  outcomes?: readonly CallOutcome[];
  taskId?: string;
  holdId?: string;
  requestId?: string;
  origin?: 'app' | 'sidecar';
}

export interface ListCallsArgs extends CallFilter {
  limit: number;
  /** Whether all rows are counted, too. */
  total?: boolean;
  cursor: string | null;
  /** The calls of a task's create: its sends, and the look-ups of its doubt. They are looked for in the time of its create. */
  ofTask?: string;
}

export interface CallPage extends Counted {
  calls: CallRecord[];
  nextCursor: string | null;
  /** If the page ended before it was full: how many calls were looked at, and the instant of the last of them. */
  searched: { rows: number; backTo: Ms } | null;
  /** The instant before which calls were dropped; null if none were. */
  keptFrom: Ms | null;
}

/** The journal is dated by the wall clock and holds by the trusted one: calls are looked for so much earlier and later. */
const CLOCKS_DIFFER_MS: Ms = 60_000;

/**
 * Lists attempts at Kling, newest first.
 * @throws SidecarError `bad_usage` on a cursor that is none.
 */
export const listCalls = defineRead('calls.listCalls', (tx: Tx, args: ListCallsArgs): Promise<CallPage> =>
  readCalls(tx, args),
);

/** What another folder knows of the calls that are wanted. */
export interface Narrowed {
  /** Conditions on the view `calls`. */
  more: Conditions;
  /** Where calls of the list can be, if only few stretches of its time have any; those before a place (null: all). */
  stretchesBefore?: (place: Place | null) => Promise<Stretches>;
}

/**
 * Reads a page of attempts at Kling, newest first.
 * @throws SidecarError `bad_usage` on a cursor that is none.
 */
export async function readCalls(
  tx: Tx,
  args: ListCallsArgs,
  { more, stretchesBefore }: Narrowed = { more: { texts: [], values: [] } },
): Promise<CallPage> {
  const after = args.cursor === null ? null : readCursor(args.cursor);
  const range = rangeOf('at', args);
  const filters = filtersOf(args);
  if (args.ofTask !== undefined) await addTask(tx, args.ofTask, { range, filters });
  filters.texts.push(...more.texts);
  filters.values.push(...more.values);
  const list = { table: 'calls', at: 'at', id: 'id', range, filters };
  const counted = await countTimed(tx, args.total, list);
  const asked = {
    ...list,
    select: 'SELECT * FROM calls',
    limit: args.limit,
    after,
    placeOf: ({ at, id }: CallColumns) => ({ at, id }),
  };
  const { rows, next, searched } =
    stretchesBefore === undefined
      ? await readTimedPage<CallColumns>(tx, asked)
      : await readStretches<CallColumns>(tx, asked, await stretchesBefore(after));
  const droppedTo = await selectDroppedTo(tx);
  const keptFrom = droppedTo === 0 ? null : droppedTo;
  return { calls: rows.map(toCall), nextCursor: next && cursorAfter(next), searched, keptFrom, ...counted };
}

function filtersOf(filter: CallFilter): Conditions {
  const filters: Conditions = { texts: [], values: [] };
  addCondition(filters, 'app = ?', filter.app);
  addEqual(filters, 'tag', filter.tag);
  addCondition(filters, 'method = ?', filter.method);
  addCondition(filters, 'route = ?', filter.route);
  addCondition(filters, 'status = ?', filter.status);
  addCondition(filters, 'code = ?', filter.code);
  addCondition(filters, 'outcome = ?', filter.outcome);
  if (filter.outcomes) {
    filters.texts.push(`outcome IN (${filter.outcomes.map(() => '?').join(', ')})`);
    filters.values.push(...filter.outcomes);
  }
  addCondition(filters, 'task_id = ?', filter.taskId);
  addCondition(filters, 'hold_id = ?', filter.holdId);
  addCondition(filters, 'request_id = ?', filter.requestId);
  addCondition(filters, 'origin = ?', filter.origin);
  return filters;
}

/** Keeps the calls of a task's create; of a task that is not ours those that name it, such as imported ones. */
async function addTask(
  tx: Tx,
  taskId: string,
  { range, filters }: { range: Conditions; filters: Conditions },
): Promise<void> {
  const create = await tx.get<{ id: string; at: Ms; until: Ms }>(
    `SELECT id, at, CASE WHEN COALESCE(task_seen_at, at) > COALESCE(sent_at, at) THEN COALESCE(task_seen_at, at)
       ELSE COALESCE(sent_at, at) END AS until
     FROM creates WHERE task_id = ?`,
    taskId,
  );
  if (!create) {
    addCondition(filters, 'task_id = ?', taskId);
    return;
  }
  filters.texts.push('(task_id = ? OR hold_id = ?)');
  filters.values.push(taskId, create.id);
  addCondition(range, 'at >= ?', create.at - CLOCKS_DIFFER_MS);
  addCondition(range, 'at <= ?', create.until + CLOCKS_DIFFER_MS);
}
