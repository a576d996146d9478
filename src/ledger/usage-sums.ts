/**
 * Usage summed by some keys, including the days and months of a zone.
 *
 * SQL counts days, in time ranges with one offset from UTC; months are sums of days.
 */
import { SidecarError } from '../errors.ts';
import { defineRead, type Tx } from '../store/operation.ts';
import type { MilliCredits, Ms } from '../units.ts';
import type { Mode, OperationWord } from '../words.ts';
import { DAY_MS, offsetSpans, type OffsetSpan } from '../zone.ts';
import { usageConditions, type UsageFilter } from './usage.ts';

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

type ReadRow = Omit<UsageSum, 'day' | 'month' | 'heldCredits'> & { day?: number; held_credits: MilliCredits };

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

async function readSpan(
  tx: Tx,
  { by, span, ...filter }: UsageFilter & { by: readonly UsageKey[]; span: Span },
): Promise<ReadRow[]> {
  const { from, to, offsetMs } = span;
  const { conditions, values } = usageConditions({
    ...filter,
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
  });
  const day = `(at + ${Math.trunc(offsetMs)}) / ${DAY_MS}`;
  const names = [...new Set(by.map((key) => (key === 'month' ? 'day' : key)))];
  const keys = names.map((name) => (name === 'day' ? day : name));
  const rows = await tx.all<ReadRow>(
    `SELECT ${keys.map((key, at) => `${key} AS ${names[at]}`).join(', ')}, COUNT(*) AS tasks,
       SUM(settled_credits) AS credits, SUM(CASE WHEN state = 'held' THEN credits ELSE 0 END) AS held_credits
     FROM creates WHERE ${conditions.join(' AND ')} GROUP BY ${keys.join(', ')} ORDER BY ${keys.join(', ')} LIMIT ?`,
    ...values,
    READ_MAX + 1,
  );
  if (rows.length > READ_MAX) throw tooMany();
  return rows;
}

function addRow(sums: Map<string, UsageSum>, by: readonly UsageKey[], row: ReadRow): void {
  const { day, held_credits: heldCredits, tasks, credits, ...keys } = row;
  const date = day === undefined ? '' : new Date(day * DAY_MS).toISOString();
  const values = { ...keys, day: date.slice(0, 10), month: date.slice(0, 7) };
  const named = Object.fromEntries(by.map((name) => [name, values[name] ?? null]));
  const key = JSON.stringify(Object.values(named));
  const known = sums.get(key);
  if (known === undefined) {
    sums.set(key, { ...named, tasks, credits, heldCredits });
    return;
  }
  known.tasks += tasks;
  known.credits += credits;
  known.heldCredits += heldCredits;
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
