/**
 * The list of tasks with its filters, and the search for one.
 *
 * **Invariant**: a page reads a bounded number of rows. Open, stuck and lost tasks are found by the index of open creates; ids by
 * their own indexes; all else is looked for from the newest create on, page by page (store/bounded-list.ts).
 */
import { idTime } from '../ids.ts';
import { LOOKED_MAX } from '../store/bounded-list.ts';
import { countWhere, whereOf, type Counted } from '../store/count.ts';
import { defineRead, type Tx } from '../store/operation.ts';
import {
  addCondition,
  addEqual,
  countTimed,
  placeOfId,
  rangeOf,
  readTimedPage,
  type Conditions,
  type TimedPlace,
} from '../store/timed-list.ts';
import type { Ms, Product } from '../units.ts';
import type { TaskState } from '../words.ts';
import { IS_LOST } from './lost-table.ts';
import { IS_OPEN, stuckCondition, type StuckLimits } from './stuck-limits.ts';
import { isTerminal } from './task-state.ts';
import { LISTED_TASK, toTaskRow, type ListedTask } from './task-table.ts';
import type { TaskRow } from './task.ts';

/** The ages from which tasks are stuck, and the instant to which they apply. */
export interface StuckAt {
  limits: StuckLimits;
  at: Ms;
}

/** What narrows a list of tasks; all given must hold. Null stands for tasks without that value. */
export interface TaskFilter {
  /** By the instant of the hold, as budgets count; `from` is inclusive, `to` exclusive. */
  from?: Ms;
  to?: Ms;
  /** The shown state: a lost task is only `lost`. */
  state?: TaskState | 'lost';
  app?: string;
  tag?: string | null;
  operation?: string;
  model?: string | null;
  mode?: string | null;
  product?: Product;
  /** Only tasks that are stuck at an instant. */
  stuck?: StuckAt;
  /**
   * A task's id, the id of its hold, its external id, app or tag, each whole, or a part of its prompt's preview. One whose id it
   * is comes alone.
   */
  search?: string;
}

export interface ListTasksArgs extends TaskFilter {
  limit: number;
  /** The id of the hold after which the page begins. */
  cursor: string | null;
  /** Whether all rows are counted, too. A search is not: it would read all rows. */
  total?: boolean;
}

export interface TaskPage extends Counted {
  tasks: TaskRow[];
  nextCursor: string | null;
  /** If the page ended before it was full: how many creates were looked at, and the instant of the last of them. */
  searched: { rows: number; backTo: Ms } | null;
}

type FoundTask = ListedTask & { at: Ms };
const FOUND_TASK = `${LISTED_TASK}, c.at`;

const LISTED = { table: 'creates c', at: 'c.at', id: 'c.id' } as const;

/** Lists tasks, newest first. */
export const listTasks = defineRead(
  'tasks.listTasks',
  async (tx: Tx, args: ListTasksArgs): Promise<TaskPage> => {
    const { limit, cursor, search } = args;
    const range = rangeOf('c.at', args);
    const filters = filterConditions(args);
    if (search !== undefined && cursor === null) {
      const found = await findById(tx, search, joined(range, filters));
      if (found) return { tasks: [toTaskRow(found)], nextCursor: null, searched: null };
    }
    if (search !== undefined) addSearch(filters, search);
    const isCounted = args.total === true && search === undefined;
    if (isOfFew(args)) {
      const wanted = joined(range, filters);
      const counted = await countWhere(tx, isCounted, `creates c ${whereOf(wanted.texts)}`, wanted.values);
      return { ...(await pageOfFew(tx, wanted, { limit, cursor })), ...counted };
    }
    const rows = { ...LISTED, range, filters };
    const counted = await countTimed(tx, isCounted, rows);
    return {
      ...(await boundedPage(tx, rows, { limit, after: await placeOfId(tx, rows, cursor) })),
      ...counted,
    };
  },
);

/** Returns whether the filter leaves open or lost tasks alone: an index has those. */
function isOfFew({ state, stuck }: TaskFilter): boolean {
  return stuck !== undefined || (state !== undefined && (state === 'lost' || !isTerminal(state)));
}

function joined(range: Conditions, filters: Conditions): Conditions {
  return { texts: [...range.texts, ...filters.texts], values: [...range.values, ...filters.values] };
}

/** Gives the conditions of a filter that do not depend on the time. */
function filterConditions(filter: TaskFilter): Conditions {
  const conditions: Conditions = { texts: ['c.task_id IS NOT NULL'], values: [] };
  addState(filter, conditions);
  for (const column of ['app', 'tag', 'operation', 'model', 'mode', 'product'] as const)
    addEqual(conditions, `c.${column}`, filter[column]);
  return conditions;
}

/** The states of open tasks are part of the text: only then is their index used. */
function addState({ state, stuck }: TaskFilter, conditions: Conditions): void {
  const { texts, values } = conditions;
  if (state === 'lost') texts.push(IS_LOST);
  else if (state !== undefined) {
    addCondition(conditions, 'c.task_state = ?', state);
    if (!isTerminal(state)) texts.push(IS_OPEN);
  }
  if (!stuck) return;
  const isOld = stuckCondition(stuck.limits, stuck.at);
  texts.push(IS_OPEN, isOld.sql);
  values.push(...isOld.values);
}

function addSearch({ texts, values }: Conditions, search: string): void {
  texts.push(
    `(c.app = ? OR c.tag = ? OR c.external_task_id = ? OR LOWER(c.prompt_preview) LIKE LOWER(?) ESCAPE '!')`,
  );
  values.push(search, search, search, `%${search.replaceAll(/[!%_]/g, '!$&')}%`);
}

/** Lists those that an index of the open or lost ones has. */
async function pageOfFew(
  tx: Tx,
  { texts, values }: Conditions,
  { limit, cursor }: { limit: number; cursor: string | null },
): Promise<TaskPage> {
  const after = cursor === null ? [] : ['c.id < ?'];
  const rows = await tx.all<ListedTask>(
    `SELECT ${LISTED_TASK} FROM creates c ${whereOf([...texts, ...after])} ORDER BY c.id DESC LIMIT ?`,
    ...values,
    ...(cursor === null ? [] : [cursor]),
    limit + 1,
  );
  const tasks = rows.slice(0, limit).map(toTaskRow);
  const nextCursor = rows.length > limit ? (tasks.at(-1)?.holdId ?? null) : null;
  return { tasks, nextCursor, searched: null };
}

async function boundedPage(
  tx: Tx,
  list: typeof LISTED & { range: Conditions; filters: Conditions },
  { limit, after }: { limit: number; after: TimedPlace | null },
): Promise<TaskPage> {
  const { rows, next, searched } = await readTimedPage<FoundTask>(tx, {
    ...list,
    select: `SELECT ${FOUND_TASK} FROM creates c`,
    limit,
    after,
    placeOf: ({ at, hold_id: id }) => ({ at, id }),
  });
  return { tasks: rows.map(toTaskRow), nextCursor: next?.id ?? null, searched };
}

/** An external id of ours is made when its create comes, shortly before its hold. */
const OWN_ID = /^ks_[0-9a-z]{26}$/;
const HELD_WITHIN_MS: Ms = 600_000;
const EARLIER_MS: Ms = 5_000;

/** Finds the task whose id, hold or external id is the text, by an index of each; undefined if none is or a filter excludes it. */
async function findById(
  tx: Tx,
  text: string,
  { texts, values }: Conditions,
): Promise<ListedTask | undefined> {
  const select = `SELECT ${LISTED_TASK} FROM creates c ${whereOf(texts)}`;
  for (const column of ['task_id', 'id', 'guard_task_id']) {
    const found = await tx.get<ListedTask>(`${select} AND c.${column} = ?`, ...values, text);
    if (found) return found;
  }
  if (!OWN_ID.test(text)) return undefined;
  const made = idTime(text);
  const last = await tx.get<{ at: Ms }>(
    'SELECT at FROM creates WHERE at >= ? ORDER BY at, id LIMIT 1 OFFSET ?',
    made - EARLIER_MS,
    LOOKED_MAX,
  );
  return tx.get<ListedTask>(
    `${select} AND c.at >= ? AND c.at <= ? AND c.external_task_id = ? ORDER BY c.at, c.id LIMIT 1`,
    ...values,
    made - EARLIER_MS,
    Math.min(made + HELD_WITHIN_MS, last?.at ?? Infinity),
    text,
  );
}
