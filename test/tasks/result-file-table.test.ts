import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { observeTasks } from '../../src/ledger/observe.ts';
import { expiryOf, filesOf, lacksAddresses, RESULT_LIFE_MS } from '../../src/tasks/result-file.ts';
import {
  dueFiles,
  fileOfTask,
  filesOfTask,
  fileSums,
  noteRemoved,
  noteSaved,
  planEarlier,
  putOffFile,
  savedBefore,
  savedBytes,
  setKeeping,
} from '../../src/tasks/result-file-table.ts';
import { unsavedFiles } from '../../src/tasks/delivery-table.ts';
import type { TaskResult } from '../../src/tasks/task.ts';
import { admitHold, close, newHold, NOON, sighting } from '../ledger/making.ts';
import { createMemoryStore, type MemoryStore } from '../ledger/memory-store.ts';

const DAY = 86_400_000;
let store: MemoryStore;
beforeEach(() => {
  store = createMemoryStore();
});
afterEach(() => store.close());

const video = (url: string | null): TaskResult => ({ kind: 'video', id: 'v', url, durationSeconds: '5' });
const create = async (n: number): Promise<void> => {
  await admitHold(store, newHold(`h${n}`, { at: NOON, credits: n }));
  await close(store, `h${n}`, { kind: 'task', sighting: sighting(`t${n}`) }, { at: NOON });
};
const succeed = (n: number, results: TaskResult[], at = NOON) =>
  store.run(observeTasks, {
    sightings: [sighting(`t${n}`, { state: 'succeeded', results })],
    source: 'poll',
    at,
  });
const keep = (isOn = true, from = '') => store.run(setKeeping, { isOn, from, at: NOON });
const due = async (at = NOON) => (await store.run(dueFiles, { at, limit: 10 })).files;
const saved = { place: 'folder', bytes: 9, sha256: 'aa', contentType: 'video/mp4' } as const;

describe('the files of a task', () => {
  it('are rows of the transaction that ends it, while results are kept', async () => {
    await keep();
    await create(1);
    await succeed(1, [
      video('https://cdn.klingai.com/a.mp4'),
      video(null),
      { ...video('https://x/b'), kind: 'image' },
    ]);
    expect(await due()).toMatchObject([
      { holdId: 'h1', taskId: 't1', position: 1, name: '2026-11-18/h1-1.mp4', state: 'waiting', attempts: 0 },
      { position: 3, name: '2026-11-18/h1-3.png', kind: 'image', expiresAt: NOON + RESULT_LIFE_MS },
    ]);
    expect(await store.run(filesOfTask, { taskId: 't1' })).toHaveLength(2);
    expect(await store.run(fileOfTask, { taskId: 't1', position: 2 })).toBeNull();
  });

  it('are no rows while results are not kept, nor of a task that failed', async () => {
    await create(1);
    await succeed(1, [video('https://x/a.mp4')]);
    expect(store.db.prepare('SELECT COUNT(*) FROM result_files').pluck().get()).toBe(0);
    await keep();
    await create(2);
    await store.run(observeTasks, {
      sightings: [sighting('t2', { state: 'failed', results: [video('https://x/a.mp4')] })],
      source: 'poll',
      at: NOON,
    });
    expect(await due()).toEqual([]);
  });

  it('are planned later where the task ended before results were kept, page by page', async () => {
    for (let n = 1; n <= 5; n += 1) await create(n);
    for (let n = 1; n <= 5; n += 1) await succeed(n, [video(`https://x/${n}.mp4`)]);
    expect(await keep(true, 'h1')).toEqual({ hasEarlier: true });
    expect(await store.run(planEarlier, { limit: 2, at: NOON })).toEqual({ files: 2, more: true });
    expect(await keep(true, 'h1')).toEqual({ hasEarlier: true });
    expect(await store.run(planEarlier, { limit: 2, at: NOON })).toEqual({ files: 2, more: true });
    expect(await store.run(planEarlier, { limit: 2, at: NOON })).toEqual({ files: 0, more: false });
    expect(await keep(true, 'h1')).toEqual({ hasEarlier: false });
    expect((await due()).map(({ holdId }) => holdId)).toEqual(['h2', 'h3', 'h4', 'h5']);
    await keep(false);
    expect(await store.run(planEarlier, { limit: 2, at: NOON })).toEqual({ files: 0, more: false });
  });

  it('wait, are put off, saved once, and removed', async () => {
    await keep();
    await create(1);
    await succeed(1, [video('https://x/a.mp4')]);
    const file = { holdId: 'h1', position: 1 };
    await store.run(putOffFile, { ...file, reason: 'cut', nextAt: NOON + 5, at: NOON, asksAgain: false });
    expect(await due()).toEqual([]);
    expect(await store.run(dueFiles, { at: NOON, limit: 1 })).toEqual({ files: [], nextAt: NOON + 5 });
    expect(await due(NOON + 5)).toMatchObject([{ attempts: 1, reason: 'cut' }]);
    expect(await store.run(unsavedFiles, { before: NOON + 31 * DAY })).toEqual({
      files: 1,
      firstExpiresAt: NOON + RESULT_LIFE_MS,
      expiring: 1,
    });
    await store.run(noteSaved, { ...file, ...saved, at: NOON + 6 });
    await store.run(noteSaved, { ...file, ...saved, bytes: 10, at: NOON + 7 });
    await store.run(putOffFile, { ...file, reason: 'cut', nextAt: NOON, at: NOON, asksAgain: false });
    expect(await store.run(fileOfTask, { taskId: 't1', position: 1 })).toMatchObject({
      state: 'saved',
      reason: null,
      bytes: 9,
      sha256: 'aa',
      savedAt: NOON + 6,
      attempts: 2,
    });
    expect(await store.run(savedBytes, { place: 'folder' })).toBe(9);
    expect(await store.run(savedBytes, { place: 's3' })).toBe(0);
    expect(await store.run(fileSums, { holdIds: ['h1', 'h2'] })).toEqual([
      { holdId: 'h1', files: 1, saved: 1, bytes: 9 },
    ]);
    expect(await store.run(savedBefore, { before: NOON + 6, limit: 5 })).toEqual([]);
    expect(await store.run(savedBefore, { before: NOON + 7, limit: 5 })).toHaveLength(1);
    await store.run(noteRemoved, file);
    expect(await store.run(filesOfTask, { taskId: 't1' })).toMatchObject([{ state: 'removed', bytes: 9 }]);
  });

  it('are due again with a new address, unless they are saved', async () => {
    await keep();
    await create(1);
    await succeed(1, [video('https://x/a.mp4'), video('https://x/b.mp4')]);
    await store.run(noteSaved, { holdId: 'h1', position: 1, ...saved, at: NOON });
    store.db.exec("UPDATE result_files SET state = 'expired', next_at = NULL WHERE position = 2");
    store.db.exec('DELETE FROM task_results');
    await succeed(1, [video('https://x/a2.mp4'), video('https://x/b2.mp4')], NOON + 1);
    expect(await store.run(filesOfTask, { taskId: 't1' })).toMatchObject([
      { state: 'saved', url: 'https://x/a.mp4' },
      { state: 'waiting', url: 'https://x/b2.mp4', attempts: 0 },
    ]);
  });

  it('are asked for again where a success came without addresses', async () => {
    await keep();
    await create(1);
    await succeed(1, []);
    const asks = store.db.prepare('SELECT hold_id, why, next_at FROM result_asks').all();
    expect(asks).toEqual([{ hold_id: 'h1', why: 'no_addresses', next_at: NOON + 5_000 }]);
    expect(lacksAddresses([{ ...video(null), kind: 'element' }])).toBe(false);
    expect(lacksAddresses([video(null)])).toBe(true);
  });
});

describe('a file', () => {
  it('is named by our ids and an extension of a closed list, for any address', () => {
    fc.assert(
      fc.property(fc.oneof(fc.webUrl({ withQueryParameters: true }), fc.string()), (url) => {
        const [file] = filesOf('hold_01', [video(url)], NOON);
        expect(file?.name).toMatch(/^2026-11-18\/hold_01-1\.[a-z0-9]{3,4}$/);
      }),
    );
  });

  it('expires when its address says so, within 30 days', () => {
    const at = (query: string): number => expiryOf(`https://cdn.klingai.com/a.mp4?${query}`, NOON) - NOON;
    const seconds = NOON / 1000;
    expect(at(`Expires=${seconds + 60}`)).toBe(60_000);
    expect(at(`x-expires=${NOON + 60_000}&token=1`)).toBe(60_000);
    expect(at(`X-Amz-Date=20261118T120000Z&X-Amz-Expires=3600`)).toBe(
      Date.parse('2026-11-18T13:00:00Z') - NOON,
    );
    for (const other of ['expires=2592005000', `expires=${seconds - 1}`, 'expires=soon', 'pid=112452', '']) {
      expect([other, at(other)]).toEqual([other, RESULT_LIFE_MS]);
    }
    expect(expiryOf('no address', NOON) - NOON).toBe(RESULT_LIFE_MS);
  });
});
