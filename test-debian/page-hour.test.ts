/** Pages that stay open for an hour, by a clock moved by hand, keep their memory. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createManualClock, type ManualClock } from '../src/clock.ts';
import { PERIOD_MS } from '../src/page/live.ts';
import { anotherVideo, post, until } from '../test/app/calls.ts';
import { startApp, type StartedApp } from '../test/app/start-app.ts';
import { isLive, openPageBrowser } from './page-browser.ts';

const MIB = 1024 ** 2;
const PATHS = ['/', '/page/tasks', '/page/spending?by=app', '/page/availability'];
/** So many creates fill a list. */
const LISTED = 100;
/** The first minutes are not compared: code is compiled. */
const WARM_PERIODS = 150;
const PERIODS = 1_800;
/** How often money moves, so that sections change. */
const PERIODS_A_CREATE = 10;
const GROWTH_BYTES_MAX = MIB / 2;

let clock: ManualClock;
let started: StartedApp;
let browser: Browser;
beforeAll(async () => {
  clock = createManualClock(Date.UTC(2026, 10, 21, 10));
  started = await startApp({
    clock,
    config: { budgets: [{ name: 'daily', credits: 100_000, window: 'day' }] },
  });
  browser = await openPageBrowser();
});
afterAll(async () => {
  await browser.close();
  await started.stop();
});

interface Use {
  heapBytes: number;
  nodes: number;
  listeners: number;
}

/** Gives what a page holds once everything that is not used any more is gone. */
async function useOf(page: Page): Promise<Use> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  await session.send('Performance.enable');
  const { metrics } = await session.send('Performance.getMetrics');
  await session.detach();
  const value = (name: string): number => metrics.find((each) => each.name === name)?.value ?? NaN;
  return {
    heapBytes: value('JSHeapUsedSize'),
    nodes: value('Nodes'),
    listeners: value('JSEventListeners'),
  };
}

test('an hour of a live page leaves nothing behind', async () => {
  const pages = await Promise.all(
    PATHS.map(async (path) => {
      const page = await browser.newPage();
      await page.goto(started.controlUrl + path);
      await isLive(page);
      return page;
    }),
  );
  const [now] = pages;
  let creates = 0;
  const create = async (): Promise<void> => {
    const { status } = await post(`${started.dataUrl}/v1/videos/text2video`, anotherVideo());
    expect(status).toBe(200);
    creates += 1;
  };
  for (let listed = 0; listed < LISTED; listed += 1) {
    await create();
    await clock.advance(PERIOD_MS);
  }
  await now?.evaluate(
    `globalThis.replaced = 0;
     new MutationObserver((changes) => (replaced += changes.length)).observe(document.querySelector('main'), { childList: true })`,
  );
  const pass = async (periods: number): Promise<void> => {
    for (let period = 0; period < periods; period += 1) {
      if (period % PERIODS_A_CREATE === 0) await create();
      await clock.advance(PERIOD_MS);
    }
    await until('the page shows every create', async () => {
      await clock.advance(PERIOD_MS);
      const text = (await now?.locator('#budgets').innerText()) ?? '';
      const settled = /settled\s+([\d,]+)/.exec(text)?.[1]?.replaceAll(',', '');
      return Number(settled) === creates * 10;
    });
  };
  await pass(WARM_PERIODS);
  const before = await Promise.all(pages.map(useOf));
  await pass(PERIODS);
  const after = await Promise.all(pages.map(useOf));
  // Each create changed the page at least once.
  expect(await now?.evaluate<number>('replaced')).toBeGreaterThan(PERIODS / PERIODS_A_CREATE / 2);
  for (const [place, path] of PATHS.entries()) {
    const [was, is] = [before[place], after[place]];
    if (!was || !is) throw new Error(`${path} was not measured`);
    expect([path, is.heapBytes - was.heapBytes < GROWTH_BYTES_MAX]).toEqual([path, true]);
    expect([path, is.listeners]).toEqual([path, was.listeners]);
    // No node stays of a section that was replaced.
    expect([path, is.nodes < was.nodes * 1.1 + 300]).toEqual([path, true]);
  }
});
