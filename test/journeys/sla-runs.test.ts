import { afterEach, expect, it } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { get, until } from '../app/calls.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';

const MINUTE = 60_000;
/** The first window of October 2025 in Shanghai. */
const MIDNIGHT = Date.UTC(2025, 8, 30, 16);

let app: StartedApp;
afterEach(() => app.stop());

async function read<T>(target: string): Promise<T> {
  return (await get(`${app.controlUrl}${target}`)).json as unknown as T;
}

interface Month {
  windows: { notObserved: number };
  gaps: { start: string; end: string; windows: number }[];
}

it('knows the windows in which no sidecar ran, over a restart', async () => {
  const clock = createManualClock(MIDNIGHT);
  const config = { tasks: { poll: false } };
  app = await startApp({ clock, config });
  await clock.advance(12 * MINUTE);
  await app.stop({ keep: true });
  clock.step(MIDNIGHT + 61 * MINUTE);
  app = await startApp({ clock, config, folder: app.folder });
  await clock.advance(20 * MINUTE);
  const { windows, gaps } = await until('every heartbeat is written', async () => {
    const month = await read<Month>('/v1/sla/2025-10');
    return month.gaps.length === 1 && month;
  });
  expect(gaps).toEqual([{ start: '2025-09-30T16:15:00.000Z', end: '2025-09-30T17:00:00.000Z', windows: 9 }]);
  expect(windows.notObserved).toBe(9);
});

it('has the exclusions of its config in force, and follows a reload', async () => {
  const clock = createManualClock(MIDNIGHT);
  const exclusion = {
    from: '2025-10-01T00:00:00+08:00',
    to: '2025-10-01T02:00:00+08:00',
    clause: '2.2(i)',
    source: 'notice of 20 September',
  };
  app = await startApp({ clock, config: { tasks: { poll: false }, sla: { exclusions: [exclusion] } } });
  expect(await read('/v1/exclusions')).toMatchObject({
    exclusions: [{ from: '2025-09-30T16:00:00.000Z', clause: '2.2(i)', actor: 'config' }],
  });
  await app.reload({ tasks: { poll: false } });
  expect(await read('/v1/exclusions')).toEqual({ exclusions: [] });
});
