import { afterEach, expect, it } from 'vitest';
import { ForeignTasks } from '../../src/asking/foreign-tasks.ts';
import { createManualClock } from '../../src/clock.ts';
import type { OwnAnswer, OwnRequest } from '../../src/upstream/ask.ts';
import { createMemoryStore, type MemoryStore } from '../ledger/memory-store.ts';

let store: MemoryStore;
afterEach(() => store.close());

/** Counts video tasks by the pages of a list; gives the requests and the counts. */
async function counted(pageOf: (request: number) => unknown) {
  store = createMemoryStore();
  const clock = createManualClock(Date.UTC(2026, 9, 20));
  const bodies: (string | undefined)[] = [];
  const counts: (number | null)[] = [];
  const foreign = new ForeignTasks({
    store: { read: store.run },
    clock,
    ask: ({ body }: OwnRequest) => {
      bodies.push(body);
      const envelope = { code: 0, message: 'SUCCEED', requestId: 'r', data: pageOf(bodies.length) };
      return Promise.resolve({ answer: { status: 200, envelope }, failure: null } as unknown as OwnAnswer);
    },
    credentials: () => 'api_key',
    isUsed: (product) => product === 'video',
    stuck: () => ({ usualMs: 600_000, byOperation: {} }),
    onCount: (product, tasks) => product === 'video' && counts.push(tasks),
    onError: (message, error) => {
      throw new Error(message, { cause: error });
    },
  });
  foreign.start();
  await clock.advance(1_000);
  await foreign.stop();
  return { bodies, counts };
}

const page = (id: string, cursor: string) => ({
  result: [{ id, status: 'submitted' }],
  next_cursor: cursor,
  has_more: cursor !== '',
});

it('adds the tasks of all pages, each asked for by its cursor', async () => {
  const { bodies, counts } = await counted((request) =>
    page(String(request), request < 3 ? `c${request}` : ''),
  );
  expect(bodies.slice(1)).toEqual(['{"cursor":"c1"}', '{"cursor":"c2"}']);
  expect(counts).toEqual([3]);
});

it('follows no endless cursor, and counts nothing then', async () => {
  const { bodies, counts } = await counted((request) => page(String(request), 'again'));
  expect(bodies).toHaveLength(20);
  expect(counts).toEqual([]);
});
