/** An app that reads one open task again and again: what goes to Kling, and what our own poller then asks. */
import { afterEach, describe, expect, it } from 'vitest';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { anotherVideo, get, post, type Got } from '../app/calls.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { advanceBy, whileMoving } from '../money/hand-clock.ts';

const PATH = '/v1/videos/text2video';

let clock: ManualClock;
let app: StartedApp;
afterEach(() => app.stop());

async function start(tasks: Record<string, unknown>): Promise<string> {
  clock = createManualClock(Date.UTC(2026, 9, 20, 6));
  app = await startApp({
    clock,
    config: { tasks: { pollIntervalMs: 5_000, ...tasks } },
    emulator: { speed: 1, taskSeconds: { submitted: 30, processing: 30 } },
  });
  const { json } = await whileMoving(clock, post(app.dataUrl + PATH, anotherVideo()), 20);
  return String(json.data['task_id']);
}

const read = (taskId: string): Promise<Got> => get(`${app.dataUrl}${PATH}/${taskId}`);
const word = ({ headers }: Got): unknown => headers['x-kling-sidecar'];
const status = ({ json }: Got): unknown => json.data['task_status'];
const asked = (what: RegExp): number => app.emulator.requests().filter(({ path }) => what.test(path)).length;
const reads = (): number => asked(/^\/v1\/videos\/text2video\/./);
const polls = (): number => asked(/^\/tasks\?task_ids=/);

describe('a cap of reads of one task', () => {
  it('answers further reads with Kling’s last answer, asks Kling once an interval, and gives the end as Kling does', async () => {
    const taskId = await start({ pollCapPerTask: 3, poll: false });
    for (let i = 0; i < 3; i += 1) expect(word(await read(taskId))).toBeUndefined();
    const last = await read(taskId);
    expect([last.status, word(last), status(last)]).toEqual([200, 'poll_cap', 'submitted']);
    for (let i = 0; i < 20; i += 1) expect(word(await read(taskId))).toBe('poll_cap');
    expect(reads()).toBe(3);
    await advanceBy(clock, 5_000);
    expect(word(await read(taskId))).toBeUndefined();
    expect(word(await read(taskId))).toBe('poll_cap');
    expect(reads()).toBe(4);
    await advanceBy(clock, 60_000);
    const end = await read(taskId);
    expect([word(end), status(end)]).toEqual([undefined, 'succeed']);
    // What has ended is no loop of ours to stop: the answer has addresses that change.
    expect(word(await read(taskId))).toBeUndefined();
  });

  it('lets the next read through once the poller has seen another state', async () => {
    const taskId = await start({ pollCapPerTask: 1, pollIntervalMs: 3_600_000 });
    await read(taskId);
    expect(word(await read(taskId))).toBe('poll_cap');
    await advanceBy(clock, 31_000);
    expect(status(await read(taskId))).toBe('submitted');
    // Another read shows it, as a poll would.
    const { json } = await get(`${app.dataUrl}/tasks?task_ids=${taskId}`);
    expect(json.code).toBe(0);
    await advanceBy(clock, 1_000, 100);
    const next = await read(taskId);
    expect([word(next), status(next)]).toEqual([undefined, 'processing']);
  });

  it('is off without one, and answers nothing while Kling does not', async () => {
    const taskId = await start({});
    for (let i = 0; i < 30; i += 1) expect(word(await read(taskId))).toBeUndefined();
    await app.reload({ tasks: { pollIntervalMs: 5_000, pollCapPerTask: 1, poll: false } });
    await read(taskId);
    expect(word(await read(taskId))).toBe('poll_cap');
    app.emulator.addFault({ kind: 'code', code: 5000, times: 'always', match: { method: 'GET' } });
    await advanceBy(clock, 10_000);
    expect((await whileMoving(clock, read(taskId))).status).toBe(500);
  });
});

describe('our own polls', () => {
  it('stay away while an app reads the task within the interval, and go on when it stops', async () => {
    const taskId = await start({});
    for (let i = 0; i < 10; i += 1) {
      await advanceBy(clock, 2_000, 500);
      await read(taskId);
    }
    expect(polls()).toBe(0);
    await advanceBy(clock, 8_000, 500);
    expect(polls()).toBeGreaterThanOrEqual(1);
  });
});
