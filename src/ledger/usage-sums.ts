/**
 * Usage summed by some keys, including the days and months of a zone.
 *
 * SQL counts days, in time ranges with one offset from UTC; months are sums of days. What is over is read from the sums of its slots
 * (`usage-slots.ts`).
 */
import { COUNTED } from '../budget/hold-list.ts';
import { SidecarError } from '../errors.ts';
import { defineRead, type SqlValue, type Tx } from '../store/operation.ts';
import type { MilliCredits, Ms } from '../units.ts';
import type { Mode, OperationWord } from '../words.ts';
import { DAY_MS, offsetSpans, type OffsetSpan } from '../zone.ts';
import { SLOT_SIZES_MS, SLOT_SUMS, summedTo, SUMS } from './usage-slots.ts';
import { groupConditions, usageConditions, type UsageFilter } from './usage.ts';

/** The keys of sums; days and months are those of `timeZone`. */
export type UsageKey = 'app' | 'operation' | 'model' | 'mode' | 'tag' | 'day' | 'month';

export interface UsageSum {
  app?: string;
  operation?: OperationWord;
  model?: string | null;
  mode?: Mode | null;
  tag?: string | null;
  /** `2026-11-21`. */
  day?: string;
  /** `2026-11`. */
  month?: string;
  tasks: number;
  /** Settled. */
  credits: MilliCredits;
  /** Still held. */
  heldCredits: MilliCredits;
  /** What was held for those that have ended: the estimate of `credits`. */
  estimatedCredits: MilliCredits;
}

export interface SumUsageArgs extends UsageFilter {
  /** At least one. */
  by: UsageKey[];
  timeZone: string;
}

/** The most rows of one answer; there may be as many apps and tags as creates. */
const SUMS_MAX = 10_000;
/** The most rows that are read for an answer: months are sums of days. */
const READ_MAX = 400_000;

type ReadRow = Omit<UsageSum, 'day' | 'month' | 'heldCredits' | 'estimatedCredits'> & {
  day?: number;
  held_credits: MilliCredits;
  estimated_credits: MilliCredits;
};

/**
 * Sums usage by the given keys, in their order.
 * @throws SidecarError `bad_usage` if they make more than 10,000 rows.
 */
export const sumUsage = defineRead(
  'ledger.sumUsage',
  async (tx: Tx, args: SumUsageArgs): Promise<{ rows: UsageSum[] }> => {
    const by = [...new Set(args.by)];
    const isByTime = by.includes('day') || by.includes('month');
    const spans = isByTime ? await spansOf(tx, args) : [{ from: args.from, to: args.to, offsetMs: 0 }];
    const sums = new Map<string, UsageSum>();
    for (const span of spans) {
      for (const row of await readSpan(tx, { ...args, by, span })) addRow(sums, by, row);
      if (sums.size > SUMS_MAX) throw tooMany();
    }
    return { rows: [...sums.values()].sort((one, other) => compare(by, one, other)) };
  },
);

type Span = Omit<OffsetSpan, 'from' | 'to'> & { from: Ms | undefined; to: Ms | undefined };

async function spansOf(tx: Tx, { from, to, timeZone }: SumUsageArgs): Promise<Span[]> {
  const seen = await tx.get<{ first: Ms | null; last: Ms | null }>(
    'SELECT MIN(at) AS first, MAX(at) AS last FROM creates',
  );
  if (seen === undefined || seen.first === null || seen.last === null) return [];
  return offsetSpans(timeZone, Math.max(from ?? 0, seen.first), Math.min(to ?? Infinity, seen.last + 1));
}

interface SpanArgs extends UsageFilter {
  by: readonly UsageKey[];
  span: Span;
}

/** The sizes of slots, the largest first. */
const SIZES_MS: readonly Ms[] = SLOT_SIZES_MS.toReversed();

/** Reads a span: slots that are summed by their sums, as large ones as fit, all else by its creates. */
async function readSpan(tx: Tx, args: SpanArgs, sizes = SIZES_MS): Promise<ReadRow[]> {
  const [size, ...smaller] = sizes;
  if (size === undefined) return readCreates(tx, args);
  const { from, to, offsetMs } = args.span;
  const first = Math.ceil((from ?? 0) / size);
  const end = Math.min(Math.floor((to ?? Infinity) / size), await summedTo(tx, size));
  if (end <= first || offsetMs % size !== 0) return readSpan(tx, args, smaller);
  const between = (start: Ms | undefined, stop: Ms | undefined): SpanArgs => ({
    ...args,
    span: { from: start, to: stop, offsetMs },
  });
  const isWhole = from === undefined || from === first * size;
  const rows = [
    ...(isWhole ? [] : await readSpan(tx, between(from, first * size), smaller)),
    ...(await readSlots(tx, args, { size, first, end })),
    ...(await readStale(tx, args, { size, first, end })),
    ...(await readSpan(tx, between(end * size, to), smaller)),
  ];
  if (rows.length > READ_MAX) throw tooMany();
  return rows;
}

/** Names the keys of a question as columns; `at` is the instant of a row. */
function keysOf({ by, span }: SpanArgs, at: string): { keys: string[]; columns: string } {
  const day = `(${at} + ${Math.trunc(span.offsetMs)}) / ${DAY_MS}`;
  const names = [...new Set(by.map((key) => (key === 'month' ? 'day' : key)))];
  const keys = names.map((name) => (name === 'day' ? day : name));
  return { keys, columns: keys.map((key, place) => `${key} AS ${names[place]}`).join(', ') };
}

async function readCreates(tx: Tx, args: SpanArgs): Promise<ReadRow[]> {
  const { from, to } = args.span;
  if (from !== undefined && to !== undefined && from >= to) return [];
  const { conditions, values } = usageConditions({
    ...args,
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
  });
  const { keys, columns } = keysOf(args, 'at');
  return groups(tx, {
    sql: `SELECT ${columns}, ${SUMS} FROM creates WHERE ${conditions.join(' AND ')}`,
    keys,
    values,
  });
}

interface Slots {
  size: Ms;
  first: number;
  /** Exclusive. */
  end: number;
}

async function readSlots(tx: Tx, args: SpanArgs, { size, first, end }: Slots): Promise<ReadRow[]> {
  const { conditions, values } = groupConditions(args);
  const { keys, columns } = keysOf(args, `slot * ${size}`);
  const isFresh = `NOT EXISTS (SELECT 1 FROM usage_stale t WHERE t.size = ${size} AND t.slot = usage_slots.slot)`;
  return groups(tx, {
    sql: `SELECT ${columns}, ${SLOT_SUMS}
     FROM usage_slots WHERE ${['size = ?', 'slot >= ?', 'slot < ?', isFresh, ...conditions].join(' AND ')}`,
    keys,
    values: [size, first, end, ...values],
  });
}

/** Reads the creates of slots whose sums are no longer right. */
async function readStale(tx: Tx, args: SpanArgs, { size, first, end }: Slots): Promise<ReadRow[]> {
  const { conditions, values } = groupConditions(args);
  const { keys, columns } = keysOf(args, 'at');
  const inSlot = `at >= usage_stale.slot * ${size} AND at < (usage_stale.slot + 1) * ${size}`;
  const isAsked = ['usage_stale.size = ?', 'usage_stale.slot >= ?', 'usage_stale.slot < ?'];
  return groups(tx, {
    sql: `SELECT ${columns}, ${SUMS} FROM usage_stale JOIN creates ON ${inSlot}
     WHERE ${[...isAsked, COUNTED, ...conditions].join(' AND ')}`,
    keys,
    values: [size, first, end, ...values],
  });
}

async function groups(
  tx: Tx,
  { sql, keys, values }: { sql: string; keys: readonly string[]; values: readonly SqlValue[] },
): Promise<ReadRow[]> {
  const list = keys.join(', ');
  const rows = await tx.all<ReadRow>(
    `${sql} GROUP BY ${list} ORDER BY ${list} LIMIT ?`,
    ...values,
    READ_MAX + 1,
  );
  if (rows.length > READ_MAX) throw tooMany();
  return rows;
}

function addRow(sums: Map<string, UsageSum>, by: readonly UsageKey[], row: ReadRow): void {
  const {
    day,
    held_credits: heldCredits,
    estimated_credits: estimatedCredits,
    tasks,
    credits,
    ...keys
  } = row;
  const date = day === undefined ? '' : new Date(day * DAY_MS).toISOString();
  const values = { ...keys, day: date.slice(0, 10), month: date.slice(0, 7) };
  const named = Object.fromEntries(by.map((name) => [name, values[name] ?? null]));
  const key = JSON.stringify(Object.values(named));
  const known = sums.get(key);
  if (known === undefined) {
    sums.set(key, { ...named, tasks, credits, heldCredits, estimatedCredits });
    return;
  }
  known.tasks += tasks;
  known.credits += credits;
  known.heldCredits += heldCredits;
  known.estimatedCredits += estimatedCredits;
}

/** Orders as the store does: absent values first. */
function compare(by: readonly UsageKey[], one: UsageSum, other: UsageSum): number {
  for (const key of by) {
    const [a, b] = [one[key] ?? '', other[key] ?? ''];
    if (a !== b) return a < b ? -1 : 1;
  }
  return 0;
}

function tooMany(): SidecarError {
  return new SidecarError(
    'bad_usage',
    `These keys make more than ${SUMS_MAX} rows: ask for a shorter time (from, to), one app or tag, or fewer keys.`,
  );
}
