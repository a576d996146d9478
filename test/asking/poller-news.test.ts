import { expect, it } from 'vitest';
import { Poller, type PollerDeps } from '../../src/asking/poller.ts';
import { createManualClock } from '../../src/clock.ts';
import type { TaskSighting } from '../../src/tasks/task.ts';
import { DEFAULT_ROUTES } from '../../src/kling/routes.ts';
import { listOldUnasked } from '../../src/tasks/lost-table.ts';

const NOON = Date.UTC(2026, 10, 21, 12);
const SECOND_MS = 1_000;

/** A poller of one open task before a ledger that ignores what it is handed, as it does with another account's tasks. */
function rig() {
  const clock = createManualClock(NOON);
  const shown = { state: 'processing' };
  const handed: string[] = [];
  const task = { id: '1', holdId: 'h', path: '/v1/videos/text2video', route: '/v1/videos/text2video' };
  const page = {
    tasks: [{ ...task, state: 'submitted', operation: 'text-to-video', createdAt: NOON }],
    next: null,
  };
  const deps = {
    store: {
      read: (operation: unknown) => Promise.resolve(operation === listOldUnasked ? [] : page),
    },
    ledger: {
      run: (_: unknown, { sightings }: { sightings: TaskSighting[] }) => {
        handed.push(...sightings.map(({ state }) => state));
        return Promise.resolve({ facts: [] });
      },
    },
    ask: () =>
      Promise.resolve({
        answer: {
          status: 200,
          envelope: { code: 0, message: 'SUCCEED', requestId: 'r', data: [{ id: '1', status: shown.state }] },
        },
        failure: null,
        line: { host: 'h', account: 'a', fingerprint: 'f' },
      }),
    clock,
    isOn: () => true,
    isWanted: () => false,
    stuck: () => ({ usualMs: 600_000, byOperation: {} }),
    requestsPerMinute: () => null,
    intervalMs: () => 5 * SECOND_MS,
    routes: () => DEFAULT_ROUTES,
    price: () => ({}),
    credentials: () => 'api_key',
    onError: (_: string, error: unknown) => {
      throw error;
    },
  };
  const poller = new Poller(deps as unknown as PollerDeps);
  const seconds = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i += 1) await clock.advance(SECOND_MS);
  };
  return { poller, shown, handed, seconds };
}

it('hands a state that the ledger ignores over once, again when the open tasks are read again, and an end each time', async () => {
  const { poller, shown, handed, seconds } = rig();
  poller.start();
  await seconds(120);
  expect(handed).toEqual(['processing']);
  await seconds(600);
  expect(handed).toEqual(['processing', 'processing']);
  shown.state = 'succeeded';
  await seconds(180);
  expect(handed.slice(2).length).toBeGreaterThan(1);
  expect(new Set(handed.slice(2))).toEqual(new Set(['succeeded']));
  await poller.stop();
});
