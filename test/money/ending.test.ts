import { request } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { get, post, textToVideo, until } from '../app/calls.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { budgetOf, holdsOf } from './books.ts';
import { advanceUntil, whileMoving } from './hand-clock.ts';
import { legacyTask, says, startStandIn, type StandIn } from './stand-in.ts';

const PATH = '/v1/videos/text2video';

let started: StartedApp;
let kling: StandIn | null = null;
afterEach(async () => {
  await started.stop();
  await kling?.stop();
  kling = null;
});

describe('the end of a sidecar', () => {
  it('does not wait for look-ups and polls that hang at Kling', async () => {
    const clock = createManualClock(Date.now());
    started = await startApp({ clock });
    const { dataUrl, emulator, controlUrl } = started;
    emulator.addFault({ kind: 'stuck_task', match: { method: 'POST', path: '/v1/' } });
    await post(dataUrl + PATH, textToVideo());
    emulator.addFault({ kind: 'no_answer_before_charge', times: 'always', match: { method: 'GET' } });
    const polls = () => emulator.requests().filter(({ method }) => method === 'GET').length;
    const before = polls();
    await advanceUntil(clock, () => polls() > before);
    // The clock does not move: a request that hangs would hang for ever.
    await started.stop({ keep: true });
    expect((await started.app.stop(), true)).toBe(true);
    expect(controlUrl).toMatch(/^http/);
  });

  it('finishes the create that is in flight, answers the one that waits, and takes no new one', async () => {
    started = await startApp({ config: { limits: { concurrency: { video: 1 } } } });
    const { dataUrl, emulator, controlUrl } = started;
    emulator.addFault({ kind: 'latency', ms: 800, match: { method: 'POST', path: PATH } });
    const first = post(dataUrl + PATH, textToVideo());
    await until('it arrived at Kling', () => emulator.requests().some(({ path }) => path === PATH));
    const second = post(dataUrl + PATH, textToVideo());
    await until('the second waits', async () => {
      const { json } = await get(`${controlUrl}/v1/status`);
      return (json as unknown as { pools: { queued: number }[] }).pools[0]?.queued === 1;
    });
    const ready = await request(`${controlUrl}/readyz`);
    await ready.body.dump();
    expect(ready.statusCode).toBe(200);
    const stopping = started.app.stop();
    const draining = await request(`${controlUrl}/readyz`);
    await draining.body.dump();
    expect(draining.statusCode).toBe(503);
    expect(await second).toMatchObject({ status: 503, json: { code: 9061 } });
    expect((await first).status).toBe(200);
    await stopping;
    expect(emulator.book().charges).toHaveLength(1);
    await expect(post(dataUrl + PATH, textToVideo())).rejects.toThrow();
  });

  it('puts creates in doubt that are still in flight after the drain, and the next start finds them', async () => {
    const clock = createManualClock(Date.now());
    started = await startApp({ clock, config: { listen: { drainMs: 300 } } });
    const { dataUrl, emulator, folder } = started;
    emulator.addFault({ kind: 'no_answer_after_charge', match: { method: 'POST', path: '/v1/' } });
    const lost = post(dataUrl + PATH, textToVideo(), { 'idempotency-key': 'drained' });
    await until('it was charged', () => emulator.book().charges.length === 1);
    const from = clock.monotonic();
    const stopped = started.app.stop();
    expect(await whileMoving(clock, lost, 50)).toMatchObject({ status: 424, json: { code: 9052 } });
    await whileMoving(clock, stopped, 50);
    expect(clock.monotonic() - from).toBeLessThan(3_000);
    const [charge] = emulator.book().charges;
    const earlier = started;
    started = await startApp({ folder, baseUrl: await urlOf(earlier) });
    await until('the task is attached', async () => {
      return (await holdsOf(started.controlUrl))[0]?.taskId === charge?.taskId;
    });
    const again = await post(started.dataUrl + PATH, textToVideo(), { 'idempotency-key': 'drained' });
    expect(again.json.data['task_id']).toBe(charge?.taskId);
    const { json } = await get(`${started.controlUrl}/v1/calls`);
    const { calls } = json as unknown as { calls: { method: string; outcome: string }[] };
    expect(calls.filter(({ method }) => method === 'POST')).toMatchObject([{ outcome: 'aborted' }]);
    await earlier.emulator.stop();
  });
});

/** The emulator of an app that was stopped goes on: its address, as its config has it. */
async function urlOf(app: StartedApp): Promise<string> {
  const { readFile } = await import('node:fs/promises');
  const config = JSON.parse(await readFile(`${app.folder}/sidecar.config.json`, 'utf8')) as {
    upstream: { baseUrl: string };
  };
  return config.upstream.baseUrl;
}

describe('the deadline of a create', () => {
  it('covers an answer that drips: its caller gets an answer in time, and its task is found', async () => {
    const clock = createManualClock(Date.now());
    started = await startApp({ clock });
    const { dataUrl, emulator, controlUrl } = started;
    emulator.addFault({ kind: 'drip', intervalMs: 2_000, match: { method: 'POST', path: '/v1/' } });
    const from = clock.monotonic();
    const told = await whileMoving(clock, post(dataUrl + PATH, textToVideo()));
    expect(told).toMatchObject({ status: 424, json: { code: 9052 } });
    expect(clock.monotonic() - from).toBeLessThan(27_000);
    const taskId = await advanceUntil(clock, async () => (await holdsOf(controlUrl))[0]?.taskId);
    expect(taskId).toBe(emulator.book().charges[0]?.taskId);
  });

  it('covers the second attempt with another token: none is made with too little left', async () => {
    const clock = createManualClock(Date.now());
    let creates = 0;
    const expired = says(null, { status: 401, code: 1004, message: 'expired' });
    kling = await startStandIn(clock, async ({ method }) => {
      if (method !== 'POST') return says([]);
      creates += 1;
      if (creates === 3) await clock.advance(18_000);
      return creates === 2 ? says(legacyTask('t-1', null)) : expired;
    });
    started = await startApp({ clock, baseUrl: kling.url, config: { tasks: { poll: false } } });
    const quick = await whileMoving(clock, post(started.dataUrl + PATH, textToVideo()), 10);
    expect(quick.status).toBe(200);
    expect(creates).toBe(2);
    const slow = await whileMoving(clock, post(started.dataUrl + PATH, textToVideo()), 10);
    expect(slow).toMatchObject({ status: 401, json: { code: 1004 } });
    expect(creates).toBe(3);
    expect(await budgetOf(started.controlUrl)).toMatchObject({ heldCredits: 10 });
  });
});
