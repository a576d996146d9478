import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readTaskTimeline } from '../../src/control/task-timeline.ts';
import { observeTasks } from '../../src/ledger/observe.ts';
import { dueResultAsks, noteResultAsked, renewResults } from '../../src/tasks/result-ask-table.ts';
import {
  dueFiles,
  expireFile,
  filesOfTask,
  isKeeping,
  noteSaved,
  putOffFile,
  setKeeping,
} from '../../src/tasks/result-file-table.ts';
import { getTask } from '../../src/tasks/task-table.ts';
import type { TaskResult } from '../../src/tasks/task.ts';
import { admitHold, close, newHold, NOON, sighting } from '../ledger/making.ts';
import { createMemoryStore, type MemoryStore } from '../ledger/memory-store.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
let store: MemoryStore;
beforeEach(async () => {
  store = createMemoryStore();
  await store.run(setKeeping, { isOn: true, from: '', at: NOON });
  await admitHold(store, newHold('h1', { at: NOON }));
  await close(store, 'h1', { kind: 'task', sighting: sighting('t1') }, { at: NOON });
});
afterEach(() => store.close());

const video = (url: string): TaskResult => ({ kind: 'video', id: 'v', url, durationSeconds: '5' });
const succeed = (results: TaskResult[]) =>
  store.run(observeTasks, {
    sightings: [sighting('t1', { state: 'succeeded', results })],
    source: 'poll',
    at: NOON,
  });
const due = (at: number) => store.run(dueResultAsks, { at, limit: 5 });
const asked = async (at: number) => (await store.run(noteResultAsked, { holdId: 'h1', at })).facts;

describe('a task that succeeded without addresses', () => {
  beforeEach(() => succeed([]));

  it('is asked for again, less and less often, for a day, and then its result is lost', async () => {
    expect(await due(NOON)).toEqual({ tasks: [], nextAt: NOON + 5_000 });
    expect((await due(NOON + 5_000)).tasks).toMatchObject([
      { id: 't1', holdId: 'h1', path: '/v1/videos/text2video', state: 'succeeded' },
    ]);
    let [at, asks] = [NOON + 5_000, 0];
    const facts: unknown[] = [];
    for (; facts.length === 0; asks += 1) {
      facts.push(...(await asked(at)));
      at = (await due(at)).nextAt ?? at;
    }
    expect(asks).toBeGreaterThan(20);
    expect(asks).toBeLessThan(40);
    expect(at - NOON).toBeGreaterThanOrEqual(DAY);
    expect(facts).toMatchObject([
      { kind: 'result_lost', holdId: 'h1', taskId: 't1', why: 'no_addresses', app: 'default' },
    ]);
    expect((await due(at + DAY)).tasks).toEqual([]);
    expect(await asked(at)).toEqual([]);
  });

  it('is asked for no more once an answer has them', async () => {
    await succeed([video('https://x/a.mp4')]);
    expect(await asked(NOON + 5_000)).toEqual([]);
    expect((await due(NOON + DAY)).tasks).toEqual([]);
    expect((await store.run(dueFiles, { at: NOON, limit: 5 })).files).toHaveLength(1);
  });
});

describe('an address that is refused', () => {
  const refuse = () =>
    store.run(putOffFile, {
      holdId: 'h1',
      position: 1,
      reason: 'status',
      nextAt: NOON + HOUR,
      at: NOON,
      asksAgain: true,
    });
  const renew = (url: string) =>
    store.run(renewResults, { holdId: 'h1', results: [video(url)], madeAt: NOON, at: NOON + 1 });

  it('is replaced by that of a new answer, and the file is due at once', async () => {
    await succeed([video('https://x/a.mp4')]);
    await refuse();
    expect((await due(NOON)).tasks).toHaveLength(1);
    expect(await renew('https://x/a.mp4')).toEqual({ renewed: 0 });
    expect(await asked(NOON)).toEqual([]);
    expect((await due(NOON)).nextAt).toBe(NOON + 10_000);
    expect(await renew('https://x/a2.mp4')).toEqual({ renewed: 1 });
    expect(await asked(NOON + 10_000)).toEqual([]);
    expect((await due(NOON + DAY)).tasks).toEqual([]);
    expect((await store.run(dueFiles, { at: NOON + 1, limit: 5 })).files).toMatchObject([
      { url: 'https://x/a2.mp4', attempts: 0, reason: null },
    ]);
    expect(await store.run(getTask, { taskId: 't1' })).toMatchObject({
      results: [video('https://x/a2.mp4')],
      madeAt: NOON,
    });
  });

  it('changes nothing while results are not kept', async () => {
    await succeed([video('https://x/a.mp4')]);
    expect(await store.run(isKeeping, undefined)).toBe(true);
    await store.run(setKeeping, { isOn: false, from: '', at: NOON });
    expect(await store.run(isKeeping, undefined)).toBe(false);
    expect(await renew('https://x/a2.mp4')).toEqual({ renewed: 0 });
  });
});

describe('a timeline', () => {
  it('shows which files were saved, and which were not in time', async () => {
    await succeed([video('https://x/a.mp4'), video('https://x/b.mp4'), video('https://x/c.mp4')]);
    const saved = { place: 'folder', bytes: 9, sha256: 'ab', contentType: 'video/mp4' } as const;
    await store.run(noteSaved, { holdId: 'h1', position: 1, ...saved, at: NOON + HOUR });
    const expired = (await store.run(dueFiles, { at: NOON + 31 * DAY, limit: 5, onlyExpired: true })).files;
    expect(expired.map(({ position }) => position)).toEqual([2, 3]);
    await store.run(expireFile, { holdId: 'h1', position: 2, reason: 'cut', at: NOON + 31 * DAY });
    const lines = (await store.run(readTaskTimeline, { taskId: 't1' })).filter(
      ({ step }) => step === 'result',
    );
    expect(lines).toEqual([
      { at: NOON + HOUR, step: 'result', text: 'file 1 (video) saved, 9 bytes, SHA-256 ab' },
      { at: NOON + 30 * DAY, step: 'result', text: 'file 2 (video) expired before it was saved: cut' },
    ]);
    expect((await store.run(filesOfTask, { taskId: 't1' })).map(({ state }) => state)).toEqual([
      'saved',
      'expired',
      'waiting',
    ]);
  });
});
