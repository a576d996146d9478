/** The web page over real sockets: a real app, a real emulator, and requests as a browser sends them. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anotherVideo, get, post, until } from '../app/calls.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { read, textOf, TYPED } from './reader.ts';

const EVIL = '<img src=x onerror=alert(1)>';
const PAGES = [
  '/',
  '/page/tasks',
  '/page/spending',
  '/page/spending?by=app',
  '/page/calls',
  '/page/calls?kind=refused',
  '/page/queue',
  '/page/holds',
  '/page/availability',
  '/page/claims',
  '/page/alerts',
  '/page/config',
];

let started: StartedApp;
let taskId = '';
let failedId = '';
beforeAll(async () => {
  started = await startApp({
    config: {
      budgets: [{ name: 'daily', credits: 100, window: 'day' }],
      creates: { maxCreditsEach: 50 },
      results: { keep: true },
    },
  });
  const send = (body: Record<string, unknown>, headers: Record<string, string> = {}) =>
    post(`${started.dataUrl}/v1/videos/text2video`, anotherVideo(body), headers);
  started.emulator.addFault({ kind: 'fail_task', message: EVIL, match: { bodyIncludes: 'to fail' } });
  const made = await send({ external_task_id: EVIL }, { 'x-kling-app': 'web', 'x-kling-tag': 'blue' });
  const failing = await send({ prompt: 'to fail' });
  taskId = String(made.json.data['task_id']);
  failedId = String(failing.json.data['task_id']);
  expect((await send({ mode: 'pro', duration: '10' })).status).toBe(403);
  const stateOf = async (id: string) => {
    const { json } = await get(`${started.controlUrl}/v1/tasks/${id}`);
    return (json as unknown as { state: string }).state;
  };
  await until(
    'both tasks have ended',
    async () => (await stateOf(taskId)) === 'succeeded' && (await stateOf(failedId)) === 'failed',
  );
});
afterAll(() => started.stop());

const open = (path: string, headers: Record<string, string> = {}) =>
  read(started.controlUrl + path, { ...TYPED, ...headers });

describe('every page', () => {
  it('is one whole document of our own files, that nobody may frame or keep', async () => {
    for (const path of PAGES) {
      const { status, headers, text } = await open(path);
      expect([path, status]).toEqual([path, 200]);
      expect(headers['content-type']).toBe('text/html; charset=utf-8');
      expect(headers['cache-control']).toBe('no-store');
      expect(headers['x-frame-options']).toBe('DENY');
      expect(headers['content-security-policy']).toContain("default-src 'none'");
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
      expect(headers['content-security-policy']).not.toContain('unsafe');
      expect(headers['set-cookie']).toBeUndefined();
      expect(text).toMatch(/^<!doctype html><html lang="en">.*<\/html>$/s);
      expect(text.match(/<h1>/g)).toHaveLength(1);
      expect(text).not.toMatch(/<[^>]*(\son[a-z]+=|\sstyle=|javascript:)/);
      expect(markupOf(text)).not.toMatch(/(src|href|action)="(?!\/|#|https:\/\/github\.com\/)/);
    }
  });

  it('runs only scripts whose very bytes its policy names', async () => {
    const { headers, text } = await open('/page/spending');
    const policy = headers['content-security-policy'] ?? '';
    const [, inline = ''] = /<script>(.*?)<\/script>/s.exec(text) ?? [];
    expect(inline).toContain('use strict');
    expect(policy).toContain(hashOf(inline));
    const files = [...text.matchAll(/(?:src|href)="(\/page\/files\/[^"]+)" integrity="([^"]+)"/g)];
    expect(files).toHaveLength(4);
    let bytes = 0;
    for (const [, path = '', integrity = ''] of files) {
      const file = await read(started.controlUrl + path);
      expect([path, file.status, hashOf(file.text)]).toEqual([path, 200, integrity]);
      expect(file.headers['cache-control']).toContain('immutable');
      const again = await read(started.controlUrl + path, { 'if-none-match': file.headers.etag ?? '' });
      expect([again.status, again.text]).toEqual([304, '']);
      bytes += Buffer.byteLength(file.text);
      if (path.endsWith('.js')) expect(policy).toContain(integrity);
    }
    expect(bytes + Buffer.byteLength(inline)).toBeLessThan(150_000);
  });

  it('shows hostile texts as texts', async () => {
    for (const path of [
      '/page/tasks',
      `/page/tasks/${taskId}`,
      '/page/calls?kind=refused',
      '/page/spending?by=tag',
    ]) {
      const { text } = await open(path);
      expect([path, text.includes('<img')]).toEqual([path, false]);
    }
    for (const id of [taskId, failedId])
      expect(textOf((await open(`/page/tasks/${id}`)).text)).toContain(EVIL);
    const asked = await open(`/page/tasks?app=${encodeURIComponent(EVIL)}&lang="><script>alert(1)</script>`);
    expect(asked.text).not.toMatch(/<img|<script>alert/);
  });

  it('shows the numbers of the API', async () => {
    const { json } = await get(`${started.controlUrl}/v1/budgets`);
    const [budget] = (json as unknown as { budgets: { settledCredits: number; limitCredits: number }[] })
      .budgets;
    expect(budget).toMatchObject({ settledCredits: 10, limitCredits: 100 });
    const now = textOf((await open('/')).text);
    expect(now).toContain('daily of 100 credits settled 10 held 0 left 90');
    const spending = textOf((await open('/page/spending?by=app')).text);
    expect(spending).toContain('web 1 10 10 0 0 10 $0.14');
    const refused = textOf((await open('/page/calls?kind=refused')).text);
    expect(refused).toContain('task_too_expensive');
    expect(textOf((await open(`/page/tasks/${taskId}`)).text)).toContain('Settled 10 credits');
  });

  it('shows the kept result of a task from our own file', async () => {
    const text = await until('the file is saved', async () => {
      const page = await open(`/page/tasks/${taskId}`);
      return page.text.includes('<video') && page.text;
    });
    const [, source = ''] = /<video src="([^"]+)"/.exec(text) ?? [];
    expect(source).toMatch(/^\/v1\/results\//);
    const file = await read(started.controlUrl + source.replaceAll('&amp;', '&'), { range: 'bytes=0-11' });
    expect([file.status, file.headers['content-type'], file.text.slice(4, 8)]).toEqual([
      206,
      'video/mp4',
      'ftyp',
    ]);
  });

  it('is in the language of its reader, or of its address', async () => {
    const chinese = await open('/', { 'accept-language': 'fr;q=0.9, zh-CN;q=0.8, en;q=0.2' });
    expect(chinese.text).toContain('<html lang="zh">');
    expect(textOf(chinese.text)).toContain('一切正常');
    expect((await open('/', { 'accept-language': 'fr, de' })).text).toContain('<html lang="en">');
    const chosen = await open('/page/tasks?lang=zh&state=succeeded', { 'accept-language': 'en' });
    expect(chosen.text).toContain('<html lang="zh">');
    // Its links keep the language.
    expect(chosen.text).toContain('href="/page/spending?lang=zh"');
    expect(chosen.text).toContain('href="/page/tasks?lang=en&amp;state=succeeded"');
  });

  it('shows times in the zone that its address names', async () => {
    expect(textOf((await open('/')).text)).toContain('Times in UTC');
    expect(textOf((await open('/?zone=Asia/Shanghai')).text)).toContain('Times in Asia/Shanghai');
    expect(textOf((await open('/?zone=Nowhere/None')).text)).toContain('Times in UTC');
  });

  it('says what is wrong with an address', async () => {
    const nowhere = await open('/page/nowhere');
    expect([nowhere.status, textOf(nowhere.text).includes('There is nothing at this address.')]).toEqual([
      404,
      true,
    ]);
    expect((await open('/page/tasks/%zz')).status).toBe(404);
    const unknown = await open('/page/tasks/871');
    expect([unknown.status, textOf(unknown.text).includes('There is no task "871"')]).toEqual([404, true]);
    const month = await open('/page/spending?month=yesterday');
    expect([month.status, textOf(month.text).includes('a month such as 2026-11')]).toEqual([400, true]);
  });

  it('gives its sums as CSV', async () => {
    const { headers, text } = await open('/page/spending.csv?by=app');
    expect(headers['content-type']).toBe('text/csv; charset=utf-8');
    expect(text.split('\r\n')).toEqual([
      'app,creates,settled_credits,held_credits,cost,held_cost,currency,estimated_credits,difference_credits,total_credits',
      'web,1,10,0,0.14,0,USD,10,0,10',
      'default,1,0,0,0,0,USD,10,-10,0',
      '',
    ]);
    expect((await open('/page/spending.csv?by=tag')).text).toContain('\r\nblue,1,10,0,');
  });
});

describe('the guard of the page', () => {
  it('lets a link of another site open it, and nothing else of that site', async () => {
    const link = {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    };
    expect((await open('/page/tasks', link)).status).toBe(200);
    for (const how of [
      { 'sec-fetch-dest': 'iframe' },
      { 'sec-fetch-dest': 'script', 'sec-fetch-mode': 'no-cors' },
      { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' },
      { 'sec-fetch-mode': 'websocket' },
    ]) {
      expect((await open('/page/tasks', { ...link, ...how })).status).toBe(403);
    }
    expect((await open('/v1/status', link)).status).toBe(403);
    expect((await open('/', { host: 'evil.example' })).status).toBe(421);
    expect((await open('/', { origin: 'http://evil.example' })).status).toBe(403);
    expect((await read(`${started.controlUrl}/`, TYPED, 'POST')).status).toBeGreaterThanOrEqual(400);
  });

  it('asks for the token where the API does', async () => {
    const without = await open('/page/audit');
    expect(without.status).toBe(401);
    expect(without.text).toContain('data-token="needed"');
    const allowed = await open('/page/audit', { authorization: `Bearer ${started.token}` });
    expect([allowed.status, allowed.text.includes('data-token')]).toEqual([200, false]);
    expect((await open('/page/audit', { authorization: 'Bearer wrong' })).status).toBe(401);
  });
});

function markupOf(html: string): string {
  return html.replace(/<script>.*?<\/script>/s, '');
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
