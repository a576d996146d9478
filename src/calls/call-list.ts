/**
 * The list of attempts at Kling with its filters.
 *
 * **Invariant**: a page reads a bounded number of rows, from the newest on (store/bounded-list.ts).
 */
import { isAfter, isUntil, rangeBeside, readBounded } from '../store/bounded-list.ts';
import { countWhere, whereOf, type Counted } from '../store/count.ts';
import { defineRead, type SqlValue, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import type { CallOutcome } from '../words.ts';
import type { CallRecord } from './call.ts';
import { toCall, type CallColumns } from './call-table.ts';
import { cursorAfter, readCursor, type Place } from './cursor.ts';

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
}

interface Conditions {
  texts: string[];
  values: SqlValue[];
}

/** The journal is dated by the wall clock and holds by the trusted one: calls are looked for so much earlier and later. */
const CLOCKS_DIFFER_MS: Ms = 60_000;

/**
 * Lists attempts at Kling, newest first.
 * @throws SidecarError `bad_usage` on a cursor that is none.
 */
export const listCalls = defineRead(
  'calls.listCalls',
  async (tx: Tx, args: ListCallsArgs): Promise<CallPage> => {
    const after = args.cursor === null ? null : readCursor(args.cursor);
    const range = rangeOf(args);
    const filters = filtersOf(args);
    if (args.ofTask !== undefined) await addTask(tx, args.ofTask, { range, filters });
    const counted = await countWhere(tx, args.total, `calls ${whereOf([...range.texts, ...filters.texts])}`, [
      ...range.values,
      ...filters.values,
    ]);
    const page = await readBounded<CallColumns, Place>({
      limit: args.limit,
      after,
      placeAfter: async (start, rows) => {
        const { texts, values } = joined(range, start && isAfter('at', 'id', start));
        const last = await tx.get<Place>(
          `SELECT at, id FROM calls ${whereOf(texts)} ORDER BY at DESC, id DESC LIMIT 1 OFFSET ?`,
          ...values,
          rows - 1,
        );
        return last ?? null;
      },
      read: (span, rows) => {
        const start = span.after && isAfter('at', 'id', span.after);
        const until = span.until && isUntil('at', 'id', span.until);
        const { texts, values } = joined(range, start, until);
        return tx.all<CallColumns>(
          `SELECT * FROM calls ${whereOf([...texts, ...filters.texts])} ORDER BY at DESC, id DESC LIMIT ?`,
          ...values,
          ...filters.values,
          rows,
        );
      },
      placeOf: ({ at, id }) => ({ at, id }),
    });
    const { looked } = page;
    return {
      calls: page.rows.map(toCall),
      nextCursor: page.next && cursorAfter(page.next),
      searched: looked && { rows: looked.rows, backTo: looked.until.at },
      ...counted,
    };
  },
);

type Bound = { sql: string; values: SqlValue[] } | null;

function joined(range: Conditions, after: Bound, until: Bound = null): Conditions {
  const given = [after, until].filter((one) => one !== null);
  return {
    texts: [...rangeBeside(range.texts, { after, until }), ...given.map(({ sql }) => sql)],
    values: [...range.values, ...given.flatMap(({ values }) => values)],
  };
}

function rangeOf({ from, to }: CallFilter): Conditions {
  const range: Conditions = { texts: [], values: [] };
  addTo(range, 'at >= ?', from);
  addTo(range, 'at < ?', to);
  return range;
}

function filtersOf(filter: CallFilter): Conditions {
  const filters: Conditions = { texts: [], values: [] };
  addTo(filters, 'app = ?', filter.app);
  if (filter.tag === null) filters.texts.push('tag IS NULL');
  else addTo(filters, 'tag = ?', filter.tag);
  addTo(filters, 'method = ?', filter.method);
  addTo(filters, 'route = ?', filter.route);
  addTo(filters, 'status = ?', filter.status);
  addTo(filters, 'code = ?', filter.code);
  addTo(filters, 'outcome = ?', filter.outcome);
  if (filter.outcomes) {
    filters.texts.push(`outcome IN (${filter.outcomes.map(() => '?').join(', ')})`);
    filters.values.push(...filter.outcomes);
  }
  addTo(filters, 'task_id = ?', filter.taskId);
  addTo(filters, 'hold_id = ?', filter.holdId);
  addTo(filters, 'request_id = ?', filter.requestId);
  addTo(filters, 'origin = ?', filter.origin);
  return filters;
}

function addTo({ texts, values }: Conditions, text: string, value: SqlValue | undefined): void {
  if (value === undefined) return;
  texts.push(text);
  values.push(value);
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
    addTo(filters, 'task_id = ?', taskId);
    return;
  }
  filters.texts.push('(task_id = ? OR hold_id = ?)');
  filters.values.push(taskId, create.id);
  addTo(range, 'at >= ?', create.at - CLOCKS_DIFFER_MS);
  addTo(range, 'at <= ?', create.until + CLOCKS_DIFFER_MS);
}
