import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { resultsExpiring, resultsFull } from '../../../src/alerts/rules/results-kept.ts';
import { observeTasks } from '../../../src/ledger/observe.ts';
import { noteSaved, setKeeping } from '../../../src/tasks/result-file-table.ts';
import { admitHold, close, newHold, NOON, sighting } from '../../ledger/making.ts';
import { createMemoryStore, type MemoryStore } from '../../ledger/memory-store.ts';
import { findAt } from './look-at.ts';

const DAY = 86_400_000;
const kept = { noRoom: null, savedBytes: 5, quotaBytes: 10 };
let store: MemoryStore;
beforeEach(async () => {
  store = createMemoryStore();
  await store.run(setKeeping, { isOn: true, from: '', at: NOON });
  await admitHold(store, newHold('h1', { at: NOON }));
  await close(store, 'h1', { kind: 'task', sighting: sighting('t1') }, { at: NOON });
  const results = [{ kind: 'video' as const, id: null, url: 'https://x/a.mp4', durationSeconds: null }];
  const seen = sighting('t1', { state: 'succeeded', results });
  await store.run(observeTasks, { sightings: [seen], source: 'poll', at: NOON });
});
afterEach(() => store.close());

describe('results_expiring', () => {
  const find = (at: number, results: typeof kept | null = kept) =>
    findAt(store, resultsExpiring, at, { signals: { results } });

  it('fires three days before a file expires that is not saved, and ends when it is saved', async () => {
    expect(await find(NOON + 27 * DAY)).toEqual([]);
    const values = { files: 1, firstExpiresAt: NOON + 30 * DAY, hours: 72 };
    expect(await find(NOON + 27 * DAY + 1)).toMatchObject([{ rule: 'results_expiring', values }]);
    expect(await find(NOON + 29 * DAY, null)).toEqual([]);
    const saved = { place: 'folder', bytes: 1, sha256: 'a', contentType: 'video/mp4', at: NOON } as const;
    await store.run(noteSaved, { holdId: 'h1', position: 1, ...saved });
    expect(await find(NOON + 29 * DAY)).toEqual([]);
  });
});

describe('results_full', () => {
  it('fires while there is no room', async () => {
    const find = (noRoom: 'over_quota' | 'disk_low' | null) =>
      findAt(store, resultsFull, NOON, { signals: { results: { ...kept, noRoom } } });
    expect(await find(null)).toEqual([]);
    expect(await find('over_quota')).toMatchObject([
      { rule: 'results_full', values: { why: 'over_quota', savedBytes: 5, quotaBytes: 10 } },
    ]);
    expect(await findAt(store, resultsFull, NOON, { signals: { results: null } })).toEqual([]);
  });
});
