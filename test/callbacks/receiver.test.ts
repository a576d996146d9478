import { createHmac } from 'node:crypto';
import { request } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { anotherVideo, get, post, until } from '../app/calls.ts';
import { EMULATOR_KEY } from '../app/start-app.ts';
import { advanceBy, advanceUntil, whileMoving } from '../money/hand-clock.ts';
import {
  bodiesAt,
  callBack,
  lastUrl,
  legacyBody,
  moneyOf,
  queries,
  startWithCallbacks,
  TEXT,
  type CallbackApp,
} from './callback-app.ts';

let started: CallbackApp | undefined;
afterEach(() => started?.stop());

const SECRET = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
const signed = (body: string, at: number, secret = SECRET, id = 'msg_1'): Record<string, string> => {
  const seconds = String(Math.floor(at / 1_000));
  const key = Buffer.from(secret.slice(6), 'base64');
  const digest = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': seconds, 'webhook-signature': `v1,${digest}` };
};
const taskId = (got: Awaited<ReturnType<typeof post>>): string => String(got.json.data['task_id']);
const metric = async (app: CallbackApp, result: string): Promise<number> => {
  const answer = await request(`${app.controlUrl}/metrics`);
  const line = new RegExp(`kling_callbacks_total\\{result="${result}"\\} (\\d+)`).exec(
    await answer.body.text(),
  );
  return Number(line?.[1]);
};

describe('a callback', () => {
  it('makes the sidecar ask for its task at once, and only the answer to that moves the task and its money', async () => {
    const clock = createManualClock(Date.UTC(2026, 9, 20, 6));
    started = await startWithCallbacks({ clock });
    const { dataUrl, controlUrl } = started;
    const id = taskId(await whileMoving(clock, post(dataUrl + TEXT, anotherVideo()), 20));
    const url = lastUrl(started);
    const before = await moneyOf(started);
    // Kling has the task as submitted: what the body says is not so.
    const lie = legacyBody(id, 'succeed', { final_unit_deduction: '99' });
    expect(await whileMoving(clock, callBack(url, lie), 5)).toEqual({ status: 200, body: '{"result":"ok"}' });
    await advanceUntil(clock, () => queries(started as CallbackApp) === 1, { stepMs: 10, stepsMax: 50 });
    await advanceBy(clock, 200, 50);
    expect(await moneyOf(started)).toBe(before);
    await advanceBy(clock, 125_000, 25_000);
    const asked = queries(started);
    await whileMoving(clock, callBack(url, legacyBody(id, 'succeed')), 5);
    const task = async (): Promise<Record<string, unknown>> =>
      (await get(`${controlUrl}/v1/tasks/${id}`)).json as unknown as Record<string, unknown>;
    await advanceUntil(clock, async () => (await task())['state'] === 'succeeded', { stepMs: 10 });
    expect(queries(started)).toBe(asked + 1);
    // What has ended is asked for no more.
    await whileMoving(clock, callBack(url, legacyBody(id, 'failed')), 5);
    await advanceBy(clock, 10_000, 1_000);
    expect(queries(started)).toBe(asked + 1);
    expect((await task())['state']).toBe('succeeded');
  });

  it('is one of many: a flood causes one query in five seconds', async () => {
    const clock = createManualClock(Date.UTC(2026, 9, 20, 6));
    started = await startWithCallbacks({ clock }, { requestsPerSecond: 10_000 });
    const id = taskId(await whileMoving(clock, post(started.dataUrl + TEXT, anotherVideo()), 20));
    const url = lastUrl(started);
    const flood = async (count: number, of: (i: number) => unknown): Promise<Set<number>> => {
      const statuses = new Set<number>();
      let next = 0;
      const lane = async (): Promise<void> => {
        while (next < count) statuses.add((await callBack(url, of(next++))).status);
      };
      await whileMoving(clock, Promise.all(Array.from({ length: 20 }, lane)), 1);
      return statuses;
    };
    expect(await flood(500, () => legacyBody(id, 'processing'))).toEqual(new Set([200]));
    await advanceBy(clock, 4_000, 100);
    expect(queries(started)).toBe(1);
    // Different bodies: so many as Kling never sends are refused.
    expect(await flood(100, (i) => legacyBody(id, 'processing', { updated_at: i }))).toEqual(
      new Set([200, 429]),
    );
    await advanceBy(clock, 4_000, 100);
    expect(queries(started)).toBe(2);
  });

  it('that comes before the create’s own answer makes the sidecar ask once the answer is here', async () => {
    const clock = createManualClock(Date.UTC(2026, 9, 20, 6));
    started = await startWithCallbacks({ clock });
    started.emulator.addFault({ kind: 'latency', ms: 3_000, match: { path: TEXT } });
    const creating = post(started.dataUrl + TEXT, anotherVideo());
    const url = await advanceUntil(
      clock,
      () => bodiesAt(started as CallbackApp).length > 0 && lastUrl(started as CallbackApp),
      { stepMs: 5 },
    );
    const early = await whileMoving(clock, callBack(url, legacyBody('1', 'submitted')), 1);
    expect(early.status).toBe(200);
    expect(queries(started)).toBe(0);
    await whileMoving(clock, creating, 100);
    await advanceUntil(clock, () => queries(started as CallbackApp) === 1, { stepMs: 10, stepsMax: 50 });
  });

  it('is taken after a restart, too: the key of addresses is kept', async () => {
    started = await startWithCallbacks();
    const id = taskId(await post(started.dataUrl + TEXT, anotherVideo()));
    const url = new URL(lastUrl(started));
    const { folder } = started;
    await started.stop({ keep: true });
    started = await startWithCallbacks({ folder });
    const next = started.publicUrl + url.pathname;
    expect((await callBack(next, legacyBody(id, 'processing'))).status).toBe(200);
    expect((await callBack(`${next.slice(0, -4)}AAAA`, {})).status).toBe(404);
  });
});

describe('the receiver', () => {
  it('answers all that is no callback of ours with the same 404', async () => {
    started = await startWithCallbacks();
    await post(started.dataUrl + TEXT, anotherVideo());
    const url = lastUrl(started);
    const wrong = url.slice(0, -20) + url.slice(-20).split('').toReversed().join('');
    const other = url.replace(/hold_.{26}/, `hold_${'1'.repeat(26)}`);
    const old = url.replace(/hold_.{10}/, 'hold_01h0000000');
    const { publicUrl } = started;
    const answers = [
      await callBack(wrong, {}),
      await callBack(other, {}),
      await callBack(old, {}),
      await callBack(`${url}x`, {}),
      await callBack(`${publicUrl}/`, {}),
      await callBack(`${publicUrl}/c/`, {}),
      await callBack(`${publicUrl}/<script>`, {}),
      await callBack(url, {}, { method: 'GET' }),
    ];
    for (const answer of answers) expect(answer).toEqual({ status: 404, body: '{"result":"not_found"}' });
    expect(await metric(started, 'unknown')).toBe(answers.length);
  });

  it('refuses what is no small JSON', async () => {
    started = await startWithCallbacks();
    await post(started.dataUrl + TEXT, anotherVideo());
    const url = lastUrl(started);
    expect((await callBack(url, {}, { headers: { 'content-type': 'text/plain' } })).status).toBe(415);
    expect((await callBack(url, 'x'.repeat(65_537))).status).toBe(413);
    for (const body of ['', 'no', '[]', '"text"', '{"a":'])
      expect((await callBack(url, body)).status).toBe(400);
    expect((await callBack(url, JSON.stringify({ pad: 'x'.repeat(65_000) }))).status).toBe(200);
    expect([await metric(started, 'refused'), await metric(started, 'malformed')]).toEqual([2, 5]);
  });

  it('takes so many in a second, and scans of paths take none of that', async () => {
    const clock = createManualClock(Date.UTC(2026, 9, 20, 6));
    started = await startWithCallbacks({ clock }, { requestsPerSecond: 2 });
    await whileMoving(clock, post(started.dataUrl + TEXT, anotherVideo()), 20);
    const url = lastUrl(started);
    const { publicUrl } = started;
    const scans = await Promise.all(Array.from({ length: 60 }, () => callBack(`${publicUrl}/c/x`, {})));
    expect(scans.filter(({ status }) => status === 404)).toHaveLength(40);
    expect(scans.filter(({ status }) => status === 429)).toHaveLength(20);
    const sent = await Promise.all(Array.from({ length: 20 }, () => callBack(url, { task_id: '1' })));
    const taken = sent.filter(({ status }) => status === 200).length;
    expect(taken).toBe(4);
    await clock.advance(1_000);
    expect((await callBack(url, { task_id: '1' })).status).toBe(200);
  });
});

describe('with a secret', () => {
  const env = {
    KLING_API_KEY: EMULATOR_KEY,
    KLING_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 9).toString('base64')} ${SECRET}`,
  };

  it('only a signed callback is taken, and a refused one is logged without its address', async () => {
    const lines: string[] = [];
    started = await startWithCallbacks({ env, logTo: { write: (line: string) => void lines.push(line) } });
    const id = taskId(await post(started.dataUrl + TEXT, anotherVideo()));
    const url = lastUrl(started);
    const body = JSON.stringify(legacyBody(id, 'processing'));
    const now = Date.now();
    const statusOf = async (headers: Record<string, string>): Promise<number> =>
      (await callBack(url, body, { headers })).status;
    expect(await statusOf({})).toBe(401);
    expect(await statusOf(signed(body, now, `whsec_${Buffer.alloc(32, 6).toString('base64')}`))).toBe(401);
    expect(await statusOf(signed(body, now - 301_000))).toBe(401);
    expect(await statusOf(signed(`${body} `, now))).toBe(401);
    expect(queries(started)).toBe(0);
    expect(await statusOf(signed(body, now))).toBe(200);
    await until('the query', () => queries(started as CallbackApp) === 1);
    await until('the log', () => lines.some((line) => line.includes('callback_unsigned')));
    const token = url.slice(-43);
    expect(lines.join('')).not.toContain(token);
    expect(await metric(started, 'unsigned')).toBe(4);
  });

  it('unsigned ones are hints where signatures are not required', async () => {
    started = await startWithCallbacks({ env }, { requireSignature: false });
    const id = taskId(await post(started.dataUrl + TEXT, anotherVideo()));
    expect((await callBack(lastUrl(started), legacyBody(id, 'processing'))).status).toBe(200);
  });

  it('a start refuses one that cannot sign, and signatures that are required without one', async () => {
    await expect(startWithCallbacks({ env: { ...env, KLING_WEBHOOK_SECRET: 'whsec_x' } })).rejects.toThrow(
      /KLING_WEBHOOK_SECRET holds no secret of Standard Webhooks/,
    );
    await expect(
      startWithCallbacks({ env: { KLING_API_KEY: EMULATOR_KEY } }, { requireSignature: true }),
    ).rejects.toThrow(/KLING_WEBHOOK_SECRET is not set, and callbacks.requireSignature is true/);
  });
});
