import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyBudgets } from '../../src/budget/budget-table.ts';
import { listHolds } from '../../src/budget/hold-list.ts';
import { listCalls } from '../../src/calls/call-list.ts';
import { closeCreate } from '../../src/ledger/close.ts';
import { listAudit } from '../../src/ledger/audit.ts';
import { observeTasks } from '../../src/ledger/observe.ts';
import { resolveHold } from '../../src/ledger/resolve.ts';
import { verifyLedger } from '../../src/ledger/verify.ts';
import type { TaskSighting } from '../../src/tasks/task.ts';
import { getTask } from '../../src/tasks/task-table.ts';
import { admitHold, call, close, counters, newHold, NOON, row, rule, sighting } from './making.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';

let store: MemoryStore;

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

const today = () => counters(store)['daily 2026-11-18'];
const state = (id = 'h') =>
  row(store, 'SELECT state, settled_credits AS settled FROM creates WHERE id = ?', id);
const task = (overrides: Partial<TaskSighting> = {}) => ({
  kind: 'task' as const,
  sighting: sighting('t', overrides),
});
const observe = async (overrides: Partial<TaskSighting>, at = NOON + 1000) =>
  (await store.run(observeTasks, { sightings: [sighting('t', overrides)], source: 'poll', at })).facts;
const deduction = (credits: number) => ({ credits, raw: `${credits / 10_000} video` });

describe('a create that made a task', () => {
  it('keeps its hold until the task ends, with the task, its timeline and its call durable', async () => {
    const calls = [call('c', { holdId: 'h', taskId: 't' })];
    const facts = await close(store, 'h', task(), { at: NOON + 5, calls });
    expect(facts).toMatchObject([
      { kind: 'task_changed', from: null, to: 'submitted', taskId: 't', app: 'default' },
    ]);
    expect(today()).toEqual([0, 10_000]);
    expect(await store.run(getTask, { taskId: 't' })).toMatchObject({
      id: 't',
      holdId: 'h',
      externalTaskId: 'ks_h',
      heldCredits: 10_000,
      timeline: [{ state: 'submitted', at: NOON + 5, source: 'create' }],
    });
    expect((await store.run(listCalls, { limit: 10, cursor: null })).calls).toEqual(calls);
  });

  it('takes two statements in the usual case', async () => {
    const closeAs = (id: string, taskId: string) =>
      close(
        store,
        id,
        { kind: 'task', sighting: sighting(taskId) },
        {
          calls: [call(`c_${id}`, { requestId: `req_${id}`, host: 'api.example', taskId })],
        },
      );
    await closeAs('h', 't');
    await admitHold(store, newHold('h2'));
    const before = store.statements();
    await closeAs('h2', 't2');
    expect(store.statements() - before).toBe(2);
  });

  it('settles to the deduction when the task succeeds, below or above the hold', async () => {
    await close(store, 'h', task());
    const facts = await observe({ state: 'succeeded', deduction: deduction(12_345) });
    expect(facts.map((fact) => fact.kind)).toEqual([
      'task_changed',
      'hold_resolved',
      'actual_above_estimate',
    ]);
    expect(facts[1]).toMatchObject({
      state: 'settled',
      credits: 12_345,
      heldCredits: 10_000,
      basis: 'reported',
    });
    expect(today()).toEqual([12_345, 0]);
    await admitHold(store, newHold('h2'));
    await close(store, 'h2', { kind: 'task', sighting: sighting('t2') });
    const sightings = [sighting('t2', { state: 'succeeded', deduction: deduction(0) })];
    await store.run(observeTasks, { sightings, source: 'app_read', at: NOON });
    expect(state('h2')).toEqual({ state: 'settled', settled: 0 });
  });

  it('settles at the price until Kling names the deduction, then adjusts in the same window', async () => {
    await close(store, 'h', task());
    expect(await observe({ state: 'succeeded' })).toMatchObject([
      {},
      { kind: 'hold_resolved', credits: 10_000, basis: 'estimate' },
    ]);
    const nextDay = NOON + 86_400_000;
    expect(await observe({ state: 'succeeded', deduction: deduction(8000) }, nextDay)).toMatchObject([
      { kind: 'hold_adjusted', byCredits: -2000 },
    ]);
    expect(await observe({ state: 'succeeded', deduction: deduction(8000) }, nextDay)).toEqual([]);
    expect(await observe({ state: 'succeeded' }, nextDay)).toEqual([]);
    expect(counters(store)).toEqual({ 'daily 2026-11-18': [8000, 0] });
    expect(state()).toEqual({ state: 'settled', settled: 8000 });
  });

  it('is released when the task fails without a charge, settled when Kling took something', async () => {
    await close(store, 'h', task());
    const message = 'Failure to pass the risk control system';
    expect(await observe({ state: 'failed', statusMessage: message })).toMatchObject([
      { kind: 'task_changed', statusMessage: message },
      { kind: 'hold_resolved', state: 'released', credits: 0, basis: 'none' },
    ]);
    expect(today()).toEqual([0, 0]);
    await admitHold(store, newHold('h2'));
    await close(store, 'h2', {
      kind: 'task',
      sighting: sighting('t2', { state: 'failed', deduction: deduction(500) }),
    });
    expect(state('h2')).toEqual({ state: 'settled', settled: 500 });
  });

  it('makes no second task of one that is known: in doubt, until Kling says so of this id', async () => {
    await close(store, 'h', task());
    await close(store, 'h', task({ state: 'processing' }));
    expect(state()).toMatchObject({ state: 'held' });
    await admitHold(store, newHold('h2'));
    await close(store, 'h2', task());
    expect(state('h2')).toEqual({ state: 'held', settled: 0 });
    const doubt = row(store, "SELECT in_doubt, doubt_evidence, next_look_up_at FROM creates WHERE id = 'h2'");
    expect(doubt).toMatchObject({ in_doubt: 1, doubt_evidence: expect.stringContaining('hold h') });
    expect(doubt['next_look_up_at']).not.toBeNull();
    await admitHold(store, newHold('h3', { externalTaskId: 'ks_h' }));
    await close(store, 'h3', task());
    expect(state('h3')).toEqual({ state: 'released', settled: 0 });
    expect(row(store, "SELECT note FROM entries WHERE hold_id = 'h3' AND seq = 2")['note']).toContain(
      'hold h',
    );
    expect(row(store, 'SELECT COUNT(task_id) AS n FROM creates')).toEqual({ n: 1 });
    expect(today()).toEqual([0, 20_000]);
  });

  it('ignores a deduction that makes no sense', async () => {
    await close(store, 'h', task());
    await observe({ state: 'succeeded', deduction: { credits: -5, raw: '-5' } });
    expect(state()).toEqual({ state: 'settled', settled: 10_000 });
  });
});

describe("a task's state", () => {
  it('only advances; a terminal one never changes; older answers are ignored', async () => {
    await close(store, 'h', task({ updatedAt: 100 }));
    const at = async () => row(store, "SELECT task_state AS state FROM creates WHERE task_id = 't'")['state'];
    await observe({ state: 'processing', updatedAt: 200 });
    expect(await observe({ state: 'submitted', updatedAt: 300 })).toEqual([]);
    expect(await observe({ state: 'succeeded', updatedAt: 150 })).toEqual([]);
    expect(await at()).toBe('processing');
    const results = [{ kind: 'video' as const, id: 'v', url: 'https://x/v.mp4', durationSeconds: '5.1' }];
    await observe({ state: 'succeeded', updatedAt: 300, results }, NOON + 7000);
    expect(await observe({ state: 'failed', updatedAt: 400 })).toMatchObject([{ kind: 'task_contradicted' }]);
    expect(await at()).toBe('succeeded');
    expect(await store.run(getTask, { taskId: 't' })).toMatchObject({
      results,
      settledCredits: 10_000,
      heldCredits: 0,
      timeline: [{ state: 'submitted' }, { state: 'processing' }, { state: 'succeeded', at: NOON + 7000 }],
    });
  });

  it('of a task that is not ours changes nothing', async () => {
    expect(await observe({ state: 'succeeded', deduction: deduction(1) })).toEqual([]);
    expect(await store.run(getTask, { taskId: 't' })).toBeNull();
  });
});

describe('a create without a task', () => {
  it('settles at once when it was synchronous', async () => {
    expect(await close(store, 'h', { kind: 'done', credits: 50, raw: '0.05 video' })).toMatchObject([
      { kind: 'hold_resolved', state: 'settled', credits: 50, basis: 'reported' },
    ]);
    await admitHold(store, newHold('h2'));
    expect(await close(store, 'h2', { kind: 'done', credits: null, raw: null })).toMatchObject([
      { credits: 10_000, basis: 'estimate' },
    ]);
    expect(today()).toEqual([10_050, 0]);
  });

  it('is released when Kling refused it, once', async () => {
    const end = { kind: 'refused' as const, evidence: 'code 1201' };
    expect(await close(store, 'h', end)).toMatchObject([{ kind: 'hold_resolved', state: 'released' }]);
    expect(await close(store, 'h', end)).toEqual([]);
    expect(today()).toEqual([0, 0]);
    expect(row(store, 'SELECT note FROM entries WHERE seq = 2')).toEqual({ note: 'code 1201' });
  });

  it('stays held and in doubt if the outcome is unknown', async () => {
    expect(await close(store, 'h', { kind: 'unknown', evidence: 'reset' })).toEqual([
      {
        kind: 'hold_in_doubt',
        holdId: 'h',
        heldCredits: 10_000,
        externalTaskId: 'ks_h',
        at: NOON,
        app: 'default',
        operation: 'text-to-video',
        model: 'kling-v1',
        mode: 'std',
      },
    ]);
    // A second send: its doubt is that of the first, and begins again.
    expect(await close(store, 'h', { kind: 'unknown', evidence: 'again' })).toEqual([]);
    expect(today()).toEqual([0, 10_000]);
    const { holds } = await store.run(listHolds, { limit: 10, cursor: null, inDoubt: true });
    expect(holds).toMatchObject([{ id: 'h', state: 'held', inDoubt: true, doubtEvidence: 'again' }]);
  });

  it('is not closed if it was never admitted, and then journals nothing', async () => {
    const args = { holdId: 'x', at: NOON, calls: [call('c')], answer: null };
    await expect(
      store.run(closeCreate, { ...args, end: { kind: 'refused', evidence: '' } }),
    ).rejects.toMatchObject({ code: 'not_found' });
    await expect(store.run(closeCreate, { ...args, end: task() })).rejects.toMatchObject({
      code: 'not_found',
    });
    expect(
      row(store, 'SELECT (SELECT COUNT(*) FROM calls) + (SELECT COUNT(task_id) FROM creates) AS n'),
    ).toEqual({
      n: 0,
    });
  });
});

describe("an operator's word", () => {
  const resolve = (action: 'release' | 'write-off') =>
    store.run(resolveHold, { holdId: 'h', action, reason: 'asked Kling', actor: 'ann', at: NOON + 1 });

  it('gives a hold back or counts it as spent, once, with an audit row', async () => {
    await close(store, 'h', { kind: 'unknown', evidence: 'reset' });
    expect(await resolve('write-off')).toMatchObject({ state: 'written_off', credits: 10_000 });
    await expect(resolve('release')).rejects.toMatchObject({ code: 'already_resolved' });
    expect(today()).toEqual([10_000, 0]);
    expect((await store.run(listAudit, { limit: 1, cursor: null })).audit).toMatchObject([
      {
        actor: 'ann',
        action: 'hold.write-off',
        subject: 'h',
        before: 'held in doubt, 10 credits',
        after: 'written_off, 10 credits',
        reason: 'asked Kling',
      },
    ]);
  });

  it('is refused for a hold that does not exist', async () => {
    const args = { holdId: 'x', action: 'release', reason: 'r', actor: 'a', at: NOON } as const;
    await expect(store.run(resolveHold, args)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('is adjusted by Kling’s later deduction', async () => {
    await resolve('release');
    await close(store, 'h', task());
    expect(await observe({ state: 'succeeded' })).toMatchObject([
      { kind: 'task_changed' },
      { kind: 'hold_adjusted', byCredits: 10_000 },
    ]);
    await observe({ state: 'succeeded', deduction: deduction(9000) });
    expect(state()).toEqual({ state: 'released', settled: 9000 });
    expect(today()).toEqual([9000, 0]);
  });

  it('of a write-off is undone by a task that failed', async () => {
    await close(store, 'h', task());
    await resolve('write-off');
    await observe({ state: 'failed' });
    expect(state()).toEqual({ state: 'written_off', settled: 0 });
    expect(today()).toEqual([0, 0]);
  });
});

describe('the schema', () => {
  it('forbids a second end of a hold', async () => {
    await close(store, 'h', { kind: 'refused', evidence: 'no' });
    const set = (columns: string) => () => store.db.exec(`UPDATE creates SET ${columns} WHERE id = 'h'`);
    for (const other of ['held', 'settled', 'written_off'])
      expect(set(`state = '${other}'`)).toThrow('a create ends once');
    expect(set('end_credits = 1')).toThrow('a create ends once');
    expect(set('ended_at = NULL')).toThrow('a create ends once');
    expect(set('settled_credits = -1')).toThrow(/CHECK/);
    expect(set('credits = -1')).toThrow(/CHECK/);
    expect(() => store.db.exec('UPDATE budget_counters SET held = -1')).toThrow(/CHECK/);
    expect(set('in_doubt = 1')).toThrow(/CHECK/);
  });

  it('forbids an end without its instant, amount or basis, and a release that costs something', () => {
    const end = (columns: string) => () => store.db.exec(`UPDATE creates SET ${columns} WHERE id = 'h'`);
    expect(end("state = 'settled', end_credits = 1, end_basis = 'none'")).toThrow(/CHECK/);
    expect(end("state = 'settled', ended_at = 1, end_basis = 'none'")).toThrow(/CHECK/);
    expect(end("state = 'settled', ended_at = 1, end_credits = 1")).toThrow(/CHECK/);
    expect(end("state = 'settled', ended_at = 1, end_credits = -1, end_basis = 'none'")).toThrow(/CHECK/);
    expect(end("state = 'released', ended_at = 1, end_credits = 1, end_basis = 'none'")).toThrow(/CHECK/);
    expect(end("ended_at = 1, end_credits = 1, end_basis = 'none'")).toThrow(/CHECK/);
    expect(end('settled_credits = 1')).toThrow(/CHECK/);
  });
});
