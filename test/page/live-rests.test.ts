/** How often live pages are made: by real sockets, on a clock moved by hand. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createManualClock, sleep, type ManualClock } from '../../src/clock.ts';
import { BUSY_SHARE, LivePages, PERIOD_MS } from '../../src/page/live.ts';
import { until } from '../app/calls.ts';
import { followPage, type LivePage } from './reader.ts';

const MINUTE_MS = 60_000;
const STEP_MS = 10;

let clock: ManualClock;
let live: LivePages;
let server: Server;
let takesMs: number;
let made: string[];
let pages: LivePage[];
beforeEach(async () => {
  clock = createManualClock(Date.UTC(2026, 10, 21, 10));
  live = new LivePages(clock);
  [made, pages, takesMs] = [[], [], 0];
  server = createServer((request, response) => {
    const key = request.url ?? '';
    const make = async (): Promise<ReadonlyMap<string, string>> => {
      made.push(key);
      if (takesMs > 0) await sleep(clock, takesMs);
      return new Map([['section', String(made.length)]]);
    };
    live.follow(key, response, { make, ...(key === '/dear' && { everyMs: 30_000 }) });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  live.close();
  for (const page of pages) page.close();
  await new Promise((resolve) => void server.close(resolve));
});

async function open(path: string): Promise<void> {
  const { port } = server.address() as AddressInfo;
  pages.push(await followPage(`http://127.0.0.1:${port}${path}`));
}

async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += STEP_MS) await clock.advance(STEP_MS);
}

it('makes a page once in a period for all who look at it, and not while nobody looks', async () => {
  await open('/a');
  await open('/a');
  await open('/b');
  await pass(MINUTE_MS);
  const count = (path: string): number => made.filter((key) => key === path).length;
  for (const path of ['/a', '/b']) {
    expect(count(path)).toBeGreaterThan(MINUTE_MS / PERIOD_MS - 3);
    expect(count(path)).toBeLessThanOrEqual(MINUTE_MS / PERIOD_MS);
  }
  for (const page of pages) page.close();
  await until('nobody looks', () => live.viewers === 0);
  made = [];
  await pass(MINUTE_MS);
  expect(made).toEqual([]);
});

it('makes dear pages less often, each in its turn: together they take a small share of the time', async () => {
  takesMs = 60;
  for (const path of ['/a', '/b', '/c', '/d']) await open(path);
  await pass(3 * MINUTE_MS);
  const share = (made.length * takesMs) / (3 * MINUTE_MS);
  expect(share).toBeLessThanOrEqual(BUSY_SHARE * 1.1);
  expect(share).toBeGreaterThan(BUSY_SHARE * 0.8);
  // One after the other.
  for (const [place, key] of made.slice(4).entries()) expect(key).toBe(made[place]);
});

it('makes a page that has a longer period of its own no more often', async () => {
  await open('/dear');
  await open('/a');
  await pass(2 * MINUTE_MS);
  expect(made.filter((key) => key === '/dear')).toHaveLength(4);
  expect(made.length).toBeGreaterThan(50);
});

it('a page that cannot be made holds up no other', async () => {
  await open('/slow');
  takesMs = 10 * MINUTE_MS;
  await until('it is being made', async () => {
    await clock.advance(PERIOD_MS);
    return made.length === 1;
  });
  takesMs = 0;
  await open('/quick');
  await pass(2 * MINUTE_MS);
  expect(made).toContain('/quick');
});
