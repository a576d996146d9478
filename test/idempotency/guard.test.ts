import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyBudgets } from '../../src/budget/budget-table.ts';
import { purgeOld } from '../../src/ledger/purge.ts';
import type { RepeatGuard } from '../../src/idempotency/guard.ts';
import { freeze } from '../../src/ledger/freeze.ts';
import { guardState } from '../../src/ledger/guard.ts';
import type { AdmitResult } from '../../src/ledger/ledger.ts';
import { recordLookUps } from '../../src/ledger/look-up.ts';
import { observeTasks } from '../../src/ledger/observe.ts';
import { recoverHolds } from '../../src/ledger/recover.ts';
import { resolveHold } from '../../src/ledger/resolve.ts';
import { verifyLedger } from '../../src/ledger/verify.ts';
import {
  admitHold,
  answer,
  close,
  guard,
  newHold,
  NEXT_OWNER,
  NOON,
  row,
  rule,
  sighting,
} from '../ledger/making.ts';
import { createMemoryStore, type MemoryStore } from '../ledger/memory-store.ts';

const DAY = 86_400_000;
let store: MemoryStore;

beforeEach(async () => {
  store = createMemoryStore();
  await store.run(applyBudgets, { rules: [rule({ limit: 20_000 })], at: NOON });
});
afterEach(async () => {
  const verified = await store.run(verifyLedger, {});
  store.close();
  expect(verified.problems).toEqual([]);
});

const admit = (id: string, of: RepeatGuard, options: { app?: string; at?: number } = {}) =>
  admitHold(store, newHold(id, { app: options.app ?? 'default', at: options.at ?? NOON, credits: 100 }), {
    guard: of,
  });
/** What admission says of a request: admitted, refused, or how the first one of its kind is. */
const kind = async (...args: Parameters<typeof admit>) => {
  const result = await admit(...args);
  return result.kind === 'repeat' ? result.state.kind : result.kind;
};
const answered = (result: AdmitResult) => {
  if (result.kind !== 'repeat' || result.state.kind !== 'answered') throw new Error('not answered');
  return result.state;
};
const stateOf = (of: RepeatGuard, app = 'default', at = NOON) => store.run(guardState, { app, ...of, at });
const made = (taskId: string) => ({ kind: 'task' as const, sighting: sighting(taskId) });
const succeed = (taskId: string, at: number) =>
  store.run(observeTasks, { sightings: [sighting(taskId, { state: 'succeeded' })], source: 'poll', at });
const guards = () => row(store, 'SELECT COUNT(guard_key) + COUNT(guard_task_id) AS n FROM creates')['n'];

describe('a repeat with the same idempotency key', () => {
  it('waits while the first is open, then gets its answer byte for byte', async () => {
    expect(await kind('a', guard())).toBe('admitted');
    const open = { kind: 'open', holdId: 'a', externalTaskId: 'ks_a', doubt: null };
    expect(await admit('b', guard())).toEqual({ kind: 'repeat', state: open });
    expect(await stateOf(guard())).toEqual(open);
    const kept = {
      ...answer('{"code":0,"data":{"task_id":"t"}}'),
      headers: [
        ['a', '1'],
        ['a', '2'],
      ] as [string, string][],
    };
    await close(store, 'a', made('t'), { answer: kept });
    const replayed = answered(await admit('b', guard()));
    expect(replayed).toMatchObject({ holdId: 'a', externalTaskId: 'ks_a' });
    expect(replayed.answer.status).toBe(200);
    expect(replayed.answer.headers).toEqual(kept.headers);
    expect(Buffer.from(replayed.answer.body).equals(Buffer.from(kept.body))).toBe(true);
    expect(await stateOf(guard())).toMatchObject({ kind: 'answered', holdId: 'a' });
    expect(row(store, 'SELECT COUNT(*) AS n FROM creates')).toEqual({ n: 1 });
  });

  it('is refused with other bytes, and free for another app', async () => {
    await admit('a', guard());
    expect(await admit('b', guard({ fingerprint: 'other' }))).toEqual({
      kind: 'repeat',
      state: { kind: 'mismatch', which: 'idempotency-key' },
    });
    expect(await stateOf(guard({ fingerprint: 'other' }))).toEqual({
      kind: 'mismatch',
      which: 'idempotency-key',
    });
    expect(await stateOf(guard(), 'shop')).toEqual({ kind: 'free' });
    expect(await kind('c', guard(), { app: 'shop' })).toBe('admitted');
  });

  it('gets its answer while spending is frozen and the budget is spent: it costs nothing', async () => {
    await admit('a', guard());
    await close(store, 'a', { kind: 'done', credits: 20_000, raw: null }, { answer: answer('{}') });
    await store.run(freeze, { reason: 'r', actor: 'a', at: NOON });
    expect(await kind('b', guard())).toBe('answered');
    expect(await kind('c', guard({ idempotencyKey: 'new' }))).toBe('refused');
  });

  it('leaves nothing behind when we refuse it ourselves', async () => {
    await admitHold(store, newHold('x', { credits: 20_000 }));
    expect(await kind('a', guard())).toBe('refused');
    expect(guards()).toBe(0);
    await close(store, 'x', { kind: 'refused', evidence: 'no' });
    expect(await kind('a', guard())).toBe('admitted');
  });
});

describe("a repeat with the caller's own external task id", () => {
  const byId = (overrides: Partial<RepeatGuard> = {}) =>
    guard({ idempotencyKey: null, callerTaskId: 'order-7', ...overrides });

  it('works the same within its app', async () => {
    await admit('a', byId());
    expect(await kind('b', byId())).toBe('open');
    await close(store, 'a', made('t'), { answer: answer('{}') });
    expect(await kind('b', byId())).toBe('answered');
    expect(await admit('b', byId({ fingerprint: 'other' }))).toEqual({
      kind: 'repeat',
      state: { kind: 'mismatch', which: 'external_task_id' },
    });
  });

  it("is refused when the id is another app's", async () => {
    await admit('a', byId());
    expect(await admit('b', byId(), { app: 'shop' })).toEqual({
      kind: 'repeat',
      state: { kind: 'mismatch', which: 'external_task_id' },
    });
    expect(await stateOf(byId(), 'shop')).toEqual({ kind: 'mismatch', which: 'external_task_id' });
  });

  it('is found by either of the two ids', async () => {
    await admit('a', guard({ callerTaskId: 'order-7' }));
    expect(await kind('b', byId())).toBe('open');
    expect(await kind('b', guard())).toBe('open');
    expect(await kind('b', guard({ idempotencyKey: 'key-2', callerTaskId: 'order-7' }))).toBe('open');
    await close(store, 'a', made('t'), { answer: answer('{}') });
    expect(await kind('b', guard({ callerTaskId: 'order-7' }))).toBe('answered');
  });
});

describe('the way', () => {
  it('is free again when Kling refused the first and the answer is not kept', async () => {
    await admit('a', guard());
    await close(store, 'a', { kind: 'refused', evidence: 'code 1303' });
    expect(await stateOf(guard())).toEqual({ kind: 'free' });
    expect(await kind('b', guard())).toBe('admitted');
    expect(row(store, 'SELECT id AS hold_id FROM creates WHERE fingerprint IS NOT NULL')).toEqual({
      hold_id: 'b',
    });
  });

  it("is not free when Kling's refusal is kept: repeats get it", async () => {
    await admit('a', guard());
    await close(
      store,
      'a',
      { kind: 'refused', evidence: 'code 1201' },
      { answer: answer('{"code":1201}', 400) },
    );
    expect(await admit('b', guard())).toMatchObject({ state: { kind: 'answered', answer: { status: 400 } } });
  });

  it('stays closed while nobody knows what became of the first, also over a restart', async () => {
    await admit('a', guard());
    await close(store, 'a', { kind: 'unknown', evidence: 'reset' }, { answer: answer('<html>', 500) });
    expect(await kind('b', guard())).toBe('open');
    await store.run(recoverHolds, { owner: NEXT_OWNER, at: NOON });
    expect(await kind('b', guard(), { at: NOON + 3 * DAY })).toBe('open');
  });

  it('is free when the first is proved not to exist, or given back by an operator', async () => {
    await admit('a', guard());
    await close(store, 'a', { kind: 'unknown', evidence: 'reset' });
    const outcome = { kind: 'absent', evidence: 'data: []' } as const;
    await store.run(recordLookUps, [{ holdId: 'a', at: NOON + 600_000, outcome }]);
    expect(await kind('b', guard())).toBe('admitted');
    await store.run(resolveHold, { holdId: 'b', action: 'release', reason: 'r', actor: 'a', at: NOON });
    expect(await kind('c', guard())).toBe('admitted');
  });

  it("leads to the look-up's answer when the first is found", async () => {
    await admit('a', guard());
    await close(store, 'a', { kind: 'unknown', evidence: 'reset' });
    const outcome = { kind: 'found', sighting: sighting('t'), answer: answer('{"found":1}') } as const;
    await store.run(recordLookUps, [{ holdId: 'a', at: NOON + 2000, outcome }]);
    const replayed = answered(await admit('b', guard()));
    expect(new TextDecoder().decode(replayed.answer.body)).toBe('{"found":1}');
  });

  it('stays closed after a write-off: the money is gone, a second create would be a second charge', async () => {
    await admit('a', guard());
    await close(store, 'a', { kind: 'unknown', evidence: 'reset' });
    await store.run(resolveHold, { holdId: 'a', action: 'write-off', reason: 'r', actor: 'a', at: NOON });
    expect(await kind('b', guard(), { at: NOON + DAY - 1 })).toBe('ended');
    expect(await kind('b', guard(), { at: NOON + DAY })).toBe('admitted');
  });
});

describe('a kept answer', () => {
  const purge = (at: number) => store.run(purgeOld, { at, callRetentionDays: 120, promptRetentionDays: 14 });

  it('is given for 24 hours, and longer while its hold is open', async () => {
    await admit('a', guard());
    await close(store, 'a', made('t'), { answer: answer('{}') });
    expect((await purge(NOON + 3 * DAY)).guards).toBe(0);
    expect(await kind('b', guard(), { at: NOON + 3 * DAY })).toBe('answered');
    await succeed('t', NOON + 3 * DAY);
    expect(await stateOf(guard(), 'default', NOON + 3 * DAY)).toEqual({ kind: 'free' });
    expect(await kind('b', guard(), { at: NOON + 3 * DAY })).toBe('admitted');
  });

  it('and its guards are dropped when their time is over', async () => {
    await admit('a', guard({ callerTaskId: 'order-7' }));
    await close(store, 'a', made('t'), { answer: answer('{}') });
    await succeed('t', NOON + 5);
    await admit('b', guard({ idempotencyKey: 'key-2' }), { at: NOON + 10 });
    expect((await purge(NOON + DAY - 1)).guards).toBe(0);
    expect((await purge(NOON + DAY)).guards).toBe(1);
    expect(row(store, 'SELECT id AS hold_id FROM creates WHERE fingerprint IS NOT NULL')).toEqual({
      hold_id: 'b',
    });
    expect(row(store, 'SELECT COUNT(*) AS n FROM answers')).toEqual({ n: 0 });
    await close(store, 'b', { kind: 'done', credits: null, raw: null }, { at: NOON + 20 });
    expect((await purge(NOON + DAY + 20)).guards).toBe(1);
    expect(guards()).toBe(0);
  });

  it('is not written for a create without a guard', async () => {
    await admitHold(store, newHold('a'));
    await close(store, 'a', made('t'), { answer: answer('{}') });
    expect(row(store, 'SELECT COUNT(*) AS n FROM answers')).toEqual({ n: 0 });
  });
});
