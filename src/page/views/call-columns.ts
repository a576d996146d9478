/** The columns of a table of calls, on the pages *Calls* and *Task*, and those of a table of refusals. */
import type { CallsAnswer, RefusalsAnswer } from '../../control/call-schemas.ts';
import { h, type Part } from '../element.ts';
import { asCode, wordOf } from '../value-words.ts';
import { link, type Column } from '../table.ts';
import type { PageContext } from '../view.ts';

export type Call = CallsAnswer['calls'][number];
type Refusal = RefusalsAnswer['calls'][number];
export type RefusalKind = 'refused' | 'would-refuse';

const PATH = '/page/calls';

/** Makes the link to all rows of a table that have some values. */
type Narrowed = (values: Readonly<Record<string, string>>, text: Part) => Part;

function narrowing({ links }: PageContext, kind: RefusalKind | null): Narrowed {
  return (values, text) => link(links.to(PATH, { kind, ...values }), text);
}

/** The columns that say when, where and for whom. */
function commonColumns(
  { words, format }: PageContext,
  narrowed: Narrowed,
): readonly Column<Pick<Call & Refusal, 'at' | 'method' | 'route' | 'app' | 'tag'>>[] {
  const { calls } = words;
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
  ];
}

/** Gives the columns; values of a call link to all calls that have them. */
export function callColumns(context: PageContext): readonly Column<Call>[] {
  const { words, format, links } = context;
  const { calls, values: names } = words;
  const narrowed = narrowing(context, null);
  const number = (name: 'status' | 'code', value: number | null): Part =>
    value === null ? words.none : narrowed({ [name]: String(value) }, String(value));
  return [
    ...commonColumns(context, narrowed),
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

/** Gives the columns of refusals; values of one link to all of its kind that have them. */
export function refusalColumns(context: PageContext, kind: RefusalKind): readonly Column<Refusal>[] {
  const { words, say, format } = context;
  const { calls, values: names } = words;
  const narrowed = narrowing(context, kind);
  return [
    ...commonColumns(context, narrowed),
    {
      heading: calls.status,
      cell: ({ status }) => narrowed({ status: String(status) }, String(status)),
      isNumber: true,
    },
    {
      heading: calls.reason,
      cell: ({ word, budget }) => [
        narrowed({ word }, wordOf(names.refusals, word)),
        budget === null ? null : [' (', narrowed({ word, budget }, budget), ')'],
      ],
    },
    {
      heading: calls.credits,
      cell: ({ credits }) => (credits === null ? words.none : format.credits(credits)),
      isNumber: true,
    },
    { heading: calls.message, cell: ({ message }) => h('span', { class: 'prompt' }, say(message)) },
  ];
}
