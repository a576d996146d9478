import { describe, expect, it, onTestFinished } from 'vitest';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { createEmulator } from '../../src/emulator/emulator.ts';
import { get, post, anotherVideo, until } from '../app/calls.ts';
import type { StartedApp, StartOptions } from '../app/start-app.ts';
import { holdsOf } from '../money/books.ts';
import { whileMoving } from '../money/hand-clock.ts';
import { startProxy } from './proxy-app.ts';

const VIDEO = '/v1/videos/text2video';
const AT_VIDEO = { method: 'POST', path: VIDEO };
const IMAGE = '/v1/images/generations';
const START = Date.UTC(2026, 8, 20, 12);
const IMAGE_BODY = { model_name: 'kling-v1', prompt: 'a boat' };

interface Rig {
  clock: ManualClock;
  app: StartedApp;
  /** The POSTs of creates that reached Kling. */
  sent: () => number;
  /** Creates a video; gives status and code, and Kling's code of a stop. */
  video: (over?: Record<string, unknown>) => Promise<unknown[]>;
}

function rigOf(app: StartedApp, clock: ManualClock): Rig {
  return {
    clock,
    app,
    sent: () =>
      app.emulator.requests().filter(({ method, path }) => method === 'POST' && path !== '/tasks').length,
    async video(over) {
      const { status, json } = await post(app.dataUrl + VIDEO, anotherVideo(over));
      return [status, json.code, json.data?.['klingCode'] ?? json.data?.['breaker'] ?? null];
    },
  };
}

async function start(options: StartOptions = {}): Promise<Rig> {
  const clock = createManualClock(START);
  const app = await startProxy(options.config, { clock, ...options });
  onTestFinished(() => app.stop());
  return rigOf(app, clock);
}

describe('a stop', () => {
  it('passes Kling’s first refusal, refuses later creates of its part, and ends with a probe that Kling took', async () => {
    const { app, clock, sent, video } = await start();
    const { emulator, dataUrl, controlUrl } = app;
    emulator.addFault({ kind: 'code', code: 1102, times: 2, match: AT_VIDEO });
    expect(await video()).toEqual([429, 1102, null]);
    expect(await video()).toEqual([403, 9006, 1102]);
    expect((await post(dataUrl + IMAGE, IMAGE_BODY)).status).toBe(200);
    expect((await get(`${dataUrl}${VIDEO}/none`)).json.code).toBe(1201);
    await clock.advance(30_000);
    // Of creates that come at once, one is the probe.
    const answers = await Promise.all([video(), video(), video()]);
    expect(answers.toSorted()).toEqual([
      [403, 9006, 1102],
      [403, 9006, 1102],
      [429, 1102, null],
    ]);
    expect(await video()).toEqual([403, 9006, 1102]);
    await clock.advance(30_000);
    expect(await video()).toEqual([200, 0, null]);
    expect(await video()).toEqual([200, 0, null]);
    expect(sent()).toBe(5);
    const refused = await until('the refusals are recorded', async () => {
      const { json } = await get(`${controlUrl}/v1/calls?kind=refused`);
      const { calls } = json as unknown as { calls: { word: string }[] };
      return calls.length === 4 && calls;
    });
    expect(new Set(refused.map(({ word }) => word))).toEqual(new Set(['account_refused']));
  });

  it('of 1103 is about an operation and model, of 1101 about all creates', async () => {
    const { app, video } = await start();
    const { emulator, dataUrl } = app;
    emulator.addFault({ kind: 'code', code: 1103, match: AT_VIDEO });
    expect(await video()).toEqual([403, 1103, null]);
    expect(await video()).toEqual([403, 9006, 1103]);
    expect(await video({ model_name: 'kling-v1-6' })).toEqual([200, 0, null]);
    emulator.addFault({ kind: 'code', code: 1101, match: { path: IMAGE } });
    expect((await post(dataUrl + IMAGE, IMAGE_BODY)).json.code).toBe(1101);
    expect(await video({ model_name: 'kling-v1-6' })).toEqual([403, 9006, 1101]);
  });

  it('is kept over a restart, and forgotten with another key', async () => {
    const clock = createManualClock(START);
    const emulator = createEmulator({ clock, port: 0, speed: 50 });
    const { url: baseUrl } = await emulator.start();
    onTestFinished(() => emulator.stop());
    const begin = async (folder?: string, env?: Record<string, string>): Promise<Rig> => {
      const app = await startProxy({}, { clock, baseUrl, ...(folder && { folder }), ...(env && { env }) });
      onTestFinished(() => app.stop());
      return rigOf(app, clock);
    };
    emulator.addFault({ kind: 'code', code: 1102, times: 2, match: AT_VIDEO });
    const first = await begin();
    const { folder } = first.app;
    expect(await first.video()).toEqual([429, 1102, null]);
    await first.app.stop({ keep: true });
    const second = await begin(folder);
    expect(await second.video()).toEqual([403, 9006, 1102]);
    await clock.advance(30_000);
    expect(await second.video()).toEqual([429, 1102, null]);
    await second.app.stop({ keep: true });
    const third = await begin(folder, {
      KLING_ACCESS_KEY: 'emulator-ak',
      KLING_SECRET_KEY: `emulator-sk-${'0123456789abcdef'.repeat(2)}`,
    });
    expect(await third.video()).toEqual([200, 0, null]);
  });

  it('only counts in observe mode', async () => {
    const { app, sent, video } = await start({ config: { mode: 'observe' } });
    app.emulator.addFault({ kind: 'code', code: 1102, times: 2, match: AT_VIDEO });
    expect(await video()).toEqual([429, 1102, null]);
    expect(await video()).toEqual([429, 1102, null]);
    expect(await video()).toEqual([200, 0, null]);
    expect(sent()).toBe(3);
    const metrics = await (await fetch(`${app.controlUrl}/metrics`)).text();
    expect(metrics).toMatch(/kling_would_refuse_total\{[^}]*word="account_refused"[^}]*\} 2/);
  });
});

describe('the breaker', () => {
  /** Starts with six creates that got 5002 and are in doubt: five opened it, and one was let through as reads are answered. */
  async function broken(options: StartOptions = {}): Promise<Rig> {
    const rig = await start(options);
    rig.app.emulator.addFault({ kind: 'code', code: 5002, times: 'always', match: AT_VIDEO });
    const isObserving = options.config?.['mode'] === 'observe';
    for (const count of [5, 1]) {
      const failing = Promise.all(Array.from({ length: count }, () => rig.video()));
      for (const answer of await whileMoving(rig.clock, failing))
        expect(answer).toEqual(isObserving ? [504, 5002, null] : [424, 9052, null]);
    }
    return rig;
  }

  it('refuses creates at once, holds nothing and sends nothing', async () => {
    const { app, sent } = await broken();
    const { headers, json, status } = await post(app.dataUrl + VIDEO, anotherVideo());
    expect([status, json.code, sent()]).toEqual([502, 9050, 6]);
    expect(json.data).toMatchObject({ word: 'upstream_unreachable', breaker: 'open', sent: 'no' });
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    expect(await holdsOf(app.controlUrl)).toHaveLength(6);
    expect((await get(`${app.dataUrl}${VIDEO}/none`)).status).toBe(400);
  });

  it('sends a probe above the limits of slots, and closes when Kling answers it', async () => {
    const config = { limits: { concurrency: { video: 6 } } };
    const { app, clock, sent, video } = await broken({ config });
    app.emulator.clearFaults();
    await clock.advance(30_000);
    // The creates in doubt occupy all slots.
    expect(await video()).toEqual([200, 0, null]);
    expect(sent()).toBe(7);
  });

  it('only counts in observe mode', async () => {
    const { app, sent, video } = await broken({ config: { mode: 'observe' } });
    expect([await video(), sent()]).toEqual([[504, 5002, null], 7]);
    const metrics = await (await fetch(`${app.controlUrl}/metrics`)).text();
    expect(metrics).toMatch(/kling_would_refuse_total\{[^}]*word="upstream_unreachable"[^}]*\} [12]\b/);
  });

  it('is off with null', async () => {
    const { sent, video, app, clock } = await broken({ config: { breaker: null } });
    app.emulator.clearFaults();
    await clock.advance(1);
    expect(await video()).toEqual([200, 0, null]);
    expect(sent()).toBe(7);
  });
});

it('a task that Kling lets fail for concurrency counts as a throttle', async () => {
  const clock = createManualClock(START);
  const app = await startProxy({ tasks: { poll: false } }, { clock });
  onTestFinished(() => app.stop());
  app.emulator.addFault({ kind: 'throttled_task', match: AT_VIDEO });
  const created = await post(app.dataUrl + VIDEO, anotherVideo());
  await clock.advance(1_000);
  const id = String(created.json.data['task_id']);
  expect((await get(`${app.dataUrl}${VIDEO}/${id}`)).json.data['task_status']).toBe('failed');
  await until('it is counted', async () => {
    const metrics = await (await fetch(`${app.controlUrl}/metrics`)).text();
    return (
      /kling_throttles_total\{[^}]*code="1303"[^}]*\} 1/.test(metrics) &&
      /kling_task_failures_total\{[^}]*reason="concurrency"[^}]*\} 1/.test(metrics)
    );
  });
  const { json } = await get(`${app.controlUrl}/v1/status`);
  expect(json).toMatchObject({ pools: [{ name: 'video', limit: 1, source: 'learned' }] });
});
