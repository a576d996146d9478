/** The page *Calls*: the journal, and what the sidecar refused itself or would have refused. */
import type { CallsAnswer, RefusalsAnswer } from '../../control/call-schemas.ts';
import { filters, pager } from '../filters.ts';
import { h, type Part } from '../element.ts';
import { link, tableOf, type Column } from '../table.ts';
import { section, type PageContext, type View } from '../view.ts';
import { pick } from './tasks.ts';

type Call = CallsAnswer['calls'][number];
type Refusal = RefusalsAnswer['calls'][number];

const PATH = '/page/calls';

/** Makes the page. */
export async function callsView(context: PageContext): Promise<View> {
  const { query, words } = context;
  const asked = pick(query, ['app', 'from', 'to', 'cursor']);
  const kind = query.get('kind');
  const form = filters(context, PATH, [
    {
      name: 'kind',
      label: words.calls.kind,
      choices: [
        { value: '', label: words.calls.sent },
        { value: 'refused', label: words.calls.refused },
        { value: 'would-refuse', label: words.calls.wouldRefuse },
      ],
    },
    { name: 'app', label: words.calls.app },
  ]);
  const { list, nextCursor } = await listOf(context, kind, asked);
  const body = [list, pager(context, PATH, nextCursor)];
  return { title: words.pages.calls, sections: [form, section('calls', null, body, true)] };
}

/** Gives the table of a kind, and where its next page begins. */
async function listOf(
  context: PageContext,
  kind: string | null,
  asked: Record<string, string>,
): Promise<{ list: Part; nextCursor: string | null }> {
  const { api, words } = context;
  const caption = { caption: words.calls.title, empty: words.calls.empty };
  if (kind === 'refused' || kind === 'would-refuse') {
    const { calls, nextCursor } = await api.refusals(kind, asked);
    return { list: tableOf(calls, refusalColumns(context), caption), nextCursor };
  }
  const { calls, nextCursor } = await api.calls(asked);
  return { list: tableOf(calls, callColumns(context), caption), nextCursor };
}

function callColumns({ words, format, links }: PageContext): readonly Column<Call>[] {
  const { calls } = words;
  return [
    { heading: calls.at, cell: ({ at }) => format.time(at) },
    { heading: calls.route, cell: ({ method, route }) => `${method} ${route}` },
    { heading: calls.app, cell: ({ app }) => app },
    {
      heading: calls.status,
      cell: ({ status }) => (status === null ? words.none : String(status)),
      isNumber: true,
    },
    { heading: calls.code, cell: ({ code }) => (code === null ? words.none : String(code)), isNumber: true },
    {
      heading: calls.outcome,
      cell: ({ outcome, errorClass }) =>
        h('span', { class: `outcome ${outcome}`, title: errorClass }, outcome),
    },
    { heading: calls.duration, cell: ({ durationMs }) => format.ms(durationMs), isNumber: true },
    { heading: calls.overhead, cell: ({ overheadMs }) => format.ms(overheadMs), isNumber: true },
    {
      heading: calls.task,
      cell: ({ taskId }) =>
        taskId === null ? words.none : link(links.to(`/page/tasks/${encodeURIComponent(taskId)}`), taskId),
    },
  ];
}

function refusalColumns({ words, format }: PageContext): readonly Column<Refusal>[] {
  const { calls } = words;
  return [
    { heading: calls.at, cell: ({ at }) => format.time(at) },
    { heading: calls.route, cell: ({ method, route }) => `${method} ${route}` },
    { heading: calls.app, cell: ({ app }) => app },
    { heading: calls.status, cell: ({ status }) => String(status), isNumber: true },
    { heading: calls.reason, cell: ({ word, budget }) => (budget === null ? word : `${word} (${budget})`) },
    {
      heading: calls.credits,
      cell: ({ credits }) => (credits === null ? words.none : format.credits(credits)),
      isNumber: true,
    },
    { heading: calls.message, cell: ({ message }) => message },
  ];
}
