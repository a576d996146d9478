/** Says where calls are listed that older ones were dropped: a number of that time has no rows any more. */
import type { Part } from '../element.ts';
import { h } from '../element.ts';
import { link } from '../table.ts';
import type { Ms } from '../../units.ts';
import type { PageContext } from '../view.ts';

const KEY = 'store.callRetentionDays';

/** Makes the note for a span that begins at an instant (null: at the first call); nothing if all its calls are kept. */
export async function keptNote(
  context: PageContext,
  keptFrom: string | null,
  from: Ms | null,
): Promise<Part> {
  if (keptFrom === null || (from !== null && from >= Date.parse(keptFrom))) return null;
  const { api, words, format, links } = context;
  const { values } = await api.get('/v1/config', { search: KEY });
  const days = values.find(({ key }) => key === KEY)?.value;
  const kept = words.keptCalls(
    format.fullTime(keptFrom),
    typeof days === 'number' ? format.count(days) : words.none,
  );
  return h('p', { class: 'notice' }, kept, ' ', link(links.to('/page/config', { search: KEY }), KEY));
}
