/** The page *Spending*: sums of a month by one key, with a chart of its days. */
import type { UsageSumsAnswer } from '../../control/usage-schemas.ts';
import type { PacksAnswer } from '../../control/pack-schemas.ts';
import { USAGE_KEYS, type UsageKey } from '../../control/questions.ts';
import { chart, type ChartData } from '../chart.ts';
import { filters } from '../filters.ts';
import { h, type Part } from '../element.ts';
import { link, tableOf, type Column } from '../table.ts';
import { section, type PageContext, type View } from '../view.ts';

type Sum = UsageSumsAnswer['rows'][number];

const PATH = '/page/spending';
/** The parts that the chart shows separately; the smaller ones are one. */
const SERIES_MAX = 6;

/** Makes the page. */
export async function spendingView(context: PageContext): Promise<View> {
  const { api, words, format } = context;
  const { month, by, sums } = await askedSums(context);
  const { packs } = await api.get('/v1/packs');
  const byDay = by === 'day' ? 'day' : `day,${by}`;
  const days = by === 'day' ? sums : (await api.usageSums({ month, timeZone: format.zone, by: byDay })).rows;
  const keys = USAGE_KEYS.filter((key) => key !== 'month');
  const form = filters(context, PATH, [
    { name: 'month', label: words.spending.month, example: month },
    {
      name: 'by',
      label: words.spending.by,
      choices: keys.map((value) => ({ value, label: words.spending.keys[value] })),
    },
  ]);
  const rows = sums.toSorted((a, b) => (by === 'day' ? 0 : spent(b) - spent(a)));
  const list = tableOf(rows, sumColumns(context, by), {
    caption: words.spending.title,
    empty: words.spending.empty,
  });
  return {
    title: `${words.pages.spending} ${month}`,
    hasCharts: true,
    sections: [
      form,
      section('chart', words.spending.chart, chart(chartOf(days, by, context), words.spending.chart), true),
      section('sums', null, [list, totalsOf(context, sums), csvLink(context, month, by)], true),
      section('packs', words.spending.packs, packsOf(context, packs), true),
    ],
  };
}

function packsOf({ words, format }: PageContext, packs: PacksAnswer['packs']): Part {
  const { spending } = words;
  const number = (value: number | null): string => (value === null ? words.none : format.credits(value));
  return tableOf(
    packs,
    [
      { heading: spending.pack, cell: ({ name }) => name },
      { heading: spending.left, cell: ({ remainingUnits }) => number(remainingUnits), isNumber: true },
      { heading: spending.perDay, cell: ({ perDayUnits }) => number(perDayUnits), isNumber: true },
      { heading: spending.daysLeft, cell: ({ daysLeft }) => number(daysLeft), isNumber: true },
      { heading: spending.expires, cell: ({ expiresAt }) => format.fullTime(expiresAt) },
      { heading: spending.unused, cell: ({ unusedUnits }) => number(unusedUnits), isNumber: true },
    ],
    { caption: spending.packs, empty: spending.noPacks },
  );
}

/** What the page's query asks for, and its sums. */
export interface SpendingAsked {
  month: string;
  by: UsageKey;
  sums: readonly Sum[];
}

/** Reads the sums of the month and the key that the page's query names. @throws ApiProblem for a month that is none. */
export async function askedSums({ api, query, format }: PageContext): Promise<SpendingAsked> {
  const month = query.get('month') ?? format.month();
  const by = keyOf(query.get('by'));
  const { rows } = await api.usageSums({ month, timeZone: format.zone, by });
  return { month, by, sums: rows };
}

function keyOf(text: string | null): UsageKey {
  return USAGE_KEYS.find((key) => key === text) ?? 'day';
}

function spent({ credits, heldCredits }: Sum): number {
  return credits + heldCredits;
}

function nameOf(row: Sum, key: UsageKey, none: string): string {
  return row[key] ?? none;
}

function sumColumns({ words, format, links }: PageContext, by: UsageKey): readonly Column<Sum>[] {
  const { spending } = words;
  return [
    {
      heading: spending.keys[by],
      cell: (row) => {
        const name = nameOf(row, by, words.none);
        return by === 'app' ? link(links.to('/page/tasks', { app: name }), name) : name;
      },
    },
    { heading: spending.tasks, cell: ({ tasks }) => format.count(tasks), isNumber: true },
    { heading: spending.settled, cell: ({ credits }) => format.credits(credits), isNumber: true },
    { heading: spending.held, cell: ({ heldCredits }) => format.credits(heldCredits), isNumber: true },
    { heading: spending.total, cell: (row) => format.credits(round(spent(row))), isNumber: true },
  ];
}

/** Sums of decimals are rounded to the thousandths that credits have. */
function round(credits: number): number {
  return Math.round(credits * 1000) / 1000;
}

function totalsOf({ words, format }: PageContext, rows: readonly Sum[]): Part {
  if (rows.length === 0) return null;
  const total = round(rows.reduce((sum, row) => sum + spent(row), 0));
  return h('p', { class: 'total' }, `${words.spending.total}: ${format.credits(total)} ${words.credits}`);
}

function csvLink({ words, links, format }: PageContext, month: string, by: UsageKey): Part {
  const href = links.to('/page/spending.csv', { month, by, zone: format.zone });
  return h('p', null, h('a', { href, download: `spending-${month}-by-${by}.csv` }, words.spending.csv));
}

/** Makes stacked bars: a day each, in parts by the key. */
function chartOf(rows: readonly Sum[], by: UsageKey, { words, format }: PageContext): ChartData {
  const days = [...new Set(rows.map(({ day = '' }) => day))].toSorted();
  const sums = new Map<string, number>();
  for (const row of rows) {
    const name = by === 'day' ? words.spending.total : nameOf(row, by, words.none);
    sums.set(name, (sums.get(name) ?? 0) + spent(row));
  }
  const largest = [...sums].toSorted(([, a], [, b]) => b - a).map(([name]) => name);
  const shown = largest.slice(0, SERIES_MAX);
  const rest = largest.length > SERIES_MAX ? words.spending.others : null;
  const series = [...shown, ...(rest === null ? [] : [rest])].map((label) => ({
    label,
    values: days.map(() => 0),
  }));
  for (const row of rows) {
    const name = by === 'day' ? words.spending.total : nameOf(row, by, words.none);
    const at = shown.includes(name) ? shown.indexOf(name) : series.length - 1;
    const values = series[at]?.values;
    const day = days.indexOf(row.day ?? '');
    if (values) values[day] = round((values[day] ?? 0) + spent(row));
  }
  return { labels: days, series, unit: words.credits, zone: format.zone };
}
