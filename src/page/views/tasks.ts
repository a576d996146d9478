/** The page *Tasks*: the list of tasks with its filters. */
import type { TasksAnswer } from '../../control/task-schemas.ts';
import { filters, pager } from '../filters.ts';
import { h, type Part } from '../element.ts';
import { link, tableOf, type Column } from '../table.ts';
import { section, type PageContext, type View } from '../view.ts';

export type TaskRow = TasksAnswer['tasks'][number];

const PATH = '/page/tasks';
const STATES = ['submitted', 'processing', 'succeeded', 'failed', 'lost'] as const;

/** Makes the page. */
export async function tasksView(context: PageContext): Promise<View> {
  const { api, query, words } = context;
  const asked = pick(query, ['state', 'app', 'stuck', 'from', 'to', 'cursor']);
  const { tasks, nextCursor } = await api.get('/v1/tasks', asked);
  const form = filters(context, PATH, [
    {
      name: 'state',
      label: words.tasks.state,
      choices: [{ value: '', label: words.all }, ...STATES.map((value) => ({ value, label: value }))],
    },
    { name: 'app', label: words.tasks.app },
    {
      name: 'stuck',
      label: words.tasks.stuck,
      choices: [
        { value: '', label: words.all },
        { value: 'true', label: words.tasks.onlyStuck },
      ],
    },
  ]);
  const list = tableOf(tasks, taskColumns(context), { caption: words.pages.tasks, empty: words.tasks.empty });
  return {
    title: words.pages.tasks,
    sections: [form, section('tasks', null, [list, pager(context, PATH, nextCursor)], true)],
  };
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

function taskColumns({ words, format, links }: PageContext): readonly Column<TaskRow>[] {
  const { tasks } = words;
  return [
    { heading: tasks.id, cell: ({ id }) => link(links.to(`${PATH}/${encodeURIComponent(id)}`), id) },
    { heading: tasks.state, cell: (task) => stateOf(task, tasks.stuck) },
    { heading: tasks.operation, cell: ({ operation }) => operation },
    { heading: tasks.model, cell: ({ model }) => model ?? words.none },
    { heading: tasks.mode, cell: ({ mode }) => mode ?? words.none },
    { heading: tasks.app, cell: ({ app }) => app },
    { heading: tasks.tag, cell: ({ tag }) => tag ?? words.none },
    { heading: tasks.held, cell: ({ heldCredits }) => format.credits(heldCredits), isNumber: true },
    { heading: tasks.settled, cell: ({ settledCredits }) => format.credits(settledCredits), isNumber: true },
    { heading: tasks.created, cell: ({ createdAt }) => format.time(createdAt) },
    { heading: tasks.updated, cell: ({ updatedAt }) => format.time(updatedAt) },
  ];
}

/** Shows a task's state, and that it is stuck. */
export function stateOf({ state, stuck }: Pick<TaskRow, 'state' | 'stuck'>, stuckWord: string): Part {
  return [
    h('span', { class: `state ${state}` }, state),
    stuck ? [' ', h('span', { class: 'state stuck' }, stuckWord)] : null,
  ];
}
