/**
 * The page *Checklist*: the production checklist and the checks of doctor, with the reason of each verdict and advice.
 *
 * It is judged for the first reader and for those who ask for it again: the address names the instant that the verdicts must not
 * be older than.
 *
 * **Invariant**: neither a page that stays open nor one that another site opened starts a judging.
 */
import {
  LINE_LEVELS,
  type CHECK_LEVELS,
  type Checklist,
  type ChecklistAnswer,
} from '../../control/checklist-schemas.ts';
import { h, type Element, type Part } from '../element.ts';
import { facts, link, tableOf } from '../table.ts';
import { wordOf } from '../value-words.ts';
import { section, type PageContext, type Section, type View } from '../view.ts';

type Judged = NonNullable<ChecklistAnswer['judged']>;
type Level = (typeof LINE_LEVELS | typeof CHECK_LEVELS)[number];

const PATH = '/page/checklist';
/** The class of a level's colour. */
const LOOKS: Readonly<Record<Level, string>> = {
  ok: 'state succeeded',
  note: 'state',
  warn: 'state stuck',
  fail: 'state failed',
  'not ours': 'state',
};

/** Makes the page. */
export async function checklistView(context: PageContext): Promise<View> {
  const { api, query, words, mayStart } = context;
  const since = query.get('since') ?? '0';
  const answer = await api.get('/v1/checklist', { since, wait: 'false', begin: String(mayStart) });
  const { judged } = answer;
  const sections = judged === null ? [] : [linesOf(context, judged), checksOf(context, judged)];
  return { title: words.pages.checklist, sections: [stateOf(context, answer), ...sections] };
}

function stateOf(context: PageContext, answer: ChecklistAnswer): Section {
  const { words, say, format } = context;
  const { checklist } = words;
  const { judged, isJudging, startedAt, problem, nextAt } = answer;
  const body = [
    isJudging
      ? h('p', { class: 'notice' }, checklist.judging, h('noscript', null, ' ', checklist.reload))
      : null,
    startedAt === null ? h('p', { class: 'empty' }, checklist.notJudged) : null,
    problem === null ? null : h('p', { class: 'trouble' }, say(problem)),
    judged === null
      ? null
      : facts([
          [checklist.verdicts, countsOf(context, judged)],
          [checklist.judgedAt, format.fullTime(judged.startedAt)],
          [checklist.took, format.ms(judged.tookMs)],
          [words.state.environment, judged.environment],
          [words.state.upstream, judged.upstream],
          [checklist.key, judged.fingerprint ?? checklist.unknown],
        ]),
    h('p', { class: 'notes' }, checklist.notAsked),
    isJudging ? null : h('p', null, againLink(context, answer)),
    isJudging || nextAt === null
      ? null
      : h('p', { class: 'notes' }, checklist.notBefore(format.time(nextAt))),
  ];
  return section('state', checklist.verdicts, body, true);
}

/** Leads to verdicts that are newer than the last try; followed on our own page, it starts the judging. */
function againLink({ words, links, query }: PageContext, { startedAt }: ChecklistAnswer): Element {
  const { again, now } = words.checklist;
  const since = startedAt === null ? null : String(Date.parse(startedAt) + 1);
  return link(links.to(PATH, { since, level: query.get('level') }), startedAt === null ? now : again);
}

/** The number of lines with each verdict; each leads to these lines. */
function countsOf({ words, links, format }: PageContext, { counts }: Judged): Part {
  return LINE_LEVELS.map((level, at) => [
    at === 0 ? null : ', ',
    link(links.same(PATH, { level }), `${format.count(counts[level])} ${words.checklist.levels[level]}`),
  ]);
}

function linesOf(context: PageContext, { lines }: Judged): Section {
  const { words, say, query } = context;
  const { checklist } = words;
  const shown = lines.filter(({ level }) => isWanted(query, level));
  const headings = [...new Set(shown.map(({ heading }) => heading))];
  const tables = headings.map((heading) => [
    h('h3', null, say(heading)),
    tableOf(
      shown.filter((line) => line.heading === heading),
      [
        { heading: checklist.level, cell: ({ level }) => levelOf(context, level) },
        {
          heading: checklist.line,
          cell: ({ line, reason, remedy }) => saidOf(context, say(line), { reason, remedy }),
        },
      ],
      { caption: checklist.title, empty: '' },
    ),
  ]);
  const isFiltered = query.get('level') !== null;
  const all = isFiltered ? h('p', null, link(context.links.same(PATH, { level: null }), words.all)) : null;
  const body = tables.length === 0 ? h('p', { class: 'empty' }, checklist.none) : tables;
  return section('checklist', checklist.title, [all, body], true);
}

function checksOf(context: PageContext, { checks }: Checklist): Section {
  const { words, query } = context;
  const { checklist } = words;
  const list = tableOf(
    checks.filter(({ level }) => isWanted(query, level)),
    [
      { heading: checklist.level, cell: ({ level }) => levelOf(context, level) },
      {
        heading: checklist.check,
        cell: ({ name, finding, advice }) =>
          saidOf(context, wordOf(words.values.checks, name), { reason: finding, remedy: advice }),
      },
    ],
    { caption: checklist.doctor, empty: checklist.noCheck },
  );
  return section('doctor', checklist.doctor, list, true);
}

function isWanted(query: URLSearchParams, level: Level): boolean {
  const wanted = query.get('level');
  return wanted === null || wanted === '' || wanted === level;
}

function levelOf({ words }: PageContext, level: Level): Element {
  return h('span', { class: LOOKS[level] }, words.checklist.levels[level]);
}

function saidOf(
  { say }: PageContext,
  line: Part,
  { reason, remedy }: { reason: string; remedy: string | null },
): Part {
  return [
    h('strong', null, line),
    h('div', null, say(reason)),
    remedy === null ? null : h('div', null, '→ ', say(remedy)),
  ];
}
