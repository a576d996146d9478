import { afterEach, describe, expect, it } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { get, post, textToVideo } from '../app/calls.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { advanceUntil, whileMoving } from '../money/hand-clock.ts';

const PATH = '/v1/videos/text2video';
const NIGHT = Date.parse('2026-11-28T03:00:00Z');
const HOUR = 3_600_000;

let started: StartedApp;
afterEach(() => started.stop());

interface Listed {
  rule: string;
  title: string;
}

/** What `alert list` shows of alerts that fire, or of what is over or was news. */
async function listed(list: 'firing' | 'recent'): Promise<string[]> {
  const { json } = await get(`${started.controlUrl}/v1/alerts`);
  const alerts = (json as unknown as Record<string, Listed[]>)[list] ?? [];
  return alerts.map(({ rule, title }) => `${rule}: ${title}`);
}

describe('alerts of a running sidecar', () => {
  it('report stuck tasks, an app in a loop and an unreachable Kling, and the end of each', async () => {
    const clock = createManualClock(NIGHT);
    started = await startApp({
      clock,
      emulator: { speed: 1, taskSeconds: { submitted: 1, processing: (2 * HOUR) / 1000 } },
      config: {
        tasks: { pollIntervalMs: 5_000 },
        alerts: { rules: { poll_loop: { threshold: 20 } } },
      },
    });
    const shows = (list: 'firing' | 'recent', start: string) =>
      advanceUntil(clock, async () => (await listed(list)).some((text) => text.startsWith(start)), {
        stepMs: 10_000,
      });
    const isGone = (rule: string) =>
      advanceUntil(clock, async () => !(await listed('firing')).join().includes(rule), { stepMs: 10_000 });

    const made = await whileMoving(clock, post(started.dataUrl + PATH, textToVideo()));
    const taskId = String(made.json.data['task_id']);
    // Lists of all tasks are no loop.
    for (let read = 0; read < 30; read += 1) await get(`${started.dataUrl}${PATH}?pageNum=1&pageSize=30`);
    for (let read = 0; read < 20; read += 1) await get(`${started.dataUrl}${PATH}/${taskId}`);
    await shows('firing', 'tasks_stuck: 1 video task is stuck');
    expect((await listed('recent')).join()).not.toContain('poll_loop');
    await get(`${started.dataUrl}${PATH}/${taskId}`);
    await shows('recent', 'poll_loop: App default asked for one task 21 times');

    started.emulator.addFault({ kind: 'http', status: 503, times: 'always' });
    await whileMoving(clock, post(started.dataUrl + PATH, textToVideo()));
    await shows('firing', 'upstream_down: Kling is down');
    await shows('firing', 'holds_in_doubt: 1 create is in doubt for more than 10 minutes');
    await shows(
      'firing',
      'sla_at_risk: At the pace of the last hour Kling breaks its commitment for 2026-11',
    );

    started.emulator.clearFaults();
    await isGone('upstream_down');
    await isGone('holds_in_doubt');
    await advanceUntil(clock, async () => !(await listed('firing')).join().includes('tasks_stuck'), {
      stepMs: 60_000,
    });
  });
});
