/** One task: what it is, its life, and its results. */
import type { TaskAnswer } from '../../control/schemas.ts';
import { h, type Part } from '../element.ts';
import { facts, link, tableOf } from '../table.ts';
import { section, type PageContext, type View } from '../view.ts';
import { stateOf } from './tasks.ts';

/** Makes the page of a task. */
export async function taskView(context: PageContext, [id = '']: readonly string[]): Promise<View> {
  const { api, words, format } = context;
  const task = await api.task(id);
  const { timeline, joined } = task;
  return {
    title: `${words.pages.task} ${task.id}`,
    sections: [
      section('task', null, headOf(context, task), true),
      section(
        'timeline',
        words.tasks.timeline,
        tableOf(
          timeline,
          [
            { heading: words.calls.at, cell: ({ at }) => format.fullTime(at) },
            { heading: words.tasks.state, cell: ({ state }) => state },
            { heading: words.tasks.source, cell: ({ source }) => source },
            { heading: words.tasks.message, cell: ({ message }) => message ?? '' },
          ],
          { caption: words.tasks.timeline, empty: words.none },
        ),
        true,
      ),
      section('results', words.tasks.results, resultsOf(context, task), true),
      ...(joined.length === 0
        ? []
        : [
            section(
              'joined',
              words.tasks.joined,
              tableOf(
                joined,
                [
                  { heading: words.calls.at, cell: ({ at }) => format.fullTime(at) },
                  { heading: words.tasks.request, cell: ({ requestId }) => requestId },
                  { heading: words.tasks.tag, cell: ({ tag }) => tag ?? words.none },
                ],
                { caption: words.tasks.joined, empty: words.none },
              ),
              true,
            ),
          ]),
    ],
  };
}

function headOf({ words, format, links }: PageContext, task: TaskAnswer): Part {
  const { tasks } = words;
  return facts([
    [tasks.state, stateOf(task, tasks.stuck)],
    [tasks.message, task.statusMessage],
    [tasks.operation, task.operation],
    [tasks.model, task.model],
    [tasks.mode, task.mode],
    [tasks.app, link(links.to('/page/tasks', { app: task.app }), task.app)],
    [tasks.tag, task.tag],
    [tasks.externalId, task.externalTaskId],
    [tasks.hold, task.holdId],
    [tasks.held, `${format.credits(task.heldCredits)} ${words.credits}`],
    [tasks.settled, `${format.credits(task.settledCredits)} ${words.credits}`],
    [tasks.created, format.fullTime(task.createdAt)],
    [tasks.updated, format.fullTime(task.updatedAt)],
  ]);
}

function resultsOf({ words }: PageContext, { results }: TaskAnswer): Part {
  if (results.length === 0) return h('p', { class: 'empty' }, words.tasks.noResults);
  return h(
    'ul',
    { class: 'results' },
    results.map(({ kind, id, url, durationSeconds }) =>
      h(
        'li',
        null,
        [kind, id, durationSeconds === null ? null : words.tasks.seconds(durationSeconds)]
          .filter((part) => part !== null)
          .join(' · '),
        url !== null && url.startsWith('https://')
          ? [' ', h('a', { href: url, rel: 'noreferrer noopener' }, words.tasks.openAt)]
          : null,
      ),
    ),
  );
}
