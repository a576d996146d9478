/** Tasks that show something odd: by a fault of their create, by one of a read, or by a word in the prompt. */
import { describe, expect, it } from 'vitest';
import type { FaultOrder } from '../../src/emulator/faults.ts';
import { at, startRig, textAt, type Rig } from './client.ts';

const t2v = '/v1/videos/text2video';
const NEW = '/text-to-video/kling-3.0';

interface Scene {
  rig: Rig;
  id: string;
  /** One answer of the legacy path: its task. */
  legacy(): Promise<object>;
  /** One answer of `GET /tasks`. */
  fresh(): Promise<object>;
}

/** A task that has ended; with `order` for its create, or a word in its prompt. */
async function ended(order: FaultOrder | null, prompt = 'a cat'): Promise<Scene> {
  const rig = await startRig();
  if (order !== null) rig.emulator.addFault(order);
  const id = textAt((await rig.post(t2v, { prompt })).data, 'task_id');
  await rig.clock.advance(10_000);
  return {
    rig,
    id,
    legacy: async () => (await rig.get(`${t2v}/${id}`)).data as object,
    fresh: async () => at((await rig.get(`/tasks?task_ids=${id}`)).data, 0) as object,
  };
}

describe('no_deduction', () => {
  it('leaves the cost out of all answers of a task, and out of its callbacks', async () => {
    for (const scene of [await ended({ kind: 'no_deduction' }), await ended(null, 'no-deduction-please')]) {
      expect(await scene.legacy()).toMatchObject({ task_status: 'succeed' });
      expect(await scene.legacy()).not.toHaveProperty('final_unit_deduction');
      expect(await scene.legacy()).not.toHaveProperty('final_balance_deduction');
      expect(await scene.fresh()).toMatchObject({ status: 'succeeded', billing: [] });
      expect(scene.rig.emulator.book().totalUnits).toBe(1);
    }
    const { rig } = await ended(null);
    const callback_url = 'http://127.0.0.1:9/';
    const { data } = await rig.post(NEW, { prompt: 'no-deduction-please', options: { callback_url } });
    rig.emulator.advance(10_000);
    expect(at((await rig.get(`/tasks?task_ids=${textAt(data, 'id')}`)).data, 0, 'billing')).toEqual([]);
  });

  it('leaves it out of one read', async () => {
    const { rig, legacy } = await ended(null);
    rig.emulator.addFault({ kind: 'no_deduction', match: { method: 'GET', path: t2v } });
    expect(await legacy()).not.toHaveProperty('final_unit_deduction');
    expect(await legacy()).toMatchObject({ final_unit_deduction: '1' });
  });
});

describe('no_addresses', () => {
  it('leaves the results out of the first answers about a success', async () => {
    const { legacy, fresh } = await ended({ kind: 'no_addresses', answers: 2 });
    expect(await legacy()).toMatchObject({ task_status: 'succeed', task_result: {} });
    expect(await fresh()).toMatchObject({ status: 'succeeded', outputs: [], billing: [{ amount: '1' }] });
    expect(await legacy()).toMatchObject({ task_result: { videos: [{ duration: '5.041' }] } });
    const scene = await ended(null, 'no-addresses-please');
    const lists = [];
    for (let i = 0; i < 4; i += 1) lists.push(at(await scene.fresh(), 'outputs', 'length'));
    expect(lists).toEqual([0, 0, 0, 1]);
  });

  it('does not count answers before the end', async () => {
    const rig = await startRig();
    const id = textAt((await rig.post(t2v, { prompt: 'no-addresses-please' })).data, 'task_id');
    const look = async () => (await rig.get(`${t2v}/${id}`)).data;
    for (let i = 0; i < 5; i += 1) expect(await look()).toMatchObject({ task_status: 'submitted' });
    rig.emulator.advance(10_000);
    expect(await look()).toMatchObject({ task_status: 'succeed', task_result: {} });
  });
});

describe('contradiction', () => {
  it('takes back the end of a task, with a newer time, and says it in a callback', async () => {
    const rig = await startRig();
    rig.emulator.addFault({ kind: 'contradiction', ms: 5000 });
    const callback_url = 'http://127.0.0.1:9/';
    const id = textAt((await rig.post(t2v, { prompt: 'a cat', callback_url })).data, 'task_id');
    rig.emulator.advance(10_000);
    const look = async () => (await rig.get(`${t2v}/${id}`)).data;
    const first = await look();
    expect(first).toMatchObject({ task_status: 'succeed' });
    await rig.clock.advance(5000);
    const second = await look();
    expect(second).toMatchObject({ task_status: 'failed', task_result: {} });
    expect(Number(at(second, 'updated_at'))).toBeGreaterThan(Number(at(first, 'updated_at')));
    const said = rig.emulator.callbacks().map((sent) => sent.status);
    expect(said).toEqual(['submitted', 'processing', 'succeed', 'failed']);
    expect(rig.emulator.book().totalUnits).toBe(1);
  });

  it('lets a failed task succeed, without results and cost', async () => {
    const { rig, fresh } = await ended(null, 'fail-please');
    rig.emulator.addFault({ kind: 'contradiction', match: { path: '/tasks' } });
    expect(await fresh()).toMatchObject({ status: 'succeeded', outputs: [], billing: [{ amount: '0' }] });
    expect(await fresh()).toMatchObject({ status: 'failed' });
  });
});

describe('older_update', () => {
  it('shows the state before with its older time, in a read or in every second one', async () => {
    const { rig, legacy, fresh } = await ended(null);
    const now = await legacy();
    rig.emulator.addFault({ kind: 'older_update', match: { method: 'GET' } });
    const before = await legacy();
    expect(before).toMatchObject({ task_status: 'processing', task_result: {} });
    expect(Number(at(before, 'updated_at'))).toBeLessThan(Number(at(now, 'updated_at')));
    expect(await fresh()).toMatchObject({ status: 'succeeded' });
    const odd = await ended(null, 'older-please');
    const seen = [];
    for (let i = 0; i < 4; i += 1) seen.push(at(await odd.fresh(), 'status'));
    expect(seen).toEqual(['succeeded', 'processing', 'succeeded', 'processing']);
  });

  it('shows a task at work as submitted', async () => {
    const rig = await startRig();
    const id = textAt((await rig.post(t2v, { prompt: 'a cat' })).data, 'task_id');
    rig.emulator.advance(2000);
    rig.emulator.addFault({ kind: 'older_update', match: { method: 'GET' } });
    const look = async () => at((await rig.get(`${t2v}/${id}`)).data, 'task_status');
    expect([await look(), await look()]).toEqual(['submitted', 'processing']);
  });
});
