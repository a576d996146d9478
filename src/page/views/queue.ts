/** The page *Queue*: the creates that wait for a slot, and the pools that they wait for. */
import { pager } from '../filters.ts';
import { asCode, wordOf } from '../value-words.ts';
import { link, tableOf } from '../table.ts';
import { section, type PageContext, type View } from '../view.ts';
import { slotsOf } from './now-work.ts';
import { pick } from './tasks.ts';

const PATH = '/page/queue';

/** Makes the page. */
export async function queueView(context: PageContext): Promise<View> {
  const { api, query, language, words, format, links } = context;
  const [{ waiting, nextCursor }, status] = await Promise.all([
    api.get('/v1/queue', pick(query, ['cursor'])),
    api.get('/v1/status', { language }),
  ]);
  const { queue } = words;
  const list = tableOf(
    waiting,
    [
      { heading: queue.place, cell: ({ position }) => format.count(position), isNumber: true },
      { heading: queue.app, cell: ({ app }) => link(links.to('/page/tasks', { app }), app) },
      { heading: queue.operation, cell: ({ operation }) => asCode(operation) },
      { heading: queue.pool, cell: ({ pool }) => wordOf(words.values.products, pool) },
      { heading: queue.since, cell: ({ since }) => format.time(since) },
      {
        heading: queue.waited,
        cell: ({ waitedSeconds }) => format.duration(waitedSeconds * 1000),
        isNumber: true,
      },
      {
        heading: queue.wait,
        cell: ({ estimatedWaitSeconds }) => format.ms(estimatedWaitSeconds * 1000),
        isNumber: true,
      },
    ],
    { caption: queue.title, empty: queue.empty },
  );
  return {
    title: words.pages.queue,
    sections: [
      section('queue', queue.title, [list, pager(context, PATH, nextCursor)], true),
      section('slots', words.slots.title, slotsOf(context, status), true),
    ],
  };
}
