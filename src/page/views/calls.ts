/** The page *Calls*: the journal, what the sidecar refused itself or would have refused, and the sums of each route. */
import { BLAMES } from '../../calls/outcome.ts';
import { COUNTED } from '../../sla/counted-calls.ts';
import { MONTH_FORM } from '../../sla/period.ts';
import { READING_NAMES } from '../../sla/reading.ts';
import { REFUSALS, type RefusalWord } from '../../errors.ts';
import { CALL_OUTCOMES } from '../../words.ts';
import { toInstant } from '../../control/questions.ts';
import type { Ms } from '../../units.ts';
import { filters, pager, searchedNote, type Choice, type Field } from '../filters.ts';
import type { Part } from '../element.ts';
import { choicesOf } from '../value-words.ts';
import { tableOf } from '../table.ts';
import { onceMade, section, type PageContext, type Section, type View } from '../view.ts';
import type { Words } from '../words/en.ts';
import { callColumns, refusalColumns, type RefusalKind } from './call-columns.ts';
import { routesOf } from './routes.ts';
import { keptNote } from './kept-calls.ts';
import { pick } from './tasks.ts';

const PATH = '/page/calls';
const DAY_MS: Ms = 86_400_000;
const REFUSAL_WORDS = Object.keys(REFUSALS) as RefusalWord[];
const COMMON = ['app', 'tag', 'method', 'route', 'status', 'from', 'to', 'cursor'] as const;
/** The filters by what availability makes of a call. */
const COUNTING = ['counted', 'reading', 'blame', 'month'] as const;
/** The filters of each kind. */
const SENT = [...COMMON, 'outcome', 'failed', 'code', 'task', ...COUNTING] as const;
const REFUSED = [...COMMON, 'word', 'budget'] as const;

/** Makes the page. */
export async function callsView(context: PageContext): Promise<View> {
  const { query, words } = context;
  const kind = kindOf(query);
  const form = filters(context, PATH, fieldsOf(context, kind), {
    kept: kind === 'sent' ? ['method', 'status', 'code'] : ['method', 'status'],
  });
  const list = (): Promise<Part> => (kind === 'sent' ? sentList(context) : refusedList(context, kind));
  // A later page of a list changes little.
  const shown = query.get('cursor')
    ? onceMade('calls', null, list)
    : section('calls', null, await list(), true);
  if (kind !== 'sent') return { title: words.pages.calls, sections: [form, shown] };
  const sums = sumsOf(context);
  // Who followed a link to some calls wants to see those first.
  const isNarrowed = Object.keys(pick(query, SENT)).length > 0;
  const sections: Section[] = isNarrowed ? [form, shown, sums] : [form, sums, shown];
  return { title: words.pages.calls, sections };
}

type Kind = 'sent' | RefusalKind;

function kindOf(query: URLSearchParams): Kind {
  const kind = query.get('kind');
  return kind === 'refused' || kind === 'would-refuse' ? kind : 'sent';
}

function fieldsOf({ words }: PageContext, kind: Kind): Field[] {
  const { calls, tasks, values: names } = words;
  const all: Choice = { value: '', label: words.all };
  const ofKind: Field[] =
    kind === 'sent'
      ? [
          {
            name: 'outcome',
            label: calls.outcome,
            choices: [all, ...choicesOf(names.outcomes, CALL_OUTCOMES)],
          },
          {
            name: 'failed',
            label: calls.failed,
            choices: [all, { value: 'true', label: calls.onlyFailed }],
          },
          { name: 'task', isRare: true, label: calls.task },
          ...countingFields(words),
        ]
      : [
          { name: 'word', label: calls.reason, choices: [all, ...choicesOf(names.refusals, REFUSAL_WORDS)] },
          { name: 'budget', isRare: true, label: calls.budget },
        ];
  return [
    {
      name: 'kind',
      label: calls.kind,
      choices: [
        { value: '', label: calls.sent },
        { value: 'refused', label: calls.refused },
        { value: 'would-refuse', label: calls.wouldRefuse },
      ],
    },
    ...ofKind,
    { name: 'route', label: calls.route },
    { name: 'app', label: calls.app },
    { name: 'tag', isRare: true, label: tasks.tag },
    { name: 'from', isRare: true, label: words.from, example: words.exampleTime },
    { name: 'to', isRare: true, label: words.until, example: words.exampleTime },
  ];
}

function countingFields({ all, calls, availability, spending, values }: Words): Field[] {
  const choice = (value: string, label: string): Choice => ({ value, label });
  return [
    {
      name: 'counted',
      isRare: true,
      label: calls.counted,
      choices: [choice('', all), ...COUNTED.map((each) => choice(each, calls.countedAs[each]))],
    },
    {
      name: 'reading',
      isRare: true,
      label: availability.reading,
      choices: [
        choice('', values.readings.contract),
        ...READING_NAMES.filter((each) => each !== 'contract').map((each) =>
          choice(each, values.readings[each]),
        ),
      ],
    },
    {
      name: 'blame',
      isRare: true,
      label: availability.unreachable,
      choices: [choice('', all), ...BLAMES.map((each) => choice(each, calls.blames[each]))],
    },
    { name: 'month', isRare: true, label: spending.month, example: '2026-11' },
  ];
}

async function sentList(context: PageContext): Promise<Part> {
  const { api, query, words } = context;
  const { calls, nextCursor, searched, keptFrom } = await api.calls(pick(query, SENT));
  return [
    tableOf(calls, callColumns(context), { caption: words.calls.title, empty: words.calls.empty }),
    searchedNote(context, searched),
    nextCursor === null ? await keptNote(context, keptFrom, beginOf(query)) : null,
    pager(context, PATH, nextCursor),
  ];
}

/** Gives an instant that is not after the begin of what was asked for; null for all time. */
function beginOf(query: URLSearchParams): Ms | null {
  const from = toInstant(query.get('from') ?? '');
  if (from !== null) return from;
  const month = query.get('month') ?? '';
  if (!MONTH_FORM.test(month)) return null;
  // A month begins in the zone of the agreement: no zone is a day ahead.
  return Date.parse(`${month}-01T00:00:00Z`) - DAY_MS;
}

async function refusedList(context: PageContext, kind: RefusalKind): Promise<Part> {
  const { api, query, words } = context;
  const { calls, nextCursor } = await api.refusals(kind, pick(query, REFUSED));
  return [
    tableOf(calls, refusalColumns(context, kind), {
      caption: words.calls.title,
      empty: words.calls.noRefusal,
    }),
    pager(context, PATH, nextCursor),
  ];
}

/** The sums of the routes in the time of the list, or in the last hour. */
function sumsOf(context: PageContext): Section {
  const { api, query, words } = context;
  return onceMade('routes', words.routes.title, async () =>
    routesOf(context, await api.get('/v1/routes', pick(query, ['from', 'to']))),
  );
}
