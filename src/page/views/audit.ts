/** The page *Audit*: who changed what, and why. */
import { pager } from '../filters.ts';
import { tableOf } from '../table.ts';
import { section, type PageContext, type View } from '../view.ts';
import { pick } from './tasks.ts';

const PATH = '/page/audit';

/** Makes the page. @throws ApiProblem `token_required` without the control token. */
export async function auditView(context: PageContext): Promise<View> {
  const { api, query, words, format } = context;
  const { audit, nextCursor } = await api.get('/v1/audit', pick(query, ['cursor']));
  const list = tableOf(
    audit,
    [
      { heading: words.audit.at, cell: ({ at }) => format.fullTime(at) },
      { heading: words.audit.actor, cell: ({ actor }) => actor },
      { heading: words.audit.action, cell: ({ action }) => action },
      { heading: words.audit.subject, cell: ({ subject }) => subject },
      { heading: words.audit.before, cell: ({ before }) => before ?? words.none },
      { heading: words.audit.after, cell: ({ after }) => after ?? words.none },
      { heading: words.audit.reason, cell: ({ reason }) => reason },
    ],
    { caption: words.audit.title, empty: words.audit.empty },
  );
  return {
    title: words.pages.audit,
    sections: [section('audit', null, [list, pager(context, PATH, nextCursor)], true)],
  };
}
