/** The calls of one task's create: how often it was sent, and what Kling answered. */
import type { TaskAnswer } from '../../control/task-schemas.ts';
import { h, type Part } from '../element.ts';
import { link, tableOf } from '../table.ts';
import { onceMade, type PageContext, type Section } from '../view.ts';
import { callColumns } from './call-columns.ts';

const CALLS_SHOWN = '50';

/** Makes the section. The calls are looked for in the journal once, when the page is opened. */
export function callsOf(context: PageContext, task: TaskAnswer): Section {
  return onceMade('calls', context.words.tasks.calls, () => bodyOf(context, task));
}

async function bodyOf(context: PageContext, { id, createdAt, updatedAt }: TaskAnswer): Promise<Part> {
  const { api, words, links } = context;
  const { calls } = await api.calls({ task: id, limit: CALLS_SHOWN });
  // The end is not part of a span.
  const to = new Date(Date.parse(updatedAt) + 1).toISOString();
  return [
    tableOf(calls, callColumns(context), { caption: words.tasks.calls, empty: words.task.noCalls }),
    h(
      'p',
      { class: 'notes' },
      words.task.callsNote,
      ' ',
      link(links.to('/page/calls', { from: createdAt, to }), words.task.reads),
      ' · ',
      link(links.to('/page/calls', { task: id }), words.task.allCalls),
    ),
  ];
}
