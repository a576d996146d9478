import { expect, it, onTestFinished } from 'vitest';
import type { CallRecord } from '../../src/calls/call.ts';
import { createManualClock } from '../../src/clock.ts';
import type { TokenSource } from '../../src/kling/token.ts';
import { createAsk } from '../../src/upstream/ask.ts';
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

async function rig() {
  const clock = createManualClock(Date.UTC(2026, 10, 21, 12));
  const kling = await startStandIn(clock, () => says([{ id: '1' }]));
  const pool = () => openPool({ baseUrl: kling.url, connections: 1, proxy: null, caFile: null });
  const { host, origin } = new URL(kling.url);
  const line = { host, origin, timeoutMs: 5_000, tokens, account: 'a', fingerprint: 'f' };
  const upstream = new Upstream({ ...line, pool: pool(), readPool: pool(), clock });
  onTestFinished(() => upstream.end());
  const calls: CallRecord[] = [];
  const ask = createAsk({ upstream, clock, journal: (call) => void calls.push(call) });
  return { kling, upstream, ask, calls };
}

it('gives the envelope of the answer, journals the attempt as the sidecar’s own, and notes Kling’s clock', async () => {
  const { ask, calls, upstream } = await rig();
  expect(upstream.klingClock.offsetMs).toBeNull();
  const { answer, failure, line } = await ask({ path: '/tasks?task_ids=1', route: '/tasks', tag: 'probe' });
  expect([answer?.status, answer?.envelope?.data, failure]).toEqual([200, [{ id: '1' }], null]);
  expect(line).toMatchObject({ account: 'a', fingerprint: 'f' });
  expect(calls).toMatchObject([
    {
      origin: 'sidecar',
      app: 'sidecar',
      tag: 'probe',
      method: 'GET',
      route: '/tasks',
      holdId: null,
      status: 200,
    },
  ]);
  expect(upstream.klingClock.offsetMs).not.toBeNull();
});

it('sends a body by POST, as JSON', async () => {
  const { ask, calls, kling } = await rig();
  await ask({ path: '/account/billing/package', route: '/account/billing/package', body: '{"limit":1}' });
  expect(calls).toMatchObject([{ method: 'POST', bytesSent: 11 }]);
  expect(kling.received.at(-1)).toMatchObject({ method: 'POST', path: '/account/billing/package' });
});

it('gives the failure, and journals it, if no answer comes', async () => {
  const { ask, calls, kling } = await rig();
  await kling.stop();
  const { answer, failure } = await ask({ path: '/tasks', route: '/tasks', holdId: 'h' });
  expect([answer, failure?.sent]).toEqual([null, false]);
  expect(calls).toMatchObject([{ origin: 'sidecar', outcome: 'unreachable', holdId: 'h', status: null }]);
});
