import { readdir } from 'node:fs/promises';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, describe, expect, it } from 'vitest';
import { get, post, textToVideo, until } from '../app/calls.ts';
import { createText, exchange, Wire } from '../proxy/wire.ts';
import { holdsOf } from './books.ts';
import { advanceBy } from './hand-clock.ts';
import { isReplayed, JoinRig, PATH, SOON, taskOf } from './join-rig.ts';

const NEW_PATH = '/text-to-video/kling-3.0';

let log = '';
let rig: JoinRig;
afterEach(() => rig.stop());

/** Reads the store beside the running app. */
async function rowsOf(sql: string): Promise<unknown[]> {
  const file = (await readdir(rig.started.folder, { recursive: true })).find((name) => name.endsWith('.db'));
  const db = new Database(path.join(rig.started.folder, file ?? ''), { readonly: true });
  try {
    return db.prepare(sql).all();
  } finally {
    db.close();
  }
}

describe('a create whose caller hung up', () => {
  it.each(['close', 'reset'] as const)('is joined by the next equal one (%s)', async (how) => {
    rig = await JoinRig.start();
    await rig.hangUp({ how });
    const again = await rig.create();
    expect(again).toMatchObject({ status: 200, json: { code: 0 } });
    expect(isReplayed(again)).toBe(true);
    expect([rig.creates(), rig.charges()]).toEqual([1, 1]);
    const [hold] = await holdsOf(rig.started.controlUrl);
    expect(hold?.taskId).toBe(taskOf(again));
    expect(again.headers['x-kling-external-task-id']).toBe(hold?.externalTaskId);
  });

  it('is joined also by a client that connects again at once', async () => {
    rig = await JoinRig.start();
    for (let i = 0; i < 25; i += 1) {
      const prompt = `boat ${i}`;
      await rig.hangUp({ over: { prompt }, how: i % 2 === 0 ? 'close' : 'reset' });
      const again = await exchange(
        rig.started.dataUrl,
        createText(rig.started.dataUrl, { body: JSON.stringify(textToVideo({ prompt })) }),
      );
      expect(again.status).toBe(200);
      expect(rig.creates()).toBe(i + 1);
    }
  });

  it('gives the very answer that its caller would have had', async () => {
    rig = await JoinRig.start();
    await rig.hangUp();
    const again = await rig.create();
    const hold = await until('the hold has its task', async () =>
      (await holdsOf(rig.started.controlUrl)).find(({ taskId }) => taskId !== null),
    );
    const { json } = await get(`${rig.started.controlUrl}/v1/calls`);
    const calls = (json as unknown as { calls: { holdId: string | null; klingRequestId: string }[] }).calls;
    expect(calls.find(({ holdId }) => holdId === hold.id)?.klingRequestId).toBe(again.json.request_id);
  });

  it('absorbs one equal create, of two that come at once', async () => {
    rig = await JoinRig.start();
    await rig.hangUp();
    const both = await Promise.all([rig.create(), rig.create()]);
    expect(both.map(({ status }) => status)).toEqual([200, 200]);
    expect(both.filter(isReplayed)).toHaveLength(1);
    expect(new Set(both.map(taskOf)).size).toBe(2);
    expect([rig.creates(), rig.charges()]).toEqual([2, 2]);
  });

  it('can be joined again if the caller of its retry hung up, too', async () => {
    rig = await JoinRig.start({ logTo: { write: (text) => (log += text) } });
    await rig.hangUp({ ms: 2_000 });
    const wire = await Wire.open(rig.started.dataUrl);
    wire.send(createText(rig.started.dataUrl, { body: JSON.stringify(textToVideo()) }));
    await until('the retry has joined', () => log.includes('create_joined'));
    wire.reset();
    expect(isReplayed(await rig.create())).toBe(true);
    expect(isReplayed(await rig.create())).toBe(false);
    expect(rig.creates()).toBe(2);
    expect(await rig.joins()).toHaveLength(2);
  });

  it('is no create any more where Kling refused it for a reason that can end', async () => {
    rig = await JoinRig.start();
    rig.started.emulator.addFault({
      kind: 'code',
      code: 1302,
      match: { method: 'POST', path: '/v1/' },
      times: 'always',
    });
    await rig.hangUp();
    rig.started.emulator.clearFaults();
    const again = await rig.create();
    expect(again.status).toBe(200);
    expect([isReplayed(again), rig.creates(), rig.charges()]).toEqual([false, 2, 1]);
  });
});

describe('a create with an unknown outcome', () => {
  it('is joined by the next equal one, which gets the result of its look-up', async () => {
    rig = await JoinRig.start({ isByHand: true });
    await rig.loseAnswer();
    const again = await rig.createByHand();
    expect(again.status).toBe(200);
    expect([isReplayed(again), rig.creates(), rig.charges()]).toEqual([true, 1, 1]);
    expect(isReplayed(await rig.createByHand())).toBe(false);
    expect(rig.creates()).toBe(2);
  });

  it('is joined once more if its retry ended without an outcome, too', async () => {
    rig = await JoinRig.start({ isByHand: true });
    await rig.loseAnswer();
    rig.failLookUps();
    const second = await rig.createByHand({}, SOON);
    expect(second).toMatchObject({ status: 424, json: { code: 9052, data: { sent: 'unknown' } } });
    expect(second.json.message).toContain('This one was not sent');
    rig.started.emulator.clearFaults();
    const third = await rig.createByHand();
    expect([third.status, isReplayed(third), rig.creates(), rig.charges()]).toEqual([200, true, 1, 1]);
    expect(await rig.joins()).toHaveLength(2);
  });

  it('is joined by a retry after half an answer of Kling’s, before its look-up', async () => {
    rig = await JoinRig.start();
    rig.started.emulator.addFault({ kind: 'truncate', match: { method: 'POST', path: '/v1/' } });
    const wire = await Wire.open(rig.started.dataUrl);
    wire.send(createText(rig.started.dataUrl, { body: JSON.stringify(textToVideo()) }));
    await until('the create is in doubt', async () =>
      (await holdsOf(rig.started.controlUrl)).find(({ inDoubt }) => inDoubt),
    );
    wire.close();
    const again = await rig.create();
    expect([again.status, isReplayed(again), rig.creates(), rig.charges()]).toEqual([200, true, 1, 1]);
  });

  it('is not joined after ten minutes', async () => {
    rig = await JoinRig.start({ isByHand: true });
    await rig.loseAnswer();
    await advanceBy(rig.clock, 601_000, 20_000);
    const again = await rig.createByHand();
    expect([again.status, isReplayed(again), rig.creates(), rig.charges()]).toEqual([200, false, 2, 2]);
  });

  it('that Kling does not know at last is no create any more: the retry that waits is sent as new', async () => {
    rig = await JoinRig.start({ isByHand: true });
    await rig.loseUnmade();
    let lost = 0;
    let last = await rig.createByHand();
    for (; last.status === 424 && lost < 20; lost += 1) last = await rig.createByHand();
    expect([last.status, isReplayed(last), rig.creates(), rig.charges()]).toEqual([200, false, 2, 1]);
    // The one that was sent as new is not among those that joined.
    await until('its join is removed', async () => {
      const [row] = (await rowsOf('SELECT COUNT(*) AS n FROM joins')) as { n: number }[];
      return row?.n === lost;
    });
  });

  it('that Kling does not know is no create any more for a later retry either', async () => {
    rig = await JoinRig.start({ isByHand: true });
    await rig.loseUnmade();
    expect((await rig.createByHand({}, SOON)).status).toBe(424);
    await advanceBy(rig.clock, 60_000, 2_000);
    expect(await holdsOf(rig.started.controlUrl)).toMatchObject([{ state: 'released' }]);
    const last = await rig.createByHand();
    expect([last.status, isReplayed(last), rig.creates(), rig.charges()]).toEqual([200, false, 2, 1]);
  });

  it('that an operator wrote off absorbs its retry once, with an answer that says so', async () => {
    rig = await JoinRig.start({ isByHand: true });
    const { controlUrl, token } = rig.started;
    await rig.loseAnswer();
    rig.failLookUps();
    const [hold] = await holdsOf(controlUrl);
    await post(
      `${controlUrl}/v1/holds/${hold?.id}/write-off`,
      { reason: 'nobody knows' },
      { authorization: `Bearer ${token}` },
    );
    const again = await rig.createByHand();
    expect(again).toMatchObject({ status: 424, json: { data: { holdState: 'written_off' } } });
    expect((await rig.createByHand()).status).toBe(200);
    expect(rig.creates()).toBe(2);
  });

  it('that only an operator can end refuses its retries at once, and does not send them', async () => {
    rig = await JoinRig.start({ config: { creates: { injectExternalTaskId: false } } });
    rig.started.emulator.addFault({ kind: 'code', code: 5000, match: { method: 'POST', path: '/v1/' } });
    expect((await rig.create()).status).toBe(424);
    expect(await rig.create()).toMatchObject({ status: 424, json: { data: { externalTaskId: null } } });
    expect(rig.creates()).toBe(1);
  });
});

describe('equal creates', () => {
  it('that are in progress at the same time are both sent', async () => {
    rig = await JoinRig.start();
    rig.started.emulator.addFault({
      kind: 'latency',
      ms: 300,
      times: 2,
      match: { method: 'POST', path: '/v1/' },
    });
    const both = await Promise.all([rig.create(), rig.create()]);
    expect(new Set(both.map(taskOf)).size).toBe(2);
    expect([rig.creates(), rig.charges()]).toEqual([2, 2]);
  });

  it('that were in progress before the other’s caller hung up do not join it', async () => {
    rig = await JoinRig.start();
    const { emulator } = rig.started;
    emulator.addFault({ kind: 'latency', ms: 600, times: 1, match: { method: 'POST', path: '/v1/' } });
    const parallel = rig.create();
    await until('the first reached Kling', () => rig.creates() === 1);
    await rig.hangUp({ ms: 100 });
    expect(isReplayed(await parallel)).toBe(false);
    expect([rig.creates(), rig.charges()]).toEqual([2, 2]);
  });

  it('that were answered stay two', async () => {
    rig = await JoinRig.start();
    const [first, second] = [await rig.create(), await rig.create()];
    expect(taskOf(first)).not.toBe(taskOf(second));
    expect(rig.creates()).toBe(2);
  });

  it('of another app do not join', async () => {
    rig = await JoinRig.start();
    await rig.hangUp({ headers: ['X-Kling-App: shop'] });
    expect(isReplayed(await rig.create({}, { 'x-kling-app': 'blog' }))).toBe(false);
    expect(isReplayed(await rig.create({}, { 'x-kling-app': 'shop' }))).toBe(true);
    expect(rig.creates()).toBe(2);
  });

  it('with another spelling and another callback join; another body does not', async () => {
    rig = await JoinRig.start();
    await rig.hangUp();
    expect(isReplayed(await rig.create({ duration: '10' }))).toBe(false);
    const { model_name, ...rest } = textToVideo();
    const body = JSON.stringify({ callback_url: 'https://app.test/hook', ...rest, model_name }, null, 2);
    expect(isReplayed(await post(rig.started.dataUrl + PATH, body))).toBe(true);
    expect(rig.creates()).toBe(2);
  });

  it('of the new generation join with another id in their options', async () => {
    rig = await JoinRig.start();
    const body = (id: string) => ({ prompt: 'a boat', settings: {}, options: { external_task_id: id } });
    rig.started.emulator.addFault({ kind: 'latency', ms: 300, match: { method: 'POST', path: NEW_PATH } });
    const wire = await Wire.open(rig.started.dataUrl);
    wire.send(createText(rig.started.dataUrl, { path: NEW_PATH, body: JSON.stringify(body('one')) }));
    await until('it reached Kling', () => rig.creates() === 1);
    wire.close();
    const again = await post(rig.started.dataUrl + NEW_PATH, body('two'));
    expect([again.status, isReplayed(again), rig.creates()]).toEqual([200, true, 1]);
    expect(again.headers['x-kling-external-task-id']).toBe('one');
  });
});
