/** What the address of *Spending* asks for: a month in a zone, summed by a key. */
import { parseMonth } from '../../sla/period.ts';
import { monthBounds } from '../../zone.ts';
import { USAGE_KEYS, type UsageKey } from '../../control/questions.ts';
import type { UsageSumsAnswer } from '../../control/usage-schemas.ts';
import type { PageContext } from '../view.ts';

/** A row of sums. */
export type Sum = UsageSumsAnswer['rows'][number];

/** What the page's query asks for, and its sums. */
export interface SpendingAsked {
  month: string;
  by: UsageKey;
  /** The instants of the month in the page's zone: from inclusive, to exclusive. */
  span: { from: number; to: number };
  /** In the order in which they are shown. */
  sums: readonly Sum[];
}

/** Reads the sums of the month and the key that the page's query names. @throws ApiProblem for a month that is none. */
export async function askedSums({ api, query, format }: PageContext): Promise<SpendingAsked> {
  const month = query.get('month') || format.month();
  const by = keyOf(query.get('by'));
  const { rows } = await api.usageSums({ month, timeZone: format.zone, by });
  const { year, month: number } = parseMonth(month);
  const { start, end } = monthBounds(format.zone, year, number);
  const isByDay = by === 'day';
  const sums = rows.toSorted((a, b) => (isByDay ? 0 : spentOn(b) - spentOn(a)));
  return { month, by, span: { from: start, to: end }, sums };
}

function keyOf(text: string | null): UsageKey {
  return USAGE_KEYS.find((key) => key === text) ?? 'day';
}

/** Gives what a row has cost or may cost. */
export function spentOn({ credits, heldCredits }: Sum): number {
  return round(credits + heldCredits);
}

/** Rounds sums of decimals to the thousandths that credits have. */
export function round(credits: number): number {
  return Math.round(credits * 1000) / 1000;
}
