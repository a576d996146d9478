import { expect, it, onTestFinished } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import type { TokenSource } from '../../src/kling/token.ts';
import type { LineOptions } from '../../src/upstream/line.ts';
import { openPool } from '../../src/upstream/pool.ts';
import { Upstream } from '../../src/upstream/upstream.ts';
import { says, startStandIn } from '../money/stand-in.ts';

const tokens: TokenSource = {
  kind: 'api_key',
  authorization: () => 'Bearer of-a-test',
  resign: () => Promise.resolve(''),
  setClockOffset: () => undefined,
  supports: () => true,
};
const context = {
  requestId: 'r',
  app: 'a',
  tag: null,
  route: '/tasks',
  holdId: null,
  origin: 'app' as const,
  overheadMs: 0,
};
const request = { method: 'GET' as const, path: '/tasks', headers: [], body: null };

async function rig() {
  const clock = createManualClock(Date.UTC(2026, 10, 21, 12));
  const kling = await startStandIn(clock, () => says([]));
  const line = (): LineOptions => {
    const pool = () => openPool({ baseUrl: kling.url, connections: 1, proxy: null, caFile: null });
    const { host, origin } = new URL(kling.url);
    const name = { account: 'a', fingerprint: 'a' };
    return { pool: pool(), readPool: pool(), host, origin, timeoutMs: 5_000, tokens, ...name };
  };
  const upstream = new Upstream({ ...line(), clock });
  onTestFinished(() => upstream.end());
  const ask = async (): Promise<void> => void (await upstream.exchange(request, { context }));
  return { clock, kling, upstream, ask, changeLine: () => upstream.change(line()) };
}

it('counts failed attempts one after the other, from the first one on, until one is well', async () => {
  const { clock, kling, upstream, ask } = await rig();
  expect(upstream.health.failing).toBe('unknown');
  await ask();
  expect(upstream.health.failing).toBeNull();
  const since = clock.now();
  kling.answer(() => says(null, { status: 503, code: 5000 }));
  await ask();
  expect(upstream.health.failing).toEqual({ failures: 1, since, cause: 'HTTP 503' });
  await clock.advance(60_000);
  await kling.stop();
  await ask();
  await ask();
  expect(upstream.health.failing).toMatchObject({ failures: 3, since });
  expect(upstream.health.failing).toHaveProperty('cause', expect.stringContaining('ECONNREFUSED'));
});

it('counts an answer of Kling’s that refuses a request as a success, and one of 500 as a failure', async () => {
  const { kling, upstream, ask } = await rig();
  kling.answer(() => says(null, { status: 500, code: 5000 }));
  await ask();
  await ask();
  expect(upstream.health.failing).toHaveProperty('failures', 2);
  kling.answer(() => says(null, { status: 429, code: 1303 }));
  await ask();
  expect(upstream.health.failing).toBeNull();
});

it('forgets what failed on a line that a reload replaced', async () => {
  const { kling, upstream, ask, changeLine } = await rig();
  kling.answer(() => says(null, { status: 502, code: 5000 }));
  await ask();
  changeLine();
  expect(upstream.health.failing).toBe('unknown');
});
