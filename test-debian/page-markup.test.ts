/**
 * Texts full of markup on every page in a real Chromium: a text of a caller, of Kling or of an operator is shown as a text. And the
 * control token is in no address, storage or document.
 */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NAVIGATION } from '../src/page/layout.ts';
import { anotherVideo, get, post, until } from '../test/app/calls.ts';
import { startApp, type StartedApp } from '../test/app/start-app.ts';
import { openAttackedBrowser } from './attacked-browser.ts';
import { startServer } from './plain-server.ts';

/** Markup that would run, load, or lead elsewhere if a page took it as its own. */
const EVIL = [
  `<img src=x onerror="window.owned=1">`,
  `"><script>window.owned=1</script>`,
  `'"><svg/onload=window.owned=1>`,
  `</textarea></title></style></script><iframe srcdoc="<script>parent.owned=1</script>">`,
  `<base href="http://evil.test/"><a href="javascript:window.owned=1" autofocus onfocus="window.owned=1">`,
  `<meta http-equiv=refresh content="0;url=http://evil.test/">`,
  `&lt;img src=x onerror=window.owned=1&gt;&#60;script&#62;window.owned=1`,
  `javascript:window.owned=1`,
  `{{constructor.constructor('window.owned=1')()}}\${window.owned=1}\u2028</p>`,
] as const;

let started: StartedApp;
let browser: Browser;
const taskIds: string[] = [];
beforeAll(async () => {
  started = await startApp({
    config: {
      budgets: [{ name: 'daily', credits: 500, window: 'day' }],
      creates: { maxCreditsEach: 50 },
      claims: { claimant: { company: EVIL[0], contact: EVIL[1], accountId: 'account' } },
      jobs: { backupDir: `/tmp/${EVIL[0].replaceAll('/', '')}` },
    },
  });
  await plantMarkup();
  browser = await openAttackedBrowser();
});
afterAll(async () => {
  await browser.close();
  await started.stop();
});

const token = (): Record<string, string> => ({ authorization: `Bearer ${started.token}` });
const own = (): string => started.controlUrl.replace(/\/$/, '');

/** What markup has done to a page. */
const LOOK = `({
  owned: window.owned ?? null,
  planted: document.querySelectorAll('img[src="x"], svg[onload], iframe, base, meta[http-equiv], [onerror], [onfocus], [autofocus], a[href^="javascript"]').length,
  scripts: [...document.scripts].filter((one) => one.textContent.includes('owned')).length,
  at: location.origin,
})`;

/** Puts markup wherever a caller, Kling or an operator can write a text. */
async function plantMarkup(): Promise<void> {
  const { dataUrl, controlUrl, emulator } = started;
  for (const [at, text] of EVIL.entries()) {
    const prompt = `${text} (${at})`;
    emulator.addFault({ kind: 'fail_task', message: text, match: { bodyIncludes: `(${at})` } });
    const made = await post(
      `${dataUrl}/v1/videos/text2video`,
      anotherVideo({ prompt, external_task_id: text }),
    );
    expect([text, made.status]).toEqual([text, 200]);
    taskIds.push(String(made.json.data['task_id']));
    // A header with such a text is refused; a model of that name is refused by Kling.
    await post(`${dataUrl}/v1/videos/text2video`, anotherVideo(), {
      'x-kling-app': text.replaceAll(/[^ -~]/g, ''),
    });
    await post(`${dataUrl}/v1/videos/text2video`, anotherVideo({ model_name: text }));
    await post(
      `${dataUrl}/v1/videos/text2video`,
      anotherVideo({ mode: 'pro', duration: '10', external_task_id: `${text}!` }),
    );
  }
  const order = (path: string, body: object) =>
    post(`${controlUrl}/v1/${path}`, { reason: EVIL[0], actor: EVIL[2], ...body }, token());
  const month = new Date().toISOString().slice(0, 7);
  const [from, to] = [`${month}-01T00:00:00Z`, `${month}-01T01:00:00Z`];
  await order('alerts/silences', { rule: 'tasks_stuck', for: '2h' });
  await order('exclusions', { from, to, kind: 'operator', source: EVIL[1] });
  await order('blame', { from, to, party: 'kling', source: EVIL[1] });
  await order('freeze', {});
  await until('all tasks have ended', async () => {
    const { json } = await get(`${controlUrl}/v1/tasks?limit=100`);
    const { tasks } = json as unknown as { tasks: { state: string }[] };
    return tasks.every(({ state: now }) => now === 'failed' || now === 'succeeded');
  });
}

test('is found where a page takes it as its own markup: the search itself works', async () => {
  const open = await startServer((_request, _body, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(`<title>open</title>${EVIL.slice(0, 4).join('')}`);
  });
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${open.port}/`);
  await page.waitForFunction('window.owned');
  expect(await page.evaluate(LOOK)).toMatchObject({ owned: 1, planted: 3, scripts: 1 });
  await context.close();
  await open.close();
});

/** Opens a page with the token, and fails for anything that markup could have done. */
async function openWatched(context: BrowserContext, signs: string[]): Promise<Page> {
  const page = await context.newPage();
  page.on('dialog', (dialog) => {
    signs.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(own()) && !request.url().startsWith('data:'))
      signs.push(`asked for ${request.url()}`);
    if (request.url().includes(started.token)) signs.push(`the token in ${request.url()}`);
  });
  page.on('console', (message) => {
    if (message.type() === 'error' && !/status of (401|404|503)/.test(message.text()))
      signs.push(message.text());
  });
  page.on('pageerror', (error) => void signs.push(error.message));
  return page;
}

test('texts full of markup are texts on every page, and the token is nowhere but in the memory of the tab', async () => {
  const context = await browser.newContext({ locale: 'en-GB' });
  const signs: string[] = [];
  const page = await openWatched(context, signs);
  const month = new Date().toISOString().slice(0, 7);
  const hostile = EVIL.flatMap((text) => [
    `/page/tasks?search=${encodeURIComponent(text)}`,
    `/page/config?search=${encodeURIComponent(text)}&zone=${encodeURIComponent(text)}`,
  ]);
  const paths = [
    ...NAVIGATION.map(([, path]) => path),
    ...taskIds.map((id) => `/page/tasks/${id}`),
    ...hostile,
    '/page/calls?kind=refused',
    `/page/availability?month=${month}`,
    '/page/spending?by=model',
    `/page/tasks/${encodeURIComponent(EVIL[0])}`,
    `/page/claims?lang=${encodeURIComponent(EVIL[1])}`,
  ];
  await page.goto(`${own()}/page/audit`);
  await page.locator('#token[open]').waitFor();
  await page.keyboard.type(started.token);
  await page.keyboard.press('Enter');
  await page.locator('#audit table').waitFor();
  // The token stays while links are followed in the tab, and shows what only an operator reads.
  const seen: string[] = [await page.locator('#audit').innerText()];
  const look = async (path: string): Promise<void> => {
    const found = await page.evaluate<unknown>(LOOK);
    expect([path, found]).toEqual([path, { owned: null, planted: 0, scripts: 0, at: own() }]);
    const html = await page.content();
    expect([path, html.includes(started.token), page.url().includes(started.token)]).toEqual([
      path,
      false,
      false,
    ]);
  };
  await look('/page/audit');
  for (const path of paths) {
    await page.evaluate<void>(`(() => {
      const link = document.createElement('a');
      link.href = ${JSON.stringify(path)};
      document.querySelector('main').append(link);
      link.click();
    })()`);
    await page.waitForURL(new URL(own() + path).href);
    await look(path);
    seen.push(await page.locator('body').innerText());
  }
  for (const path of [...NAVIGATION.map(([, target]) => target), ...hostile]) {
    await page.goto(own() + path);
    await look(path);
  }
  // Live sections bring the same texts again.
  await page.goto(`${own()}/page/tasks`);
  await page.evaluate<void>('void (document.getElementById("tasks").dataset.first = "")');
  await page.locator('#tasks:not([data-first])').waitFor({ timeout: 60_000 });
  await look('live /page/tasks');
  for (const text of EVIL.slice(0, 3)) expect(seen.some((one) => one.includes(text))).toBe(true);
  expect(signs).toEqual([]);
  expect(await context.cookies()).toEqual([]);
  expect(
    await page.evaluate(
      '(async () => [document.cookie, localStorage.length, sessionStorage.length, (await indexedDB.databases()).length, (await caches.keys()).length, name])()',
    ),
  ).toEqual(['', 0, 0, 0, 0, '']);
  await context.close();
});
