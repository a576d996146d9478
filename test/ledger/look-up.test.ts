import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyBudgets } from '../../src/budget/budget-table.ts';
import { dueLookUps, makeLookUpsDue, recordLookUps } from '../../src/ledger/look-up.ts';
import { nextLookUpAt } from '../../src/ledger/look-up-schedule.ts';
import type { LookUpArgs } from '../../src/ledger/ledger.ts';
import { recoverHolds } from '../../src/ledger/recover.ts';
import { resolveHold } from '../../src/ledger/resolve.ts';
import { verifyLedger } from '../../src/ledger/verify.ts';
import {
  admitHold,
  answer,
  close,
  counters,
  newHold,
  NEXT_OWNER,
  NOON,
  row,
  rule,
  sighting,
} from './making.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';

let store: MemoryStore;
const SECOND = 1000;

beforeEach(async () => {
  store = createMemoryStore();
  await store.run(applyBudgets, { rules: [rule()], at: NOON });
  await admitHold(store, newHold('h'));
});
afterEach(async () => {
  const verified = await store.run(verifyLedger, {});
  store.close();
  expect(verified.problems).toEqual([]);
});

const doubt = (id = 'h', at = NOON) => close(store, id, { kind: 'unknown', evidence: 'reset' }, { at });
const due = async (at: number) =>
  (await store.run(dueLookUps, { at, limit: 10 })).due.map((one) => one.holdId);
const record = async (outcome: LookUpArgs['outcome'], at: number, holdId = 'h') =>
  (await store.run(recordLookUps, [{ holdId, at, outcome }])).facts;
const absent = { kind: 'absent', evidence: 'data: []' } as const;
const today = () => counters(store)['daily 2026-11-18'];

describe('a hold in doubt', () => {
  it('is due 2, 10, 60 and 600 s after the doubt began, then every 600 s', async () => {
    await doubt();
    const times: number[] = [];
    let at = NOON;
    while (times.length < 3) {
      at += 500;
      if ((await due(at)).length === 0) continue;
      times.push((at - NOON) / SECOND);
      await record(absent, at);
    }
    expect(times).toEqual([2, 10, 60]);
    expect(await due(NOON + 599.9 * SECOND)).toEqual([]);
    expect(await due(NOON + 600 * SECOND)).toEqual(['h']);
    expect(nextLookUpAt(0, 600_000)).toBe(1_200_000);
    expect(nextLookUpAt(0, 1_199_999)).toBe(1_200_000);
    expect(nextLookUpAt(0, 1_200_000)).toBe(1_800_000);
  });

  it('returns everything that a look-up needs', async () => {
    await doubt();
    await store.run(makeLookUpsDue, { at: NOON + 5 });
    expect(await store.run(dueLookUps, { at: NOON + 5, limit: 10 })).toEqual({
      due: [
        {
          holdId: 'h',
          externalTaskId: 'ks_h',
          path: '/v1/videos/text2video',
          route: '/v1/videos/text2video',
          app: 'default',
          ageFrom: NOON,
          lookUps: 0,
        },
      ],
      open: 1,
    });
  });

  it('is not released by "no such task" before the last look-up, and is released by it then', async () => {
    await doubt();
    expect(await record(absent, NOON + 599_999)).toEqual([]);
    expect(today()).toEqual([0, 10_000]);
    expect(await record(absent, NOON + 600_000)).toMatchObject([
      { kind: 'hold_resolved', state: 'released', credits: 0 },
      { kind: 'doubt_ended', found: false, taskId: null },
    ]);
    expect(today()).toEqual([0, 0]);
    expect(row(store, 'SELECT note FROM entries WHERE seq = 2')).toEqual({ note: 'data: []' });
    expect(await store.run(dueLookUps, { at: NOON + 9_999_999, limit: 10 })).toEqual({ due: [], open: 0 });
  });

  it('is never released by look-ups that Kling did not answer; they are repeated after 15 s and count for nothing', async () => {
    await doubt();
    for (let at = NOON + 600_000; at < NOON + 3_600_000; at += 15_000) {
      expect(await due(at)).toEqual(['h']);
      expect(await record({ kind: 'failed' }, at)).toEqual([]);
      expect(await due(at + 14_999)).toEqual([]);
    }
    expect(row(store, 'SELECT look_ups, state FROM creates')).toEqual({ look_ups: 0, state: 'held' });
  });

  it('is attached to the task that is found, settled if it has ended', async () => {
    await doubt();
    const found = { kind: 'found', sighting: sighting('t', { state: 'processing' }), answer: null } as const;
    expect(await record(found, NOON + 2000)).toMatchObject([
      { kind: 'doubt_ended', found: true, taskId: 't' },
      { kind: 'task_changed', from: null, to: 'processing' },
    ]);
    expect(await record(absent, NOON + 700_000)).toEqual([]);
    expect(row(store, 'SELECT state, in_doubt, task_id FROM creates')).toEqual({
      state: 'held',
      in_doubt: 0,
      task_id: 't',
    });
    await admitHold(store, newHold('h2'));
    await doubt('h2');
    const ended = sighting('t2', { state: 'succeeded', deduction: { credits: 700, raw: '0.07 video' } });
    await record({ kind: 'found', sighting: ended, answer: answer('{}') }, NOON + 2000, 'h2');
    expect(today()).toEqual([700, 10_000]);
  });

  it('is released if the found task belongs to another hold', async () => {
    await close(store, 'h', { kind: 'task', sighting: sighting('t') });
    await admitHold(store, newHold('h2', { externalTaskId: 'ks_h' }));
    await doubt('h2');
    const facts = await record({ kind: 'found', sighting: sighting('t'), answer: null }, NOON + 2000, 'h2');
    expect(facts).toMatchObject([
      { kind: 'doubt_ended', found: false },
      { kind: 'hold_resolved', state: 'released' },
    ]);
    expect(today()).toEqual([0, 10_000]);
  });

  it('is doubted from anew, with one word of it, if a later answer names a task that belongs to another hold', async () => {
    await close(store, 'h', { kind: 'task', sighting: sighting('t') });
    await admitHold(store, newHold('h2'));
    await doubt('h2');
    const later = NOON + 500 * SECOND;
    expect(await close(store, 'h2', { kind: 'task', sighting: sighting('t') }, { at: later })).toEqual([]);
    expect(await record(absent, NOON + 600 * SECOND, 'h2')).toEqual([]);
    expect(today()).toEqual([0, 20_000]);
    expect(await record(absent, later + 600 * SECOND, 'h2')).toMatchObject([
      { kind: 'hold_resolved', state: 'released' },
      { kind: 'doubt_ended', found: false },
    ]);
  });

  it('is never due without an external id: only an operator ends it', async () => {
    await admitHold(store, newHold('h2', { externalTaskId: null }));
    await doubt('h2');
    await store.run(makeLookUpsDue, { at: NOON });
    expect(await store.run(dueLookUps, { at: NOON + 1e9, limit: 10 })).toEqual({ due: [], open: 0 });
    await store.run(resolveHold, { holdId: 'h2', action: 'release', reason: 'r', actor: 'a', at: NOON });
    expect(today()).toEqual([0, 10_000]);
  });

  it('that an operator released still gets its task and its cost', async () => {
    await doubt();
    await store.run(resolveHold, { holdId: 'h', action: 'release', reason: 'r', actor: 'a', at: NOON });
    const ended = sighting('t', { state: 'succeeded', deduction: { credits: 9000, raw: '0.9 video' } });
    const facts = await record({ kind: 'found', sighting: ended, answer: null }, NOON + 2000);
    expect(facts.map((fact) => fact.kind)).toEqual(['task_changed', 'hold_adjusted']);
    expect(today()).toEqual([9000, 0]);
  });

  it('is due again when the clock was set back', async () => {
    await doubt();
    const before = NOON - 86_400_000;
    expect(await due(before)).toEqual(['h']);
    await record(absent, before);
    expect(row(store, 'SELECT next_look_up_at AS at FROM creates')).toEqual({ at: before + 2000 });
  });
});

describe('a start', () => {
  it('puts cut-off creates in doubt and makes every doubt due at once', async () => {
    await doubt();
    await admitHold(store, newHold('cut'));
    await admitHold(store, newHold('synchronous', { externalTaskId: null }));
    await admitHold(store, newHold('with-task'));
    await close(store, 'with-task', { kind: 'task', sighting: sighting('t') });
    await admitHold(store, newHold('ended'));
    await close(store, 'ended', { kind: 'refused', evidence: 'no' });
    const at = NOON + 1000;
    const { recovered, due: made, facts } = await store.run(recoverHolds, { owner: NEXT_OWNER, at });
    expect([recovered, made]).toEqual([2, 2]);
    expect(facts).toMatchObject([
      { kind: 'hold_in_doubt', holdId: 'cut' },
      { kind: 'hold_in_doubt', holdId: 'synchronous' },
    ]);
    expect((await due(at)).sort()).toEqual(['cut', 'h']);
    expect((await store.run(recoverHolds, { owner: NEXT_OWNER, at: at + 1 })).recovered).toBe(0);
    // The doubt of a create that was cut off begins at the start: Kling may have taken it just then.
    expect(await record(absent, NOON + 600_500, 'cut')).toEqual([]);
    expect(await record(absent, at + 600_000, 'cut')).toMatchObject([
      { state: 'released' },
      { found: false },
    ]);
  });
});
