/** The page *Holds*: what is held, in doubt or ended, and the operator's orders for holds that Kling cannot end. */
import type { HoldsAnswer } from '../../control/schemas.ts';
import { filters, pager, searchedNote, type Choice, type Field } from '../filters.ts';
import { h, type Part } from '../element.ts';
import { folded, orderForm } from '../orders.ts';
import { choicesOf, asCode, wordOf } from '../value-words.ts';
import { link, tableOf, type Column } from '../table.ts';
import { onceMade, section, type PageContext, type Section, type View } from '../view.ts';
import { pick } from './tasks.ts';

type Hold = HoldsAnswer['holds'][number];

const PATH = '/page/holds';
const STATES = ['held', 'settled', 'released', 'written_off'] as const;

/** The filters of the API that the page's address may have. */
const FILTERS = [
  'state',
  'inDoubt',
  'counted',
  'spent',
  'ended',
  'app',
  'tag',
  'operation',
  'model',
  'mode',
  'pool',
  'counter',
  'from',
  'to',
  'cursor',
] as const;

/** Makes the page. */
export async function holdsView(context: PageContext): Promise<View> {
  const { query, words } = context;
  const list = (): Promise<HoldsAnswer> => context.api.get('/v1/holds', pick(query, FILTERS));
  const once = onceMade('holds', null, async () => listOf(context, await list()));
  // Open holds have orders, in which somebody may be writing, and a later page changes little: neither is replaced.
  const isOfOpen = query.get('state') === 'held' || query.get('inDoubt') === 'true';
  if (isOfOpen || query.get('cursor')) return { title: words.pages.holds, sections: [formOf(context), once] };
  const answer = await list();
  const isLive = answer.searched === null && !answer.holds.some(({ state }) => state === 'held');
  const shown = { ...section('holds', null, listOf(context, answer), true), isLive };
  return { title: words.pages.holds, sections: [formOf(context), shown] };
}

function listOf(context: PageContext, { holds, nextCursor, searched }: HoldsAnswer): Part {
  const { words } = context;
  return [
    tableOf(holds, holdColumns(context), { caption: words.pages.holds, empty: words.holds.empty }),
    searchedNote(context, searched),
    pager(context, PATH, nextCursor),
  ];
}

function formOf(context: PageContext): Section {
  const { words } = context;
  const { tasks, holds, values: names } = words;
  const all = { value: '', label: words.all };
  const yes = (label: string): readonly Choice[] => [all, { value: 'true', label }];
  const fields: readonly Field[] = [
    {
      name: 'state',
      label: tasks.state,
      choices: [all, ...choicesOf(names.holdStates, STATES)],
    },
    {
      name: 'inDoubt',
      label: words.doubt.title,
      choices: [...yes(holds.onlyInDoubt), { value: 'false', label: holds.notInDoubt }],
    },
    { name: 'spent', label: tasks.settled, choices: yes(holds.onlySpent) },
    { name: 'app', label: tasks.app },
    { name: 'tag', label: tasks.tag },
    { name: 'operation', label: tasks.operation },
    { name: 'model', label: tasks.model },
    { name: 'mode', label: tasks.mode },
    { name: 'pool', isRare: true, label: words.queue.pool, example: 'video' },
    { name: 'from', label: words.from, example: words.exampleTime },
    { name: 'to', label: words.until, example: words.exampleTime },
  ];
  // Links of other pages narrow by these.
  return filters(context, PATH, fields, { kept: ['ended', 'counted', 'counter'] });
}

function holdColumns(context: PageContext): readonly Column<Hold>[] {
  const { words, format, links, query } = context;
  const { tasks } = words;
  return [
    { heading: tasks.hold, cell: ({ id }) => id },
    { heading: tasks.state, cell: (hold) => stateOf(context, hold) },
    { heading: words.credits, cell: ({ credits }) => format.credits(credits), isNumber: true },
    { heading: tasks.settled, cell: ({ settledCredits }) => format.credits(settledCredits), isNumber: true },
    ...(query.get('pool') === null
      ? []
      : [{ heading: words.task.slots, cell: ({ slots }: Hold) => format.count(slots), isNumber: true }]),
    {
      heading: tasks.operation,
      cell: ({ operation, model, mode }) => [
        asCode(operation),
        small([model, mode].filter((part) => part !== null).join(' ')),
      ],
    },
    { heading: tasks.app, cell: ({ app }) => link(links.same(PATH, { app, cursor: null }), app) },
    {
      heading: tasks.tag,
      cell: ({ tag }) => (tag === null ? words.none : link(links.same(PATH, { tag, cursor: null }), tag)),
    },
    {
      heading: `${tasks.id}, ${tasks.externalId}`,
      cell: ({ taskId, externalTaskId }) => [
        taskId === null ? words.none : link(links.to(`/page/tasks/${encodeURIComponent(taskId)}`), taskId),
        small(externalTaskId ?? ''),
      ],
    },
    { heading: tasks.created, cell: ({ createdAt }) => h('time', null, format.fullTime(createdAt)) },
    {
      heading: words.holds.ended,
      cell: ({ endedAt }) => (endedAt === null ? words.none : h('time', null, format.fullTime(endedAt))),
    },
    { heading: words.orders.open, cell: (hold) => ordersOf(context, hold) },
  ];
}

/** Writes a second line of a cell; nothing for an empty text. */
function small(text: string): Part {
  return text === '' ? null : h('div', { class: 'notes' }, text);
}

/** Shows a hold's state, and of one in doubt since when, why, and how often Kling was asked. */
function stateOf(
  { words, say, format }: PageContext,
  { state, inDoubt, doubtSince, doubtEvidence, lookUps }: Hold,
): Part {
  const { holds, values: names } = words;
  const doubt = h(
    'div',
    { class: 'notes' },
    doubtSince === null ? null : `${format.fullTime(doubtSince)} · `,
    doubtEvidence === null ? null : [say(doubtEvidence), ' · '],
    holds.lookUps(format.count(lookUps)),
  );
  return [
    h('span', { class: `state ${state}` }, wordOf(names.holdStates, state)),
    inDoubt ? [' ', h('span', { class: 'state stuck' }, holds.inDoubt)] : null,
    inDoubt ? doubt : null,
  ];
}

function ordersOf(context: PageContext, { id, state, inDoubt, waitsForOperator }: Hold): Part {
  const { words } = context;
  if (state !== 'held') return words.none;
  const path = (action: string): string => `/v1/holds/${encodeURIComponent(id)}/${action}`;
  return [
    waitsForOperator ? h('p', { class: 'notes' }, words.holds.waits) : null,
    folded(inDoubt ? words.holds.decide : words.orders.open, [
      orderForm(context, { method: 'POST', path: path('release'), button: words.holds.release }),
      orderForm(context, { method: 'POST', path: path('write-off'), button: words.holds.writeOff }),
    ]),
  ];
}
