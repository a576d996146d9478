/** The page *Tasks*: the list of tasks with its filters and its search. */
import type { TasksAnswer } from '../../control/task-schemas.ts';
import { MODES, OPERATIONS } from '../../words.ts';
import { filters, pager, searchedNote, type Choice, type Field } from '../filters.ts';
import { h, type Part } from '../element.ts';
import { choicesOf, asCode, wordOf } from '../value-words.ts';
import { link, tableOf, type Column } from '../table.ts';
import { onceMade, section, type PageContext, type View } from '../view.ts';
import type { Words } from '../words/en.ts';

export type TaskRow = TasksAnswer['tasks'][number];

const PATH = '/page/tasks';
const STATES = ['submitted', 'processing', 'succeeded', 'failed', 'lost'] as const;
const PRODUCTS = ['video', 'image'] as const;

/** The filters of the API that the page's address may have. */
const FILTERS = [
  'search',
  'state',
  'app',
  'tag',
  'operation',
  'model',
  'mode',
  'product',
  'stuck',
  'from',
  'to',
  'cursor',
] as const;

/** Makes the page. */
export async function tasksView(context: PageContext): Promise<View> {
  const { query, words } = context;
  const form = filters(context, PATH, fieldsOf(context));
  const list = (): Promise<Part> => listOf(context);
  // A search reads many rows, and a later page of a list changes little.
  const isLive = !query.get('search') && !query.get('cursor');
  const shown = isLive ? section('tasks', null, await list(), true) : onceMade('tasks', null, list);
  return { title: words.pages.tasks, sections: [form, shown] };
}

/** Gives those values of a query that are given and not empty. */
export function pick(query: URLSearchParams, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = query.get(name);
      return value === null || value === '' ? [] : [[name, value]];
    }),
  );
}

function fieldsOf({ words }: PageContext): Field[] {
  const { tasks, search, values: names } = words;
  const all: Choice = { value: '', label: words.all };
  const some = (values: readonly string[]): Choice[] => [
    all,
    ...values.map((value) => ({ value, label: value })),
  ];
  return [
    { name: 'search', label: search.label, example: search.example },
    { name: 'state', label: tasks.state, choices: [all, ...choicesOf(names.taskStates, STATES)] },
    { name: 'app', label: tasks.app },
    { name: 'tag', isRare: true, label: tasks.tag },
    { name: 'operation', isRare: true, label: tasks.operation, choices: some(OPERATIONS) },
    { name: 'model', isRare: true, label: tasks.model },
    {
      name: 'mode',
      isRare: true,
      label: tasks.mode,
      choices: [...some(MODES), { value: '-', label: search.without }],
    },
    {
      name: 'product',
      isRare: true,
      label: search.product,
      choices: [all, ...choicesOf(names.products, PRODUCTS)],
    },
    {
      name: 'stuck',
      isRare: true,
      label: tasks.stuckOnes,
      choices: [all, { value: 'true', label: tasks.onlyStuck }],
    },
    { name: 'from', isRare: true, label: words.from, example: words.exampleTime },
    { name: 'to', isRare: true, label: words.until, example: words.exampleTime },
  ];
}

async function listOf(context: PageContext): Promise<Part> {
  const { api, query, words } = context;
  const { tasks, nextCursor, searched } = await api.get('/v1/tasks', pick(query, FILTERS));
  return [
    tableOf(tasks, taskColumns(context), { caption: words.pages.tasks, empty: words.tasks.empty }),
    searchedNote(context, searched),
    pager(context, PATH, nextCursor),
    query.get('search') ? h('p', { class: 'notes' }, words.search.notRenewed) : null,
  ];
}

function taskColumns({ words, format, links }: PageContext): readonly Column<TaskRow>[] {
  const { tasks, search } = words;
  const narrowed = (name: string, value: string | null): Part =>
    value === null ? words.none : link(links.to(PATH, { [name]: value }), value);
  return [
    { heading: tasks.id, cell: ({ id }) => link(links.to(`${PATH}/${encodeURIComponent(id)}`), id) },
    { heading: tasks.state, cell: (task) => stateOf(words, task) },
    {
      heading: search.prompt,
      cell: ({ promptPreview }) =>
        promptPreview === null ? words.none : h('span', { class: 'prompt' }, promptPreview),
    },
    { heading: tasks.operation, cell: ({ operation }) => asCode(operation) },
    { heading: tasks.model, cell: ({ model }) => model ?? words.none },
    { heading: tasks.mode, cell: ({ mode }) => mode ?? words.none },
    { heading: tasks.app, cell: ({ app }) => narrowed('app', app) },
    { heading: tasks.tag, cell: ({ tag }) => narrowed('tag', tag) },
    { heading: tasks.held, cell: ({ heldCredits }) => format.credits(heldCredits), isNumber: true },
    { heading: tasks.settled, cell: ({ settledCredits }) => format.credits(settledCredits), isNumber: true },
    { heading: tasks.created, cell: ({ createdAt }) => format.time(createdAt) },
    { heading: tasks.updated, cell: ({ updatedAt }) => format.time(updatedAt) },
  ];
}

/** Shows a task's state, and that it is stuck. */
export function stateOf({ tasks, values }: Words, { state, stuck }: Pick<TaskRow, 'state' | 'stuck'>): Part {
  return [
    h('span', { class: `state ${state}` }, wordOf(values.taskStates, state)),
    stuck ? [' ', h('span', { class: 'state stuck' }, tasks.stuck)] : null,
  ];
}
