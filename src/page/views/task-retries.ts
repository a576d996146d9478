/** The creates that were made because a task failed, and what is next. */
import type { TaskAnswer } from '../../control/task-schemas.ts';
import { h, type Part } from '../element.ts';
import { wordOf } from '../value-words.ts';
import { link, tableOf } from '../table.ts';
import { section, type PageContext, type Section } from '../view.ts';

/** Makes the section; none for a task without retries, made or waiting. */
export function retriesOf(context: PageContext, { retriedBy, retryChain }: TaskAnswer): Section[] {
  const isOver = retryChain === null || retryChain.state === 'open';
  if (retriedBy.length === 0 && isOver) return [];
  const { words } = context;
  return [
    section(
      'retries',
      words.task.retries,
      [tableOfRetries(context, retriedBy), nextOf(context, retryChain)],
      true,
    ),
  ];
}

function tableOfRetries(
  { words, say, format, links }: PageContext,
  retriedBy: TaskAnswer['retriedBy'],
): Part {
  const { task, tasks, values } = words;
  if (retriedBy.length === 0) return null;
  return tableOf(
    retriedBy,
    [
      { heading: task.number, cell: ({ number }) => format.count(number), isNumber: true },
      { heading: words.calls.at, cell: ({ at }) => format.fullTime(at) },
      {
        heading: tasks.id,
        cell: ({ taskId, holdId }) =>
          taskId === null ? holdId : link(links.to(`/page/tasks/${encodeURIComponent(taskId)}`), taskId),
      },
      {
        heading: tasks.state,
        cell: ({ state, holdState }) =>
          state === null ? wordOf(values.holdStates, holdState) : wordOf(values.taskStates, state),
      },
      { heading: task.why, cell: ({ reason }) => say(reason) },
    ],
    { caption: task.retries, empty: words.none },
  );
}

function nextOf({ words, say, format }: PageContext, chain: TaskAnswer['retryChain']): Part {
  if (chain === null) return null;
  const { task } = words;
  const said = chain.note ?? chain.reason;
  return h(
    'p',
    { class: 'notes' },
    task.chains[chain.state],
    said === null ? null : [task.chainWhy, say(said)],
    task.chainEnd,
    chain.dueAt === null ? null : ` ${task.chainDue(format.fullTime(chain.dueAt))}`,
  );
}
