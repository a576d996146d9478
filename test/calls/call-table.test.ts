import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RefusalRecord } from '../../src/calls/call.ts';
import { listCalls } from '../../src/calls/call-list.ts';
import { recordRefusals, REFUSALS_MAX } from '../../src/calls/call-table.ts';
import { listRefusals } from '../../src/calls/refusal-list.ts';
import { purgeOld } from '../../src/ledger/purge.ts';
import { ledgerModules } from '../../src/ledger/ledger-modules.ts';
import { journalCalls } from '../../src/sla/journal.ts';
import { journalled } from '../sla/making.ts';
import { admitHold, call, newHold, NOON, row } from '../ledger/making.ts';
import { createMemoryStore, type MemoryStore } from '../ledger/memory-store.ts';

const DAY = 86_400_000;
let store: MemoryStore;

beforeEach(() => {
  store = createMemoryStore();
});
afterEach(() => {
  store.close();
});

function refusal(n: number, overrides: Partial<RefusalRecord> = {}): RefusalRecord {
  return {
    id: `refusal_${String(n).padStart(5, '0')}`,
    requestId: `req_${n}`,
    at: NOON + n,
    app: 'default',
    tag: null,
    method: 'POST',
    route: '/v1/videos/text2video',
    status: 403,
    word: 'budget_exceeded',
    message: 'no',
    credits: 10_000,
    budget: null,
    wouldOnly: false,
    ...overrides,
  };
}

describe('the journal', () => {
  it('gives back what was recorded, once however often it was handed in', async () => {
    const failed = call('b', {
      at: NOON + 1,
      tag: 'x',
      status: null,
      code: null,
      klingRequestId: null,
      outcome: 'no_answer',
      errorClass: 'reset',
      durationMs: 30_000.125,
      clockOffsetMs: -12.5,
      origin: 'sidecar',
      evidence: { date: null, server: 'nginx', via: null, cause: 'other side closed' },
    });
    await store.run(journalCalls, journalled([call('a'), failed]));
    await store.run(journalCalls, journalled([failed]));
    expect((await store.run(listCalls, { limit: 10, cursor: null })).calls).toEqual([failed, call('a')]);
  });

  it('is listed newest first, page by page, and narrowed', async () => {
    const ids = ['a', 'b', 'c', 'd', 'e'];
    await store.run(
      journalCalls,
      journalled(
        ids.map((id, i) =>
          call(id, {
            at: NOON + Math.floor(i / 2),
            status: 200 + i,
            app: id,
            taskId: `t-${id}`,
            outcome: 'ok',
          }),
        ),
      ),
    );
    const page = async (cursor: string | null, filter = {}) => {
      const { calls, nextCursor } = await store.run(listCalls, { limit: 2, cursor, ...filter });
      return { ids: calls.map((one) => one.id).join(''), nextCursor };
    };
    const first = await page(null);
    const second = await page(first.nextCursor);
    const third = await page(second.nextCursor);
    expect([first.ids, second.ids, third.ids, third.nextCursor]).toEqual(['ed', 'cb', 'a', null]);
    expect((await page(null, { from: NOON + 1, to: NOON + 2 })).ids).toBe('dc');
    expect((await page(null, { app: 'b' })).ids).toBe('b');
    expect((await page(null, { status: 203 })).ids).toBe('d');
    expect((await page(null, { taskId: 't-e', outcome: 'ok', origin: 'app' })).ids).toBe('e');
    expect((await page(null, { outcome: 'throttled' })).ids).toBe('');
    await expect(page('nonsense')).rejects.toMatchObject({ code: 'bad_usage' });
  });
});

describe('our own refusals', () => {
  it('are listed newest first, with those of observe mode apart', async () => {
    await store.run(recordRefusals, [
      refusal(1),
      refusal(2, { wouldOnly: true }),
      refusal(3, { word: 'queue_full' }),
    ]);
    const list = async (filter = {}, cursor: string | null = null) =>
      (await store.run(listRefusals, { limit: 2, cursor, ...filter })).refusals
        .map((one) => one.id.slice(-1))
        .join('');
    expect(await list()).toBe('32');
    const { nextCursor } = await store.run(listRefusals, { limit: 2, cursor: null });
    expect(await list({}, nextCursor)).toBe('1');
    expect(await list({ wouldOnly: true })).toBe('2');
    expect(await list({ wouldOnly: false })).toBe('31');
    expect(await list({ word: 'queue_full', from: NOON + 3 })).toBe('3');
    expect((await store.run(listRefusals, { limit: 1, cursor: null, to: NOON + 2 })).refusals).toEqual([
      refusal(1),
    ]);
    await expect(list({}, 'x')).rejects.toMatchObject({ code: 'bad_usage' });
  });

  it('are bounded to the newest', async () => {
    const many = Array.from({ length: REFUSALS_MAX + 5 }, (_, i) => refusal(i));
    await store.run(recordRefusals, many);
    await store.run(recordRefusals, [refusal(REFUSALS_MAX + 5)]);
    expect(row(store, 'SELECT COUNT(*) AS n, MIN(at) AS oldest FROM refusals')).toEqual({
      n: REFUSALS_MAX,
      oldest: NOON + 6,
    });
    await store.run(recordRefusals, []);
    expect(row(store, 'SELECT COUNT(*) AS n FROM refusals')).toEqual({ n: REFUSALS_MAX });
  });

  it('of a store of 0.1.0 are all there, and count towards the bound', async () => {
    const old = createMemoryStore(ledgerModules, (db) => {
      db.exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9999)
        INSERT INTO refusals (seq, id, request_id, at, app, method, route, status, word, message, credits, would_only)
        SELECT i + 500, printf('refusal_%05d', i), printf('req_%d', i), ${NOON} + i, 'default', 'POST',
          '/v1/videos/text2video', 403, 'budget_exceeded', 'no', 10000, 0 FROM n`);
    });
    const newest = await old.run(listRefusals, { limit: 2, cursor: null, total: true });
    expect(newest).toMatchObject({ refusals: [refusal(9_999), refusal(9_998)], total: 9_999 });
    await old.run(recordRefusals, [refusal(10_000), refusal(10_001)]);
    expect(row(old, 'SELECT COUNT(*) AS n, MIN(at) AS oldest FROM refusals')).toEqual({
      n: REFUSALS_MAX,
      oldest: NOON + 2,
    });
    old.close();
  });
});

describe('retention', () => {
  const purge = (at: number) => store.run(purgeOld, { at, callRetentionDays: 120, promptRetentionDays: 14 });

  it('drops calls that are older than it allows, a bounded number at a time', async () => {
    const old = Array.from({ length: 2001 }, (_, i) =>
      call(`old${i}`, { at: NOON - 120 * DAY - 1 - (i % 7) }),
    );
    await store.run(journalCalls, journalled([...old, call('kept', { at: NOON - 120 * DAY })]));
    expect(await purge(NOON)).toMatchObject({ calls: 2000, more: true });
    expect(await purge(NOON)).toMatchObject({ calls: 1, more: false });
    expect(row(store, 'SELECT id FROM calls')).toEqual({ id: 'kept' });
  });

  it('keeps the calls of some stretches however old, and drops what lies between them, oldest first', async () => {
    const from = NOON - 200 * DAY;
    await store.run(
      journalCalls,
      journalled(
        Array.from({ length: 80 }, (_, day) =>
          call(`day${String(day).padStart(2, '0')}`, { at: from + day * DAY }),
        ),
      ),
    );
    const span = (start: number, end: number) => ({ start: from + start * DAY, end: from + end * DAY });
    const kept = [span(10, 20), span(30, 40), span(75, 90)];
    const some = { at: NOON, callRetentionDays: 120, promptRetentionDays: 14, kept, rowsMax: 15 };
    const dropped = async (): Promise<number> => (await store.run(purgeOld, some)).calls;
    expect([await dropped(), await dropped(), await dropped(), await dropped(), await dropped()]).toEqual([
      15, 15, 15, 10, 0,
    ]);
    const left = store.db.prepare<[], string>('SELECT id FROM calls ORDER BY id').pluck().all();
    expect(left.map((id) => Number(id.slice(3)))).toEqual([
      ...Array.from({ length: 10 }, (_, i) => 10 + i),
      ...Array.from({ length: 10 }, (_, i) => 30 + i),
      ...Array.from({ length: 5 }, (_, i) => 75 + i),
    ]);
  });

  it('drops the prompt of a hold that was committed late, or dated before the last run', async () => {
    const withPrompt = () =>
      store.db.prepare('SELECT id FROM creates WHERE prompt_hash IS NOT NULL ORDER BY id').pluck().all();
    await admitHold(store, newHold('b', { at: NOON - 14 * DAY - 1 }));
    await purge(NOON);
    // Another writer, whose transaction began before.
    store.db.exec('UPDATE spending SET dated_to = NULL');
    await admitHold(store, newHold('a', { at: NOON - 14 * DAY - 60_000 }));
    await purge(NOON);
    expect(withPrompt()).toEqual([]);
    // A clock that ran a year ahead, and was set back.
    await admitHold(store, newHold('c', { at: NOON + 365 * DAY }));
    await purge(NOON + 380 * DAY);
    store.db.exec('UPDATE spending SET dated_to = NULL');
    await admitHold(store, newHold('d', { at: NOON }));
    await purge(NOON + 14 * DAY + 1);
    expect(withPrompt()).toEqual([]);
  });

  it('drops what was kept of prompts, looking at few holds twice', async () => {
    await admitHold(store, newHold('a', { at: NOON - 15 * DAY }));
    await admitHold(store, newHold('b', { at: NOON - 15 * DAY, prompt: null }));
    await admitHold(store, newHold('c', { at: NOON - 14 * DAY }));
    expect((await purge(NOON)).prompts).toBe(2);
    expect((await purge(NOON)).prompts).toBe(0);
    const kept = () =>
      store.db.prepare('SELECT id, prompt_preview AS p FROM creates WHERE prompt_hash IS NOT NULL').all();
    expect(kept()).toEqual([{ id: 'c', p: 'a cat' }]);
    expect((await purge(NOON + 1)).prompts).toBe(1);
    expect(kept()).toEqual([]);
  });
});
