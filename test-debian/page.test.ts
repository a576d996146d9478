/**
 * The web page in a real Chromium: what a person sees and does, by keyboard alone where something is done.
 *
 * `PAGE_PICTURES=FOLDER` looks at every page in each language and colour scheme, and keeps a picture of each.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { anotherVideo, get, post, until } from '../test/app/calls.ts';
import { startApp, type StartedApp } from '../test/app/start-app.ts';
import { isLive, liveIfEver, noteErrors, openPageBrowser } from './page-browser.ts';
import { LOOKS, PICTURES, violationsOf } from './readable.ts';

const PAGES = [
  ['now', '/'],
  ['tasks', '/page/tasks'],
  ['search', '/page/tasks?search=boat&mode=std'],
  ['task', '/page/tasks/NEWEST'],
  ['spending', '/page/spending?by=app'],
  ['calls', '/page/calls'],
  ['refusals', '/page/calls?kind=refused'],
  ['holds', '/page/holds'],
  ['queue', '/page/queue'],
  ['availability', '/page/availability'],
  ['claims', '/page/claims'],
  ['alerts', '/page/alerts'],
  ['checklist', '/page/checklist'],
  ['config', '/page/config'],
] as const;

let started: StartedApp;
let browser: Browser;
let newestTask = '';
let pages: Page[] = [];
beforeAll(async () => {
  started = await startApp({
    judges: true,
    config: {
      budgets: [
        { name: 'daily', credits: 200, window: 'day' },
        { name: 'by app', credits: 100, window: 'month', per: 'app', mode: 'shadow' },
      ],
      limits: { concurrency: { video: 2 } },
      creates: { maxCreditsEach: 50 },
    },
  });
  for (const app of ['web', 'ads', 'web']) {
    const made = await create({ 'x-kling-app': app });
    newestTask = String(made.json.data['task_id']);
  }
  // Refused: one create may cost so much at most.
  expect((await create({}, { mode: 'pro', duration: '10' })).status).toBe(403);
  // The page shows verdicts from its first look on.
  await get(`${started.controlUrl}/v1/checklist`);
  browser = await openPageBrowser();
});
afterEach(async () => {
  for (const page of pages) await page.context().close();
  pages = [];
});
afterAll(async () => {
  await browser.close();
  await started.stop();
});

const create = (headers: Record<string, string> = {}, body: Record<string, unknown> = {}) =>
  post(`${started.dataUrl}/v1/videos/text2video`, anotherVideo(body), headers);

/** Opens a page; every error of its console fails the test. */
async function open(path: string, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  pages.push(page);
  noteErrors(page, errors, /401/);
  page.on('request', (request) => {
    if (!request.url().startsWith(started.controlUrl)) errors.push(`asked for ${request.url()}`);
  });
  await page.goto(started.controlUrl + path);
  return page;
}
let errors: string[] = [];
afterEach(() => {
  const found = errors;
  errors = [];
  expect(found).toEqual([]);
});

test.each(LOOKS)('every page is readable by everybody: %s', async (look, options) => {
  for (const [name, path] of PAGES) {
    const page = await open(path.replace('NEWEST', newestTask), options);
    await liveIfEver(page);
    const wide = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
    expect([name, wide <= 0]).toEqual([name, true]);
    expect([name, await violationsOf(page)]).toEqual([name, []]);
    if (PICTURES) {
      mkdirSync(PICTURES, { recursive: true });
      await page.screenshot({ path: join(PICTURES, `${name}-${look}.png`), fullPage: true });
    }
    await page.context().close();
    pages.pop();
  }
});

test('a page changes by itself while somebody looks, without losing the place of the keyboard', async () => {
  const page = await open('/');
  await isLive(page);
  const link = page.locator('#budgets a').first();
  await link.focus();
  const before = await page.locator('#budgets').innerText();
  await create({ 'x-kling-app': 'web' });
  await until('the page shows it', async () => (await page.locator('#budgets').innerText()) !== before);
  expect(await page.evaluate('document.activeElement.closest("section").id')).toBe('budgets');
});

test('spending is frozen and resumed by keyboard, with the control token and a reason', async () => {
  const page = await open('/');
  await isLive(page);
  const order = async (name: string, reason: string): Promise<void> => {
    await page.getByText(name, { exact: true }).first().focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.type(reason);
    await page.keyboard.press('Tab');
    await page.keyboard.type('Ann');
    await page.keyboard.press('Enter');
  };
  await order('Freeze spending', 'a test of the page');
  // Asked once; the token stays in the tab.
  await page.locator('#token[open]').waitFor();
  await page.keyboard.type('wrong-token');
  await page.keyboard.press('Enter');
  await page.locator('#token[open] [role=alert]:not([hidden])').waitFor();
  await page.keyboard.type(started.token);
  await page.keyboard.press('Enter');
  await page.locator('#state').getByText('Spending is frozen').waitFor();
  expect((await create()).status).toBe(403);
  await order('Resume spending', 'it was a test');
  // Not "Everything is well": a look at the rules meanwhile makes an alert of the freeze, which lasts until the next look.
  await page.locator('#state').getByText('not frozen', { exact: true }).waitFor();
  expect((await create()).status).toBe(200);
  expect(await page.evaluate('[document.cookie, localStorage.length, sessionStorage.length]')).toEqual([
    '',
    0,
    0,
  ]);
  const audit = await get(`${started.controlUrl}/v1/audit`, { authorization: `Bearer ${started.token}` });
  const { audit: rows } = audit.json as unknown as { audit: { actor: string; reason: string }[] };
  expect(rows.filter(({ actor }) => actor === 'Ann').map(({ reason }) => reason)).toEqual([
    'it was a test',
    'a test of the page',
  ]);
});

test('on a Chinese page an order that is refused says so in Chinese, and what is English says that it is', async () => {
  const page = await open('/page/alerts?lang=zh');
  await page.locator('#silences summary').click();
  await page.locator('#silences input[name=for]').fill('5s');
  await page.locator('#silences input[name=reason]').fill('演练');
  await page.locator('#silences button').click();
  await page.locator('#token[open]').waitFor();
  await page.keyboard.type(started.token);
  await page.keyboard.press('Enter');
  const said = page.locator('#silences output');
  await said.getByText('请求有误').waitFor();
  expect(await said.locator('span[lang=en]').innerText()).toContain('from 1m to 90d');
  errors = errors.filter((error) => !error.includes('400'));
  await page.locator('#silences input[name=for]').fill('2h');
  await page.locator('#silences button').click();
  await page.locator('p.said').getByText('已完成').waitFor();
});

test('the audit is shown once the token is given, and links keep it', async () => {
  const page = await open('/page/audit');
  await page.locator('#token[open]').waitFor();
  await page.keyboard.type(started.token);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Audit', level: 1 }).waitFor();
  await page.locator('#audit table').waitFor();
  await page.getByRole('link', { name: 'Tasks' }).click();
  await page.getByRole('heading', { name: 'Tasks', level: 1 }).waitFor();
  await page.goBack();
  await page.locator('#audit table').waitFor();
  // Shown in place: the page that was loaded had no chart.
  await page.getByRole('link', { name: 'Spending', exact: true }).click();
  await page.locator('[data-chart] canvas').waitFor();
});

test('a chart is drawn, and its legend says the numbers of the bar under the pointer', async () => {
  const page = await open('/page/spending?by=app');
  const { json } = await get(`${started.controlUrl}/v1/usage?by=app`);
  const sums = (json as unknown as { rows: { app: string; credits: number; heldCredits: number }[] }).rows;
  const { credits = 0, heldCredits = 0 } = sums.find(({ app }) => app === 'web') ?? {};
  const spent = new RegExp(`web:?\\s*${credits + heldCredits}(?!\\d)`);
  const canvas = page.locator('[data-chart] canvas').first();
  await canvas.waitFor();
  const { x, y, width, height } = (await canvas.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
  const legend = page.locator('[data-chart] .u-legend').first();
  for (let share = 0.02; share < 1; share += 0.02) {
    await page.mouse.move(x + width * share, y + height / 2);
    if (spent.test(await legend.innerText())) return;
  }
  throw new Error(`no place of the chart says what web spent: ${await legend.innerText()}`);
});

test('a page works without scripts', async () => {
  const page = await open('/page/tasks?state=succeeded', { javaScriptEnabled: false });
  await page.locator('#tasks tbody tr').first().waitFor();
  await page.locator('select[name=state]').selectOption('failed');
  await page.getByRole('button', { name: 'Show' }).click();
  expect(page.url()).toContain('state=failed');
  await page.getByText('No task matches.').waitFor();
});

test('a lost connection is shown, and mended by itself', async () => {
  const page = await open('/');
  await isLive(page);
  const { port } = new URL(started.controlUrl);
  await started.stop();
  await page.locator('#live.lost').waitFor();
  started = await startApp({ config: { control: { port: Number(port) } } });
  await isLive(page);
  await page.getByText('Everything is well').waitFor();
  // The browser logs each try that failed.
  errors = [];
});
