/** The page *Availability*: a month as a calendar of windows, each reading with its arithmetic, and what is left of the error budget. */
import type { Blame } from '../../calls/outcome.ts';
import type { SlaAnswer } from '../../control/sla-schemas.ts';
import { MONTH_FORM } from '../../sla/period.ts';
import { WINDOW_MS } from '../../sla/window.ts';
import { filters } from '../filters.ts';
import type { Format } from '../format.ts';
import { heatMap } from '../heat-map.ts';
import { h, type Part } from '../element.ts';
import { monthLinks } from '../months.ts';
import { wordAndValue } from '../value-words.ts';
import { facts, link, tableOf } from '../table.ts';
import { section, type PageContext, type Section, type View } from '../view.ts';
import { keptNote } from './kept-calls.ts';
import { blameOf, exclusionsOf } from './availability-said.ts';

type Window = SlaAnswer['worstWindows'][number];
type ReadingName = keyof SlaAnswer['readings'];

const PATH = '/page/availability';
/** Stretches without a sidecar that are listed. */
const GAPS_SHOWN = 50;

/** Makes the page. Times are in the zone of the agreement, to which the month belongs. */
export async function availabilityView(page: PageContext): Promise<View> {
  const { api, query, words } = page;
  const present = await api.get('/v1/sla');
  const month = query.get('month') ?? present.month;
  const ofMonth = { month: MONTH_FORM.test(month) ? month : null };
  const [sla, { exclusions }, { corrections }, { keptFrom }] = await Promise.all([
    api.slaMonth(month, { map: true }),
    api.get('/v1/exclusions', ofMonth),
    api.get('/v1/blame', ofMonth),
    api.calls({ ...ofMonth, limit: '1' }),
  ]);
  const context = { ...page, format: page.format.in(sla.timeZone) };
  const { availability } = words;
  // A month that is over changes only by orders, which show the page again.
  const isLive = sla.live !== null;
  const shown = (id: string, heading: string | null, body: Part): Section => ({
    ...section(id, heading, body, true),
    isLive,
  });
  const still = (id: string, heading: string, body: Part): Section => ({
    ...section(id, heading, body, true),
    isLive: false,
  });
  const links = monthLinks(page, {
    month,
    last: present.month,
    to: (other) => page.links.to(PATH, { month: other }),
  });
  const kept = sla.start === null ? null : await keptNote(context, keptFrom, Date.parse(sla.start));
  return {
    title: `${words.pages.availability} ${month}`,
    sections: [
      filters(page, PATH, [{ name: 'month', label: words.spending.month, example: month }]),
      shown('sum', null, [links, sumOf(context, sla), kept]),
      shown('map', availability.map, mapOf(context, sla, exclusions)),
      shown('readings', availability.readings, readingsOf(context, sla)),
      shown('worst', availability.worst, worstOf(context, sla)),
      still('gaps', availability.gaps, gapsOf(context, sla)),
      still('exclude', availability.exclusions, exclusionsOf(context, sla, exclusions)),
      still('blame', availability.blameTitle, blameOf(context, sla, corrections)),
    ],
  };
}

function sumOf(context: PageContext, sla: SlaAnswer): Part {
  const { words, say, format, links } = context;
  const { availability } = words;
  const { budget } = sla;
  const ahead = sla.live?.budget;
  const isBroken = sla.breached || ahead?.projectedBreach === true;
  const state = sla.breached
    ? availability.broken(format.count(sla.compensationPercent))
    : ahead?.projectedBreach === true
      ? availability.atRisk
      : availability.kept;
  const { requests, windows } = sla;
  const attempts = requests.answered + requests.unreachable + requests.noAnswer + requests.aborted;
  const calls = (count: number, filter: Record<string, string>): Part =>
    linkedCount(context, sla, { count, filter });
  const unreachable: Record<Blame, number> = {
    upstream: requests.unreachableUpstream,
    local: requests.unreachableLocal,
    unknown: requests.unreachableUnknown,
  };
  const blamed = (blame: Blame): Part => calls(unreachable[blame], { blame });
  return [
    h(
      'ul',
      { class: 'troubles' },
      h(
        'li',
        { class: isBroken ? 'trouble' : 'well' },
        !sla.recorded
          ? availability.empty
          : sla.breached
            ? link(links.to(`/page/claims/${sla.month}`), state)
            : state,
      ),
    ),
    facts([
      [
        availability.value,
        sla.availability === null ? words.none : link('#readings', `${sla.availability} %`),
      ],
      [availability.commitment, `${sla.commitment} %`],
      [availability.used, budget ? link('#map', `${budget.used} / ${budget.allowed}`) : null],
      [availability.left, budget ? link('#map', budget.left) : null],
      [availability.projected, ahead?.projected == null ? null : link('#map', `${ahead.projected} %`)],
      [availability.attempts, calls(attempts, {})],
      [availability.valid, calls(requests.valid, { counted: 'valid' })],
      [availability.serverErrors, calls(requests.serverErrors, { outcome: 'server_error' })],
      [availability.unreachable, calls(requests.unreachable, { outcome: 'unreachable' })],
      [
        availability.blamed,
        availability
          .blames('{upstream}', '{local}', '{unknown}')
          .split(/\{(\w+)\}/)
          .map((text, at) => (at % 2 === 0 ? text : blamed(text as Blame))),
      ],
      [availability.errors, calls(requests.errors, { counted: 'error' })],
      [availability.excluded, calls(requests.excluded, { counted: 'excluded' })],
      [availability.notObserved, link('#gaps', format.count(windows.notObserved))],
      [availability.zone, sla.timeZone],
      [words.pages.claims, sla.breached ? link(links.to(`/page/claims/${sla.month}`), sla.month) : null],
    ]),
    sla.warnings.map((warning) => h('p', { class: 'notice' }, say(warning))),
  ];
}

/** Writes a span of at most a day by the minute, with its zone if that is not the page's. */
function spanText(format: Format, { from, to }: { from: string; to: string }): string {
  const first = format.fullTime(from);
  return `${first.slice(0, 16)} – ${format.fullTime(to).slice(11, 16)}${first.slice(19)}`;
}

/** A number of calls of the month’s service period, with a link to them. */
function linkedCount(
  { format, links }: PageContext,
  { month }: SlaAnswer,
  { count, filter }: { count: number; filter: Record<string, string> },
): Part {
  const text = format.count(count);
  return count === 0 ? text : link(links.to('/page/calls', { ...filter, month }), text);
}

function mapOf(
  { words, format, links }: PageContext,
  sla: SlaAnswer,
  exclusions: readonly { from: string; to: string }[],
): Part {
  const { availability } = words;
  const span = (start: string, end: string) => ({ start: Date.parse(start), end: Date.parse(end) });
  const drawn = heatMap(sla.map ?? [], {
    month: sla.month,
    zone: sla.timeZone,
    label: availability.map,
    gaps: sla.gaps.map(({ start, end }) => span(start, end)),
    excluded: exclusions.map(({ from, to }) => span(from, to)),
    link: (from, to) => links.to('/page/calls', { counted: 'error', month: sla.month, from, to }),
    title: ({ from, to, errors, valid }) =>
      availability.window(spanText(format, { from, to }), format.count(errors), format.count(valid)),
  });
  const key = (['good', 'some', 'failed', 'gap', 'excluded'] as const).map((kind) =>
    h('span', null, h('i', { class: `key ${kind}` }), availability.kinds[kind]),
  );
  return [
    drawn ?? h('p', { class: 'empty' }, availability.empty),
    h('p', { class: 'notes map-said', 'aria-hidden': 'true' }, availability.mapHelp),
    h('p', { class: 'notes legend' }, key, h('span', null, availability.mapZone(sla.timeZone))),
  ];
}

function readingsOf(context: PageContext, sla: SlaAnswer): Part {
  const { words, format, links } = context;
  const { availability } = words;
  const calls = (reading: string, counted: 'error' | 'valid', count: number): Part =>
    linkedCount(context, sla, { count, filter: { counted, reading } });
  return tableOf(
    Object.entries(sla.readings),
    [
      {
        heading: availability.reading,
        cell: ([name]) => [
          h('strong', null, wordAndValue(words.values.readings, name)),
          ' ',
          availability.readingTitles[name as ReadingName],
        ],
      },
      {
        heading: availability.errors,
        cell: ([name, { errors }]) => calls(name, 'error', errors),
        isNumber: true,
      },
      {
        heading: availability.valid,
        cell: ([name, { valid }]) => calls(name, 'valid', valid),
        isNumber: true,
      },
      {
        heading: availability.arithmetic,
        cell: ([, { sumErrorRates, windows, availability: value }]) =>
          h('span', { class: 'sum' }, `100 × (1 − ${sumErrorRates} / ${windows}) = ${value ?? words.none} %`),
      },
      {
        heading: availability.tier,
        cell: ([, { breached, compensationPercent }]) =>
          breached
            ? link(links.to(`/page/claims/${sla.month}`), `${format.count(compensationPercent)} %`)
            : words.none,
        isNumber: true,
      },
    ],
    { caption: availability.readings, empty: availability.empty },
  );
}

/** The worst windows; each number opens its calls, each window the form that excludes it. */
function worstOf({ words, format, links }: PageContext, { month, worstWindows }: SlaAnswer): Part {
  const { availability } = words;
  const spanOf = ({ start }: Window) => ({
    from: start,
    to: new Date(Date.parse(start) + WINDOW_MS).toISOString(),
  });
  const calls = (window: Window, filter: Record<string, string>): string =>
    links.to('/page/calls', { ...filter, ...spanOf(window) });
  const counted = (window: Window, count: number, filter: Record<string, string>): Part =>
    count === 0 ? format.count(count) : link(calls(window, filter), format.count(count));
  return tableOf(
    worstWindows,
    [
      { heading: words.calls.at, cell: (window) => link(calls(window, {}), format.fullTime(window.start)) },
      {
        heading: availability.errors,
        cell: (window) => counted(window, window.errors, { counted: 'error' }),
        isNumber: true,
      },
      {
        heading: availability.valid,
        cell: (window) => counted(window, window.valid, { counted: 'valid' }),
        isNumber: true,
      },
      {
        heading: availability.serverErrors,
        cell: (window) => counted(window, window.byClass['server_error'] ?? 0, { outcome: 'server_error' }),
        isNumber: true,
      },
      {
        heading: availability.unreachable,
        cell: (window) => counted(window, window.byClass['unreachable'] ?? 0, { outcome: 'unreachable' }),
        isNumber: true,
      },
      {
        heading: words.orders.open,
        cell: (window) => [
          link(`${links.to(PATH, { month, ...spanOf(window) })}#exclude`, availability.exclude),
          ' · ',
          link(`${links.to(PATH, { month, ...spanOf(window) })}#blame`, availability.blame),
        ],
      },
    ],
    { caption: availability.worst, empty: availability.noErrors },
  );
}

function gapsOf({ words, format }: PageContext, { gaps }: SlaAnswer): Part {
  const { availability } = words;
  const rest = gaps.length - GAPS_SHOWN;
  return [
    tableOf(
      gaps.slice(0, GAPS_SHOWN),
      [
        { heading: availability.from, cell: ({ start }) => format.fullTime(start) },
        { heading: availability.to, cell: ({ end }) => format.fullTime(end) },
        { heading: availability.windows, cell: ({ windows }) => format.count(windows), isNumber: true },
      ],
      { caption: availability.gaps, empty: availability.noGaps },
    ),
    rest > 0 ? h('p', { class: 'notes' }, availability.moreGaps(format.count(rest))) : null,
  ];
}
