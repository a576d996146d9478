/** The page *Queue*: the creates that wait for a slot. */
import { tableOf } from '../table.ts';
import { section, type PageContext, type View } from '../view.ts';

/** Makes the page. */
export async function queueView({ api, words, format }: PageContext): Promise<View> {
  const { waiting } = await api.get('/v1/queue');
  const { queue } = words;
  const list = tableOf(
    waiting,
    [
      { heading: queue.place, cell: ({ position }) => format.count(position), isNumber: true },
      { heading: queue.app, cell: ({ app }) => app },
      { heading: queue.operation, cell: ({ operation }) => operation },
      { heading: queue.pool, cell: ({ pool }) => pool },
      { heading: queue.since, cell: ({ since }) => format.time(since) },
      {
        heading: queue.wait,
        cell: ({ estimatedWaitSeconds }) => format.ms(estimatedWaitSeconds * 1000),
        isNumber: true,
      },
    ],
    { caption: queue.title, empty: queue.empty },
  );
  return { title: words.pages.queue, sections: [section('queue', queue.title, list, true)] };
}
