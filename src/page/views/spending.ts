/** The page *Spending*: a month by one key, against the limits and against what was estimated; and what packs have left. */
import { isZone } from '../../zone.ts';
import { USAGE_KEYS } from '../../control/questions.ts';
import { filters, type Field } from '../filters.ts';
import { h, type Part } from '../element.ts';
import { monthLinks } from '../months.ts';
import { onceMade, section, type PageContext, type Section, type View } from '../view.ts';
import { askedDays, isoOf, type SpendingAsked } from './spending-asked.ts';
import { dayChart, limitsOf, monthChart, type Limits } from './spending-chart.ts';
import { packsOf } from './spending-packs.ts';
import { sumsOf } from './spending-sums.ts';

const PATH = '/page/spending';
/** Zones that the form names; any other one may be written. */
const ZONES = ['UTC', 'Asia/Shanghai', 'Asia/Singapore', 'Europe/Berlin', 'America/Los_Angeles'];

/** Makes the page. */
export async function spendingView(context: PageContext): Promise<View> {
  const { api, words } = context;
  const asked = await askedDays(context);
  const span = { from: isoOf(asked.span.from), to: isoOf(asked.span.to) };
  const { budgets } = await api.get('/v1/budgets/limits', span);
  const limits = limitsOf(context, budgets);
  const { spending } = words;
  const monthly = monthChart(context, { ...asked, limits });
  return {
    title: `${words.pages.spending} ${asked.month}`,
    hasCharts: true,
    sections: [
      formOf(
        context,
        asked,
        budgets.map(({ timeZone }) => timeZone),
      ),
      section(
        'chart',
        spending.chart,
        [dayChart(context, { ...asked, limits }), notesOf(context, limits)],
        true,
      ),
      ...(monthly === null ? [] : [section('so-far', spending.soFar, monthly, true)]),
      section('sums', null, sumsOf(context, asked, csvLink(context, asked)), true),
      onceMade('packs', spending.packs, async () => packsOf(context, await api.get('/v1/packs'))),
    ],
  };
}

function formOf(context: PageContext, { month, by }: SpendingAsked, ofBudgets: readonly string[]): Section {
  const { words, format, query, links } = context;
  const { spending } = words;
  const keys = USAGE_KEYS.filter((key) => key !== 'month');
  const chosen = query.get('zone') ?? '';
  const isUnknown = chosen !== '' && !isZone(chosen);
  const fields: readonly Field[] = [
    { name: 'month', label: spending.month, value: month, example: month },
    {
      name: 'by',
      label: spending.by,
      choices: keys.map((value) => ({ value, label: spending.keys[value] })),
    },
    {
      name: 'zone',
      label: spending.zone,
      value: format.zone,
      suggestions: [...new Set([...ofBudgets, ...ZONES])],
    },
  ];
  const below = [
    isUnknown ? h('p', { class: 'notice' }, spending.unknownZone(chosen, format.zone)) : null,
    monthLinks(context, {
      month,
      last: format.month(),
      to: (other) => links.to(PATH, { month: other, by }),
    }),
  ];
  return filters(context, PATH, fields, { below });
}

/** Says which limits the chart does not draw, and where they can be seen. */
function notesOf({ words, links, query }: PageContext, { otherZones }: Limits): Part {
  return otherZones.map(({ name, timeZone }) =>
    h(
      'p',
      { class: 'notes' },
      h(
        'a',
        { href: links.same(PATH, { ...Object.fromEntries(query), zone: timeZone }) },
        words.spending.inZone(name, timeZone),
      ),
    ),
  );
}

function csvLink({ words, links, format }: PageContext, { month, by }: SpendingAsked): Part {
  const href = links.to('/page/spending.csv', { month, by, zone: format.zone });
  return h('p', null, h('a', { href, download: `spending-${month}-by-${by}.csv` }, words.spending.csv));
}
