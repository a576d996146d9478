/**
 * The story of the demo, seen on its page: the real command on a terminal, a real Chromium, and the API as a second witness.
 *
 * `PAGE_PICTURES=FOLDER` keeps pictures of it, as `demo-NAME.png`; docs/pictures/page-now.png is one of them.
 */
import { mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { get } from '../test/app/calls.ts';
import { launch, type Started } from '../test/cli/launch.ts';
import { NAVIGATION } from '../src/page/layout.ts';
import { ShownValues } from '../test/page/chinese-text.ts';
import { read as readPage, TYPED } from '../test/page/reader.ts';
import { seenIn } from '../test/page/seen-text.ts';
import { liveIfEver, openPageBrowser } from './page-browser.ts';
import { PICTURES } from './readable.ts';

const BIN = resolve(import.meta.dirname, '../bin/kling-sidecar.js');

let folder = '';
let demo: Started;
let url = '';
let browser: Browser;
let page: Page;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kling-page-demo-'));
  // `script` gives the command a terminal, on which the demo stays up.
  const command = `exec '${process.execPath}' '${BIN}' demo`;
  demo = launch(['script', '-qefc', command, '/dev/null'], {
    cwd: folder,
    env: { TMPDIR: folder, NO_COLOR: '1' },
  });
  await demo.says(/It stays up/);
  browser = await openPageBrowser();
  page = await browser.newPage({
    viewport: { width: 1440, height: 1080 },
    locale: 'en-GB',
    deviceScaleFactor: 1,
  });
});
afterAll(async () => {
  await browser.close();
  // As Ctrl-C on the terminal.
  demo.child.stdin?.write('\u0003');
  await demo.exit;
  await rm(folder, { recursive: true, force: true });
});

/** Opens a page of the demo and gives its text. */
async function read(path: string, picture?: string): Promise<string> {
  await page.goto(url + path, { waitUntil: 'load' });
  await liveIfEver(page);
  if (PICTURES && picture) {
    mkdirSync(PICTURES, { recursive: true });
    await page.screenshot({ path: join(PICTURES, `demo-${picture}.png`), fullPage: picture !== 'now' });
  }
  return (await page.locator('main').innerText()).replaceAll(/\s+/g, ' ');
}

const api = async <T>(path: string): Promise<T> => (await get(url + path)).json as unknown as T;

test('the demo prints the page’s address first', () => {
  const [first] = /https?:\/\/[^\s]+/.exec(demo.text()) ?? [];
  expect(demo.text()).toContain('page');
  url = String(first);
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
});

test('Now shows the budget as the ledger and the charge book have it, and the alerts that fire', async () => {
  const text = await read('/', 'now');
  const settled = /the ledger settled (\d+): they agree/.exec(demo.text())?.[1];
  expect(settled).toBe('76');
  expect(text).toMatch(/daily of 100 credits.* settled 76 held 0 left 24/i);
  const { firing } = await api<{ firing: { title: string }[] }>('/v1/alerts');
  for (const { title } of firing) expect(text).toContain(title);
});

test('Tasks lists every task, with the credits of each; the lost answer and the failure have their story', async () => {
  interface Row {
    id: string;
    state: string;
    settledCredits: number;
  }
  const { tasks } = await api<{ tasks: Row[] }>('/v1/tasks');
  const text = await read('/page/tasks', 'tasks');
  for (const { id } of tasks) expect(text).toContain(id);
  expect(tasks.reduce((sum, { settledCredits }) => sum + settledCredits, 0)).toBe(76);
  const failed = tasks.find(({ state }) => state === 'failed');
  expect(failed?.settledCredits).toBe(0);
  expect(await read(`/page/tasks/${failed?.id}`)).toMatch(/failed/);
  const lives = await Promise.all(
    tasks.map(async ({ id }) => [id, await api<{ life: { text: string }[] }>(`/v1/tasks/${id}`)] as const),
  );
  const lost = lives.find(([, { life }]) => life.some((step) => /look/i.test(step.text)));
  const life = await read(`/page/tasks/${lost?.[0]}`, 'task');
  for (const { text: step } of lost?.[1].life ?? []) expect(life).toContain(step.replaceAll(/\s+/g, ' '));
});

test('Calls shows what was refused, and why', async () => {
  const text = await read('/page/calls?kind=refused', 'refused');
  const { calls } = await api<{ calls: { word: string }[] }>('/v1/calls?kind=refused');
  expect(calls.map(({ word }) => word)).toEqual(expect.arrayContaining(['budget_exceeded', 'body_refused']));
  for (const { word } of calls) expect(text).toContain(word);
});

test('Spending sums to the same credits', async () => {
  const text = await read('/page/spending?by=model', 'spending');
  expect(text).toContain('76');
  const { rows } = await api<{ rows: { model: string | null; credits: number }[] }>('/v1/usage?by=model');
  for (const { model, credits } of rows) expect(text).toMatch(new RegExp(`${model}.* ${credits}`));
});

test('Availability and Claims show the month that is owed', async () => {
  interface Claim {
    month: string;
    percent: number;
    asked: number;
    earliest: string;
    latest: string;
  }
  const { claims } = await api<{ claims: Claim[] }>('/v1/claims');
  const [claim] = claims;
  if (!claim) throw new Error('the demo has no claim');
  interface Month {
    availability: string;
    readings: Record<string, { availability: string; sumErrorRates: string }>;
  }
  const sla = await api<Month>(`/v1/sla/${claim.month}`);
  const month = await read(`/page/availability?month=${claim.month}`, 'availability');
  for (const { availability, sumErrorRates } of Object.values(sla.readings)) {
    expect(month).toContain(availability);
    expect(month).toContain(sumErrorRates);
  }
  const text = await read('/page/claims', 'claims');
  for (const part of [claim.month, claim.earliest, claim.latest, `${claim.percent} %`, `${claim.asked} USD`])
    expect(text).toContain(part);
});

test('every page of it is Chinese for a Chinese reader, but for names, values and what says that it is English', async () => {
  const { tasks } = await api<{ tasks: { id: string }[] }>('/v1/tasks');
  const { claims } = await api<{ claims: { month: string }[] }>('/v1/claims');
  const ids = tasks.map(({ id }) => `/tasks/${id}`);
  const months = claims.map(({ month }) => month);
  const values = new ShownValues();
  const lists = [
    'status',
    'tasks',
    'calls',
    'calls?kind=refused',
    'holds',
    'alerts',
    'claims',
    'packs',
    'config',
  ];
  const asked = [...lists.map((list) => `/${list}`), ...ids, ...months.map((month) => `/claims/${month}`)];
  for (const path of asked) values.keep(await api(`/v1${path}`));
  const lives = await Promise.all(
    ids.map((path) => api<{ deduction: { note: string } | null; statusMessage: string }>(`/v1${path}`)),
  );
  const ofKling = lives.flatMap(({ deduction, statusMessage }) => [deduction?.note ?? null, statusMessage]);
  const found: string[] = [];
  const english = new Set<string>();
  const shown = [
    ...NAVIGATION.map(([, path]) => path).filter((path) => path !== '/page/audit'),
    ...ids.map((path) => `/page${path}`),
    ...months.flatMap((month) => [`/page/claims/${month}`, `/page/availability?month=${month}`]),
    '/page/calls?kind=refused',
    '/page/spending?by=model',
  ];
  for (const path of shown) {
    const { status, text } = await readPage(url + path, { ...TYPED, 'accept-language': 'zh-CN' });
    expect([path, status]).toEqual([path, 200]);
    for (const seen of seenIn(text)) {
      if (seen.kind === 'english') english.add(seen.text);
      if (seen.kind === 'page')
        found.push(
          ...values.latinIn(seen.text).map((run) => `${path}: ${run} in “${seen.text.slice(0, 80)}”`),
        );
    }
  }
  expect([...new Set(found)]).toEqual([]);
  // The link to the English page, and Kling's own words.
  expect([...english].filter((text) => text !== 'English' && !ofKling.includes(text))).toEqual([]);
});
