import { afterEach, describe, expect, it } from 'vitest';
import { recordRefusals } from '../../src/calls/call-table.ts';
import { listRefusals } from '../../src/calls/refusal-list.ts';
import { countWouldHave, noteMode, readWouldHave } from '../../src/calls/would-have-table.ts';
import { createMemoryStore, type MemoryStore } from '../ledger/memory-store.ts';

const NOON = Date.UTC(2026, 10, 21, 12);

let store: MemoryStore;
afterEach(() => store.close());

describe('counts of what protect would have done', () => {
  it('of an older store are those of its list, by word and app', async () => {
    store = createMemoryStore(undefined, (db) => {
      const insert = db.prepare(
        `INSERT INTO refusals (id, request_id, at, app, method, route, status, word, message, credits, would_only)
         VALUES (?, 'r', ?, ?, 'POST', '/x', 403, ?, 'm', ?, ?)`,
      );
      insert.run('a', NOON, 'web', 'budget_exceeded', 10_000, 1);
      insert.run('b', NOON + 1, 'web', 'budget_exceeded', null, 1);
      insert.run('c', NOON + 2, 'batch', 'body_refused', null, 1);
      insert.run('d', NOON + 3, 'web', 'budget_exceeded', 99_000, 0);
    });
    expect(await store.run(readWouldHave, {})).toEqual({
      since: NOON,
      rows: [
        { word: 'budget_exceeded', budget: null, app: 'web', count: 2, credits: 10_000 },
        { word: 'body_refused', budget: null, app: 'batch', count: 1, credits: 0 },
      ],
    });
    const { refusals } = await store.run(listRefusals, { limit: 10, cursor: null });
    expect(refusals.map(({ id, budget }) => [id, budget])).toEqual(
      ['d', 'c', 'b', 'a'].map((id) => [id, null]),
    );
  });

  it('of an older store that never observed begin with the mode', async () => {
    store = createMemoryStore(undefined, () => undefined);
    expect(await store.run(readWouldHave, {})).toEqual({ since: null, rows: [] });
    await store.run(noteMode, { mode: 'observe', at: NOON });
    await store.run(noteMode, { mode: 'observe', at: NOON + 1 });
    expect((await store.run(readWouldHave, {})).since).toBe(NOON);
  });

  it('outlive the list of refusals, which keeps only the newest', async () => {
    store = createMemoryStore();
    await store.run(noteMode, { mode: 'observe', at: NOON });
    const refusal = (n: number) => ({
      id: `refusal_${n}`,
      requestId: 'r',
      at: NOON,
      app: 'web',
      tag: null,
      method: 'POST',
      route: '/x',
      status: 403,
      word: 'budget_exceeded',
      message: 'm',
      credits: 1_000,
      budget: 'daily',
      wouldOnly: true,
    });
    await store.run(
      recordRefusals,
      Array.from({ length: 10_500 }, (_, n) => refusal(n)),
    );
    expect((await store.run(readWouldHave, {})).rows).toEqual([
      { word: 'budget_exceeded', budget: 'daily', app: 'web', count: 10_500, credits: 10_500_000 },
    ]);
  });

  it('hold at most a thousand rows: apps beyond them are other', async () => {
    store = createMemoryStore();
    await store.run(noteMode, { mode: 'observe', at: NOON });
    const one = (n: number) => ({ word: 'budget_exceeded', app: `app-${n}`, budget: 'daily', credits: 1 });
    await store.run(
      countWouldHave,
      Array.from({ length: 1_200 }, (_, n) => one(n)),
    );
    await store.run(countWouldHave, [one(5)]);
    const { rows } = await store.run(readWouldHave, {});
    expect(rows).toHaveLength(1_001);
    expect(rows.find(({ app }) => app === 'other')?.count).toBe(200);
    expect(rows.find(({ app }) => app === 'app-5')?.count).toBe(2);
  });

  it('take nothing once the mode is protect, also not what was under way', async () => {
    store = createMemoryStore();
    await store.run(noteMode, { mode: 'observe', at: NOON });
    const edit = { word: 'external_task_id_added', app: 'web', budget: null, credits: 0 };
    await store.run(countWouldHave, [edit]);
    await store.run(noteMode, { mode: 'protect', at: NOON + 1 });
    await store.run(countWouldHave, [edit]);
    expect(await store.run(readWouldHave, {})).toEqual({ since: null, rows: [] });
  });
});
