/** The table of *Spending*: what each value of the key was estimated to cost, has cost and may cost, with links to its creates. */
import type { UsageKey } from '../../control/questions.ts';
import { h, type Part } from '../element.ts';
import { link, tableOf, type Column } from '../table.ts';
import type { PageContext } from '../view.ts';
import {
  addSums,
  daySpan,
  isoOf,
  round,
  spentOn,
  type Span,
  type SpendingAsked,
  type Sum,
} from './spending-asked.ts';

/** The rows that the page shows; the CSV has all. */
const SHOWN_MAX = 200;

/** Makes the table, its total, and what is said below. */
export function sumsOf(context: PageContext, asked: SpendingAsked, csv: Part): Part {
  const { words } = context;
  const { spending } = words;
  const { sums } = asked;
  const shown = sums.slice(0, SHOWN_MAX);
  const total = sums.length === 0 ? null : addSums(sums);
  const list = tableOf(shown, sumColumns(context, asked), {
    caption: spending.title,
    empty: spending.empty,
    ...(total !== null && { total }),
  });
  return [
    list,
    sums.length > shown.length ? h('p', { class: 'notes' }, spending.more(sums.length - shown.length)) : null,
    total === null ? null : h('p', { class: 'notes' }, spending.estimateNote),
    csv,
  ];
}

/** Gives how far the deductions were from the estimates; above 0 if they were higher. */
export function differenceOf({ credits, estimatedCredits }: Sum): number {
  return round(credits - estimatedCredits);
}

function sumColumns(context: PageContext, asked: SpendingAsked): readonly Column<Sum>[] {
  const { words, format, links } = context;
  const { spending } = words;
  const { by } = asked;
  const rowsOf = rowLinks(context, asked);
  const number = (
    heading: string,
    { of, filter, show = (value) => format.credits(value) }: NumberColumn,
  ): Column<Sum> => ({
    heading,
    isNumber: true,
    cell: (row) => {
      const text = show(of(row));
      return of(row) === 0 ? text : link(links.to('/page/holds', rowsOf(row, filter)), text);
    },
  });
  return [
    {
      heading: spending.keys[by],
      cell: (row) =>
        by in row
          ? link(links.to('/page/tasks', rowsOf(row, {})), row[by] ?? words.none)
          : h('strong', null, spending.total),
    },
    number(spending.tasks, {
      of: ({ tasks }) => tasks,
      filter: { counted: 'true' },
      show: (value) => format.count(value),
    }),
    number(spending.estimated, {
      of: ({ estimatedCredits }) => estimatedCredits,
      filter: { counted: 'true', ended: 'true' },
    }),
    number(spending.settled, { of: ({ credits }) => credits, filter: { spent: 'true' } }),
    number(spending.difference, {
      of: differenceOf,
      filter: { counted: 'true', ended: 'true' },
      show: (value) => format.signed(value),
    }),
    number(spending.held, { of: ({ heldCredits }) => heldCredits, filter: { state: 'held' } }),
    number(spending.total, { of: spentOn, filter: { counted: 'true' } }),
    {
      heading: spending.cost,
      cell: (row) => {
        const text = format.money(row.cost + row.heldCost, row.currency);
        return spentOn(row) === 0
          ? text
          : link(links.to('/page/holds', rowsOf(row, { counted: 'true' })), text);
      },
      isNumber: true,
    },
  ];
}

interface NumberColumn {
  of: (row: Sum) => number;
  /** What narrows the row's creates to those that the number counts. */
  filter: Record<string, string>;
  show?: (value: number) => string;
}

/** Gives the filters by which a list has the creates of a row; `-` is a row without a value. */
function rowLinks(
  { format }: PageContext,
  { by, span }: SpendingAsked,
): (row: Sum, more: Record<string, string>) => Record<string, string> {
  return (row, more) => {
    const { from, to } = spanOf(row, by, { zone: format.zone, span });
    const isLabel = by in row && by !== 'day' && by !== 'month';
    return { ...(isLabel && { [by]: row[by] ?? '-' }), from: isoOf(from), to: isoOf(to), ...more };
  };
}

function spanOf({ day }: Sum, by: UsageKey, { zone, span }: { zone: string; span: Span }): Span {
  return by !== 'day' || day === undefined ? span : daySpan(zone, day);
}
