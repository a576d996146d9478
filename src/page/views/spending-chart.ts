/**
 * The charts of *Spending*: each day in parts by the key, and the month so far, against the limits of budgets.
 *
 * A limit is drawn only where a budget matches every create and counts days or months of the page's zone: only then are the bars what
 * it limits.
 */
import { parseMonth } from '../../sla/period.ts';
import type { BudgetAnswer } from '../../control/budget-schemas.ts';
import type { UsageKey } from '../../control/questions.ts';
import { chart, type ChartData, type ChartLimit } from '../chart.ts';
import { h, type Part } from '../element.ts';
import type { PageContext } from '../view.ts';
import { link } from '../table.ts';
import { daySpan, isoOf, round, spentOn, type Span, type SpendingDays, type Sum } from './spending-asked.ts';

/** The parts that the chart shows separately; the smaller ones are one. */
const SERIES_MAX = 6;
/** A limit that is higher than so many times the highest bar would make the bars unreadable: it is said in words. */
const LIMIT_FACTOR = 10;

/** The limits that the bars of a page can reach. */
export interface Limits {
  day: readonly ChartLimit[];
  month: readonly ChartLimit[];
  /** Budgets whose days or months are those of another zone. */
  otherZones: readonly BudgetAnswer[];
}

/** Gives the limits of the budgets that match every create. */
export function limitsOf({ format }: PageContext, budgets: readonly BudgetAnswer[]): Limits {
  const whole = budgets.filter(
    ({ match, per, window }) =>
      per === null && Object.keys(match).length === 0 && (window === 'day' || window === 'month'),
  );
  const [own, otherZones] = [
    whole.filter(({ timeZone }) => timeZone === format.zone),
    whole.filter(({ timeZone }) => timeZone !== format.zone),
  ];
  const of = (kind: string): ChartLimit[] =>
    own
      .filter(({ window }) => window === kind)
      .map(({ name, limitCredits }) => ({ label: name, value: limitCredits }));
  return { day: of('day'), month: of('month'), otherZones };
}

interface Charted extends Pick<SpendingDays, 'month' | 'by' | 'days' | 'span'> {
  limits: Limits;
}

/** Draws each day in parts by the key. */
export function dayChart(context: PageContext, charted: Charted): Part {
  const { format } = context;
  return drawn(context, partsOf(context, charted), {
    limits: charted.limits.day,
    label: context.words.spending.chart,
    spanOf: (day) => daySpan(format.zone, day),
  });
}

/** Draws the month so far at the end of each day; nothing if no budget limits the month. */
export function monthChart(context: PageContext, charted: Charted): Part {
  const { month: limits } = charted.limits;
  if (limits.length === 0) return null;
  const parts = partsOf(context, charted);
  const series = parts.series.map(({ label, values }) => {
    let sum = 0;
    return { label, values: values.map((value) => (sum = round(sum + value))) };
  });
  return drawn(
    context,
    { ...parts, series },
    { limits, label: context.words.spending.soFar, spanOf: () => charted.span },
  );
}

function drawn(
  { words, format, links }: PageContext,
  parts: Omit<ChartData, 'limits'>,
  { limits, label, spanOf }: { limits: readonly ChartLimit[]; label: string; spanOf: (day: string) => Span },
): Part {
  const sums = parts.labels.map((_, at) =>
    parts.series.reduce((all, { values }) => all + (values[at] ?? 0), 0),
  );
  const highest = Math.max(0, ...sums);
  /** What the highest bar is made of. */
  const rows = (): string => {
    const { from, to } = spanOf(parts.labels[sums.indexOf(highest)] ?? '');
    return links.to('/page/holds', { counted: 'true', from: isoOf(from), to: isoOf(to) });
  };
  const isNear = ({ value }: ChartLimit): boolean => value <= highest * LIMIT_FACTOR;
  return [
    chart({ ...parts, limits: limits.filter(isNear) }, label),
    parts.series.length === 0
      ? null
      : limits.map((limit) =>
          h(
            'p',
            { class: 'notes' },
            link(
              rows(),
              (isNear(limit) ? words.spending.limitDrawn : words.spending.limitAbove)(
                limit.label,
                format.credits(limit.value),
                format.percent(limit.value === 0 ? 1 : highest / limit.value),
              ),
            ),
          ),
        ),
  ];
}

/** Sums the spending of each day by the values of the key: the largest ones, and the rest as one. */
function partsOf(context: PageContext, { days: rows, by, month }: Charted): Omit<ChartData, 'limits'> {
  const { words, format } = context;
  const { spending } = words;
  const days = rows.length === 0 ? [] : daysOf(context, month, rows);
  const places = new Map(days.map((day, place) => [day, place]));
  const partOf = (row: Sum): string =>
    by === 'day' || !(by in row) ? spending.total : nameOf(row, by, words.none);
  const sums = new Map<string, number>();
  for (const row of rows) sums.set(partOf(row), (sums.get(partOf(row)) ?? 0) + spentOn(row));
  const largest = [...sums].toSorted(([, a], [, b]) => b - a).map(([name]) => name);
  const shown = largest.slice(0, SERIES_MAX);
  const labels = largest.length > SERIES_MAX ? [...shown, spending.others] : shown;
  const series = labels.map((label) => ({ label, values: days.map(() => 0) }));
  for (const row of rows) {
    const at = shown.indexOf(partOf(row));
    const values = series[at === -1 ? series.length - 1 : at]?.values;
    const day = places.get(row.day ?? '');
    if (values && day !== undefined) values[day] = round((values[day] ?? 0) + spentOn(row));
  }
  return { axis: spending.keys.day, labels: days, series, unit: words.credits, zone: format.zone };
}

function nameOf(row: Sum, key: UsageKey, none: string): string {
  return row[key] ?? none;
}

/** Gives the days of a month up to today, and to the last one with spending. */
function daysOf({ format }: PageContext, month: string, rows: readonly Sum[]): readonly string[] {
  const { year, month: number } = parseMonth(month);
  const count = new Date(Date.UTC(year, number, 0)).getUTCDate();
  const all = Array.from({ length: count }, (_, place) => `${month}-${String(place + 1).padStart(2, '0')}`);
  const until = rows.reduce((last, { day = '' }) => (day > last ? day : last), format.today());
  return all.filter((day) => day <= until);
}
