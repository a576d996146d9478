import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { recordDeductions, recordRead } from '../../src/account/account-table.ts';
import { ADOPTED } from '../../src/budget/adopted.ts';
import { budgetRoom } from '../../src/budget/budget-room.ts';
import { applyBudgets, listBudgets } from '../../src/budget/budget-table.ts';
import { deductionEvidence } from '../../src/budget/deduction-evidence.ts';
import type { Fact } from '../../src/facts.ts';
import { adoptTasks, type AdoptedTask, type AdoptResult } from '../../src/ledger/adopt-tasks.ts';
import { checkAdoption } from '../../src/ledger/adoption-checks.ts';
import { beginAdoption, noteAdoption, readAdoption } from '../../src/ledger/adoption.ts';
import { spendingByTime } from '../../src/ledger/spending-by-time.ts';
import { verifyLedger } from '../../src/ledger/verify.ts';
import { observeTasks } from '../../src/ledger/observe.ts';
import { admitHold, close, newHold, NOON, rule, sighting } from './making.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';

const HOUR = 3_600_000;
const UPSTREAM = { host: 'api.example', account: 'key-0' };

let store: MemoryStore;
beforeEach(() => (store = createMemoryStore()));
afterEach(() => store.close());

const task = (taskId: string, over: Partial<AdoptedTask> = {}): AdoptedTask => ({
  taskId,
  externalTaskId: null,
  product: 'video',
  operation: 'unknown',
  path: null,
  route: null,
  at: NOON - HOUR,
  state: 'succeeded',
  updatedAt: null,
  credits: 10_000,
  note: '1 video',
  ...over,
});
const open = (taskId: string, over: Partial<AdoptedTask> = {}): AdoptedTask =>
  task(taskId, { state: 'processing', credits: 40_000, note: null, ...over });
const adopt = (...tasks: AdoptedTask[]): Promise<AdoptResult> =>
  store.run(adoptTasks, { tasks, upstream: UPSTREAM, at: NOON });
const room = async (app: string): Promise<number | undefined> => {
  const labels = { app, operation: 'image', model: null, tag: null };
  const { rooms } = await store.run(budgetRoom, { at: NOON, labels });
  return rooms[0]?.remainingCredits;
};

describe('the adoption of a store', () => {
  it('begins once in a store without creates, and never in another one', async () => {
    expect(await store.run(readAdoption, {})).toBeNull();
    expect(checkAdoption(null)).toEqual([]);
    const began = await store.run(beginAdoption, { at: NOON });
    expect(began).toMatchObject({ state: 'waiting', beganAt: NOON, openedAt: null });
    expect(checkAdoption(began)[0]).toMatchObject({ level: 'warn' });
    expect(await store.run(beginAdoption, { at: NOON + 1 })).toMatchObject({ beganAt: NOON });
    const read = { state: 'open', openedAt: NOON + 2, readAt: NOON + 2, fromAt: 0, problem: null } as const;
    await store.run(noteAdoption, read);
    const later = await store.run(noteAdoption, {
      ...read,
      state: 'done',
      openedAt: NOON + 9,
      problem: 'no',
    });
    expect(later).toMatchObject({ state: 'done', openedAt: NOON + 2, problem: 'no' });
    expect(checkAdoption(later)[0]).toMatchObject({ level: 'warn' });
    expect(checkAdoption({ ...began, state: 'done' } as never)[0]).toMatchObject({ level: 'ok' });
  });

  it('does not begin in a store that had a create', async () => {
    await admitHold(store, newHold('a'));
    expect(await store.run(beginAdoption, { at: NOON })).toBeNull();
  });
});

describe('an adopted task', () => {
  it('counts in every budget of the present window, and five minutes before it', async () => {
    const rules = [rule(), rule({ name: 'apps', per: 'app', match: { operation: 'image' } })];
    await store.run(applyBudgets, { rules, at: NOON });
    const midnight = NOON - 12 * HOUR;
    await adopt(
      open('1'),
      task('2'),
      task('3', { at: midnight - 300_000 }),
      task('4', { at: midnight - 300_001 }),
    );
    const { budgets } = await store.run(listBudgets, { at: NOON });
    expect(budgets.map((row) => [row.name, row.perValue, row.settledCredits, row.heldCredits])).toEqual([
      ['apps', ADOPTED, 20_000, 40_000],
      ['daily', null, 20_000, 40_000],
    ]);
    expect(await room('never-seen')).toBe(40_000);
    expect((await store.run(verifyLedger, {})).problems).toEqual([]);
  });

  it('is settled as Kling says, and gives its credits back to every app', async () => {
    await store.run(applyBudgets, { rules: [rule({ per: 'app' })], at: NOON });
    const { facts } = await adopt(open('1'));
    expect(facts.map(({ kind }: Fact) => kind)).toContain('task_changed');
    expect(await room('red')).toBe(60_000);
    const ended = sighting('1', { state: 'succeeded', deduction: { credits: 7_000, raw: '0.7 video' } });
    await store.run(observeTasks, { sightings: [ended], source: 'poll', at: NOON });
    expect(await room('red')).toBe(93_000);
    expect((await store.run(verifyLedger, {})).problems).toEqual([]);
  });

  it('is adopted once, and not if a create of ours has it or waits for its answer', async () => {
    await admitHold(store, newHold('waits'));
    expect((await adopt(task('1'), task('1'), open('2', { externalTaskId: 'ks_waits' }))).count).toBe(1);
    expect((await adopt(task('1'))).count).toBe(0);
  });

  it('lowers the limit at most to 0', async () => {
    await store.run(applyBudgets, { rules: [rule({ per: 'app' })], at: NOON });
    await adopt(task('1', { credits: 900_000 }));
    expect(await room('red')).toBe(0);
  });
});

describe('what was spent', () => {
  it('is known by half hours: the account’s by Kling’s ledgers, each app’s by our creates', async () => {
    await adopt(task('1'));
    await admitHold(store, newHold('red', { app: 'red' }));
    const span = { from: NOON - 24 * HOUR, to: NOON + HOUR, price: { perCredit: 0.014, currency: 'USD' } };
    const ours = { account: null, apps: [{ app: 'red', spent: [{ at: NOON, credits: 10_000 }] }] };
    expect(await store.run(spendingByTime, span)).toEqual(ours);
    const charge = {
      taskId: '9',
      before: 0,
      amount: 2_000_000,
      packId: null,
      apiKeyName: null,
      cashType: null,
    };
    await store.run(recordDeductions, {
      deductions: [{ ...charge, wallet: 'package', at: NOON + 1, product: 'video', currency: null }],
    });
    await store.run(recordRead, { what: 'package', readAt: NOON });
    expect(await store.run(spendingByTime, span)).toEqual({
      ...ours,
      account: [{ at: NOON, credits: 20_000 }],
    });
  });

  it('is evidence for prices where Kling reported it, and not for adopted creates', async () => {
    await adopt(task('1'));
    await admitHold(store, newHold('a'));
    await close(store, 'a', { kind: 'done', credits: 12_000, raw: '1.2 video' });
    const span = { from: NOON - HOUR, to: NOON + HOUR };
    expect(await store.run(deductionEvidence, span)).toMatchObject([
      {
        operation: 'text-to-video',
        model: 'kling-v1',
        seconds: '5',
        held: 10_000,
        deducted: 12_000,
        creates: 1,
      },
    ]);
  });
});
