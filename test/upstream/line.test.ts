import { afterEach, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { accountName } from '../../src/kling/account-name.ts';
import type { TokenSource } from '../../src/kling/token.ts';
import { Secret } from '../../src/secret.ts';
import type { LineOptions } from '../../src/upstream/line.ts';
import { openPool } from '../../src/upstream/pool.ts';
import { Upstream } from '../../src/upstream/upstream.ts';
import { startStandIn, says, type StandIn } from '../money/stand-in.ts';

const standIns: StandIn[] = [];
afterEach(async () => {
  for (const one of standIns.splice(0)) await one.stop();
});

async function kling(): Promise<StandIn> {
  const one = await startStandIn(systemClock, () => says([]));
  standIns.push(one);
  return one;
}

function line(at: StandIn, authorization: () => string | Promise<string>): LineOptions {
  const pool = () => openPool({ baseUrl: at.url, connections: 1, proxy: null, caFile: null });
  const tokens: TokenSource = {
    kind: 'ak_sk',
    authorization,
    resign: () => Promise.resolve(''),
    setClockOffset: () => undefined,
    supports: () => true,
  };
  const name = { account: 'a', fingerprint: 'a' };
  const { host, origin } = new URL(at.url);
  return { pool: pool(), readPool: pool(), host, origin, timeoutMs: 5_000, tokens, ...name };
}

const context = {
  requestId: 'r',
  app: 'a',
  tag: null,
  route: '/x',
  holdId: null,
  origin: 'app' as const,
  overheadMs: 0,
};
const request = { method: 'GET' as const, path: '/x', headers: [], body: null };

it('sends a signed request to the host of its signature, although a reload came in between', async () => {
  const [a, b] = [await kling(), await kling()];
  const { promise, resolve } = Promise.withResolvers<string>();
  const upstream = new Upstream({ ...line(a, () => promise), clock: systemClock });
  const first = upstream.exchange(request, { context });
  upstream.change(line(b, () => 'Bearer of-b'));
  resolve('Bearer of-a');
  const { answer, calls } = await first;
  expect(answer?.status).toBe(200);
  expect(calls[0]?.host).toBe(new URL(a.url).host);
  expect([a.received.length, b.received.length]).toEqual([1, 0]);
  await upstream.exchange(request, { context });
  expect([a.received.length, b.received.length]).toEqual([1, 1]);
  await upstream.end();
});

it('keeps a line open for its users, and closes it after the last one', async () => {
  const [a, b] = [await kling(), await kling()];
  const upstream = new Upstream({ ...line(a, () => 'Bearer of-a'), clock: systemClock });
  const held = upstream.line.use();
  upstream.change(line(b, () => 'Bearer of-b'));
  expect((await upstream.exchange(request, { context, line: held })).line.host).toBe(new URL(a.url).host);
  expect(held.isClosed).toBe(false);
  held.release();
  expect(held.isClosed).toBe(true);
  await upstream.end();
});

it('names accounts so that keys differ and none can be read', () => {
  const key = (text: string) => ({ kind: 'api_key' as const, key: new Secret(text) });
  const one = accountName(key('sk-one-0123456789'), null);
  expect(one.account).toMatch(/^key-[0-9a-f]{16}$/);
  expect(one.account).toBe(one.fingerprint);
  expect(accountName(key('sk-one-0123456789'), null)).toEqual(one);
  expect(accountName(key('sk-two-0123456789'), null).account).not.toBe(one.account);
  expect(accountName(key('sk-one-0123456789'), 'main')).toEqual({ ...one, account: 'account-main' });
  const pair = { kind: 'ak_sk' as const, accessKey: 'sk-one-0123456789', secretKey: new Secret('x') };
  expect(accountName(pair, null).account).toMatch(/^ak-[0-9a-f]{16}$/);
  expect(accountName(pair, null).account.slice(3)).not.toBe(one.account.slice(4));
});
