import { afterEach, expect, test } from 'vitest';
import { startApp } from '../test/app/start-app.ts';
import { attackPage, rebindingPage, VECTORS, type Vector } from './attack-page.ts';
import { openBrowser } from './chromium.ts';
import { startOpenDaemon, startServer } from './plain-server.ts';

const endings: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end();
});

function later<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  return Promise.withResolvers<T>();
}

type Outcomes = Record<'daemon' | 'sidecar' | 'control', Record<Vector, string>>;

test('lets no page of another origin reach Kling, whichever way its browser is made to ask', async () => {
  const app = await startApp();
  endings.push(() => app.stop());
  const daemon = await startOpenDaemon();
  endings.push(() => daemon.close());
  const before = await statusOf(app.controlUrl);
  const done = later<Outcomes>();
  const targets = {
    daemon: `http://127.0.0.1:${daemon.port}`,
    sidecar: app.dataUrl.replace(/\/$/, ''),
    control: app.controlUrl.replace(/\/$/, ''),
  };
  const site = await startServer((request, body, response) => {
    if (request.url === '/done') done.resolve(JSON.parse(body) as Outcomes);
    response.setHeader('content-type', 'text/html');
    response.end(request.url === '/' ? attackPage(targets) : '');
  });
  endings.push(() => site.close());
  const browser = openBrowser(`http://evil.test:${site.port}/`, 'MAP evil.test 127.0.0.1');
  endings.push(() => browser.close());
  const outcomes = await within(60_000, done.promise, browser.output);

  // That the attacks work is shown on a daemon without defences: each one arrives there.
  await expect
    .poll(() => VECTORS.filter((vector) => !arrived(daemon.received(), vector)), { timeout: 60_000 })
    .toEqual([]);
  // And the same page did reach the sidecar: an opaque answer is one that came.
  expect(outcomes.daemon['fetch-text']).toBe('opaque 0');
  expect(outcomes.sidecar['fetch-text']).toBe('opaque 0');
  expect(outcomes.sidecar['fetch-json']).toBe('network error');
  expect(outcomes.sidecar['web-socket']).toBe('close');
  expect(outcomes.control['fetch-json']).toBe('network error');

  // A request of an honest program, sent after all of them, is the only one that Kling sees.
  const honest = await fetch(`${targets.sidecar}/v1/videos/text2video?pageNum=1&pageSize=30`);
  expect(honest.status).toBe(200);
  const seen = app.emulator.requests().map((request) => `${request.method} ${request.path}`);
  expect(seen).toEqual([expect.stringContaining('GET /v1/videos/text2video')]);
  expect(await statusOf(app.controlUrl)).toEqual(before);
});

test('answers 421 to a page whose host name was rebound to the sidecar, and forwards nothing of it', async () => {
  const loaded = later<void>();
  const go = later<void>();
  const done = later<Record<string, unknown>>();
  const coordinator = await startServer((request, body, response) => {
    response.setHeader('access-control-allow-origin', '*');
    if (request.url === '/loaded') loaded.resolve();
    if (request.url === '/done') done.resolve(JSON.parse(body) as Record<string, unknown>);
    if (request.url === '/go') void go.promise.then(() => response.end());
    else response.end();
  });
  endings.push(() => coordinator.close());
  const attacker = await startServer((_request, _body, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(rebindingPage(`http://127.0.0.1:${coordinator.port}`));
  });
  const rules = 'MAP rebind.test 127.0.0.1';
  const browser = openBrowser(`http://rebind.test:${attacker.port}/`, rules);
  endings.push(() => browser.close());
  await within(60_000, loaded.promise, browser.output);

  // From here on the name and port that the browser knows as the page's own are the sidecar's.
  await attacker.close();
  const app = await startApp({ config: { listen: { port: attacker.port } } });
  endings.push(() => app.stop());
  go.resolve();

  const statuses = await within(60_000, done.promise, browser.output);
  expect(statuses).toEqual({ create: 421, read: 421, list: 421, account: 421 });
  expect(app.emulator.requests()).toEqual([]);
});

function arrived(received: readonly string[], vector: Vector): boolean {
  const inPath = `/v1/videos/text2video/${vector} `;
  // A form of its own encodes the space and the quotes; fetch-json must pass its preflight first.
  const inBody = new RegExp(`^POST /v1/videos/text2video .*attack(?: |\\+|%20)${vector}`);
  return received.some((line) => inBody.test(line) || line.includes(inPath));
}

/** What an attack on the control plane would have changed. */
async function statusOf(controlUrl: string): Promise<unknown> {
  const answer = await fetch(new URL('/v1/status', controlUrl));
  const { frozen, budgets } = (await answer.json()) as Record<string, unknown>;
  return { frozen, budgets };
}

async function within<T>(waitMs: number, promise: Promise<T>, output: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`Chromium did not get there in time:\n${output()}`)), waitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
