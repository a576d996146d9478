/** The columns of a table of calls, on the pages *Calls* and *Task*. */
import type { CallsAnswer } from '../../control/call-schemas.ts';
import { h, type Part } from '../element.ts';
import { asCode, wordOf } from '../value-words.ts';
import { link, type Column } from '../table.ts';
import type { PageContext } from '../view.ts';

export type Call = CallsAnswer['calls'][number];

const PATH = '/page/calls';

/** Gives the columns; values of a call link to all calls that have them. */
export function callColumns({ words, format, links }: PageContext): readonly Column<Call>[] {
  const { calls, values: names } = words;
  const narrowed = (values: Readonly<Record<string, string>>, text: Part): Part =>
    link(links.to(PATH, values), text);
  const number = (name: 'status' | 'code', value: number | null): Part =>
    value === null ? words.none : narrowed({ [name]: String(value) }, String(value));
  return [
    { heading: calls.at, cell: ({ at }) => format.time(at) },
    {
      heading: calls.route,
      cell: ({ method, route }) => narrowed({ method, route }, asCode(`${method} ${route}`)),
    },
    { heading: calls.app, cell: ({ app }) => narrowed({ app }, app) },
    {
      heading: words.tasks.tag,
      cell: ({ tag }) => (tag === null ? words.none : narrowed({ tag }, tag)),
    },
    { heading: calls.attempt, cell: ({ attempt }) => String(attempt), isNumber: true },
    { heading: calls.status, cell: ({ status }) => number('status', status), isNumber: true },
    { heading: calls.code, cell: ({ code }) => number('code', code), isNumber: true },
    {
      heading: calls.outcome,
      cell: ({ outcome, errorClass }) => [
        h('a', { class: `outcome ${outcome}`, href: links.to(PATH, { outcome }) }, names.outcomes[outcome]),
        errorClass === null ? null : ` ${wordOf(names.errorClasses, errorClass)}`,
      ],
    },
    { heading: calls.duration, cell: ({ durationMs }) => format.ms(durationMs), isNumber: true },
    { heading: calls.overhead, cell: ({ overheadMs }) => format.ms(overheadMs), isNumber: true },
    {
      heading: calls.task,
      cell: ({ taskId, holdId }) => {
        if (taskId !== null) return link(links.to(`/page/tasks/${encodeURIComponent(taskId)}`), taskId);
        // A send that made no task itself, or a look-up: a task that came later is found by its hold.
        return holdId === null ? words.none : link(links.to('/page/tasks', { search: holdId }), holdId);
      },
    },
  ];
}
