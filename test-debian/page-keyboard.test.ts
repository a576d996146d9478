/** The page by keyboard alone: everything can be reached with Tab, what has the focus can be seen, and every order can be given. */
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { NAVIGATION } from '../src/page/layout.ts';
import { anotherVideo, get, post } from '../test/app/calls.ts';
import { startApp, type StartedApp } from '../test/app/start-app.ts';
import { debianProgram } from './debian-program.ts';

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
  browser = await chromium.launch({
    executablePath: debianProgram('chromium', 'chromium'),
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
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
