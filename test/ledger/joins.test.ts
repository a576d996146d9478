import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { JOINABLE_MS } from '../../src/idempotency/join-table.ts';
import { admit } from '../../src/ledger/admit.ts';
import { startInstance, stopInstance } from '../../src/ledger/instance-table.ts';
import { joinEarlier, leaveJoin, noteLostAnswer, readJoined, takeJoined } from '../../src/ledger/join.ts';
import type { AdmitResult, RepeatGuard } from '../../src/ledger/ledger.ts';
import { recordLookUps } from '../../src/ledger/look-up.ts';
import { purgeOld } from '../../src/ledger/purge.ts';
import { recoverHolds } from '../../src/ledger/recover.ts';
import { LAST_MS } from '../../src/ledger/recover-joins.ts';
import { resolveHold } from '../../src/ledger/resolve.ts';
import { listTasks } from '../../src/tasks/task-list.ts';
import { answer, call, close, newHold, NEXT_OWNER, NOON, OWNER, row, sighting } from './making.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';

let store: MemoryStore;
afterEach(() => store.close());

interface Sent {
  app?: string;
  hash?: string;
  arrivedAge?: number;
  guard?: RepeatGuard;
  credits?: number;
}

const send = (id: string, { app = 'shop', hash = 'h', arrivedAge = NOON, guard, credits }: Sent = {}) =>
  store.run(admit, {
    hold: newHold(id, { app, ...(credits !== undefined && { credits }) }),
    guard: guard ?? null,
    join: { hash, arrivedAge },
    enforce: true,
  });
const lose = (holdId: string, age = NOON, kept: string | null = null) =>
  store.run(noteLostAnswer, { holdId, age, at: NOON, answer: kept === null ? null : answer(kept) });
const kindOf = ({ kind }: AdmitResult): string => kind;
const doubt = (holdId: string) => close(store, holdId, { kind: 'unknown', evidence: 'reset' });
const task = (holdId: string) => close(store, holdId, { kind: 'task', sighting: sighting(`t-${holdId}`) });
const joinableFrom = (holdId: string): unknown =>
  row(store, 'SELECT joinable_from FROM creates WHERE id = ?', holdId)['joinable_from'];

describe.each([
  ['the form for the usual case', true],
  ['the general form', false],
])('an admission in %s', (_, isUsual) => {
  beforeEach(() => {
    store = createMemoryStore(undefined, undefined, { isUsual });
  });

  it('joins an equal create whose answer was lost, once', async () => {
    await send('a');
    await doubt('a');
    await lose('a');
    expect(await send('b')).toMatchObject({
      kind: 'join',
      state: { kind: 'open', holdId: 'a', doubt: 'looked_up' },
    });
    expect(await send('c')).toMatchObject({ kind: 'admitted' });
    expect(row(store, 'SELECT COUNT(*) AS n FROM creates')['n']).toBe(2);
    expect(row(store, 'SELECT hold_id, request_id FROM joins')).toEqual({
      hold_id: 'a',
      request_id: 'req_b',
    });
  });

  it('gets the kept answer of one that has ended', async () => {
    await send('a');
    await task('a');
    await lose('a', NOON, 'the answer');
    const joined = await send('b');
    expect(joined).toMatchObject({ kind: 'join', state: { kind: 'answered', externalTaskId: 'ks_a' } });
  });

  it('gets the task of one whose answer was not kept', async () => {
    await send('a');
    await task('a');
    await lose('a');
    expect(await send('b')).toMatchObject({ kind: 'join', state: { kind: 'ended', taskId: 't-a' } });
  });

  it.each([
    ['one whose answer was not lost', { isLost: false }, {}],
    ['one of another app', {}, { app: 'blog' }],
    ['one with another body', {}, { hash: 'other' }],
    ['one that was lost after the create arrived', {}, { arrivedAge: NOON - 1 }],
    ['one that was lost ten minutes ago', {}, { arrivedAge: NOON + JOINABLE_MS }],
  ])('does not join %s', async (_what, { isLost = true }: { isLost?: boolean }, sent: Sent) => {
    await send('a');
    await doubt('a');
    if (isLost) await lose('a');
    expect(await send('b', sent).then(kindOf)).toBe('admitted');
  });

  it('joins until the last moment of ten minutes', async () => {
    await send('a');
    await lose('a');
    expect(await send('b', { arrivedAge: NOON + JOINABLE_MS - 1 }).then(kindOf)).toBe('join');
  });

  it('passes over one that made nothing, and joins the next', async () => {
    for (const id of ['a', 'b']) await send(id);
    await lose('a');
    await lose('b', NOON);
    await close(store, 'a', { kind: 'refused', evidence: 'code 1302' });
    expect(await send('c')).toMatchObject({ kind: 'join', state: { holdId: 'b' } });
    expect(await send('d').then(kindOf)).toBe('admitted');
  });

  it('of two losses absorbs the earlier one first', async () => {
    for (const id of ['a', 'b']) await send(id);
    await lose('b', NOON - 5);
    await lose('a', NOON);
    expect(await send('c')).toMatchObject({ kind: 'join', state: { holdId: 'b' } });
    expect(await send('d')).toMatchObject({ kind: 'join', state: { holdId: 'a' } });
    expect(await send('e').then(kindOf)).toBe('admitted');
  });

  it('reads the guard of a caller’s id first', async () => {
    const guard = { idempotencyKey: null, callerTaskId: 'mine', fingerprint: 'f' };
    await send('a', { guard });
    await send('b');
    await lose('b');
    expect(await send('c', { guard })).toMatchObject({ kind: 'repeat', state: { holdId: 'a' } });
    expect(joinableFrom('b')).toBe(NOON);
    const other = { ...guard, callerTaskId: 'another' };
    expect(await send('d', { guard: other })).toMatchObject({ kind: 'join', state: { holdId: 'b' } });
  });
});

describe('a joined create', () => {
  beforeEach(async () => {
    store = createMemoryStore();
    await send('a');
    await doubt('a');
    await lose('a');
  });
  const join = () =>
    store.run(joinEarlier, { app: 'shop', hash: 'h', arrivedAge: NOON, requestId: 'r', tag: 'x', at: NOON });

  it('can be joined outside of an admission, too, and again once that answer is lost', async () => {
    expect(await join()).toMatchObject({ state: { kind: 'open', holdId: 'a' } });
    expect(await join()).toBeNull();
    await lose('a', NOON);
    expect(await join()).toMatchObject({ state: { kind: 'open', holdId: 'a' } });
  });

  it('gives the answer that its look-up brings', async () => {
    await join();
    const outcome = { kind: 'found', sighting: sighting('t'), answer: answer('found') } as const;
    await store.run(recordLookUps, [{ holdId: 'a', at: NOON, outcome }]);
    expect(await store.run(readJoined, { holdId: 'a' })).toMatchObject({ kind: 'answered' });
  });

  it('is free once it is released without a task, and its join is removed', async () => {
    const joined = await join();
    await store.run(resolveHold, { holdId: 'a', action: 'release', reason: 'r', actor: 'a', at: NOON });
    expect(await store.run(readJoined, { holdId: 'a' })).toEqual({ kind: 'free' });
    expect(await store.run(readJoined, { holdId: 'none' })).toEqual({ kind: 'free' });
    await store.run(leaveJoin, { holdId: 'a', joinId: joined?.joinId ?? '' });
    expect(row(store, 'SELECT COUNT(*) AS n FROM joins')['n']).toBe(0);
  });

  it('is taken by a repeat of its own id once', async () => {
    expect(await store.run(takeJoined, { holdId: 'a' })).toEqual({ isTaken: true });
    expect(await store.run(takeJoined, { holdId: 'a' })).toEqual({ isTaken: false });
  });

  it('is counted with its task', async () => {
    await join();
    await task('a');
    const { tasks } = await store.run(listTasks, { limit: 10, cursor: null });
    expect(tasks.map(({ id, joins }) => [id, joins])).toEqual([['t-a', 1]]);
  });

  it('cannot be joined any more after the purge that follows its ten minutes', async () => {
    const purge = (at: number) => store.run(purgeOld, { at, callRetentionDays: 1, promptRetentionDays: 1 });
    await purge(NOON + JOINABLE_MS - 1);
    expect(joinableFrom('a')).toBe(NOON);
    await purge(NOON + JOINABLE_MS);
    expect(joinableFrom('a')).toBeNull();
  });
});

it('keeps no loss of a create that none can join', async () => {
  store = createMemoryStore();
  await store.run(admit, { hold: newHold('a'), guard: null, enforce: true });
  await lose('a', NOON, 'the answer');
  expect(joinableFrom('a')).toBeNull();
  expect(row(store, 'SELECT COUNT(*) AS n FROM answers')['n']).toBe(0);
});

describe('a start after a process that ended', () => {
  beforeEach(async () => {
    store = createMemoryStore();
    await store.run(startInstance, { instance: OWNER.instance, at: NOON });
  });
  const RESTART = NOON + 30_000;
  const AGE = NOON + 3_000;
  const recover = async (at = RESTART): Promise<void> => {
    await store.run(startInstance, { instance: OWNER.instance, at });
    await store.run(recoverHolds, { owner: NEXT_OWNER, at, age: { now: AGE, doubtFrom: AGE } });
  };
  const endAt = (holdId: string, at: number) =>
    close(
      store,
      holdId,
      { kind: 'task', sighting: sighting(`t-${holdId}`) },
      {
        at,
        calls: [
          call(`c-${holdId}`, {
            requestId: `req_${holdId}`,
            app: 'shop',
            host: 'api.example',
            taskId: `t-${holdId}`,
            holdId,
          }),
        ],
      },
    );

  it('makes joinable what was in progress', async () => {
    await send('a');
    await recover();
    expect(joinableFrom('a')).toBe(AGE);
  });

  it('makes joinable what ended within the last two seconds, for what is left of its ten minutes', async () => {
    for (const id of ['early', 'late', 'last']) await send(id);
    await endAt('early', NOON + 1_000);
    await endAt('late', NOON + 1_000 + 1);
    await endAt('last', NOON + 1_000 + 1 + LAST_MS);
    await recover();
    const sinceLate = RESTART - (NOON + 1_001);
    expect(['early', 'late', 'last'].map(joinableFrom)).toEqual([
      null,
      AGE - sinceLate,
      AGE - sinceLate + LAST_MS,
    ]);
  });

  it('makes nothing joinable of a process that was stopped, but what it left in progress', async () => {
    for (const id of ['ended', 'open']) await send(id);
    await endAt('ended', NOON + 1_000);
    await store.run(stopInstance, { owner: OWNER });
    await recover();
    expect(['ended', 'open'].map(joinableFrom)).toEqual([null, AGE]);
  });

  it('makes nothing joinable whose end is older than ten minutes', async () => {
    await send('a');
    await endAt('a', NOON);
    await recover(NOON + JOINABLE_MS + 1);
    expect(joinableFrom('a')).toBeNull();
  });

  it('makes joinable again what a create joined that still waited', async () => {
    await send('a');
    await doubt('a');
    await lose('a');
    expect(await send('b').then(kindOf)).toBe('join');
    await recover();
    expect(joinableFrom('a')).toBe(AGE);
  });

  it('makes joinable again what was joined in the last two seconds', async () => {
    await send('a');
    await task('a');
    await lose('a', NOON, 'the answer');
    expect(await send('b').then(kindOf)).toBe('join');
    await recover();
    expect(joinableFrom('a')).toBe(AGE - 30_000);
  });

  it('leaves an old doubt alone that nobody joined', async () => {
    await send('a');
    await doubt('a');
    await recover(NOON + JOINABLE_MS);
    expect(joinableFrom('a')).toBeNull();
  });
});
