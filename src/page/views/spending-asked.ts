/** What the address of *Spending* asks for: a month in a zone, summed by a key. */
import { parseMonth } from '../../sla/period.ts';
import type { Ms } from '../../units.ts';
import { dateAfter, monthBounds, startOfDate } from '../../zone.ts';
import { USAGE_KEYS, type UsageKey } from '../../control/questions.ts';
import type { UsageSumsAnswer } from '../../control/usage-schemas.ts';
import { ApiProblem } from '../api-reader.ts';
import type { PageContext } from '../view.ts';

/** A row of sums. */
export type Sum = UsageSumsAnswer['rows'][number];

/** A stretch of time: `from` inclusive, `to` exclusive. */
export interface Span {
  from: Ms;
  to: Ms;
}

/** What the page's query asks for, and its sums. */
export interface SpendingAsked {
  month: string;
  by: UsageKey;
  /** The instants of the month in the page's zone. */
  span: Span;
  /** In the order in which they are shown. */
  sums: readonly Sum[];
}

/** A month with the sums of each day by the key; of the days alone where the key has too many values. */
export interface SpendingDays extends SpendingAsked {
  days: readonly Sum[];
}

/** Reads the sums of the month and the key that the page's query names. @throws ApiProblem for a month that is none. */
export async function askedSums(context: PageContext): Promise<SpendingAsked> {
  const { month, by } = askedOf(context);
  return shaped(context, { month, by, sums: await sumsBy(context, by) });
}

/**
 * Reads the same with the days, in one question where it can: a key with many values makes many rows to sum.
 * @throws ApiProblem for a month that is none.
 */
export async function askedDays(context: PageContext): Promise<SpendingDays> {
  const { month, by } = askedOf(context);
  if (by === 'day') {
    const asked = await askedSums(context);
    return { ...asked, days: asked.sums };
  }
  try {
    const days = await sumsBy(context, `day,${by}`);
    const groups = [...Map.groupBy(days, (row) => row[by] ?? null)];
    const sums = groups.toSorted(byKey).map(([key, rows]) => ({ [by]: key, ...addSums(rows) }));
    return { ...shaped(context, { month, by, sums }), days };
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error;
    return { ...(await askedSums(context)), days: await sumsBy(context, 'day') };
  }
}

function askedOf({ query, format }: PageContext): Pick<SpendingAsked, 'month' | 'by'> {
  return { month: query.get('month') || format.month(), by: keyOf(query.get('by')) };
}

async function sumsBy(context: PageContext, by: string): Promise<readonly Sum[]> {
  const { api, format } = context;
  const { month } = askedOf(context);
  return (await api.usageSums({ month, timeZone: format.zone, by })).rows;
}

/** Orders as the API does: rows without a value first. */
function byKey(
  [one]: readonly [key: string | null, unknown],
  [other]: readonly [key: string | null, unknown],
): number {
  if (one === other) return 0;
  return (one ?? '') < (other ?? '') ? -1 : 1;
}

function shaped(
  { format }: PageContext,
  { month, by, sums }: Pick<SpendingAsked, 'month' | 'by' | 'sums'>,
): SpendingAsked {
  const { year, month: number } = parseMonth(month);
  const { start, end } = monthBounds(format.zone, year, number);
  const shown = by === 'day' ? sums : sums.toSorted((a, b) => spentOn(b) - spentOn(a));
  return { month, by, span: { from: start, to: end }, sums: shown };
}

/** Adds rows up; the sum has none of their keys. There must be at least one row. */
export function addSums(rows: readonly Sum[]): Sum {
  const sum = (of: (row: Sum) => number, places: number): number =>
    Math.round(rows.reduce((all, row) => all + of(row), 0) * places) / places;
  return {
    tasks: sum(({ tasks }) => tasks, 1),
    credits: sum(({ credits }) => credits, 1000),
    heldCredits: sum(({ heldCredits }) => heldCredits, 1000),
    estimatedCredits: sum(({ estimatedCredits }) => estimatedCredits, 1000),
    cost: sum(({ cost }) => cost, 1_000_000),
    heldCost: sum(({ heldCost }) => heldCost, 1_000_000),
    currency: rows[0]?.currency ?? '',
  };
}

function keyOf(text: string | null): UsageKey {
  return USAGE_KEYS.find((key) => key === text) ?? 'day';
}

/** Gives the instants of a day, such as `2026-11-28`, in a zone. */
export function daySpan(zone: string, text: string): Span {
  const [year = 0, month = 0, day = 0] = text.split('-').map(Number);
  const date = { year, month, day };
  return { from: startOfDate(zone, date), to: startOfDate(zone, dateAfter(date, 1)) };
}

/** Writes an instant for an address. */
export function isoOf(at: Ms): string {
  return new Date(at).toISOString();
}

/** Gives what a row has cost or may cost. */
export function spentOn({ credits, heldCredits }: Sum): number {
  return round(credits + heldCredits);
}

/** Rounds sums of decimals to the thousandths that credits have. */
export function round(credits: number): number {
  return Math.round(credits * 1000) / 1000;
}
