/** The page *Audit*: who changed what, and why. A value of a row leads to all rows with it. */
import type { Part } from '../element.ts';
import { filters, pager } from '../filters.ts';
import { asCode } from '../value-words.ts';
import { link, tableOf } from '../table.ts';
import { section, type PageContext, type View } from '../view.ts';
import { pick } from './tasks.ts';

const PATH = '/page/audit';
const FILTERS = ['actor', 'action', 'subject', 'from', 'to'] as const;

/** Makes the page. @throws ApiProblem `token_required` without the control token. */
export async function auditView(context: PageContext): Promise<View> {
  const { api, query, words, say, format, links } = context;
  const asked = pick(query, [...FILTERS, 'cursor']);
  const { audit, nextCursor } = await api.get('/v1/audit', asked);
  const form = filters(context, PATH, [
    { name: 'actor', label: words.audit.actor },
    { name: 'action', label: words.audit.action, example: 'budget.raise' },
    { name: 'subject', label: words.audit.subject },
    { name: 'from', label: words.audit.from, example: '2026-11-01' },
    { name: 'to', label: words.audit.to, example: '2026-12-01' },
  ]);
  const alike = (name: (typeof FILTERS)[number], value: string, text: Part = value) =>
    link(links.to(PATH, { [name]: value }), text);
  const shown = (value: string | null): Part => {
    if (value === null) return words.none;
    return value.startsWith('{') ? asCode(value) : say(value);
  };
  const list = tableOf(
    audit,
    [
      { heading: words.audit.at, cell: ({ at }) => format.fullTime(at) },
      { heading: words.audit.actor, cell: ({ actor }) => alike('actor', actor) },
      { heading: words.audit.action, cell: ({ action }) => alike('action', action, asCode(action)) },
      { heading: words.audit.subject, cell: ({ subject }) => alike('subject', subject) },
      { heading: words.audit.before, cell: ({ before }) => shown(before) },
      { heading: words.audit.after, cell: ({ after }) => shown(after) },
      { heading: words.audit.reason, cell: ({ reason }) => say(reason) },
    ],
    {
      caption: words.audit.title,
      empty: Object.keys(asked).length === 0 ? words.audit.empty : words.audit.noMatch,
    },
  );
  return {
    title: words.pages.audit,
    sections: [form, section('audit', null, [list, pager(context, PATH, nextCursor)], true)],
  };
}
