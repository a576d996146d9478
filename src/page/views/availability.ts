/** The page *Availability*: a month as a calendar of windows, each reading with its arithmetic, and what is left of the error budget. */
import type { SlaAnswer, SlaWindowsAnswer } from '../../control/sla-schemas.ts';
import { filters } from '../filters.ts';
import { heatMap } from '../heat-map.ts';
import { h, type Part } from '../element.ts';
import { folded, orderForm } from '../orders.ts';
import { facts, link, tableOf } from '../table.ts';
import { section, type PageContext, type View } from '../view.ts';

type Window = SlaWindowsAnswer['windows'][number];

const PATH = '/page/availability';
const WINDOW_MS = 300_000;

/** Makes the page. */
export async function availabilityView(context: PageContext): Promise<View> {
  const { api, query, words, format } = context;
  const month = query.get('month') ?? format.month();
  const [sla, { windows }] = await Promise.all([api.slaMonth(month), api.slaWindows(month)]);
  const { availability } = words;
  return {
    title: `${words.pages.availability} ${month}`,
    sections: [
      filters(context, PATH, [{ name: 'month', label: words.spending.month, example: month }]),
      section('sum', null, sumOf(context, sla), true),
      section('map', availability.map, mapOf(context, sla, windows), true),
      section('readings', availability.readings, readingsOf(context, sla), true),
      section('worst', availability.worst, worstOf(context, sla), true),
      { ...section('exclude', availability.exclusions, exclusionsOf(context, sla), true), isLive: false },
    ],
  };
}

function sumOf({ words, format }: PageContext, sla: SlaAnswer): Part {
  const { availability } = words;
  const budget = sla.live?.budget;
  const isBroken = sla.breached || budget?.projectedBreach === true;
  const state = sla.breached
    ? availability.broken(format.count(sla.compensationPercent))
    : budget?.projectedBreach === true
      ? availability.atRisk
      : availability.kept;
  return [
    h('ul', { class: 'troubles' }, h('li', { class: isBroken ? 'trouble' : 'well' }, state)),
    facts([
      [availability.value, sla.availability === null ? words.none : `${sla.availability} %`],
      [availability.commitment, `${sla.commitment} %`],
      [availability.used, budget ? `${budget.used} / ${budget.allowed}` : null],
      [availability.left, budget?.left ?? null],
      [availability.valid, format.count(sla.requests.valid)],
      [availability.errors, format.count(sla.requests.errors)],
      [availability.notObserved, format.count(sla.windows.notObserved)],
      [words.spending.zone, sla.timeZone],
    ]),
    sla.warnings.map((warning) => h('p', { class: 'notice' }, warning)),
  ];
}

function mapOf({ words, format, links }: PageContext, sla: SlaAnswer, windows: readonly Window[]): Part {
  const { availability } = words;
  const drawn = heatMap(windows, {
    month: sla.month,
    zone: sla.timeZone,
    label: availability.map,
    link: (from, to) => links.to('/page/calls', { from, to }),
    title: (from, errors, valid) =>
      availability.window(format.fullTime(from), format.count(errors), format.count(valid)),
  });
  return [
    drawn ?? h('p', { class: 'empty' }, availability.empty),
    h('p', { class: 'notes' }, availability.mapZone(sla.timeZone)),
  ];
}

function readingsOf({ words, format }: PageContext, sla: SlaAnswer): Part {
  const { availability } = words;
  return tableOf(
    Object.entries(sla.readings),
    [
      {
        heading: availability.reading,
        cell: ([name, reading]) => [h('strong', null, name), ' ', reading.title],
      },
      { heading: availability.errors, cell: ([, { errors }]) => format.count(errors), isNumber: true },
      { heading: availability.valid, cell: ([, { valid }]) => format.count(valid), isNumber: true },
      {
        heading: availability.arithmetic,
        cell: ([, { sumErrorRates, windows, availability: value }]) =>
          `100 × (1 − ${sumErrorRates} / ${windows}) = ${value ?? words.none} %`,
      },
      {
        heading: availability.tier,
        cell: ([, { breached, compensationPercent }]) =>
          breached ? `${format.count(compensationPercent)} %` : words.none,
        isNumber: true,
      },
    ],
    { caption: availability.readings, empty: availability.empty },
  );
}

function worstOf({ words, format, links }: PageContext, { worstWindows }: SlaAnswer): Part {
  const { availability } = words;
  const calls = ({ start }: Window): string => {
    const to = new Date(Date.parse(start) + WINDOW_MS).toISOString();
    return links.to('/page/calls', { from: start, to });
  };
  return tableOf(
    worstWindows,
    [
      { heading: words.calls.at, cell: (window) => link(calls(window), format.fullTime(window.start)) },
      { heading: availability.errors, cell: ({ errors }) => format.count(errors), isNumber: true },
      { heading: availability.valid, cell: ({ valid }) => format.count(valid), isNumber: true },
    ],
    { caption: availability.worst, empty: availability.noErrors },
  );
}

function exclusionsOf(context: PageContext, { exclusions }: SlaAnswer): Part {
  const { words, format } = context;
  const { availability, orders } = words;
  const span = [
    { name: 'from', label: availability.from, type: 'text' },
    { name: 'to', label: availability.to, type: 'text' },
  ] as const;
  return [
    tableOf(
      exclusions,
      [
        { heading: availability.from, cell: ({ start }) => format.fullTime(start) },
        { heading: availability.to, cell: ({ end }) => format.fullTime(end) },
        { heading: availability.clause, cell: ({ clause }) => clause },
        { heading: orders.source, cell: ({ source }) => source },
        { heading: words.audit.actor, cell: ({ actor }) => actor },
      ],
      { caption: availability.exclusions, empty: availability.noExclusions },
    ),
    folded(
      availability.exclude,
      orderForm(context, {
        method: 'POST',
        path: '/v1/exclusions',
        button: availability.exclude,
        why: 'source',
        fields: [...span, { name: 'clause', label: availability.clause, type: 'text' }],
      }),
    ),
    folded(
      availability.blame,
      orderForm(context, {
        method: 'POST',
        path: '/v1/blame',
        button: availability.blame,
        why: 'source',
        fields: [
          ...span,
          { name: 'blame', label: availability.blamed, type: 'text', choices: ['upstream', 'local'] },
        ],
      }),
    ),
  ];
}
