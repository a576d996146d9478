import { afterEach, expect, it } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { post } from '../app/calls.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';

const DAY_MS = 86_400_000;
const START = Date.parse('2026-11-27T10:00:00Z');

let started: StartedApp;
afterEach(() => started.stop());

it('logs how many old records were dropped, of which kind, and says nothing where none were', async () => {
  const lines: Record<string, unknown>[] = [];
  const clock = createManualClock(START);
  const logTo = {
    write: (text: string): void =>
      void lines.push(
        ...text
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as Record<string, unknown>),
      ),
  };
  const config = { tasks: { poll: false }, account: { poll: false } };
  started = await startApp({ clock, logTo, config });
  const { app, controlUrl, token } = started;
  const dropped = async () => {
    await app.runDue();
    await clock.advance(100);
    return lines.filter(({ msg }) => msg === 'old records dropped');
  };
  expect(await dropped()).toEqual([]);
  expect(lines.length).toBeGreaterThan(0);
  const time = new Date(START - 200 * DAY_MS).toISOString();
  const text = JSON.stringify({ time, method: 'GET', path: '/v1/videos/text2video/1', status: 200 });
  const body = { run: 'r', file: 'f', source: 's', host: 'api-singapore.klingai.com', isLast: true };
  const order = { authorization: `Bearer ${token}` };
  await post(`${controlUrl}/v1/import`, { ...body, lines: [{ text, repeat: 0 }] }, order);
  clock.step(START + DAY_MS + 60_000);
  const [line, ...others] = await dropped();
  expect(others).toEqual([]);
  const { time: _at, level: _level, msg: _msg, ...counts } = line ?? {};
  expect(counts).toEqual({ calls: 1 });
});
