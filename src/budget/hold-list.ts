/**
 * The list of holds with its filters.
 *
 * **Invariant**: a page reads a bounded number of rows. Open holds and those in doubt are found by the index of open creates; all
 * else is looked for from the newest hold on, page by page (store/bounded-list.ts).
 */
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
import type { MilliCredits, Ms } from '../units.ts';
import type { HoldState, Mode, OperationWord } from '../words.ts';
import type { HoldRow } from './hold.ts';
import { HOLD_COLUMNS } from './hold-table.ts';
import { upstreamText } from './hold-upstream.ts';

/** What usage counts: creates that cost something or may cost something. Those that Kling refused or never got are left out. */
export const COUNTED = "(state <> 'released' OR task_id IS NOT NULL OR settled_credits > 0)";

/** What narrows a list of holds; all given must hold. Null stands for holds without that value. */
export interface HoldFilter {
  /** By the instant of the hold, as budgets count; `from` is inclusive, `to` exclusive. */
  from?: Ms;
  to?: Ms;
  state?: HoldState;
  inDoubt?: boolean;
  app?: string;
  tag?: string | null;
  operation?: string;
  model?: string | null;
  mode?: string | null;
  /** Only those that usage counts. */
  counted?: boolean;
  /** Only those that cost something. */
  spent?: boolean;
  /** Only those that have ended. */
  ended?: boolean;
  /** Only those that count on this counter, by its id. */
  counter?: string;
  /** Only these holds. */
  ids?: readonly string[];
}

export interface ListHoldsArgs extends HoldFilter {
  limit: number;
  /** The id of the hold after which the page begins. */
  cursor: string | null;
  /** Whether to count all rows too. */
  total?: boolean;
}

export interface HoldListItem {
  id: string;
  state: HoldState;
  inDoubt: boolean;
  credits: MilliCredits;
  settledCredits: MilliCredits;
  externalTaskId: string | null;
  taskId: string | null;
  operation: OperationWord;
  model: string | null;
  mode: Mode | null;
  app: string;
  tag: string | null;
  /** Slots of Kling's concurrency limits that its create takes. */
  slots: number;
  createdAt: Ms;
  endedAt: Ms | null;
  doubtSince: Ms | null;
  doubtEvidence: string | null;
  lookUps: number;
  /** Host and account; null if 0.1.0 recorded none. */
  upstream: string | null;
  /** Whether only an operator can end it: nothing can ask Kling for it, or its upstream is not in use. */
  waitsForOperator: boolean;
}

interface ListedColumns extends HoldRow {
  ended_at: Ms | null;
  doubt_evidence: string | null;
  is_in_use: number;
  is_at_host: number;
}

export interface HoldPage extends Counted {
  holds: HoldListItem[];
  nextCursor: string | null;
  /** If the page ended before it was full: how many holds were looked at, and the instant of the last of them. */
  searched: { rows: number; backTo: Ms } | null;
}

const SELECT = `SELECT ${HOLD_COLUMNS}, ended_at, doubt_evidence, is_in_use, is_at_host
     FROM creates JOIN hold_places ON hold_id = id`;

const LISTED = { table: 'creates', at: 'at', id: 'id' } as const;

/** Lists holds, newest first. */
export const listHolds = defineRead(
  'budget.listHolds',
  async (tx: Tx, args: ListHoldsArgs): Promise<HoldPage> => {
    const { limit, cursor } = args;
    const range = rangeOf('at', args);
    const filters = filtersOf(args);
    if (args.ids !== undefined) return pageOfIds(tx, { range, filters }, { ...args, ids: args.ids });
    if (isOfFew(args)) {
      const from = `creates ${whereOf([...range.texts, ...filters.texts])}`;
      const counted = await countWhere(tx, args.total, from, [...range.values, ...filters.values]);
      return { ...(await pageOfFew(tx, { range, filters }, { limit, cursor })), ...counted };
    }
    const counted = await countTimed(tx, args.total, { ...LISTED, range, filters });
    const page = await boundedPage(
      tx,
      { range, filters },
      { limit, after: await placeOfId(tx, LISTED, cursor) },
    );
    return { ...page, ...counted };
  },
);

/** Gives one hold; null if there is none. */
export const getHold = defineRead(
  'budget.getHold',
  async (tx: Tx, { holdId }: { holdId: string }): Promise<HoldListItem | null> => {
    const row = await tx.get<ListedColumns>(`${SELECT} WHERE id = ?`, holdId);
    return row ? toListItem(row) : null;
  },
);

/** Returns whether the filter leaves open holds alone: an index has those. */
function isOfFew({ state, inDoubt }: HoldFilter): boolean {
  return state === 'held' || inDoubt === true;
}

function filtersOf(filter: HoldFilter): Conditions {
  const filters: Conditions = { texts: [], values: [] };
  // Part of the text, not bound: only then does SQLite use the index of open creates.
  if (filter.state !== undefined) filters.texts.push(STATE_CONDITIONS[filter.state]);
  if (filter.inDoubt === true) filters.texts.push(STATE_CONDITIONS.held, 'in_doubt = 1');
  if (filter.inDoubt === false) filters.texts.push('in_doubt = 0');
  for (const column of ['app', 'tag', 'operation', 'model', 'mode'] as const)
    addEqual(filters, column, filter[column]);
  if (filter.counted === true) filters.texts.push(COUNTED);
  if (filter.ended === true) filters.texts.push("state <> 'held'");
  if (filter.counter !== undefined) {
    filters.texts.push(NAMES_COUNTER);
    filters.values.push(` ${filter.counter} `);
  }
  if (filter.spent === true) filters.texts.push('settled_credits > 0');
  return filters;
}

/** That the list of a hold's counters has one. LIKE would not do: in SQLite it takes `Web` for `web`. */
const NAMES_COUNTER = `REPLACE(' ' || counters || ' ', ?, '') <> ' ' || counters || ' '`;

const STATE_CONDITIONS: Readonly<Record<HoldState, string>> = {
  held: "state = 'held'",
  settled: "state = 'settled'",
  released: "state = 'released'",
  written_off: "state = 'written_off'",
};

interface Asked {
  range: Conditions;
  filters: Conditions;
}

async function pageOfFew(
  tx: Tx,
  { range, filters }: Asked,
  { limit, cursor }: { limit: number; cursor: string | null },
): Promise<HoldPage> {
  const after: Conditions = { texts: [], values: [] };
  addCondition(after, 'id < ?', cursor ?? undefined);
  const rows = await tx.all<ListedColumns>(
    `${SELECT} ${whereOf([...range.texts, ...filters.texts, ...after.texts])} ORDER BY id DESC LIMIT ?`,
    ...range.values,
    ...filters.values,
    ...after.values,
    limit + 1,
  );
  const holds = rows.slice(0, limit).map(toListItem);
  const nextCursor = rows.length > limit ? (holds.at(-1)?.id ?? null) : null;
  return { holds, nextCursor, searched: null };
}

/** The most ids of one statement. */
const IDS_MAX = 500;

/** Lists those of some holds that match, and counts them if that is asked for. */
async function pageOfIds(
  tx: Tx,
  { range, filters }: Asked,
  { ids, limit, cursor, total }: ListHoldsArgs & { ids: readonly string[] },
): Promise<HoldPage> {
  const found: ListedColumns[] = [];
  for (const some of piecesOf(ids.toSorted().toReversed(), IDS_MAX)) {
    const among = `id IN (${some.map(() => '?').join(', ')})`;
    const rows = await tx.all<ListedColumns>(
      `${SELECT} ${whereOf([...range.texts, ...filters.texts, among])} ORDER BY id DESC`,
      ...range.values,
      ...filters.values,
      ...some,
    );
    found.push(...rows);
    if (total !== true && found.length > limit && cursor === null) break;
  }
  const rest = cursor === null ? found : found.filter(({ id }) => id < cursor);
  const holds = rest.slice(0, limit).map(toListItem);
  const nextCursor = rest.length > limit ? (holds.at(-1)?.id ?? null) : null;
  return { holds, nextCursor, searched: null, ...(total === true && { total: found.length }) };
}

function piecesOf<T>(list: readonly T[], size: number): T[][] {
  const count = Math.ceil(list.length / size);
  return Array.from({ length: count }, (_, at) => list.slice(at * size, (at + 1) * size));
}

async function boundedPage(
  tx: Tx,
  { range, filters }: Asked,
  { limit, after }: { limit: number; after: TimedPlace | null },
): Promise<HoldPage> {
  const { rows, next, searched } = await readTimedPage<ListedColumns>(tx, {
    ...LISTED,
    select: SELECT,
    range,
    filters,
    limit,
    after,
    placeOf: ({ at, id }) => ({ at, id }),
  });
  return { holds: rows.map(toListItem), nextCursor: next && next.id, searched };
}

function toListItem(row: ListedColumns): HoldListItem {
  return {
    id: row.id,
    state: row.state,
    inDoubt: row.in_doubt === 1,
    credits: row.credits,
    settledCredits: row.settled_credits,
    externalTaskId: row.external_task_id,
    taskId: row.task_id,
    operation: row.operation,
    model: row.model,
    mode: row.mode,
    app: row.app,
    tag: row.tag,
    slots: row.weight,
    createdAt: row.at,
    endedAt: row.ended_at,
    doubtSince: row.doubt_since,
    doubtEvidence: row.doubt_evidence,
    lookUps: row.look_ups,
    upstream: row.upstream_host === null && row.upstream_account === null ? null : upstreamText(row),
    waitsForOperator: waitsForOperator(row),
  };
}

function waitsForOperator(row: ListedColumns): boolean {
  if (row.state !== 'held') return false;
  if (row.in_doubt === 1) return row.external_task_id === null || row.is_in_use === 0;
  return row.task_id !== null && row.is_at_host === 0;
}
