import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { until } from '../app/calls.ts';
import type { StartedApp } from '../app/start-app.ts';
import { BAD_FRAMING, BAD_HEADS } from './malformed.ts';
import { startProxy } from './proxy-app.ts';
import { expectRefusal, nothingSent } from './refused.ts';
import { CREATE_BODY, CREATE_PATH, JSON_TYPE, createText, exchange, requestText, Wire } from './wire.ts';

let started: StartedApp;
let url = '';
beforeAll(async () => {
  started = await startProxy();
  url = started.dataUrl;
});
afterAll(() => started.stop());

const host = (): string => new URL(url).host;
const refuse = <T>(act: () => Promise<T>): Promise<T> => nothingSent(started.emulator, act);

describe('framing', () => {
  it('refuses lengths, codings and header lines that two parsers may read differently', async () => {
    await refuse(async () => {
      const answers = await Promise.all(
        BAD_FRAMING.map(({ bytes }) => exchange(url, bytes.replace('HOST', host()))),
      );
      for (const [index, answer] of answers.entries()) {
        expectRefusal(answer, 'target_refused', 400, BAD_FRAMING[index]?.name);
      }
    });
  });

  it('refuses heads that are no HTTP/1.1', async () => {
    await refuse(async () => {
      const answers = await Promise.all(
        BAD_HEADS.map(({ bytes }) => exchange(url, bytes.replace('HOST', host()))),
      );
      for (const [index, answer] of answers.entries()) {
        expectRefusal(answer, 'target_refused', 400, BAD_HEADS[index]?.name);
      }
    });
  });

  it('never reads bytes after a refused request as another request', async () => {
    await refuse(async () => {
      for (const { name, bytes } of BAD_FRAMING.slice(0, 12)) {
        const wire = await Wire.open(url);
        wire.send(bytes.replace('HOST', host()) + createText(url));
        await wire.closed();
        expect(wire.count, name).toBe(1);
      }
    });
  });

  it('reads chunks, also behind an empty list member, and sends on with a length of its own', async () => {
    for (const coding of ['chunked', ',chunked', 'Chunked']) {
      const size = CREATE_BODY.length.toString(16);
      const body = `5\r\n${CREATE_BODY.slice(0, 5)}\r\n${(CREATE_BODY.length - 5).toString(16)};x=y\r\n${CREATE_BODY.slice(5)}\r\n0\r\nX-Trailer: t\r\n\r\n`;
      const before = started.emulator.requests().length;
      const answer = await exchange(
        url,
        createText(url, { headers: [`Transfer-Encoding: ${coding}`], body }),
      );
      expect(answer.status, `${coding} ${size}`).toBe(200);
      const [sent, ...more] = started.emulator.requests().slice(before);
      expect(more).toEqual([]);
      expect(sent?.headers['content-length']).toBe(String(sent?.body.length));
      for (const name of ['transfer-encoding', 'trailer', 'x-trailer', 'te']) {
        expect(sent?.headers, name).not.toHaveProperty(name);
      }
      expect(JSON.parse(sent?.body.toString() ?? '')).toMatchObject(JSON.parse(CREATE_BODY) as object);
    }
  });

  it('wants exactly one Host', async () => {
    await refuse(async () => {
      for (const [line, extra] of [
        ['GET /tasks?task_ids=1', [`Host: ${host()}`]],
        ['GET /tasks?task_ids=1', ['Host: evil.example']],
        [`POST ${CREATE_PATH}`, [`host: ${host()}`, JSON_TYPE]],
      ] as const) {
        const answer = await exchange(url, requestText(url, line, { headers: extra, body: '' }));
        expectRefusal(answer, 'target_refused', 400, extra[0]);
      }
      for (const version of ['HTTP/1.1', 'HTTP/1.0']) {
        expectRefusal(await exchange(url, `GET /tasks ${version}\r\n\r\n`), 'target_refused', 400, version);
      }
      expectRefusal(
        await exchange(url, requestText(url, 'GET /tasks', { host: '' })),
        'host_refused',
        421,
        'empty',
      );
    });
  });

  it('refuses a second line of any header that may come only once', async () => {
    const twice = [
      'Content-Type: application/json',
      'Authorization: Bearer a',
      'Content-Encoding: identity',
      'Origin: http://a.example',
      'Expect: 100-continue',
      'Idempotency-Key: k',
      'X-Request-Id: r',
      'User-Agent: u',
      'Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      'X-Kling-App: a',
      'X-Kling-Tag: t',
      'X-Kling-Expected-Seconds: 5',
      'X-Kling-Timeout-Ms: 10000',
      'Sec-Fetch-Site: none',
    ];
    await refuse(async () => {
      for (const line of twice) {
        const other = line.replace(/: .*/, (value) => `${value}`).toLowerCase();
        const headers = line.startsWith('Content-Type') ? [line] : [line, other];
        expectRefusal(await exchange(url, createText(url, { headers })), 'target_refused', 400, line);
      }
    });
  });

  it('joins the lines of headers that are lists', async () => {
    const before = started.emulator.requests().length;
    const headers = [
      'Accept: application/json',
      'Accept: text/plain',
      'Accept-Language: zh',
      'accept-language: en',
    ];
    const answer = await exchange(url, requestText(url, 'GET /tasks?task_ids=1', { headers }));
    expect(answer.status).toBe(200);
    const [sent] = started.emulator.requests().slice(before);
    expect(sent?.headers).toMatchObject({
      accept: 'application/json, text/plain',
      'accept-language': 'zh, en',
    });
  });
});

describe('methods, bodies and expectations', () => {
  it('answers 405 with Allow for methods that are not forwarded', async () => {
    await refuse(async () => {
      const methods = [
        'PUT',
        'DELETE',
        'PATCH',
        'OPTIONS',
        'TRACE',
        'PROPFIND',
        'PURGE',
        'SEARCH',
        'LINK',
        'QUERY',
      ];
      for (const method of methods) {
        const answer = await exchange(url, requestText(url, `${method} ${CREATE_PATH}`));
        expectRefusal(answer, 'target_refused', 405, method);
        expect(answer.header('allow')).toBe('GET, HEAD, POST');
      }
      const wrong = await exchange(url, requestText(url, 'GET /v1/audio/tts'));
      expectRefusal(wrong, 'target_refused', 405);
      expect(wrong.header('allow')).toBe('POST');
      const deeper = await exchange(url, createText(url, { path: '/v1/general/presets-voices' }));
      expectRefusal(deeper, 'target_refused', 405);
      expect(deeper.header('allow')).toBe('GET, HEAD');
    });
  });

  it('reads and drops the body of a GET or HEAD up to 64 KiB, and forwards none of it', async () => {
    const most = 'x'.repeat(65_536);
    const hidden = createText(url);
    for (const [name, lines, body] of [
      ['an empty object', ['Content-Length: 2', JSON_TYPE], '{}'],
      ['nothing', ['Content-Length: 0'], ''],
      ['nothing, written twice', ['Content-Length: 00'], ''],
      ['chunks', ['Transfer-Encoding: chunked'], '2\r\n{}\r\n0\r\n\r\n'],
      ['64 KiB', ['Content-Length: 65536'], most],
      ['another request', [`Content-Length: ${hidden.length}`], hidden],
    ] as const) {
      for (const method of ['GET', 'HEAD']) {
        const before = started.emulator.requests().length;
        const wire = await Wire.open(url);
        if (method === 'HEAD') wire.expectHead();
        wire.send(requestText(url, `${method} /tasks?task_ids=1`, { headers: lines, body }));
        // The emulator knows no HEAD; its answer to one is passed on like any other.
        const status = method === 'HEAD' ? 404 : 200;
        expect((await wire.answer()).status, `${method} with ${name}`).toBe(status);
        wire.send(requestText(url, 'GET /tasks?task_ids=2'));
        expect((await wire.answer()).status, `what follows ${method} with ${name}`).toBe(200);
        wire.close();
        const sent = started.emulator.requests().slice(before);
        expect(sent.map((request) => request.path)).toEqual(['/tasks?task_ids=1', '/tasks?task_ids=2']);
        expect(sent[0]?.body.length).toBe(0);
        expect(sent[0]?.headers).not.toHaveProperty('content-length');
      }
    }
  });

  it('answers 413 to more than 64 KiB on a GET or HEAD', async () => {
    await refuse(async () => {
      const body = 'x'.repeat(65_537);
      for (const [headers, sent] of [
        [['Content-Length: 65537'], body],
        [['Transfer-Encoding: chunked'], `10001\r\n${body}\r\n0\r\n\r\n`],
      ] as const) {
        const answer = await exchange(
          url,
          requestText(url, 'GET /tasks?task_ids=1', { headers, body: sent }),
        );
        expectRefusal(answer, 'body_too_large', 413, headers[0]);
        const head = await exchange(url, requestText(url, 'HEAD /tasks?task_ids=1', { headers, body: sent }));
        expect(head.status).toBe(413);
      }
    });
  });

  const offers = [
    [
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version: 13',
    ],
    ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA'],
    ['Upgrade: h2c'],
    ['Connection: upgrade', 'Upgrade: TLS/1.0'],
  ];

  it('ignores an offer of another protocol, and serves the request as HTTP/1.1', async () => {
    for (const headers of offers) {
      for (const [line, body] of [
        ['GET /tasks?task_ids=1', ''],
        [`POST ${CREATE_PATH}`, CREATE_BODY],
      ] as const) {
        const before = started.emulator.requests().length;
        const all = line.startsWith('POST') ? [...headers, JSON_TYPE] : headers;
        const answer = await exchange(url, requestText(url, line, { headers: all, body }));
        expect(answer.status, `${line} ${headers.join()}`).toBe(200);
        const [sent, ...more] = started.emulator.requests().slice(before);
        expect(more).toEqual([]);
        for (const name of ['upgrade', 'http2-settings', 'sec-websocket-key']) {
          expect(sent?.headers, name).not.toHaveProperty(name);
        }
        expect(sent?.headers['connection']).toBe('keep-alive');
      }
    }
  });

  it('closes the connection of an offer, so that later bytes are never read from their middle', async () => {
    for (const headers of offers.slice(0, 2)) {
      const before = started.emulator.requests().length;
      const wire = await Wire.open(url);
      wire.send(
        requestText(url, 'GET /tasks?task_ids=1', { headers }) + requestText(url, 'GET /tasks?task_ids=2'),
      );
      const answer = await wire.answer();
      expect(answer.status).toBe(200);
      expect(answer.header('connection')).toBe('close');
      wire.send(createText(url));
      await wire.closed();
      expect(wire.count).toBe(1);
      expect(started.emulator.requests().slice(before)).toHaveLength(1);
    }
  });

  it('refuses CONNECT, and a target of another host behind an offer', async () => {
    await refuse(async () => {
      const headers = offers[0] ?? [];
      const line = 'GET http://169.254.169.254/latest/meta-data';
      expectRefusal(await exchange(url, requestText(url, line, { headers })), 'target_refused', 400, line);
      for (const target of ['169.254.169.254:80', 'api-singapore.klingai.com:443', '127.0.0.1:22']) {
        const wire = await Wire.open(url);
        wire.send(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
        const answer = await wire.answer();
        expectRefusal(answer, 'target_refused', 405, target);
        await wire.closed();
      }
    });
  });

  it('survives clients that upgrade or connect and then reset', async () => {
    await refuse(async () => {
      for (let i = 0; i < 12; i += 1) {
        const wire = await Wire.open(url);
        const head =
          i % 2 === 0
            ? 'GET /nowhere/ HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: x'
            : 'CONNECT a:1 HTTP/1.1';
        wire.send(`${head}\r\nHost: ${host()}\r\n\r\n${'junk'.repeat(1000)}`);
        if (i % 3 === 0) await wire.answer();
        wire.reset();
      }
    });
    const after = await exchange(url, requestText(url, 'GET /tasks?task_ids=1'));
    expect(after.status).toBe(200);
  });

  it('lets go of a refused connection that its client never closes', async () => {
    const clock = createManualClock(Date.now());
    const app = await startProxy({}, { clock });
    const wire = await Wire.open(app.dataUrl);
    await wire.send('CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n').answer();
    await wire.closed();
    wire.socket.write('x');
    await clock.advance(10_000);
    await until('writing fails', () => {
      wire.socket.write('x');
      return wire.socket.destroyed;
    });
    await app.stop();
  });

  it('answers 100-continue itself, if the head is no reason to refuse', async () => {
    const wire = await Wire.open(url);
    const headers = [JSON_TYPE, `Content-Length: ${CREATE_BODY.length}`, 'Expect: 100-continue'];
    wire.send(requestText(url, `POST ${CREATE_PATH}`, { headers }));
    await wire.until(() => wire.informational.length === 1, 'a 100');
    expect(wire.informational).toEqual([100]);
    wire.send(CREATE_BODY);
    expect((await wire.answer()).status).toBe(200);
    expect(started.emulator.requests().at(-1)?.headers).not.toHaveProperty('expect');
    wire.close();
  });

  it('refuses without a 100 if the head is a reason to refuse', async () => {
    const cases: [string, Parameters<typeof requestText>[2], number, Parameters<typeof expectRefusal>[1]][] =
      [
        [
          `POST ${CREATE_PATH}`,
          { headers: [JSON_TYPE, 'Content-Length: 999999999999'] },
          413,
          'body_too_large',
        ],
        [
          `POST ${CREATE_PATH}`,
          { headers: [JSON_TYPE, 'Content-Length: 5'], host: 'evil.example' },
          421,
          'host_refused',
        ],
        [
          `POST ${CREATE_PATH}`,
          { headers: [JSON_TYPE, 'Content-Length: 5', 'Origin: http://a'] },
          403,
          'browser_refused',
        ],
        ['POST //v1/videos/text2video', { headers: [JSON_TYPE, 'Content-Length: 5'] }, 404, 'target_refused'],
        ['PUT /tasks', { headers: ['Content-Length: 5'] }, 405, 'target_refused'],
      ];
    await refuse(async () => {
      for (const [line, given, status, word] of cases) {
        const wire = await Wire.open(url);
        const headers = [...(given?.headers ?? []), 'Expect: 100-continue'];
        wire.send(requestText(url, line, { ...given, headers }));
        expectRefusal(await wire.answer(), word, status, line);
        expect(wire.informational, line).toEqual([]);
        await wire.closed();
      }
    });
  });

  it('answers 417 to any other expectation, without a 100', async () => {
    await refuse(async () => {
      for (const value of ['y 100-continue', '100-continue, x', '200-ok', '100-continue;q=1', 'x']) {
        const wire = await Wire.open(url);
        wire.send(createText(url, { headers: [`Expect: ${value}`] }));
        expectRefusal(await wire.answer(), 'target_refused', 417, value);
        expect(wire.informational, value).toEqual([]);
        wire.close();
      }
    });
  });
});
