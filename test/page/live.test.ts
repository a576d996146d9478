/** Live pages over real sockets, on a clock moved by hand. */
import { afterEach, expect, it } from 'vitest';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { PERIOD_MS, VIEWERS_MAX } from '../../src/page/live.ts';
import { anotherVideo, post, until } from '../app/calls.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { followPage, read, textOf, type LivePage } from './reader.ts';

const SAME_ORIGIN = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' };

let clock: ManualClock;
let started: StartedApp;
let pages: LivePage[] = [];
afterEach(async () => {
  for (const page of pages) page.close();
  pages = [];
  await started.stop();
});

async function start(): Promise<void> {
  clock = createManualClock(Date.UTC(2026, 10, 21, 10));
  started = await startApp({ clock, config: { budgets: [{ name: 'daily', credits: 100, window: 'day' }] } });
}

async function follow(at: string, headers: Record<string, string> = {}): Promise<LivePage> {
  const address = `${started.controlUrl}/page/live?at=${encodeURIComponent(at)}`;
  const page = await followPage(address, { ...SAME_ORIGIN, ...headers });
  pages.push(page);
  return page;
}

/** Moves the clock by periods until a page has what is looked for. */
async function seen(page: LivePage, id: string, text: string): Promise<void> {
  await until(`${id} shows ${text}`, async () => {
    await clock.advance(PERIOD_MS);
    return page.events().some((event) => event.id === id && textOf(event.html).includes(text));
  });
}

it('sends the sections that changed, and only these', async () => {
  await start();
  const page = await follow('/');
  await seen(page, 'budgets', 'settled 0 held 0 left 100');
  const before = page.events().filter(({ id }) => id === 'budgets').length;
  const slots = page.events().filter(({ id }) => id === 'slots').length;
  expect([before, slots]).toEqual([1, 1]);
  await post(`${started.dataUrl}/v1/videos/text2video`, anotherVideo());
  // Held, or settled by now: the clock goes fast.
  await seen(page, 'budgets', 'left 90');
  expect(page.events().filter(({ id }) => id === 'doubts')).toHaveLength(1);
  // A form of filters is never replaced.
  const tasks = await follow('/page/tasks');
  await seen(tasks, 'tasks', 'text-to-video');
  expect(tasks.events().some(({ id }) => id === 'filters')).toBe(false);
});

it('asks for what the token protects only with the token', async () => {
  await start();
  const without = await follow('/page/audit');
  const allowed = await follow('/page/audit', { authorization: `Bearer ${started.token}` });
  await seen(allowed, 'audit', 'Who');
  await until('the other one is refused', async () => {
    await clock.advance(PERIOD_MS);
    return without.text().includes('event: lost');
  });
  expect(without.events()).toEqual([]);
});

it('does nothing while nobody looks, and ends with the sidecar at once', async () => {
  await start();
  const page = await follow('/');
  await seen(page, 'state', 'Everything is well');
  page.close();
  const other = await follow('/page/queue');
  await seen(other, 'queue', 'No create waits.');
  await started.app.stop();
  await until('the live page has ended', () => other.isEnded());
});

it('has a bound on its open pages', async () => {
  await start();
  for (let open = 0; open < VIEWERS_MAX; open += 1) await follow('/page/queue');
  const address = `${started.controlUrl}/page/live?at=%2F`;
  const refused = await read(address, SAME_ORIGIN);
  expect([refused.status, refused.headers['retry-after']]).toEqual([503, '10']);
  pages[0]?.close();
  await until('there is room again', async () => {
    const again = await followPage(address, SAME_ORIGIN);
    pages.push(again);
    return again.text().includes('retry: 2000');
  });
});
