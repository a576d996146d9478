import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StartedApp } from '../app/start-app.ts';
import { startProxy } from './proxy-app.ts';
import { expectRefusal, nothingSent } from './refused.ts';
import { CREATE_BODY, CREATE_PATH, createText, exchange, requestText } from './wire.ts';

let started: StartedApp;
let url = '';
beforeAll(async () => {
  started = await startProxy({ upstream: { forwardHeaders: ['X-Trace-Me', 'x-also'] } });
  url = started.dataUrl;
});
afterAll(() => started.stop());

/** Sends a request and gives the lines that reached Kling, names in lower case, in order. */
async function arrived(text: string): Promise<[string, string][]> {
  const before = started.emulator.requests().length;
  const answer = await exchange(url, text);
  expect(answer.status, answer.body.toString()).toBe(200);
  const sent = started.emulator.requests().slice(before);
  expect(sent).toHaveLength(1);
  return sent.flatMap((request) =>
    request.rawHeaders.map(([name, value]): [string, string] => [name.toLowerCase(), value]),
  );
}

const ALWAYS = ['accept-encoding', 'authorization', 'connection', 'host'];
const names = (lines: [string, string][]): string[] => lines.map(([name]) => name).sort();
const valueOf = (lines: [string, string][], name: string): string | undefined =>
  lines.find(([key]) => key === name)?.[1];

/** Names by which servers, proxies and frameworks let a request say that it is another one. */
const OVERRIDES = [
  'X-HTTP-Method-Override',
  'X-HTTP-Method',
  'X-Method-Override',
  '_method',
  'X-Original-URL',
  'X-Rewrite-URL',
  'X-Original-Host',
  'X-Original-URI',
  'X-Forwarded-For',
  'X-Forwarded-Host',
  'X-Forwarded-Proto',
  'X-Forwarded-Port',
  'X-Forwarded-Prefix',
  'X-Forwarded-Server',
  'X-Forwarded-URI',
  'X-Forwarded-Method',
  'Forwarded',
  'Via',
  'X-Real-IP',
  'X-Client-IP',
  'X-Cluster-Client-IP',
  'True-Client-IP',
  'CF-Connecting-IP',
  'Fastly-Client-IP',
  'X-Originating-IP',
  'X-Remote-IP',
  'X-Remote-Addr',
  'X-Host',
  'X-HTTP-Host-Override',
  'X-Backend-Server',
  'X-Portkey-Custom-Host',
  'X-Upstream',
  'X-Target-Url',
  'X-Api-Base',
  'X-Api-Key',
  'Api-Key',
  'X-Auth-Token',
  'Proxy-Authorization',
  'Proxy-Authenticate',
  'Proxy-Connection',
  'Cookie',
  'Cookie2',
  'X-Csrf-Token',
  'TE',
  'Trailer',
  'Keep-Alive',
  'Accept-Encoding',
  'Accept-Charset',
  'Content-Location',
  'Content-Disposition',
  'Content-Language',
  'Content-MD5',
  'Content-Range',
  'Range',
  'If-None-Match',
  'If-Modified-Since',
  'Cache-Control',
  'Pragma',
  'From',
  'Referer',
  'DNT',
  'Max-Forwards',
  'Date',
  'Warning',
  'X-Requested-With',
  'X-WAP-Profile',
  'X-Amzn-Trace-Id',
  'X-B3-TraceId',
  'X-Request-Id',
  'Idempotency-Key',
  'X-Kling-App',
  'X-Kling-Tag',
  'X-Custom',
  'Soapaction',
  'Destination',
  'Depth',
  'X-Duration',
  'X-Mode',
  'X-Model',
  'Sec-CH-UA',
  'Baggage',
] as const;

describe('what reaches Kling', () => {
  it('has the headers of the allow-list and our Authorization, and nothing else of the caller', async () => {
    const headers = OVERRIDES.map((name) => `${name}: ${name === 'TE' ? 'trailers' : 'v1'}`);
    const lines = await arrived(createText(url, { headers: [...headers, 'Authorization: Bearer stolen'] }));
    expect(names(lines)).toEqual([...ALWAYS, 'content-length', 'content-type'].sort());
    expect(valueOf(lines, 'authorization')).toBe('Bearer emulator-key');
    expect(valueOf(lines, 'host')).not.toBe(new URL(url).host);
    const read = await arrived(requestText(url, 'GET /tasks?task_ids=1', { headers }));
    expect(names(read)).toEqual(ALWAYS);
  });

  it('keeps the values of the headers that go on as they came', async () => {
    const given: [string, string][] = [
      ['content-type', 'application/json; charset=utf-8'],
      ['accept', 'application/json;q=0.9, */*;q=0.1'],
      ['accept-language', 'zh-CN,zh;q=0.9'],
      ['user-agent', 'ai-sdk/4.0.31 (caf\u00e9; x)'],
      ['traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'],
      ['tracestate', 'congo=t61rcWkgMzE,rojo=00f067aa0ba902b7'],
      ['x-trace-me', 'a\tb  c'],
      ['x-also', ''],
    ];
    const text = requestText(url, `POST ${CREATE_PATH}`, {
      headers: given.map(([name, value]) => `${name.toUpperCase()}: ${value}`),
      body: CREATE_BODY,
    });
    const lines = await arrived(text);
    for (const [name, value] of given) expect(valueOf(lines, name), name).toBe(value);
    expect(names(lines)).toEqual([...ALWAYS, 'content-length', ...given.map(([name]) => name)].sort());
  });

  it('is signed by us, with every Authorization of the caller, and without one', async () => {
    for (const value of [
      'Bearer x',
      'Basic dTpw',
      'bearer emulator-ak',
      '',
      'Bearer emulator-key, Bearer b',
    ]) {
      const lines = await arrived(
        requestText(url, 'GET /tasks?task_ids=1', { headers: [`Authorization: ${value}`] }),
      );
      expect(lines.filter(([name]) => name === 'authorization')).toEqual([
        ['authorization', 'Bearer emulator-key'],
      ]);
    }
    const lines = await arrived(requestText(url, 'GET /tasks?task_ids=1'));
    expect(valueOf(lines, 'authorization')).toBe('Bearer emulator-key');
  });

  it('keeps our headers though Connection lists them, and drops those of the caller that it lists', async () => {
    for (const listed of [
      'authorization',
      'Authorization, close',
      'keep-alive, HOST, authorization',
      'content-length',
      'content-type, authorization',
      'x-trace-me , accept',
      'Content-Length,Transfer-Encoding',
    ]) {
      const headers = [`Connection: ${listed}`, 'X-Trace-Me: t', 'Accept: a/b', 'User-Agent: u'];
      const lines = await arrived(requestText(url, 'GET /tasks?task_ids=1', { headers }));
      expect(valueOf(lines, 'authorization'), listed).toBe('Bearer emulator-key');
      expect(valueOf(lines, 'host'), listed).toMatch(/^127\.0\.0\.1:\d+$/);
      expect(valueOf(lines, 'connection'), listed).toBe('keep-alive');
      const isListed = /x-trace-me/.test(listed);
      expect(valueOf(lines, 'x-trace-me'), listed).toBe(isListed ? undefined : 't');
      expect(valueOf(lines, 'accept'), listed).toBe(isListed ? undefined : 'a/b');
      expect(valueOf(lines, 'user-agent'), listed).toBe('u');
    }
    const two = ['Connection: keep-alive', 'Connection: x-trace-me', 'X-Trace-Me: t'];
    expect(
      valueOf(await arrived(requestText(url, 'GET /tasks?task_ids=1', { headers: two })), 'x-trace-me'),
    ).toBeUndefined();
  });

  it('has the Host of the configured origin, whichever of our names the caller used', async () => {
    const port = new URL(url).port;
    for (const host of [`localhost:${port}`, `LOCALHOST:${port}`, `[::1]:${port}`, `127.0.0.1:${port}`]) {
      const lines = await arrived(requestText(url, 'GET /tasks?task_ids=1', { host }));
      expect(valueOf(lines, 'host')).toMatch(/^127\.0\.0\.1:\d+$/);
      expect(valueOf(lines, 'host')).not.toBe(host);
    }
  });
});

describe('what callers get', () => {
  it('keeps a sane request id of the caller, and makes one otherwise', async () => {
    const sane = ['abc', 'req-1', 'A.b:c/d+e=f@g', 'x'.repeat(128)];
    const odd = ['a b', 'x'.repeat(129), '"q"', 'a\tb', '<x>', 'caf\u00e9'];
    for (const id of sane) {
      const answer = await exchange(
        url,
        requestText(url, 'GET /tasks?task_ids=1', { headers: [`X-Request-Id: ${id}`] }),
      );
      expect(answer.all('x-request-id')).toEqual([id]);
    }
    for (const id of odd) {
      const answer = await exchange(
        url,
        requestText(url, 'GET /tasks?task_ids=1', { headers: [`X-Request-Id: ${id}`] }),
      );
      expect(answer.all('x-request-id')[0], id).toMatch(/^req_[0-9a-z]{26}$/);
    }
    await nothingSent(started.emulator, async () => {
      const refused = await exchange(url, createText(url, { body: '[]', headers: ['X-Request-Id: mine'] }));
      expectRefusal(refused, 'body_refused');
      expect(refused.json.request_id).toBe('mine');
    });
  });

  it('shows for each answer the parts of its time, and that it is not ours', async () => {
    const read = await exchange(url, requestText(url, 'GET /tasks?task_ids=1'));
    const made = await exchange(url, createText(url));
    for (const answer of [read, made]) {
      expect(answer.header('server-timing')).toMatch(
        /^upstream;dur=\d+\.\d\d, sidecar;dur=\d+\.\d\d, queue;dur=\d+\.\d\d$/,
      );
      expect(answer.header('x-kling-sidecar')).toBeNull();
      expect(answer.header('server')).toBe('kling-emulator');
    }
    expect(read.header('x-kling-credits-held')).toBeNull();
    expect(made.header('x-kling-credits-held')).toBe('10');
    expect(Number(made.header('x-kling-budget-remaining'))).toBeGreaterThan(9_000_000);
    expect(made.header('x-kling-external-task-id')).toMatch(/^ks_[0-9a-z]{26}$/);
  });

  it('refuses headers of ours that make no sense', async () => {
    const wrong = [
      'X-Kling-App: a b',
      `X-Kling-App: ${'a'.repeat(65)}`,
      'X-Kling-Tag: "t"',
      `X-Kling-Tag: ${'t'.repeat(101)}`,
      'X-Kling-Expected-Seconds: soon',
      'X-Kling-Expected-Seconds: -1',
      'X-Kling-Expected-Seconds: 0',
      'X-Kling-Expected-Seconds: 1e3',
      'X-Kling-Expected-Seconds: 3601',
      'X-Kling-Timeout-Ms: 8999',
      'X-Kling-Timeout-Ms: 9s',
      'X-Kling-Timeout-Ms: 0x2710',
      `Idempotency-Key: ${'k'.repeat(256)}`,
      'Idempotency-Key: a b',
    ];
    await nothingSent(started.emulator, async () => {
      for (const line of wrong) {
        const answer = await exchange(url, createText(url, { headers: [line] }));
        expectRefusal(answer, 'target_refused', 400, line.slice(0, 50));
        expect(answer.json.message.toLowerCase()).toContain(line.split(':')[0]?.toLowerCase());
      }
    });
  });
});
