/** The page *Holds*: what is held, in doubt or ended, and the operator's orders for holds that Kling cannot end. */
import type { HoldsAnswer } from '../../control/schemas.ts';
import { filters, pager } from '../filters.ts';
import { h, type Part } from '../element.ts';
import { folded, orderForm } from '../orders.ts';
import { link, tableOf, type Column } from '../table.ts';
import { section, type PageContext, type View } from '../view.ts';
import { pick } from './tasks.ts';

type Hold = HoldsAnswer['holds'][number];

const PATH = '/page/holds';
const STATES = ['held', 'settled', 'released', 'written_off'] as const;

/** Makes the page. */
export async function holdsView(context: PageContext): Promise<View> {
  const { api, query, words } = context;
  const { holds, nextCursor } = await api.get(
    '/v1/holds',
    pick(query, ['state', 'inDoubt', 'app', 'cursor']),
  );
  const form = filters(context, PATH, [
    {
      name: 'state',
      label: words.tasks.state,
      choices: [{ value: '', label: words.all }, ...STATES.map((value) => ({ value, label: value }))],
    },
    {
      name: 'inDoubt',
      label: words.holds.inDoubt,
      choices: [
        { value: '', label: words.all },
        { value: 'true', label: words.holds.onlyInDoubt },
      ],
    },
    { name: 'app', label: words.tasks.app },
  ]);
  const list = tableOf(holds, holdColumns(context), { caption: words.pages.holds, empty: words.holds.empty });
  const isOrdering = holds.some(({ state }) => state === 'held');
  const body = section('holds', null, [list, pager(context, PATH, nextCursor)], true);
  // Somebody may be writing a reason here: a list with orders is not replaced.
  return { title: words.pages.holds, sections: [form, { ...body, isLive: !isOrdering }] };
}

function holdColumns(context: PageContext): readonly Column<Hold>[] {
  const { words, format, links } = context;
  const { tasks, holds } = words;
  return [
    { heading: tasks.hold, cell: ({ id }) => id },
    {
      heading: tasks.state,
      cell: ({ state, inDoubt }) => [
        h('span', { class: `state ${state}` }, state),
        inDoubt ? [' ', h('span', { class: 'state stuck' }, holds.inDoubt)] : null,
      ],
    },
    { heading: words.credits, cell: ({ credits }) => format.credits(credits), isNumber: true },
    { heading: tasks.settled, cell: ({ settledCredits }) => format.credits(settledCredits), isNumber: true },
    { heading: tasks.operation, cell: ({ operation }) => operation },
    { heading: tasks.app, cell: ({ app }) => app },
    {
      heading: tasks.id,
      cell: ({ taskId }) =>
        taskId === null ? words.none : link(links.to(`/page/tasks/${encodeURIComponent(taskId)}`), taskId),
    },
    { heading: tasks.externalId, cell: ({ externalTaskId }) => externalTaskId ?? words.none },
    { heading: tasks.created, cell: ({ createdAt }) => format.fullTime(createdAt) },
    { heading: words.orders.open, cell: (hold) => ordersOf(context, hold) },
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
