/** How callbacks and files of results come along: few rows are read, however many there are. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { observeTasks } from '../../src/ledger/observe.ts';
import { keepCallback } from '../../src/tasks/callback-table.ts';
import { callbackUse, keptFilesState, NEWEST, unsavedFiles } from '../../src/tasks/delivery-table.ts';
import { noteSaved, putOffFile, setKeeping } from '../../src/tasks/result-file-table.ts';
import { RESULT_LIFE_MS } from '../../src/tasks/result-file.ts';
import type { TaskState } from '../../src/words.ts';
import { admitHold, close, insertSettled, newHold, NOON, sighting } from '../ledger/making.ts';
import { createMemoryStore, type MemoryStore } from '../ledger/memory-store.ts';

let store: MemoryStore;
beforeEach(() => (store = createMemoryStore()));
afterEach(() => store.close());

const create = async (n: number): Promise<void> => {
  await admitHold(store, newHold(`h${n}`, { at: NOON + n, credits: n }));
  await close(store, `h${n}`, { kind: 'task', sighting: sighting(`t${n}`) }, { at: NOON + n });
};
const see = (n: number, state: TaskState, urls: readonly string[] = []) =>
  store.run(observeTasks, {
    sightings: [
      sighting(`t${n}`, {
        state,
        results: urls.map((url) => ({ kind: 'video', id: 'v', url, durationSeconds: '5' })),
      }),
    ],
    source: 'poll',
    at: NOON + n,
  });
const hear = (n: number, status: TaskState, at: number) =>
  store.run(keepCallback, {
    holdId: `h${n}`,
    at,
    bodyHash: status.padEnd(64, 'a'),
    status,
    webhookId: null,
    isSigned: false,
    body: '{}',
  });

describe('callbacks', () => {
  it('report the ends of some tasks, and polls find the others', async () => {
    expect(await store.run(callbackUse, {})).toEqual({ lastAt: null, ended: 0, reported: 0 });
    for (const n of [1, 2, 3, 4]) await create(n);
    await hear(1, 'processing', NOON + 5);
    await hear(1, 'succeeded', NOON + 10);
    await hear(2, 'processing', NOON + 20);
    await see(1, 'succeeded');
    await see(2, 'failed');
    await see(3, 'succeeded');
    // That of a task whose end Kling has not confirmed counts once it has.
    await hear(4, 'failed', NOON + 15);
    expect(await store.run(callbackUse, {})).toEqual({ lastAt: NOON + 20, ended: 3, reported: 1 });
    await see(4, 'failed');
    expect(await store.run(callbackUse, {})).toEqual({ lastAt: NOON + 20, ended: 4, reported: 2 });
  });

  it('are counted among the newest creates alone', async () => {
    await create(0);
    await hear(0, 'succeeded', NOON + 9);
    await see(0, 'succeeded');
    store.db.transaction(() => {
      for (let n = 1; n <= NEWEST; n += 1)
        insertSettled(store, { id: `later-${n}`, at: NOON + n, credits: 1, basis: 'reported' });
    })();
    expect(await store.run(callbackUse, {})).toMatchObject({ lastAt: null, reported: 0 });
    const plan = store.db
      .prepare<[], { detail: string }>(
        'EXPLAIN QUERY PLAN SELECT at FROM creates c ORDER BY c.at DESC, c.id DESC',
      )
      .all();
    expect(plan.map(({ detail }) => detail).join()).toMatch(/INDEX creates_at/);
  });
});

describe('files of results', () => {
  it('wait, fail, and are saved', async () => {
    const nothing = { unsaved: 0, firstExpiresAt: null, problem: null, lastSavedAt: null };
    expect(await store.run(keptFilesState, {})).toEqual(nothing);
    await store.run(setKeeping, { isOn: true, from: '', at: NOON });
    await create(1);
    await see(1, 'succeeded', ['https://cdn.klingai.com/a.mp4', 'https://cdn.klingai.com/b.mp4']);
    const firstExpiresAt = NOON + 1 + RESULT_LIFE_MS;
    expect(await store.run(keptFilesState, {})).toMatchObject({ unsaved: 2, problem: null });
    await store.run(putOffFile, {
      holdId: 'h1',
      position: 1,
      reason: 'unreachable',
      nextAt: NOON + 60_000,
      at: NOON + 2,
      asksAgain: false,
    });
    expect(await store.run(keptFilesState, {})).toMatchObject({ unsaved: 2, problem: 'unreachable' });
    const file = { place: 'folder', bytes: 9, sha256: 'aa', contentType: 'video/mp4', holdId: 'h1' } as const;
    await store.run(noteSaved, { ...file, position: 2, at: NOON + 7 });
    const state = await store.run(keptFilesState, {});
    expect(state).toMatchObject({ unsaved: 1, problem: 'unreachable', lastSavedAt: NOON + 7 });
    // The status and the alert count the same.
    expect(await store.run(unsavedFiles, { before: firstExpiresAt + 1 })).toMatchObject({
      files: state.unsaved,
      firstExpiresAt: state.firstExpiresAt,
    });
    await store.run(noteSaved, { ...file, position: 1, at: NOON + 9 });
    expect(await store.run(keptFilesState, {})).toEqual({ ...nothing, lastSavedAt: NOON + 9 });
  });
});
