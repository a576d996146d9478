import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyBudgets } from '../../src/budget/budget-table.ts';
import { listCalls } from '../../src/calls/call-list.ts';
import { freeze } from '../../src/ledger/freeze.ts';
import { dueLookUps, recordLookUps } from '../../src/ledger/look-up.ts';
import { recoverHolds } from '../../src/ledger/recover.ts';
import { resolveHold } from '../../src/ledger/resolve.ts';
import { sendAgain } from '../../src/ledger/send-again.ts';
import { verifyLedger } from '../../src/ledger/verify.ts';
import { readJournalSpan, verifyWindows } from '../../src/sla/verify.ts';
import { admitHold, call, close, newHold, NEXT_OWNER, NOON, row, rule, sighting } from './making.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';

const SECOND = 1_000;

let store: MemoryStore;
beforeEach(async () => {
  store = createMemoryStore();
  await store.run(applyBudgets, { rules: [rule()], at: NOON });
  await admitHold(store, newHold('h'));
});
afterEach(async () => {
  const { problems } = await store.run(verifyLedger, {});
  const span = await store.run(readJournalSpan, {});
  const windows = span && (await store.run(verifyWindows, span));
  store.close();
  expect(problems).toEqual([]);
  expect(windows?.differences ?? []).toEqual([]);
});

const attempt = (number: number, over: Parameters<typeof call>[1] = {}) =>
  call(`call-${number}`, {
    requestId: 'req_h',
    host: 'api.example',
    holdId: 'h',
    attempt: number,
    at: NOON + number,
    ...over,
  });
const inTrouble = attempt(1, { status: 503, code: 5001, outcome: 'server_error' });
const again = (at: number, { isInDoubt = true, calls = [] as ReturnType<typeof attempt>[] } = {}) =>
  store.run(sendAgain, { holdId: 'h', at, age: { now: at, doubtFrom: at }, isInDoubt, calls });
const doubt = () =>
  close(store, 'h', { kind: 'unknown', evidence: 'HTTP 503, code 5001' }, { calls: [inTrouble] });
const absent = async (at: number) =>
  (
    await store.run(recordLookUps, [
      { holdId: 'h', at, outcome: { kind: 'absent', evidence: 'data: []' } as const },
    ])
  ).facts;
const attempts = async () => {
  const { calls } = await store.run(listCalls, { limit: 10, cursor: null });
  return calls.map(({ id, attempt: number, taskId }) => [id, number, taskId]).toReversed();
};

describe('a second send', () => {
  it('begins the doubt again: 600 s count from the last send, and its attempts are all in the journal', async () => {
    await doubt();
    await absent(NOON + 2 * SECOND);
    await absent(NOON + 10 * SECOND);
    const sentAt = NOON + 11 * SECOND;
    expect(await again(sentAt)).toBe(true);
    expect(await attempts()).toEqual([['call-1', 1, null]]);
    expect(await store.run(dueLookUps, { at: sentAt + 2 * SECOND, limit: 9 })).toMatchObject({
      due: [{ holdId: 'h', lookUps: 0, ageFrom: sentAt }],
    });
    // It ends 3 s later, as unknown as the first one.
    const endedAt = sentAt + 3 * SECOND;
    const end = { kind: 'unknown', evidence: 'reset' } as const;
    expect(await close(store, 'h', end, { at: endedAt, calls: [attempt(2)] })).toEqual([]);
    expect(await attempts()).toEqual([
      ['call-1', 1, null],
      ['call-2', 2, null],
    ]);
    expect(await absent(endedAt + 599 * SECOND)).toEqual([]);
    expect(await absent(endedAt + 600 * SECOND)).toMatchObject([
      { kind: 'hold_resolved', state: 'released' },
      { kind: 'doubt_ended', found: false },
    ]);
  });

  it('that made a task ends the doubt, and the last attempt is the one of the row', async () => {
    await doubt();
    await again(NOON + 11 * SECOND);
    const end = { kind: 'task', sighting: sighting('t') } as const;
    const calls = [attempt(2, { taskId: 't' })];
    expect(await close(store, 'h', end, { at: NOON + 12 * SECOND, calls })).toMatchObject([
      { kind: 'doubt_ended', found: true, taskId: 't' },
      { kind: 'task_changed', from: null, to: 'submitted' },
    ]);
    expect(await attempts()).toEqual([
      ['call-1', 1, null],
      ['call-2', 2, 't'],
    ]);
    expect(row(store, 'SELECT in_doubt, call_id, attempt FROM creates')).toEqual({
      in_doubt: 0,
      call_id: 'call-2',
      attempt: 2,
    });
  });

  it('leaves a doubt of its own after a kill, which a start looks up', async () => {
    await doubt();
    const sentAt = NOON + 11 * SECOND;
    await again(sentAt);
    const at = sentAt + 5 * SECOND;
    expect(await store.run(recoverHolds, { owner: NEXT_OWNER, at })).toMatchObject({ recovered: 0, due: 1 });
    expect(await absent(sentAt + 599 * SECOND)).toEqual([]);
    expect(await again(at)).toBe(true);
  });

  it('after a refusal leaves an open hold after a kill, which a start puts in doubt', async () => {
    const refused = attempt(1, { status: 429, code: 1303, outcome: 'throttled' });
    expect(await again(NOON, { isInDoubt: false, calls: [refused] })).toBe(true);
    expect(await attempts()).toEqual([['call-1', 1, null]]);
    const at = NOON + 5 * SECOND;
    expect(await store.run(recoverHolds, { owner: NEXT_OWNER, at })).toMatchObject({ recovered: 1 });
    expect(await absent(at + 599 * SECOND)).toEqual([]);
    // The process that was only paused does not send it again.
    expect(await again(at, { isInDoubt: false })).toBe(false);
  });

  it('is journalled once, also if its record is given again', async () => {
    const refused = attempt(1, { status: 429, code: 1303, outcome: 'throttled' });
    await again(NOON, { isInDoubt: false, calls: [refused] });
    await again(NOON, { isInDoubt: false, calls: [refused] });
    await close(store, 'h', { kind: 'refused', evidence: 'no' }, { calls: [refused] });
    expect(await attempts()).toEqual([['call-1', 1, null]]);
  });

  it('is not allowed once its hold ended, its task is known, or spending is frozen', async () => {
    expect(await again(NOON)).toBe(false);
    await store.run(freeze, { reason: 'a test', actor: 'test', at: NOON });
    expect(await again(NOON, { isInDoubt: false })).toBe(false);
    expect(await attempts()).toEqual([]);
    await doubt();
    await store.run(recordLookUps, [
      { holdId: 'h', at: NOON, outcome: { kind: 'found', sighting: sighting('t'), answer: null } },
    ]);
    expect(await again(NOON)).toBe(false);
    await store.run(resolveHold, { holdId: 'h', action: 'write-off', reason: 'r', actor: 'test', at: NOON });
    expect(await again(NOON)).toBe(false);
    await expect(
      store.run(sendAgain, {
        holdId: 'x',
        at: NOON,
        age: { now: NOON, doubtFrom: NOON },
        isInDoubt: true,
        calls: [],
      }),
    ).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('a refusal with a code that Kling does not document', () => {
  it('is released by the look-up at 10 s, and by no earlier one', async () => {
    await close(store, 'h', { kind: 'unknown', evidence: 'code 6666', isRefusal: true });
    expect(await absent(NOON + 2 * SECOND)).toEqual([]);
    expect((await store.run(dueLookUps, { at: NOON + 10 * SECOND, limit: 9 })).due).toHaveLength(1);
    expect(await absent(NOON + 10 * SECOND)).toMatchObject([
      { kind: 'hold_resolved', state: 'released' },
      { kind: 'doubt_ended', found: false },
    ]);
  });
});
