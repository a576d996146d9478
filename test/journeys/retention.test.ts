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
  const logTo = {
    write: (text: string): void =>
      void lines.push(
        ...text
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as Record<string, unknown>),
      ),
  };
  const dropped = async (at: number, folder?: string) => {
    const clock = createManualClock(at);
    const config = { tasks: { poll: false }, account: { poll: false } };
    started = await startApp({
      clock,
      logTo,
      logClock: clock,
      config,
      ...(folder === undefined ? {} : { folder }),
    });
    await started.app.runDue();
    // Lines are written together, a moment later.
    await clock.advance(1_000);
    return lines.filter(({ msg }) => msg === 'old records dropped');
  };
  expect(await dropped(START)).toEqual([]);
  expect(lines.length).toBeGreaterThan(0);
  const { folder, controlUrl, token } = started;
  const time = new Date(START - 200 * DAY_MS).toISOString();
  const text = JSON.stringify({ time, method: 'GET', path: '/v1/videos/text2video/1', status: 200 });
  const body = { run: 'r', file: 'f', source: 's', host: 'api-singapore.klingai.com', isLast: true };
  const order = { authorization: `Bearer ${token}` };
  const imported = await post(`${controlUrl}/v1/import`, { ...body, lines: [{ text, repeat: 0 }] }, order);
  expect(imported.json).toMatchObject({ imported: 1 });
  await started.stop({ keep: true });
  const [line, ...others] = await dropped(START + DAY_MS + 60_000, folder);
  expect(others).toEqual([]);
  const { time: _at, level: _level, msg: _msg, event, ...counts } = line ?? {};
  expect(event).toBe('records_dropped');
  expect(counts).toEqual({ calls: 1 });
});
