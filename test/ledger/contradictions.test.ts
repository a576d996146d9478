import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { taskContradicted } from '../../src/alerts/rules/task-contradicted.ts';
import { defaultRuleSettings } from '../../src/alerts/settings.ts';
import { readTaskTimeline } from '../../src/control/task-timeline.ts';
import { storeModules } from '../../src/app/store-operations.ts';
import { noteLedgersAreRead } from '../../src/ledger/deduction-wait.ts';
import { observeTasks } from '../../src/ledger/observe.ts';
import { isHeard } from '../../src/outbox/heard-facts.ts';
import { contradicts, listContradictions } from '../../src/tasks/contradiction-table.ts';
import { getTask } from '../../src/tasks/task-table.ts';
import type { TaskState } from '../../src/words.ts';
import { settingsOf } from '../alerts/making.ts';
import { admitHold, close, newHold, NOON, row, sighting } from './making.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';

let store: MemoryStore;
beforeEach(() => (store = createMemoryStore(storeModules)));
afterEach(() => store.close());

const see = async (state: TaskState, over: Parameters<typeof sighting>[1] = {}, at = NOON + 1) =>
  (await store.run(observeTasks, { sightings: [sighting('t', { state, ...over })], source: 'app_read', at }))
    .facts;
const kept = async () =>
  (await store.run(listContradictions, { taskId: 't' })).map(({ state, source }) => [state, source]);
const money = () => row(store, "SELECT state, settled_credits AS credits FROM creates WHERE id = 'h'");

async function ended(over: Parameters<typeof sighting>[1] = {}): Promise<void> {
  await admitHold(store, newHold('h'));
  await close(store, 'h', { kind: 'task', sighting: sighting('t') });
  await see('succeeded', { deduction: { credits: 7_000, raw: '0.7 video' }, updatedAt: 100, ...over });
}

describe('an answer that contradicts the end of a task', () => {
  it('is another end, or a state before the end by a newer time; nothing else is', () => {
    const known = { state: 'succeeded', vendor_updated_at: 100 } as const;
    const isOne = (state: TaskState, updatedAt: number | null, of: object = known) =>
      contradicts({ ...known, ...of }, { state, updatedAt });
    expect([isOne('failed', 100), isOne('failed', null), isOne('processing', 101)]).toEqual([
      true,
      true,
      true,
    ]);
    expect([isOne('succeeded', 101), isOne('processing', 100), isOne('processing', null)]).toEqual([
      false,
      false,
      false,
    ]);
    expect(isOne('processing', 101, { vendor_updated_at: null })).toBe(false);
    expect(isOne('submitted', 101, { state: 'processing' })).toBe(false);
  });

  it('is kept and reported once, and changes neither state nor money', async () => {
    await ended();
    expect(await see('failed', { updatedAt: 200, statusMessage: 'risk control' })).toMatchObject([
      { kind: 'task_contradicted', known: 'succeeded', seen: 'failed', statusMessage: 'risk control' },
    ]);
    expect(await see('failed', { updatedAt: 300 })).toEqual([]);
    expect(await see('processing', { updatedAt: 400 }, NOON + 2)).toMatchObject([{ seen: 'processing' }]);
    expect(await kept()).toEqual([
      ['failed', 'app_read'],
      ['processing', 'app_read'],
    ]);
    expect(money()).toEqual({ state: 'settled', credits: 7_000 });
    expect(await store.run(getTask, { taskId: 't' })).toMatchObject({ state: 'succeeded' });
    const lines = await store.run(readTaskTimeline, { taskId: 't' });
    expect(lines.filter(({ step }) => step === 'contradicted')).toHaveLength(2);
  });

  it('is ignored where it is older', async () => {
    await ended();
    expect(await see('failed', { updatedAt: 99 })).toEqual([]);
    expect(await kept()).toEqual([]);
  });

  it('still adjusts by another deduction of Kling’s', async () => {
    await ended();
    const facts = await see('failed', { updatedAt: 200, deduction: { credits: 0, raw: '0 video' } });
    expect(facts.map(({ kind }) => kind)).toEqual(['task_contradicted', 'hold_adjusted']);
    expect(money()).toEqual({ state: 'settled', credits: 0 });
  });

  it('releases no hold that waits for Kling’s ledgers', async () => {
    await store.run(noteLedgersAreRead, { areRead: true });
    await ended({ deduction: null });
    expect(money()).toEqual({ state: 'held', credits: 0 });
    await see('failed', { updatedAt: 200 });
    expect(money()).toEqual({ state: 'held', credits: 0 });
    expect(await kept()).toEqual([['failed', 'app_read']]);
  });

  it('is a notice of its own', async () => {
    await ended();
    const [fact] = await see('failed', { updatedAt: 200 });
    if (!fact || !isHeard(fact)) throw new Error('nobody hears of it');
    const { found } =
      taskContradicted.ofFact?.(fact, defaultRuleSettings('task_contradicted'), settingsOf()) ?? {};
    expect(found).toMatchObject([{ labels: { app: 'default' }, period: 't/failed' }]);
  });
});
