/** The store and a channel as a process of its own opens them: nothing here belongs to a test's runner. */
import type { Channel } from '../../src/alerts/channel.ts';
import type { Post } from '../../src/alerts/channels/post.ts';
import { systemClock } from '../../src/clock.ts';
import { openStore } from '../../src/store/sqlite/open-store.ts';
import type { Store } from '../../src/store/store.ts';

/** Opens a store as the app does. */
export function openRealStore(path: string): Promise<Store> {
  return openStore({
    path,
    clock: systemClock,
    workers: {
      writer: new URL('../../src/app/store-writer.ts', import.meta.url),
      reader: new URL('../../src/app/store-reader.ts', import.meta.url),
    },
  });
}

/** A channel that posts a message as it is, as JSON. */
export function postChannel(name: string, url: string, post: Post, more: Partial<Channel> = {}): Channel {
  return {
    name,
    type: 'webhook',
    paceMs: 1_000,
    async send(message) {
      await post({ url: `${url}/${name}`, body: JSON.stringify(message), receiver: name });
      return {};
    },
    close: () => Promise.resolve(),
    ...more,
  };
}
