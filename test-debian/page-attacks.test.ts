/**
 * Attacks on the web page and the control plane in a real Chromium: by pages of other origins, by a rebound name, and by frames. Each
 * attack is shown to work on a daemon without defences, or on a page of the attacker's own.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { NAVIGATION } from '../src/page/layout.ts';
import { sendRaw } from '../test/control/fixture.ts';
import { anotherVideo, get, post, until } from '../test/app/calls.ts';
import { startApp, type StartedApp } from '../test/app/start-app.ts';
import { followPage } from '../test/page/reader.ts';
import { openAttackedBrowser } from './attacked-browser.ts';
import { startServer, type PlainServer } from './plain-server.ts';

let started: StartedApp;
let browser: Browser;
let contexts: BrowserContext[] = [];
let taskId = '';
beforeAll(async () => {
  started = await startApp();
  const made = await post(`${started.dataUrl}/v1/videos/text2video`, anotherVideo());
  taskId = String(made.json.data['task_id']);
  browser = await openAttackedBrowser();
});
afterEach(async () => {
  for (const context of contexts) await context.close();
  contexts = [];
});
afterAll(async () => {
  await browser.close();
  await started.stop();
});

const token = (): Record<string, string> => ({ authorization: `Bearer ${started.token}` });

async function newContext(): Promise<BrowserContext> {
  const context = await browser.newContext({ locale: 'en-GB' });
  contexts.push(context);
  return context;
}

/** Serves one document at every path, as an attacker's site. */
async function site(html: string, port = 0): Promise<PlainServer & { requests: string[] }> {
  const requests: string[] = [];
  const server = await startServer((request, _body, response) => {
    requests.push(request.url ?? '');
    response.setHeader('content-type', 'text/html');
    response.end(html);
  }, port);
  return { port: server.port, close: () => server.close(), requests };
}

const attack = (target: string): string =>
  readFileSync(join(import.meta.dirname, 'page-attack.html'), 'utf8')
    .replace('{{TARGET}}', target)
    .replace('{{PATHS}}', JSON.stringify(ATTACKED));

const ATTACKED = [
  '/',
  '/page/tasks',
  '/page/config',
  '/page/live?at=/',
  '/page/spending.csv?by=app',
  '/v1/status',
  '/v1/config',
];

/** What an attack could have changed. */
async function state(): Promise<unknown> {
  const { json } = await get(`${started.controlUrl}/v1/audit`, token());
  return json;
}

const own = (): string => started.controlUrl.replace(/\/$/, '');

describe('a page of another origin', () => {
  /** Opens the attacker's page, and gives what came of each attack with the statuses that the target answered. */
  async function run(origin: string, target: string) {
    const evil = await site(attack(target));
    const page = await (await newContext()).newPage();
    const answered = new Map<string, Set<number>>();
    page.on('response', (response) => {
      if (!response.url().startsWith(target)) return;
      const key = `${response.request().method()} ${response.url().slice(target.length)}`;
      answered.set(key, (answered.get(key) ?? new Set()).add(response.status()));
    });
    await page.goto(`${origin}:${evil.port}/`);
    await page.waitForFunction('window.outcomes', undefined, { timeout: 100_000 });
    const outcomes = await page.evaluate<Record<string, string>>('window.outcomes');
    await evil.close();
    return { outcomes, answered };
  }

  test('can read and change what a daemon without defences has', async () => {
    const arrived: string[] = [];
    const open = await startServer((request, body, response) => {
      arrived.push(`${request.method} ${request.url} ${body}`);
      response.setHeader('access-control-allow-origin', '*');
      response.setHeader('access-control-allow-headers', '*');
      response.setHeader('access-control-allow-methods', '*');
      response.end('owned = 1;');
    });
    const { outcomes } = await run('http://evil.test', `http://127.0.0.1:${open.port}`);
    expect(outcomes['fetch /v1/status']).toBe('cors 200 10');
    expect(outcomes['script /v1/status']).toBe('load');
    expect(outcomes['post json /v1/freeze']).toBe('read 200');
    for (const way of ['text', 'urlencoded']) expect(outcomes[`form ${way} /v1/freeze`]).toBe('load');
    expect(
      arrived.filter((line) => line.startsWith('POST /v1/freeze') && /an attack|an\+attack/.test(line))
        .length,
    ).toBe(6);
    await open.close();
  });

  test.each(['http://evil.test', 'http://localhost', 'http://127.0.0.1'])(
    'of %s reads nothing of the page or the API, and changes nothing',
    async (origin) => {
      const before = await state();
      const { outcomes, answered } = await run(origin, own());
      for (const path of ATTACKED) {
        expect([path, outcomes[`fetch ${path}`]]).toEqual([path, 'error TypeError']);
        // Nobody can read an opaque answer; ours do not even come to that page.
        expect([path, outcomes[`no-cors ${path}`]]).toEqual([path, 'error TypeError']);
        for (const way of ['script', 'style', 'image', 'video', 'event-source'])
          expect([way, path, outcomes[`${way} ${path}`]]).toEqual([way, path, 'error']);
        expect([path, outcomes[`xhr ${path}`]]).toEqual([path, 'end 0 0']);
        expect([path, outcomes[`web-socket ${path}`]]).toEqual([path, 'close']);
      }
      for (const path of ['/v1/freeze', '/', '/page/tasks']) {
        expect(outcomes[`post json ${path}`]).toBe('error TypeError');
        expect(outcomes[`delete ${path}`]).toBe('error TypeError');
      }
      expect(Object.keys(outcomes).length).toBeGreaterThan(75);
      for (const [asked, statuses] of answered) expect([asked, [...statuses]]).toEqual([asked, [403]]);
      // Only these show their status: what the browser itself withholds from the page shows none.
      expect(answered.size).toBe(3);
      expect(await state()).toEqual(before);
    },
  );

  test('can open a page, but gets no hold of its window', async () => {
    const evil = await site(
      '<script>const opened = open("{{TARGET}}");</script>'.replace('{{TARGET}}', `${own()}/page/config`),
    );
    const context = await newContext();
    const page = await context.newPage();
    const popup = context.waitForEvent('page', (one) => one !== page);
    await page.goto(`http://evil.test:${evil.port}/`);
    const opened = await popup;
    await opened.getByRole('heading', { level: 1, name: 'Config' }).waitFor();
    expect(await opened.evaluate('opener')).toBeNull();
    const seen = await page.evaluate<unknown>(
      '(() => { try { return [opened.closed, opened.length, String(opened.location)]; } catch (error) { return error.name; } })()',
    );
    expect([['SecurityError'], [true, 0]]).toContainEqual(Array.isArray(seen) ? seen.slice(0, 2) : [seen]);
    // The API is no page: it cannot be opened from elsewhere.
    const answer = page.waitForResponse(`${own()}/v1/status`);
    await page.evaluate(`location.href = ${JSON.stringify(`${own()}/v1/status`)}`);
    expect((await answer).status()).toBe(403);
    await evil.close();
  });
});

describe('the checklist, which a process judges', () => {
  /** Ways in which a site brings a browser to an address, without the help of its reader. */
  const ways: Readonly<Record<string, (url: string) => string>> = {
    address: (url) => `<script>location.href = ${JSON.stringify(url)}</script>`,
    window: (url) => `<script>open(${JSON.stringify(url)}, '_self')</script>`,
    link: (url) => `<a rel="noreferrer" href="${url}">x</a><script>document.links[0].click()</script>`,
    form: (url) =>
      `<form action="${url}"><input name="since" value="1"></form><script>document.forms[0].submit()</script>`,
    refresh: (url) => `<meta http-equiv="refresh" content="0;url=${url}">`,
  };

  test('is not judged for a site that opens it, but for its reader by one click', async () => {
    const app = await startApp({ judges: true });
    const url = `${app.controlUrl}/page/checklist`;
    const looked = async () => (await get(`${app.controlUrl}/v1/checklist?begin=false`)).json;
    // The page follows itself, as this reader of the same address does.
    const live = await followPage(`${app.controlUrl}/page/live?at=/page/checklist`);
    for (const origin of ['http://evil.test', 'http://127.0.0.1', 'http://localhost']) {
      for (const [way, html] of Object.entries(ways)) {
        const evil = await site(html(url));
        const page = await (await newContext()).newPage();
        const followed = page.waitForRequest((request) => request.url().includes('/page/live'));
        await page.goto(`${origin}:${evil.port}/`, { waitUntil: 'commit' });
        await page.getByText('Nobody has had it judged').waitFor();
        await followed;
        expect([origin, way, await looked()]).toMatchObject([
          origin,
          way,
          { isJudging: false, startedAt: null },
        ]);
        // What the browser makes of a visit on its own is no wish of its reader either.
        await page.reload();
        await page.getByText('Nobody has had it judged').waitFor();
        await evil.close();
      }
    }
    await until('an open page was renewed', () => live.events().length > 0);
    live.close();
    expect(await looked()).toMatchObject({ isJudging: false, startedAt: null });
    const evil = await site(ways['address']?.(url) ?? '');
    const page = await (await newContext()).newPage();
    await page.goto(`http://evil.test:${evil.port}/`, { waitUntil: 'commit' });
    await page.getByRole('link', { name: 'Judge now' }).click();
    await page.getByRole('link', { name: 'Judge again' }).waitFor({ timeout: 100_000 });
    expect(await looked()).toMatchObject({ problem: null, judged: { checks: expect.any(Array) as unknown } });
    await evil.close();
    await app.stop();
  });
});

describe('a frame', () => {
  test('of another site shows no page of ours', async () => {
    const paths = [
      ...NAVIGATION.map(([, path]) => path),
      `/page/tasks/${taskId}`,
      '/page/nowhere',
      '/v1/status',
    ];
    const open = await startServer((_request, _body, response) => {
      response.setHeader('content-type', 'text/html');
      response.end('<main>kling-sidecar</main>');
    });
    const frames = [...paths.map((path) => own() + path), `http://127.0.0.1:${open.port}/`];
    const evil = await site(
      frames
        .flatMap((url) => [
          `<iframe src="${url}"></iframe>`,
          `<object data="${url}"></object>`,
          `<embed src="${url}">`,
        ])
        .join(''),
    );
    for (const origin of ['http://evil.test', 'http://localhost']) {
      const page = await (await newContext()).newPage();
      await page.goto(`${origin}:${evil.port}/`, { waitUntil: 'load' });
      const shown: string[] = [];
      for (const frame of page.frames()) {
        const text = await frame.evaluate<string>('document.documentElement.outerHTML').catch(() => '');
        if (text.includes('kling-sidecar') && frame !== page.mainFrame()) shown.push(frame.url());
      }
      expect(new Set(shown)).toEqual(new Set([`http://127.0.0.1:${open.port}/`]));
      expect(shown.length).toBeGreaterThan(1);
    }
    await evil.close();
    await open.close();
  });

  test('of our own page shows none either', async () => {
    const page = await (await newContext()).newPage();
    await page.goto(`${own()}/`);
    await page.evaluate(
      'new Promise((resolve) => { const frame = document.createElement("iframe"); frame.src = "/page/tasks"; frame.onload = resolve; document.body.append(frame); setTimeout(resolve, 2000); })',
    );
    for (const frame of page.frames().filter((one) => one !== page.mainFrame()))
      expect(
        await frame.evaluate<string>('document.documentElement.outerHTML').catch(() => ''),
      ).not.toContain('kling-sidecar');
  });
});

test('a name that is rebound to the sidecar opens nothing', async () => {
  const evil = await site('<title>a page</title>');
  const page = await (await newContext()).newPage();
  const address = `http://rebound.test:${evil.port}`;
  await page.goto(`${address}/`);
  await evil.close();
  const app = await startApp({ config: { control: { port: evil.port } } });
  // To the browser all of this is the page's own origin.
  const statuses = await page.evaluate<Record<string, number | string>>(`(async () => {
    const found = {};
    const ask = async (path, options) => {
      const answer = await fetch(path, options).catch((error) => ({ status: error.name, text: () => '' }));
      found[(options?.method ?? 'GET') + ' ' + path] = answer.status;
    };
    for (const path of ${JSON.stringify(ATTACKED)}) await ask(path);
    const headers = { 'content-type': 'application/json' };
    await ask('/v1/freeze', { method: 'POST', headers, body: '{"reason":"an attack"}' });
    await ask('/v1/estimate', { method: 'POST', headers, body: '{"requests":[]}' });
    return found;
  })()`);
  expect(new Set(Object.values(statuses))).toEqual(new Set([421]));
  expect(Object.keys(statuses)).toHaveLength(ATTACKED.length + 2);
  const answer = await page.goto(`${address}/page/tasks`);
  expect([answer?.status(), (await page.content()).includes('<h1>')]).toEqual([421, false]);
  await app.stop();
});

test('a forged Host of any form gets nothing', async () => {
  const { port, host } = new URL(started.controlUrl);
  const forged = [
    'evil.test',
    `evil.test:${port}`,
    `127.0.0.1.evil.test:${port}`,
    `localhost.evil.test:${port}`,
    `127.0.0.1:${Number(port) + 1}`,
    `127.0.0.1:${port}@evil.test`,
    `evil.test#${host}`,
    `0.0.0.0:${port}`,
    `[::ffff:127.0.0.1]:${port}`,
    `2130706433:${port}`,
    `127.1:${port}`,
    '',
  ];
  const css = /href="(\/page\/files\/[^"]+)"/.exec(await (await fetch(started.controlUrl)).text())?.[1] ?? '';
  const wrong: unknown[] = [];
  for (const path of [...ATTACKED, '/page/checklist', '/page/files/page.css', css]) {
    for (const name of forged) {
      const status = await sendRaw(
        Number(port),
        `GET ${path} HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`,
      );
      if (![400, 421].includes(status)) wrong.push([path, name, status]);
    }
    const twice = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nHost: evil.test\r\nConnection: close\r\n\r\n`;
    const none = `GET ${path} HTTP/1.1\r\nConnection: close\r\n\r\n`;
    const absolute = `GET http://evil.test${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
    for (const text of [twice, none, absolute]) {
      const status = await sendRaw(Number(port), text);
      if (status < 400) wrong.push([path, text, status]);
    }
    const right = await sendRaw(
      Number(port),
      `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    );
    if (path !== '/page/files/page.css' && right >= 500 !== (path === '/page/checklist'))
      wrong.push([path, host, right]);
  }
  expect(wrong).toEqual([]);
});
