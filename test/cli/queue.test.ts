import { afterAll, beforeAll, expect, it } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { until } from '../app/calls.ts';
import { cli, type CliOptions } from './run-cli.ts';

const VIDEO = '/v1/videos/text2video';

let app: StartedApp;
const hangUp = new AbortController();
const waiting: Promise<unknown>[] = [];

beforeAll(async () => {
  // A clock that does not move, so that no wait ends.
  const clock = createManualClock(Date.now());
  app = await startApp({ clock, config: { limits: { concurrency: { video: 1 } } } });
  await create('stuck-please', 'web');
  for (const [index, name] of ['web', 'ads'].entries()) {
    waiting.push(create('a boat', name).catch(() => undefined));
    await until('the create waits', async () => (await queue()).length === index + 1);
  }
});
afterAll(async () => {
  hangUp.abort();
  await Promise.all(waiting);
  await app.stop();
});

async function create(prompt: string, name: string): Promise<number> {
  const response = await fetch(`${app.dataUrl}${VIDEO}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-kling-app': name },
    body: JSON.stringify({ model_name: 'kling-v1', prompt, duration: '5' }),
    signal: hangUp.signal,
  });
  await response.arrayBuffer();
  return response.status;
}

async function queue(): Promise<Record<string, unknown>[]> {
  const answer = await fetch(`${app.controlUrl}/v1/queue`);
  return ((await answer.json()) as { waiting: Record<string, unknown>[] }).waiting;
}

function at(): CliOptions {
  return { cwd: app.folder, env: { KLING_SIDECAR__CONTROL__PORT: new URL(app.controlUrl).port } };
}

it('queue shows who waits, since when, for what and about how long still, in every format', async () => {
  const table = await cli(['queue'], at());
  expect(table.out).toMatch(/^place +app +operation +waits for +since +seconds +seconds left\n/);
  expect(table.out).toMatch(/\n +1 +web +text-to-video +video +20\d\d-\S+Z +[\d.]+ +[\d.]+\n/);
  expect(table.out).toMatch(/\n +2 +ads +text-to-video +video /);
  const json = JSON.parse((await cli(['queue', '--json'], at())).out) as { waiting: object[] };
  expect(json).toMatchObject({
    waiting: [
      { position: 1, app: 'web', operation: 'text-to-video', pool: 'video' },
      { position: 2, app: 'ads' },
    ],
    nextCursor: null,
  });
  const csv = await cli(['queue', '--format', 'csv'], at());
  expect(csv.out).toMatch(/^position,app,operation,pool,since,waitedSeconds,estimatedWaitSeconds\r\n1,web,/);
  const one = await cli(['queue', '--limit', '1'], at());
  expect(one.err).toMatch(/^1 of 2\. More with --limit N, --all, or --cursor 1\n$/);
});

it('status and the gauges show the pool, who says its limit, and its queue', async () => {
  const status = await cli(['status'], at());
  expect(status.out).toMatch(/pool video +1 of 1 in use \(by limits\.concurrency\), 2 queued\n/);
  const metrics = await (await fetch(`${app.controlUrl}/metrics`)).text();
  expect(metrics).toMatch(/^kling_queue_length\{.*pool="video".*\} 2$/m);
  expect(metrics).toMatch(/^kling_queue_oldest_seconds\{.*pool="video".*\} [0-9.]+$/m);
  expect(metrics).toMatch(/^kling_concurrency_limit_source\{.*source="config".*\} 1$/m);
  expect(metrics).toMatch(/^kling_pool_paused_seconds\{.*pool="video".*\} 0$/m);
});

it('queue says so where no create waits, and where no sidecar runs', async () => {
  const idle = await startApp();
  const { port } = new URL(idle.controlUrl);
  const env = { KLING_SIDECAR__CONTROL__PORT: port };
  expect(await cli(['queue'], { cwd: idle.folder, env })).toMatchObject({
    code: 0,
    out: 'No create waits for a slot.\n',
  });
  await idle.stop({ keep: true });
  expect((await cli(['queue', '--json'], { cwd: idle.folder, env })).out).toBe(
    '{\n  "waiting": [],\n  "nextCursor": null\n}\n',
  );
});
