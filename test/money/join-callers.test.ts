import { request } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { get, post, textToVideo, until } from '../app/calls.ts';
import { advanceBy, turns } from './hand-clock.ts';
import { isReplayed, JoinRig, taskOf } from './join-rig.ts';

let rig: JoinRig;
afterEach(() => rig.stop());

describe('keys and ids of the caller', () => {
  it('an idempotency key neither joins nor is joined', async () => {
    rig = await JoinRig.start();
    await rig.hangUp();
    expect(isReplayed(await rig.create({}, { 'idempotency-key': 'a' }))).toBe(false);
    expect(isReplayed(await rig.create())).toBe(true);
    await rig.hangUp({ headers: ['Idempotency-Key: b'] });
    expect(isReplayed(await rig.create())).toBe(false);
    expect(rig.creates()).toBe(4);
  });

  it('an own id that differs joins', async () => {
    rig = await JoinRig.start();
    await rig.hangUp({ over: { external_task_id: 'scene-1' } });
    const again = await rig.create({ external_task_id: 'scene-2' });
    expect([again.status, isReplayed(again), rig.creates()]).toEqual([200, true, 1]);
    expect(again.headers['x-kling-external-task-id']).toBe('scene-1');
  });

  it('a repeat by the same own id absorbs the loss: the next equal create is a new one', async () => {
    rig = await JoinRig.start();
    await rig.hangUp({ over: { external_task_id: 'scene-1' } });
    const again = await rig.create({ external_task_id: 'scene-1' });
    expect([again.status, isReplayed(again)]).toEqual([200, true]);
    expect(isReplayed(await rig.create({ external_task_id: 'scene-2' }))).toBe(false);
    expect(rig.creates()).toBe(2);
  });

  it('an id that belongs to an answered create gets its answer, and joins no other', async () => {
    rig = await JoinRig.start();
    const first = await rig.create({ external_task_id: 'scene-1' });
    await rig.hangUp();
    expect(taskOf(await rig.create({ external_task_id: 'scene-1' }))).toBe(taskOf(first));
    expect(isReplayed(await rig.create())).toBe(true);
    expect(rig.creates()).toBe(2);
  });
});

describe('a create that would be refused as new', () => {
  it('joins while spending is frozen', async () => {
    rig = await JoinRig.start();
    const { controlUrl, token } = rig.started;
    await rig.hangUp();
    await post(`${controlUrl}/v1/freeze`, { reason: 'drill' }, { authorization: `Bearer ${token}` });
    expect(isReplayed(await rig.create())).toBe(true);
    expect((await rig.create()).json.code).toBe(9003);
    expect(rig.creates()).toBe(1);
  });

  it('joins while the budget is full', async () => {
    rig = await JoinRig.start({ config: { budgets: [{ name: 'small', window: 'day', credits: 10 }] } });
    await rig.hangUp();
    expect(isReplayed(await rig.create())).toBe(true);
    expect((await rig.create()).json.code).toBe(9001);
    expect(rig.creates()).toBe(1);
  });

  it('joins though it is too expensive now', async () => {
    rig = await JoinRig.start();
    await rig.hangUp();
    await rig.started.reload({ creates: { maxCreditsEach: 1 }, tasks: { poll: false } });
    expect(isReplayed(await rig.create())).toBe(true);
    expect((await rig.create()).json.code).toBe(9002);
    expect(rig.creates()).toBe(1);
  });

  it('joins without a slot while all are in use', async () => {
    rig = await JoinRig.start({ config: { limits: { concurrency: { video: 1 }, queueWaitMsMax: 0 } } });
    await rig.hangUp();
    expect(isReplayed(await rig.create())).toBe(true);
    expect((await rig.create()).status).toBe(429);
    expect(rig.creates()).toBe(1);
  });
});

it('joins nothing in observe mode', async () => {
  rig = await JoinRig.start({ config: { mode: 'observe' } });
  await rig.hangUp();
  expect(isReplayed(await rig.create())).toBe(false);
  expect(rig.creates()).toBe(2);
});

it('counts joins with the repeats', async () => {
  rig = await JoinRig.start();
  await rig.hangUp();
  await rig.create();
  const { body } = await request(`${rig.started.controlUrl}/metrics`);
  expect(await body.text()).toContain('kling_replays_total{kind="join"} 1');
});

describe('a caller that resets its connection after the answer was written', () => {
  /** Sends a create on a connection that does not read, and waits until its answer is written. */
  async function sendUnread() {
    rig = await JoinRig.start({ isByHand: true });
    const wire = await rig.send(textToVideo());
    wire.socket.pause();
    await until('the task is recorded', async () => {
      const { json } = await get(`${rig.started.controlUrl}/v1/tasks`);
      return (json as unknown as { tasks: unknown[] }).tasks.length === 1;
    });
    await turns();
    return wire;
  }

  it('gets its task again if it did not read the answer', async () => {
    const wire = await sendUnread();
    wire.socket.resetAndDestroy();
    await turns();
    expect(isReplayed(await rig.create())).toBe(true);
    expect(isReplayed(await rig.create())).toBe(false);
    expect(rig.creates()).toBe(2);
  });

  it('had its answer if the reset comes later', async () => {
    const wire = await sendUnread();
    await advanceBy(rig.clock, 1_001);
    wire.socket.resetAndDestroy();
    await turns();
    expect(isReplayed(await rig.create())).toBe(false);
  });

  it('had its answer if it sent another request', async () => {
    const wire = await sendUnread();
    wire.send(`GET /v1/videos/text2video/1 HTTP/1.1\r\nHost: ${new URL(rig.started.dataUrl).host}\r\n\r\n`);
    await until('the read reached Kling', () =>
      rig.started.emulator.requests().some(({ method }) => method === 'GET'),
    );
    wire.socket.resetAndDestroy();
    await turns();
    expect(isReplayed(await rig.create())).toBe(false);
  });
});
