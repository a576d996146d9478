import { afterEach, describe, expect, it } from 'vitest';
import { poolLines, stopLines } from '../../src/cli/pacing-status.ts';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { get, post, textToVideo } from '../app/calls.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { whileMoving } from '../money/hand-clock.ts';
import { cli } from './run-cli.ts';

const VIDEO = '/v1/videos/text2video';
const IMAGE = '/v1/images/generations';
const asIs = (at: string): string => at;

describe('the lines of status about the pace of creates', () => {
  const pool = {
    name: 'video',
    inUse: 5,
    elsewhere: 0,
    limit: 5,
    source: 'pack',
    queued: 2,
    pausedUntil: null,
  } as const;

  it('name the use of each pool, who says its limit, and its pause', () => {
    const pools = [
      pool,
      { ...pool, name: 'image', elsewhere: 2, limit: null, source: null },
      { ...pool, name: 'kling-v3', source: 'learned', pausedUntil: '2026-11-21T10:01:00Z' } as const,
    ];
    expect(poolLines(pools, asIs)).toEqual([
      ['pool video', '5 of 5 in use (by the account’s packs), 2 queued'],
      ['pool image', '5 of any number in use, 2 of them by tasks that are not ours, 2 queued'],
      ['pool kling-v3', '5 of 5 in use (by Kling’s code 1303), 2 queued; pauses until 2026-11-21T10:01:00Z'],
    ]);
  });

  it('are the same for a sidecar of an earlier version, which says less', () => {
    const { source: _source, pausedUntil: _pausedUntil, elsewhere: _elsewhere, ...earlier } = pool;
    expect(poolLines([earlier as never], asIs)).toEqual([['pool video', '5 of 5 in use, 2 queued']]);
    expect(stopLines({}, asIs)).toEqual([]);
  });

  it('name what each stop is about', () => {
    const stop = {
      code: 1101,
      message: 'Account in arrears',
      product: null,
      operation: null,
      model: null,
      since: 'T0',
      nextProbeAt: 'T1',
    };
    const of = (over: Partial<typeof stop> | object): string =>
      stopLines({ stops: [{ ...stop, ...over }] }, asIs)
        .flat()
        .join(': ');
    expect(of({})).toBe(
      'stop 1101: all creates refused by Kling since T0: Account in arrears; the next create is sent at T1',
    );
    expect(of({ code: 1102, product: 'image' })).toMatch(/^stop 1102: image creates refused /);
    expect(of({ code: 1103, operation: 'text-to-video', model: 'kling-v3' })).toMatch(
      /^stop 1103: creates of text-to-video with kling-v3 refused /,
    );
    expect(of({ nextProbeAt: null })).toMatch(/; one create is at Kling to see if it lasts$/);
  });
});

describe('a running sidecar', () => {
  let app: StartedApp;
  let clock: ManualClock;
  const start = async (config: object = {}): Promise<void> => {
    clock = createManualClock(Date.now());
    app = await startApp({ clock, config: { upstream: { timeoutMs: 1_000 }, ...config } });
  };
  afterEach(() => app.stop());
  const create = (path: string, body: object) => whileMoving(clock, post(app.dataUrl + path, body));
  const image = (): object => ({ model_name: 'kling-v3', prompt: 'a lighthouse', n: 1 });
  const status = async () => (await get(`${app.controlUrl}/v1/status`)).json as Record<string, unknown>;
  const metrics = async () => await (await fetch(`${app.controlUrl}/metrics`)).text();
  const shown = async () => {
    const env = { KLING_SIDECAR__CONTROL__PORT: new URL(app.controlUrl).port };
    return (await cli(['status'], { cwd: app.folder, env })).out;
  };

  it('shows a stop in status, in GET /v1/status and in the gauges, until Kling takes such a create', async () => {
    await start();
    expect(await status()).toMatchObject({ stops: [], breaker: { open: false, nextProbeAt: null } });
    expect(await metrics()).toMatch(/^kling_creates_stopped\{.*code="1102".*\} 0$/m);
    app.emulator.addFault({ kind: 'code', code: 1102, match: { method: 'POST', path: IMAGE } });
    expect((await create(IMAGE, image())).status).toBe(429);
    expect(await status()).toMatchObject({
      stops: [{ code: 1102, product: 'image', operation: null, message: 'Account balance not enough' }],
    });
    expect(await metrics()).toMatch(/^kling_creates_stopped\{.*code="1102".*\} 1$/m);
    expect(await shown()).toMatch(
      /stop 1102 +image creates refused by Kling since \S+: Account balance not enough; the next create is sent at \S+/,
    );
    expect((await create(IMAGE, image())).status).toBe(403);
    expect(await metrics()).toMatch(/^kling_refusals_total\{.*word="account_refused".*\} 1$/m);
    await clock.advance(31_000);
    expect((await create(IMAGE, image())).status).toBe(200);
    expect(await status()).toMatchObject({ stops: [] });
    expect(await shown()).not.toMatch(/stop 1102/);
  });

  it('shows the breaker in status, in GET /v1/status and in the gauges, until Kling answers a create', async () => {
    await start({ breaker: { failures: 1 } });
    app.emulator.addFault({ kind: 'http', status: 503, match: { method: 'POST', path: VIDEO } });
    expect((await create(VIDEO, textToVideo())).status).toBe(424);
    expect(await status()).toMatchObject({ breaker: { open: true, failures: 1, cause: 'HTTP 503' } });
    expect(await metrics()).toMatch(/^kling_breaker_open(\{[^}]*\})? 1$/m);
    expect(await shown()).toMatch(/breaker +open: 1 create failed .*HTTP 503/);
    await clock.advance(31_000);
    // Another one: an equal create would join the one in doubt.
    expect((await create(VIDEO, textToVideo({ prompt: 'another boat' }))).status).toBe(200);
    expect(await status()).toMatchObject({ breaker: { open: false } });
    expect(await metrics()).toMatch(/^kling_breaker_open(\{[^}]*\})? 0$/m);
  });

  it('counts how waits for a slot ended', async () => {
    await start({ limits: { concurrency: { video: 1 }, queueWaitMsMax: 1_000 } });
    await create(VIDEO, { ...textToVideo(), prompt: 'stuck-please' });
    expect((await create(VIDEO, textToVideo())).json).toMatchObject({ code: 1303 });
    expect(await metrics()).toMatch(/^kling_queue_ends_total\{.*result="no_slot".*\} 1$/m);
    expect(await status()).toMatchObject({ pools: [{ name: 'video', pausedUntil: null }] });
  });

  it('shows a pause after three throttles, until when, and counts it', async () => {
    await start();
    const model = { model_name: 'kling-v3', prompt: 'a lighthouse', n: 1 };
    app.emulator.addFault({ kind: 'code', code: 1302, times: 3, match: { method: 'POST', path: IMAGE } });
    await whileMoving(clock, Promise.all([1, 2, 3].map(() => post(app.dataUrl + IMAGE, model))));
    const { pools } = (await status()) as { pools: { name: string; pausedUntil: string | null }[] };
    const paused = pools.filter(({ pausedUntil }) => pausedUntil !== null);
    expect(paused).not.toEqual([]);
    expect(await metrics()).toMatch(/^kling_pool_pauses_total\{.*why="burst".*\} 1$/m);
    expect(await metrics()).toMatch(/^kling_pool_paused_seconds\{.*\} [1-9]/m);
    expect(await shown()).toMatch(new RegExp(`pool ${paused[0]?.name} .*; pauses until \\S+\n`));
  });
});
