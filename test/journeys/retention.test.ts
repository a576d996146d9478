import { afterEach, expect, it } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { get, post, textToVideo } from '../app/calls.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { whileMoving } from '../money/hand-clock.ts';

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

it('drops nothing by a clock that Kling’s does not confirm, and says so', async () => {
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
  const config = { tasks: { poll: false }, account: { poll: false } };
  const first = await startApp({ clock: createManualClock(START), config });
  await first.app.runDue();
  // Money that was dated: from then on a clock is compared before it dates anything.
  expect((await post(`${first.dataUrl}/v1/videos/text2video`, textToVideo())).status).toBe(200);
  await first.stop({ keep: true });
  // The machine wakes up two years too late; Kling knows better.
  const clock = createManualClock(START + 730 * DAY_MS);
  const emulator = { clock: createManualClock(START + DAY_MS) };
  const options = { clock, logTo, logClock: clock, config, emulator, folder: first.folder };
  started = await startApp(options);
  await whileMoving(clock, started.app.runDue());
  await clock.advance(1_000);
  expect(lines.filter(({ event }) => event === 'records_kept')).toHaveLength(1);
  expect(lines.filter(({ event }) => event === 'records_dropped')).toEqual([]);
  const { json } = await get(`${started.controlUrl}/v1/calls?limit=10`);
  expect((json as unknown as { calls: unknown[] }).calls.length).toBeGreaterThan(0);
});
