import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { get, post, textToVideo } from '../app/calls.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { advanceBy, advanceUntil, whileMoving } from '../money/hand-clock.ts';

const PATH = '/v1/videos/text2video';

let clock: ManualClock;
let started: StartedApp;
beforeEach(async () => {
  clock = createManualClock(Date.UTC(2026, 9, 20, 6));
  started = await start();
});
afterEach(() => started.stop());

function start(options: { folder?: string; baseUrl?: string } = {}): Promise<StartedApp> {
  return startApp({
    clock,
    ...options,
    config: { tasks: { pollIntervalMs: 5_000 } },
    emulator: { speed: 1, taskSeconds: { submitted: 60, processing: 60 } },
  });
}

const create = (): ReturnType<typeof post> =>
  whileMoving(clock, post(started.dataUrl + PATH, textToVideo()), 20);
const polls = (): number =>
  started.emulator.requests().filter(({ path }) => path.startsWith('/tasks?task_ids=')).length;
const states = async (): Promise<string[]> => {
  const { json } = await get(`${started.controlUrl}/v1/tasks`);
  return (json as unknown as { tasks: { state: string }[] }).tasks.map(({ state }) => state);
};

describe('the poller', () => {
  it('writes a task when its state changes, and not for a poll without news', async () => {
    const db = new Database(`${started.folder}/data/sidecar.db`);
    db.exec(`CREATE TABLE changes (n INTEGER) STRICT;
      CREATE TRIGGER count_changes AFTER UPDATE OF task_state ON creates
        WHEN OLD.task_state IS NOT NULL BEGIN INSERT INTO changes VALUES (1); END;`);
    for (let i = 0; i < 3; i += 1) expect((await create()).status).toBe(200);
    await advanceBy(clock, 50_000, 1_000);
    expect(polls()).toBeGreaterThanOrEqual(8);
    const changes = db.prepare<[], number>('SELECT COUNT(*) FROM changes').pluck();
    expect(changes.get()).toBe(0);
    await advanceUntil(clock, async () => (await states()).every((state) => state === 'succeeded'), {
      stepMs: 1_000,
    });
    expect(changes.get()).toBe(6);
    // What has ended is asked for no more.
    const before = polls();
    await advanceBy(clock, 30_000, 1_000);
    expect(polls()).toBe(before);
    db.close();
  });

  it('asks soon after a start for all that was open at the end of the life before', async () => {
    for (let i = 0; i < 3; i += 1) await create();
    const { app, emulator, folder } = started;
    const baseUrl = `http://${emulator.requests()[0]?.headers['host'] ?? ''}`;
    await app.stop();
    await clock.advance(20_000);
    const before = polls();
    started = await start({ folder, baseUrl });
    const asked = (): string[] =>
      emulator
        .requests()
        .map(({ path }) => path)
        .filter((path) => path.startsWith('/tasks?task_ids='));
    await advanceUntil(clock, () => asked().length > before, { stepMs: 500, stepsMax: 10 });
    for (const { taskId } of emulator.book().charges) expect(asked().at(-1)).toContain(taskId);
    await emulator.stop();
  });
});
