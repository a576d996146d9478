/** The page by keyboard alone: everything can be reached with Tab, what has the focus can be seen, and every order can be given. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { NAVIGATION } from '../src/page/layout.ts';
import { anotherVideo, get, post, until } from '../test/app/calls.ts';
import { startApp, type StartedApp } from '../test/app/start-app.ts';
import { openPageBrowser } from './page-browser.ts';

let started: StartedApp;
let browser: Browser;
let page: Page;
beforeAll(async () => {
  started = await startApp({
    config: { budgets: [{ name: 'daily', credits: 1000, window: 'day' }] },
    // Its tasks stay open.
    emulator: { speed: 0.01 },
  });
  for (let made = 0; made < 3; made += 1)
    expect((await post(`${started.dataUrl}/v1/videos/text2video`, anotherVideo())).status).toBe(200);
  browser = await openPageBrowser();
});
afterEach(() => page.close());
afterAll(async () => {
  await browser.close();
  await started.stop();
});

async function open(path: string): Promise<void> {
  page = await browser.newPage({ locale: 'en-GB', viewport: { width: 1440, height: 900 } });
  await page.goto(started.controlUrl + path);
}

/** Everything that a mouse could use, as long as it is shown. */
const CONTROLS = `[...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, summary, [tabindex="0"]')]
  .filter((each) => each.checkVisibility({ visibilityProperty: true }) && !each.closest('dialog:not([open])'))`;

test.each(NAVIGATION.filter(([name]) => name !== 'audit'))(
  'everything on the page “%s” can be reached with Tab, and is seen to have the focus',
  async (_name, path) => {
    await open(path);
    await page.evaluate(`for (const each of document.querySelectorAll('details')) each.open = true`);
    const controls = await page.evaluate<number>(`${CONTROLS}.length`);
    const reached = new Set<number>();
    const unseen: string[] = [];
    for (let tabs = 0; tabs < controls * 4 + 20 && reached.size < controls; tabs += 1) {
      await page.keyboard.press('Tab');
      const [at, isSeen, html] = await page.evaluate<[number, boolean, string]>(`(() => {
        const focused = document.activeElement;
        const { outlineStyle, outlineWidth } = getComputedStyle(focused);
        return [${CONTROLS}.indexOf(focused), outlineStyle !== 'none' && outlineWidth !== '0px', focused.outerHTML.slice(0, 80)];
      })()`);
      if (at >= 0) reached.add(at);
      if (at >= 0 && !isSeen) unseen.push(html);
    }
    expect([controls > 5, reached.size, unseen]).toEqual([true, controls, []]);
  },
  120_000,
);

interface Order {
  page: string;
  method: 'POST' | 'DELETE';
  /** Of the API; a hold's id is `{hold}`, an exclusion's `{exclusion}`. */
  path: string;
  /** What is typed or chosen, by the field's name. */
  values: Readonly<Record<string, string>>;
  /** Tells from the API whether it was done. */
  done: () => Promise<boolean>;
}

const answer = async <T>(path: string): Promise<T> =>
  (await get(started.controlUrl + path, { authorization: `Bearer ${started.token}` })).json as unknown as T;
const holdIn = async (state: string): Promise<string> => {
  const { holds } = await answer<{ holds: { id: string }[] }>(`/v1/holds?state=${state}`);
  return holds[0]?.id ?? '';
};
const exclusionInForce = async (): Promise<string> => {
  const { exclusions } = await answer<{ exclusions: { id: string }[] }>('/v1/exclusions');
  return exclusions[0]?.id ?? '';
};
const SPAN = { from: '2026-11-20T10:00:00Z', to: '2026-11-20T10:05:00Z' };

const ORDERS: readonly Order[] = [
  {
    page: '/',
    method: 'POST',
    path: '/v1/freeze',
    values: { reason: 'frozen by keyboard' },
    done: async () => (await answer<{ frozen: boolean }>('/v1/status')).frozen,
  },
  {
    page: '/',
    method: 'DELETE',
    path: '/v1/freeze',
    values: { reason: 'resumed by keyboard' },
    done: async () => !(await answer<{ frozen: boolean }>('/v1/status')).frozen,
  },
  {
    page: '/',
    method: 'POST',
    path: '/v1/budgets/daily/raise',
    values: { byCredits: '50', until: '12122099', reason: 'raised by keyboard' },
    done: async () =>
      (await answer<{ budgets: { limitCredits: number }[] }>('/v1/budgets')).budgets[0]?.limitCredits ===
      1050,
  },
  {
    page: '/page/holds?state=held',
    method: 'POST',
    path: '/v1/holds/{hold}/release',
    values: { reason: 'released by keyboard' },
    done: async () => (await holdIn('released')) !== '',
  },
  {
    page: '/page/holds?state=held',
    method: 'POST',
    path: '/v1/holds/{hold}/write-off',
    values: { reason: 'written off by keyboard' },
    done: async () => (await holdIn('written_off')) !== '',
  },
  {
    page: '/page/alerts',
    method: 'POST',
    path: '/v1/alerts/silences',
    values: { rule: 'budget_threshold', for: '2h', reason: 'silenced by keyboard' },
    done: async () => (await answer<{ silences: unknown[] }>('/v1/alerts')).silences.length === 1,
  },
  {
    page: '/page/alerts',
    method: 'DELETE',
    path: '/v1/alerts/silences/budget_threshold',
    values: { reason: 'ended by keyboard' },
    done: async () => (await answer<{ silences: unknown[] }>('/v1/alerts')).silences.length === 0,
  },
  {
    page: '/page/availability?month=2026-11',
    method: 'POST',
    path: '/v1/exclusions',
    values: { ...SPAN, clause: '2.2(i)', source: 'excluded by keyboard' },
    done: async () => (await answer<{ exclusions: unknown[] }>('/v1/exclusions')).exclusions.length === 1,
  },
  {
    page: '/page/availability?month=2026-11',
    method: 'DELETE',
    path: '/v1/exclusions/{exclusion}',
    values: { reason: 'withdrawn by keyboard' },
    done: async () => (await exclusionInForce()) === '',
  },
  {
    page: '/page/availability?month=2026-11',
    method: 'POST',
    path: '/v1/blame',
    values: { ...SPAN, blame: 'upstream', source: 'blamed by keyboard' },
    done: async () => (await reasons()).includes('blamed by keyboard'),
  },
];

async function reasons(): Promise<string[]> {
  const { audit } = await answer<{ audit: { actor: string; reason: string }[] }>('/v1/audit');
  return audit.filter(({ actor }) => actor === 'Ann').map(({ reason }) => reason);
}

const TABS_MAX = 400;

/** Presses Tab until what has the focus fits. */
async function tabTo(what: string): Promise<void> {
  for (let tabs = 0; tabs < TABS_MAX; tabs += 1) {
    await page.keyboard.press('Tab');
    if (await page.evaluate<boolean>(`(${what})(document.activeElement)`)) return;
  }
  throw new Error(`Tab never came to ${what}`);
}

/** Fills in the form's fields in their order, and sends it with Enter. */
async function give({ method, path, values }: Order): Promise<void> {
  const form = `form[data-method="${method}"][data-path="${path}"]`;
  const summary = `(each) => each.matches('summary') && each.parentElement.querySelector('${form}') !== null`;
  if (await page.evaluate<boolean>(`document.querySelector('details ${form}') !== null`)) {
    await tabTo(summary);
    await page.keyboard.press('Enter');
  }
  for (const [name, value] of Object.entries({ ...values, actor: 'Ann' })) {
    await tabTo(`(each) => each.name === '${name}' && each.closest('${form}') !== null`);
    await page.keyboard.type(value);
  }
  await page.keyboard.press('Enter');
  await page.locator('#token[open]').waitFor();
  await page.keyboard.type(started.token);
  await page.keyboard.press('Enter');
}

test.each(ORDERS)(
  '$method $path is given by keyboard, with a reason and a name that the audit keeps',
  async (order) => {
    const path = order.path
      .replace('{hold}', await holdIn('held'))
      .replace('{exclusion}', await exclusionInForce());
    await open(order.page);
    await page.locator('form.order:not([hidden])').first().waitFor({ state: 'attached' });
    await give({ ...order, path });
    await until(`${order.method} ${path} is done`, order.done);
    const [last] = await reasons();
    expect(last).toBe(order.values['reason'] ?? order.values['source']);
  },
);

test('no order is on a page that this file does not give', async () => {
  const known = new Set(ORDERS.map(({ method, path }) => `${method} ${path.replace(/\{\w+\}/, '*')}`));
  for (const [name, path] of NAVIGATION) {
    await open(path);
    const orders = await page.evaluate<string[]>(
      `[...document.querySelectorAll('form.order')].map(({ dataset }) => dataset.method + ' ' + dataset.path)`,
    );
    await page.close();
    const unknown = orders
      .map((order) => order.replace(/(?:hold|excl)_\w+/, '*'))
      .filter((order) => !known.has(order));
    expect([name, unknown]).toEqual([name, []]);
  }
});
