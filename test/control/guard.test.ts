import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ownHostNames } from '../../src/control/guard.ts';
import { ask, order, sendRaw, startRig, TOKEN, type Rig } from './fixture.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ allowedHosts: ['sidecar.internal', 'mapped.internal:8080'] });
});
afterAll(() => rig.close());

const reason = { reason: 'test' };

describe('the guard of the control plane', () => {
  test('names of loopback with our port are answered, and the configured ones', async () => {
    for (const name of ['127.0.0.1', 'localhost', 'LOCALHOST', '[::1]', 'sidecar.internal']) {
      const answer = await ask(rig.url, '/livez', { headers: { host: `${name}:${rig.port}` } });
      expect([name, answer.status]).toEqual([name, 200]);
    }
    expect((await ask(rig.url, '/livez', { headers: { host: 'mapped.internal:8080' } })).status).toBe(200);
  });

  test('any other Host is refused with 421, as DNS rebinding would send it', async () => {
    const names = [
      'evil.example',
      `evil.example:${rig.port}`,
      '127.0.0.1',
      `127.0.0.1:${rig.port + 1}`,
      `127.0.0.1.evil.example:${rig.port}`,
      `localhost.:${rig.port}`,
      `0.0.0.0:${rig.port}`,
      `mapped.internal:${rig.port}`,
      `127.0.0.1:${rig.port}@evil.example`,
    ];
    for (const host of names) {
      for (const target of ['/livez', '/v1/status', '/nowhere']) {
        const answer = await ask(rig.url, target, { headers: { host } });
        expect([host, answer.status]).toEqual([host, 421]);
        expect(answer.json).toMatchObject({ status: 421, word: 'host_refused' });
      }
    }
  });

  test('no Host, two Hosts and an absolute target of another host are refused', async () => {
    const own = `127.0.0.1:${rig.port}`;
    expect(await sendRaw(rig.port, 'GET /livez HTTP/1.1\r\n\r\n')).toBe(421);
    expect(await sendRaw(rig.port, `GET /livez HTTP/1.1\r\nHost: ${own}\r\nHost: evil\r\n\r\n`)).toBe(421);
    expect(await sendRaw(rig.port, `GET /livez HTTP/1.1\r\nHost: ${own}\r\nHost: ${own}\r\n\r\n`)).toBe(421);
    expect(await sendRaw(rig.port, `GET http://evil/livez HTTP/1.1\r\nHost: ${own}\r\n\r\n`)).toBe(400);
    expect(await sendRaw(rig.port, `GET /livez HTTP/1.1\r\nHost: ${own}\r\n\r\n`)).toBe(200);
  });

  test('a foreign or opaque Origin is refused on every method, our own is not', async () => {
    for (const origin of [
      'https://evil.example',
      'null',
      'http://localhost:1',
      `https://127.0.0.1:${rig.port}`,
      'file://',
    ]) {
      for (const method of ['GET', 'POST', 'DELETE']) {
        const answer = await order(rig.url, '/v1/freeze', { method, headers: { origin }, body: reason });
        expect([origin, method, answer.status]).toEqual([origin, method, 403]);
        expect(answer.json['word']).toBe('browser_refused');
      }
    }
    expect((await ask(rig.url, '/v1/status', { headers: { origin: rig.url } })).status).toBe(200);
  });

  test('cross-site and same-site fetches are refused, typed addresses and own pages are not', async () => {
    const statusOf = async (site: string) =>
      (await ask(rig.url, '/v1/status', { headers: { 'sec-fetch-site': site } })).status;
    expect(await statusOf('cross-site')).toBe(403);
    expect(await statusOf('same-site')).toBe(403);
    expect(await statusOf('none')).toBe(200);
    expect(await statusOf('same-origin')).toBe(200);
  });

  test('OPTIONS is refused and no answer carries a CORS header', async () => {
    const preflight = await ask(rig.url, '/v1/freeze', {
      method: 'OPTIONS',
      headers: { 'access-control-request-method': 'POST', 'access-control-request-private-network': 'true' },
    });
    expect(preflight.status).toBe(403);
    const answers = [preflight, await ask(rig.url, '/v1/status'), await ask(rig.url, '/nowhere')];
    for (const { headers } of answers) {
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['cache-control']).toBe('no-store');
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
    }
  });

  test('a POST without JSON is refused, so that a plain form cannot order anything', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
    ]) {
      const answer = await order(rig.url, '/v1/freeze', {
        headers: { 'content-type': type },
        body: '{"reason":"x"}',
      });
      expect([type, answer.status]).toEqual([type, 415]);
    }
    const bare = await ask(rig.url, '/v1/freeze', {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    expect(bare.status).toBe(415);
  });

  test('every change needs the control token, on loopback too', async () => {
    const changes: [string, string][] = [
      ['POST', '/v1/freeze'],
      ['DELETE', '/v1/freeze'],
      ['POST', '/v1/holds/h/release'],
      ['POST', '/v1/holds/h/write-off'],
      ['POST', '/v1/budgets/daily/raise'],
      ['POST', '/v1/clock/accept'],
      ['POST', '/v1/not/yet/known'],
    ];
    for (const [method, target] of changes) {
      for (const authorization of [undefined, 'Bearer wrong', `Basic ${TOKEN}`, `Bearer ${TOKEN}x`, TOKEN]) {
        const headers = authorization === undefined ? {} : { authorization };
        const answer = await ask(rig.url, target, { method, headers, body: reason });
        expect([target, authorization, answer.status]).toEqual([target, authorization, 401]);
        expect(answer.headers['www-authenticate']).toBe('Bearer');
        expect(answer.text).not.toContain(TOKEN);
      }
    }
    expect((await ask(rig.url, '/v1/status')).json['frozen']).toBe(false);
  });

  test('an archive of a claim needs the token where reads do, and is refused to other sites', async () => {
    const path = '/v1/claims/2026-10/folder.zip';
    const strict = await startRig({ requireTokenForReads: true });
    try {
      expect((await ask(strict.url, path)).status).toBe(401);
      expect((await order(strict.url, path, { method: 'GET' })).status).toBe(404);
    } finally {
      await strict.close();
    }
    expect((await ask(rig.url, path)).status).toBe(404);
    expect((await ask(rig.url, path, { headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(403);
  });

  test('the audit needs the token, other reads on loopback do not', async () => {
    expect((await ask(rig.url, '/v1/audit')).status).toBe(401);
    expect((await order(rig.url, '/v1/audit', { method: 'GET' })).status).toBe(200);
    for (const target of ['/v1/status', '/v1/budgets', '/metrics', '/openapi.json', '/v1/holds']) {
      expect((await ask(rig.url, target)).status).toBe(200);
    }
  });

  test('no spelling of a path avoids the token', async () => {
    const targets = [
      '/v1/%61udit',
      '/v1/audi%74',
      '/%76%31/audit',
      '/v1/audit?',
      '/v1/audit?limit=5',
      '/v1/audit#x',
      '/x/../v1/audit',
      '/./v1/audit',
      '/v1/%2e%2e/v1/audit',
      '/v1/%2E/audit',
      '//v1/audit',
      '/v1//audit',
      '/v1/audit/',
      '/V1/AUDIT',
      '\\v1\\audit',
      `http://127.0.0.1:${rig.port}/v1/audit`,
    ];
    for (const target of targets) {
      const request = `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${rig.port}\r\n\r\n`;
      expect([target, [400, 401, 404].includes(await sendRaw(rig.port, request))]).toEqual([target, true]);
    }
    expect((await ask(rig.url, '/v1/%66reeze', { method: 'POST', body: reason })).status).toBe(401);
    expect((await ask(rig.url, '/v1/estimate/../freeze', { method: 'POST', body: reason })).status).toBe(400);
    expect((await ask(rig.url, '/v1/estimat%65', { method: 'POST', body: { requests: [] } })).status).toBe(
      401,
    );
  });

  test('GET changes nothing, with any query', async () => {
    for (const target of [
      '/v1/freeze',
      '/v1/freeze?reason=x',
      '/v1/holds/h/release?reason=x',
      '/v1/budgets/daily/raise',
    ]) {
      expect((await order(rig.url, target, { method: 'GET' })).status).toBe(404);
    }
    expect((await ask(rig.url, '/v1/freeze', { method: 'PUT', body: reason })).status).toBe(405);
    expect((await ask(rig.url, '/v1/status')).json['frozen']).toBe(false);
  });

  test('a body above one mebibyte is refused, and one that does not say its length', async () => {
    const big = JSON.stringify({ reason: 'x'.repeat(1024 * 1024) });
    const announced = await order(rig.url, '/v1/freeze', {
      headers: { 'content-length': String(big.length) },
      body: big,
    });
    expect(announced.status).toBe(413);
    const chunked = await order(rig.url, '/v1/freeze', {
      headers: { 'transfer-encoding': 'chunked' },
      body: big,
    });
    expect([chunked.status, chunked.json['word']]).toEqual([411, 'length_required']);
    expect((await ask(rig.url, '/v1/status')).json['frozen']).toBe(false);
  });

  test('neither the token nor a wrong one reaches the log', async () => {
    await ask(rig.url, `/v1/audit?x=${TOKEN}`, { headers: { authorization: `Bearer ${TOKEN}` } });
    await ask(rig.url, '/v1/audit', { headers: { authorization: 'Bearer wrong-token-value' } });
    expect(rig.logged()).not.toContain(TOKEN);
    expect(rig.logged()).not.toContain('wrong-token-value');
  });
});

describe('a listener that is not on loopback', () => {
  test('reads ask for the token too, but health does not', async () => {
    const exposed = await startRig({ requireTokenForReads: true });
    try {
      for (const target of ['/v1/status', '/metrics', '/openapi.json', '/v1/usage']) {
        expect([target, (await ask(exposed.url, target)).status]).toEqual([target, 401]);
        expect((await order(exposed.url, target, { method: 'GET' })).status).toBe(200);
      }
      const body = { requests: [{ path: '/v1/videos/text2video', body: {} }] };
      expect((await ask(exposed.url, '/v1/estimate', { method: 'POST', body })).status).toBe(401);
      expect((await ask(exposed.url, '/livez')).status).toBe(200);
      expect((await ask(exposed.url, '/readyz')).status).toBe(200);
    } finally {
      await exposed.close();
    }
  });

  test('an address that is bound is a name of ours, a wildcard is none', () => {
    expect([...ownHostNames(['10.1.2.3'], 5565, [])]).toContain('10.1.2.3:5565');
    expect([...ownHostNames(['fd00::1'], 5565, [])]).toContain('[fd00::1]:5565');
    for (const host of ['0.0.0.0', '::']) {
      expect([...ownHostNames([host], 5565, [])]).toEqual(['127.0.0.1:5565', 'localhost:5565', '[::1]:5565']);
    }
    expect([...ownHostNames(['127.0.0.1'], 80, ['[fd00::2]'])]).toEqual(
      expect.arrayContaining(['localhost', 'localhost:80', '[fd00::2]:80', '[fd00::2]']),
    );
  });
});

describe('the probes listener', () => {
  test('answers only health and metrics, under any host name, without a token', async () => {
    const probed = await startRig({ probes: { hosts: ['127.0.0.1'], port: 0 }, requireTokenForReads: true });
    try {
      const url = probed.probesUrl ?? '';
      for (const target of ['/livez', '/readyz', '/metrics', '/livez?verbose']) {
        expect([target, (await ask(url, target, { headers: { host: '10.0.0.7:9000' } })).status]).toEqual([
          target,
          200,
        ]);
      }
      for (const target of ['/v1/status', '/openapi.json', '/', '/v1/audit', '/metrics/', '//livez']) {
        expect([target, (await order(url, target, { method: 'GET' })).status]).toEqual([target, 404]);
      }
      expect((await order(url, '/v1/freeze', { body: { reason: 'x' } })).status).toBe(405);
      expect((await ask(url, '/metrics', { headers: { origin: 'https://evil.example' } })).status).toBe(403);
      expect((await ask(url, '/metrics', { headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(403);
    } finally {
      await probed.close();
    }
  });
});
