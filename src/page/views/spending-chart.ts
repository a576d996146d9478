/**
 * The charts of *Spending*: each day in parts by the key, and the month so far, against the limits of budgets.
 *
 * A limit is drawn only where a budget matches every create and counts days or months of the page's zone: only then are the bars what
 * it limits.
 */
import { parseMonth } from '../../sla/period.ts';
import type { BudgetLimitsAnswer } from '../../control/budget-schemas.ts';
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

type Budget = BudgetLimitsAnswer['budgets'][number];

/** The limits that the bars of a page can reach. */
export interface Limits {
  day: readonly Budget[];
  month: readonly Budget[];
  /** Budgets whose days or months are those of another zone. */
  otherZones: readonly Budget[];
}

/** Gives the limits of the budgets that match every create. */
export function limitsOf({ format }: PageContext, budgets: readonly Budget[]): Limits {
  const whole = budgets.filter(
    ({ match, per, window }) =>
      per === null && Object.keys(match).length === 0 && (window === 'day' || window === 'month'),
  );
  const [own, otherZones] = [
    whole.filter(({ timeZone }) => timeZone === format.zone),
    whole.filter(({ timeZone }) => timeZone !== format.zone),
  ];
  const of = (kind: string): Budget[] => own.filter(({ window }) => window === kind);
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
    {
      limits,
      label: context.words.spending.soFar,
      spanOf: (day) => ({ from: charted.span.from, to: daySpan(context.format.zone, day).to }),
    },
  );
}

function drawn(
  context: PageContext,
  parts: Omit<ChartData, 'limits'>,
  {
    limits: budgets,
    label,
    spanOf,
  }: { limits: readonly Budget[]; label: string; spanOf: (day: string) => Span },
): Part {
  const { format, links } = context;
  const sums = parts.labels.map((_, at) =>
    parts.series.reduce((all, { values }) => all + (values[at] ?? 0), 0),
  );
  const highest = Math.max(0, ...sums);
  const limits = budgets.map((budget) => ({
    label: budget.name,
    values: parts.labels.map((day) => highestIn(budget, daySpan(format.zone, day))),
    addedAt: budget.addedAt,
  }));
  const isNear = ({ values }: ChartLimit): boolean =>
    values.some((value) => value !== null && value <= highest * LIMIT_FACTOR);
  /** What a bar is made of. */
  const rows = (at: number): string => {
    const { from, to } = spanOf(parts.labels[at] ?? '');
    return links.to('/page/holds', { counted: 'true', from: isoOf(from), to: isoOf(to) });
  };
  const shown = limits.filter(isNear).map(({ label: name, values }) => ({ label: name, values }));
  return [
    chart({ ...parts, limits: shown }, label),
    parts.series.length === 0
      ? null
      : limits.map((limit) =>
          h('p', { class: 'notes' }, limitNote(context, limit, { sums, rows, isNear: isNear(limit) })),
        ),
  ];
}

/** Gives the highest limit that a budget had in a stretch of time: as high its bars could become; null if it had none. */
function highestIn({ limits }: Budget, { from, to }: Span): number | null {
  const inForce = limits.filter((limit) => Date.parse(limit.from) < to && Date.parse(limit.to) > from);
  return inForce.length === 0 ? null : Math.max(...inForce.map(({ limitCredits }) => limitCredits));
}

/** Says how high a limit is, or was, and how much of it was used at most. */
function limitNote(
  { words, format, links }: PageContext,
  { label, values, addedAt }: ChartLimit & { addedAt: string },
  { sums, rows, isNear }: { sums: readonly number[]; rows: (at: number) => string; isNear: boolean },
): Part {
  const { spending } = words;
  const audit = links.to('/page/audit', { subject: label });
  const known = [...new Set(values.filter((value) => value !== null))];
  if (known.length === 0) return link(audit, spending.limitLater(label, format.fullTime(addedAt)));
  const shares = values.map((value, at) => (value === null ? 0 : value === 0 ? 1 : (sums[at] ?? 0) / value));
  const most = Math.max(...shares);
  const credits =
    known.length === 1
      ? format.credits(known[0] ?? 0)
      : `${format.credits(Math.min(...known))}–${format.credits(Math.max(...known))}`;
  const said = (isNear ? spending.limitDrawn : spending.limitAbove)(label, credits, format.percent(most));
  const changed = known.length > 1 || values.includes(null);
  return [
    link(rows(shares.indexOf(most)), said),
    changed ? [' ', link(audit, spending.limitChanged(label))] : null,
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
