import type { LookupFunction } from 'node:net';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { generate } from 'selfsigned';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ChannelError } from '../../../src/alerts/channel.ts';
import type { PostRequest } from '../../../src/alerts/channels/post.ts';
import { openPost, type OpenPost } from '../../../src/alerts/channels/post-undici.ts';
import { createManualClock, type ManualClock } from '../../../src/clock.ts';
import { startReceiver, type Answer, type Receiver } from '../receiver.ts';

const NOW = Date.UTC(2026, 10, 21, 12, 0, 0);

/** Resolves names as a test says; everything else has no address. */
function names(table: Record<string, string[]>): LookupFunction {
  return (hostname, _options, callback) => {
    const addresses = table[hostname];
    if (addresses === undefined) {
      const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), { code: 'ENOTFOUND' });
      return callback(error, []);
    }
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
}

let clock: ManualClock;
let post: OpenPost;
const stops: (() => Promise<void>)[] = [];

beforeEach(() => {
  clock = createManualClock(NOW);
  post = openPost({
    clock,
    lookup: names({
      'inside.example': ['127.0.0.1'],
      'mixed.example': ['93.184.215.14', '10.0.0.1'],
      'metadata.example': ['169.254.169.254'],
      'mapped.example': ['::ffff:93.184.215.14'],
      localhost: ['127.0.0.1'],
    }),
  });
});

afterEach(async () => {
  await post.close();
  for (const stop of stops.splice(0)) await stop();
});

async function receiver(answer?: Answer): Promise<Receiver> {
  const started = await startReceiver(answer === undefined ? undefined : () => answer);
  stops.push(() => started.stop());
  return started;
}

function to(url: string, more: Partial<PostRequest> = {}): PostRequest {
  return { url, body: '{"secret":"BODY"}', receiver: 'the receiver', ...more };
}

async function failure(request: PostRequest): Promise<ChannelError> {
  const error = await post(request).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ChannelError);
  return error as ChannelError;
}

describe('a message', () => {
  test('is posted unchanged, with its headers, and the answer is returned', async () => {
    const { url, arrived } = await receiver({ status: 202, body: 'taken', headers: { 'X-Id': '7' } });
    const answer = await post(
      to(`${url}/a/b?c=d`, { headers: { 'webhook-id': '5' }, body: '{"text":"你好"}' }),
    );
    expect(answer).toMatchObject({ status: 202, body: 'taken', headers: { 'x-id': '7' } });
    expect(arrived).toMatchObject([
      {
        method: 'POST',
        path: '/a/b?c=d',
        body: '{"text":"你好"}',
        headers: { 'content-type': 'application/json; charset=utf-8', 'webhook-id': '5' },
      },
    ]);
  });

  test('has a connection of its own, so that none is closed under the next one', async () => {
    const { url, arrived } = await receiver();
    await post(to(url));
    await post(to(url));
    expect(arrived.map(({ headers }) => headers.connection)).toEqual(['close', 'close']);
  });

  test('keeps 64 KiB of a longer answer', async () => {
    const { url } = await receiver((response) => {
      response.writeHead(200);
      response.write('a'.repeat(70_000));
    });
    expect((await post(to(url))).body).toBe('a'.repeat(65_536));
  });
});

describe('a refusal', () => {
  test.each([
    [301, false],
    [307, false],
    [308, false],
    [400, true],
    [403, true],
    [404, true],
    [408, false],
    [410, true],
    [425, false],
    [429, false],
    [500, false],
    [502, false],
    [503, false],
  ])('of status %i is final: %s', async (status, isFinal) => {
    const elsewhere = await receiver();
    const { url } = await receiver({ status, body: 'BODY', headers: { location: elsewhere.url } });
    const error = await failure(to(url));
    expect(error.message).toContain(`the receiver answered ${status}`);
    expect(error.isFinal).toBe(isFinal);
    expect(elsewhere.arrived).toEqual([]);
  });

  test('by a redirect says that it is not followed', async () => {
    const { url } = await receiver({
      status: 307,
      headers: { location: 'https://elsewhere.example/SECRET' },
    });
    expect((await failure(to(url))).message).toBe(
      'the receiver answered 307 (a redirect, which is not followed: write the address itself)',
    );
  });

  test.each([
    [{ 'retry-after': '30' }, 30_000],
    [{ 'retry-after': '0.3' }, 300],
    [{ 'retry-after': '99999999' }, 86_400_000],
    [{ 'retry-after': '-5' }, null],
    [{ 'retry-after': 'soon' }, null],
    [{ 'retry-after': '2026' }, 2_026_000],
    [{ 'retry-after': 'Sat, 21 Nov 2026 12:02:00 GMT', date: 'Sat, 21 Nov 2026 12:00:30 GMT' }, 90_000],
    [{ 'retry-after': 'Sat, 21 Nov 2026 11:00:00 GMT', date: 'Sat, 21 Nov 2026 12:00:30 GMT' }, 0],
    [{ 'retry-after': 'Sat, 21 Nov 2026 12:02:00 GMT', date: 'yesterday' }, 120_000],
    [{}, null],
  ])('with %j asks to wait %s ms', async (headers, retryAfterMs) => {
    const { url } = await receiver({ status: 429, headers });
    expect((await failure(to(url))).retryAfterMs).toBe(retryAfterMs);
  });

  test('is explained by the channel, which knows the receiver', async () => {
    const { url } = await receiver({ status: 400, body: 'busy' });
    const explain: PostRequest['explain'] = ({ body }) =>
      body === 'busy' ? { reason: 'it is busy', isFinal: false, retryAfterMs: 5 } : null;
    const error = await failure(to(url, { explain }));
    expect(error).toMatchObject({
      message: 'the receiver answered 400 (it is busy)',
      isFinal: false,
      retryAfterMs: 5,
    });
  });
});

describe('a receiver that gives no answer', () => {
  test('is given up after 15 s of the clock, at the headers', async () => {
    const { url, until } = await receiver(null);
    const failed = failure(to(url));
    await until(1);
    await clock.advance(14_999);
    const early = await Promise.race([failed, Promise.resolve('waiting')]);
    expect(early).toBe('waiting');
    await clock.advance(1);
    const error = await failed;
    expect(error).toMatchObject({ message: 'the receiver gave no answer within 15 s', isFinal: false });
  });

  test('is given up at the body too, and the limit can be another', async () => {
    const begun = Promise.withResolvers<void>();
    const { url } = await receiver((response) => {
      response.writeHead(200);
      response.write('a');
      begun.resolve();
    });
    const quick = openPost({ clock, timeoutMs: 2_000 });
    stops.push(() => quick.close());
    const failed = quick(to(url)).catch((error: unknown) => error);
    await begun.promise;
    await clock.advance(2_000);
    expect(await failed).toMatchObject({ message: 'the receiver gave no answer within 2 s' });
  });

  test('can be tried again if it closed the connection, refused it, or has no address', async () => {
    const cut = await receiver('cut');
    expect(await failure(to(cut.url))).toMatchObject({
      message: 'the receiver closed the connection',
      isFinal: false,
    });
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as AddressInfo;
    closed.close();
    await once(closed, 'close');
    expect(await failure(to(`http://127.0.0.1:${port}`))).toMatchObject({
      message: 'the receiver refuses connections',
      isFinal: false,
    });
    expect(await failure(to('https://nobody.example/SECRET'))).toMatchObject({
      message: 'the receiver cannot be found: its name has no address',
      isFinal: false,
    });
  });

  test('is not reached after the end', async () => {
    const { url, until } = await receiver(null);
    const failed = failure(to(url));
    await until(1);
    await post.close();
    expect((await failed).message).toBe('the receiver was not reached: the channel is closed');
  });
});

describe('an address', () => {
  test.each(['inside.example', 'mixed.example', 'metadata.example', 'mapped.example'])(
    'that is private is refused behind a name: %s',
    async (host) => {
      const error = await failure(to(`https://${host}/SECRET`));
      expect(error.message).toContain('leads to a private address');
      expect(error.isFinal).toBe(false);
    },
  );

  test('that is private is taken if the config names it: localhost, an address, or a listed host', async () => {
    const { port, arrived } = await receiver();
    await post(to(`http://127.0.0.1:${port}/`));
    await post(to(`http://localhost:${port}/`));
    await post(to(`http://inside.example:${port}/`, { privateHosts: ['Inside.example'] }));
    expect(arrived.map(({ headers }) => headers.host)).toEqual([
      `127.0.0.1:${port}`,
      `localhost:${port}`,
      `inside.example:${port}`,
    ]);
  });

  test.each([
    'http://inside.example/SECRET',
    'http://93.184.215.14/SECRET',
    'http://[2606:2800:21f::1]/SECRET',
    'ftp://localhost/SECRET',
    'https://user:SECRET@localhost/',
    'SECRET',
  ])('is refused for good: %s', async (url) => {
    const error = await failure(to(url));
    expect(error.isFinal).toBe(true);
    expect(error.message).not.toContain('SECRET');
  });

  test('that is public is refused for http, although its host is listed', async () => {
    const error = await failure(to('http://mixed.example/', { privateHosts: ['mixed.example'] }));
    expect(error.message).toContain('for http to a public one');
  });
});

test('an untrusted certificate is named as the reason', async () => {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }]);
  const server = createTlsServer({ key, cert }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(async () => {
    server.close();
    await once(server, 'close');
  });
  const error = await failure(to(`https://127.0.0.1:${(server.address() as AddressInfo).port}/SECRET`));
  expect(error.message).toMatch(/^the receiver has no certificate that is trusted \([A-Z_]+\)$/);
});
