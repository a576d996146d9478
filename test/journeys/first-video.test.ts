import { afterEach, expect, it } from 'vitest';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { get, post, textToVideo, until } from '../app/calls.ts';

let started: StartedApp | null = null;
afterEach(async () => {
  await started?.stop();
  started = null;
});

it('makes a first video: held, sent once, settled to the real deduction, and seen by the app', async () => {
  started = await startApp();
  const { dataUrl, controlUrl, emulator } = started;
  const created = await post(`${dataUrl}/v1/videos/text2video`, textToVideo());
  expect(created.status).toBe(200);
  expect(created.json.code).toBe(0);
  expect(created.headers).toMatchObject({ 'x-kling-credits-held': '10', 'x-kling-budget-remaining': '990' });
  expect(created.headers['x-kling-external-task-id']).toMatch(/^ks_[0-9a-z]{26}$/);
  expect(created.headers['server-timing']).toMatch(
    /^upstream;dur=[\d.]+, sidecar;dur=[\d.]+, queue;dur=0\.00$/,
  );
  const taskId = String(created.json.data['task_id']);

  const seen = await until('the app sees its video', async () => {
    const read = await get(`${dataUrl}/v1/videos/text2video/${taskId}`);
    return read.json.data['task_status'] === 'succeed' && read;
  });
  expect(JSON.stringify(seen.json.data)).toContain('.mp4');

  const task = await until('the hold is settled', async () => {
    const { json } = await get(`${controlUrl}/v1/tasks/${taskId}`);
    const shown = json as unknown as { state: string; settledCredits: number };
    return shown.settledCredits === 10 && shown;
  });
  expect(task).toMatchObject({
    id: taskId,
    state: 'succeeded',
    operation: 'text-to-video',
    model: 'kling-v1',
  });
  expect(emulator.book().charges.map((charge) => charge.taskId)).toEqual([taskId]);
  const { json: budgets } = await get(`${controlUrl}/v1/budgets`);
  expect(budgets).toMatchObject({ budgets: [{ name: 'daily', settledCredits: 10, heldCredits: 0 }] });
  const sent = emulator.requests().filter((request) => request.method === 'POST');
  expect(sent).toHaveLength(1);
  expect(sent[0]?.headers['authorization']).toBe('Bearer emulator-key');
});
