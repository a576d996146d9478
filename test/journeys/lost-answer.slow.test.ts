import { request } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { get, post, textToVideo, until } from '../app/calls.ts';

let started: StartedApp;
afterEach(() => started.stop());

const creates = (): number => started.emulator.requests().filter(({ method }) => method === 'POST').length;

interface HoldRow {
  id: string;
  state: string;
  inDoubt: boolean;
  taskId: string | null;
}

async function holds(): Promise<HoldRow[]> {
  const { json } = await get(`${started.controlUrl}/v1/holds`);
  return (json as unknown as { holds: HoldRow[] }).holds;
}

describe('an answer that is lost', () => {
  it('is found again after the charge: the caller gets its task, and Kling one create', async () => {
    started = await startApp();
    const { dataUrl, emulator } = started;
    emulator.addFault({
      kind: 'reset_after_charge',
      match: { method: 'POST', path: '/v1/videos/text2video' },
    });
    const created = await post(`${dataUrl}/v1/videos/text2video`, textToVideo());
    expect(created.status).toBe(200);
    expect(created.json.data['task_id']).toBe(emulator.book().charges[0]?.taskId);
    expect(creates()).toBe(1);
    await until('the hold is settled', async () => (await holds())[0]?.state === 'settled');
  });

  it('stays in doubt where it was lost before the charge, and keeps its credits held', async () => {
    started = await startApp();
    const { dataUrl, emulator } = started;
    emulator.addFault({
      kind: 'reset_before_charge',
      match: { method: 'POST', path: '/v1/videos/text2video' },
    });
    const created = await post(`${dataUrl}/v1/videos/text2video`, textToVideo(), {
      'x-kling-timeout-ms': '9000',
    });
    expect(created.status).toBe(424);
    expect(created.headers['x-kling-sidecar']).toBe('outcome_unknown');
    expect(created.json).toMatchObject({ code: 9052, data: { word: 'outcome_unknown', retryable: false } });
    expect(created.headers['x-kling-external-task-id']).toMatch(/^ks_/);
    expect(created.json.message).toContain(String(created.headers['x-kling-external-task-id']));
    expect(await holds()).toMatchObject([{ state: 'held', inDoubt: true, taskId: null }]);
    expect(emulator.book().charges).toEqual([]);
  });

  it('is one create for an SDK that posts again and again with one idempotency key', async () => {
    started = await startApp();
    const { dataUrl, emulator } = started;
    emulator.addFault({ kind: '5xx_after_charge', match: { method: 'POST', path: '/v1/videos/text2video' } });
    const again = () =>
      post(`${dataUrl}/v1/videos/text2video`, textToVideo(), { 'idempotency-key': 'render-7' });
    const answers = await Promise.all([again(), again(), again()]);
    const ids = new Set(answers.map(({ status, json }) => `${status} ${String(json.data['task_id'])}`));
    expect([...ids]).toEqual([`200 ${emulator.book().charges[0]?.taskId}`]);
    expect(await again()).toMatchObject({ status: 200, json: { code: 0 } });
    expect(creates()).toBe(1);
    const other = await post(`${dataUrl}/v1/videos/text2video`, textToVideo({ duration: '10' }), {
      'idempotency-key': 'render-7',
    });
    expect(other).toMatchObject({ status: 422, json: { code: 9031 } });
  });

  it('is one create for a caller that repeats its own external task id', async () => {
    started = await startApp();
    const { dataUrl } = started;
    const body = textToVideo({ external_task_id: 'scene-12/take 3' });
    const first = await post(`${dataUrl}/v1/videos/text2video`, body);
    const second = await post(`${dataUrl}/v1/videos/text2video`, body);
    expect(second.json.data['task_id']).toBe(first.json.data['task_id']);
    expect(creates()).toBe(1);
  });

  it('is recorded though the caller hung up, and is there for the same key', async () => {
    started = await startApp();
    const { dataUrl, emulator } = started;
    emulator.addFault({ kind: 'latency', ms: 400, match: { method: 'POST', path: '/v1/videos/text2video' } });
    const gone = new AbortController();
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'gone-1' };
    const lost = request(`${dataUrl}/v1/videos/text2video`, {
      method: 'POST',
      headers,
      body: JSON.stringify(textToVideo()),
      signal: gone.signal,
    });
    await until('the create arrived at Kling', () => creates() === 1);
    gone.abort();
    await expect(lost).rejects.toThrow();
    await until('the task is recorded', async () => (await holds())[0]?.taskId);
    const again = await post(`${dataUrl}/v1/videos/text2video`, textToVideo(), {
      'idempotency-key': 'gone-1',
    });
    expect(again.json.data['task_id']).toBe(emulator.book().charges[0]?.taskId);
    expect(creates()).toBe(1);
  });

  it('gets the original bytes sent once more where Kling refuses the field on a route', async () => {
    started = await startApp();
    const { dataUrl, emulator } = started;
    emulator.addFault({
      kind: 'refuse_external_id',
      times: 'always',
      match: { path: '/v1/videos/text2video' },
    });
    const first = await post(`${dataUrl}/v1/videos/text2video`, textToVideo());
    expect(first.status).toBe(200);
    expect(creates()).toBe(2);
    const sent = emulator.requests().filter(({ method }) => method === 'POST');
    expect(sent[0]?.body.toString()).toContain('external_task_id');
    expect(sent[1]?.body.toString()).toBe(JSON.stringify(textToVideo()));
    expect((await post(`${dataUrl}/v1/videos/text2video`, textToVideo())).status).toBe(200);
    expect(creates()).toBe(3);
  });

  it('gives a large body back as it came where Kling refuses the field, byte for byte', async () => {
    started = await startApp();
    const { dataUrl, emulator } = started;
    emulator.addFault({ kind: 'refuse_external_id', match: { path: '/v1/images/generations' } });
    const image = 'iVBORw0KGgo'.repeat(60_000);
    const body = `{ "model_name":"kling-v2-1", "external_task_id": "", "image":"${image}", "prompt":"a boat" }`;
    expect((await post(`${dataUrl}/v1/images/generations`, body)).status).toBe(200);
    const sent = emulator.requests().filter(({ method }) => method === 'POST');
    expect(sent).toHaveLength(2);
    expect(sent[1]?.body.toString() === body).toBe(true);
  });

  it('keeps the credits where the original bytes were sent and their answer was lost', async () => {
    started = await startApp();
    const { dataUrl, emulator } = started;
    const match = { method: 'POST', path: '/v1/videos/text2video' };
    emulator.addFault({ kind: 'refuse_external_id', match });
    emulator.addFault({ kind: 'reset_after_charge', match });
    const lost = await post(`${dataUrl}/v1/videos/text2video`, textToVideo());
    expect(lost).toMatchObject({ status: 424, json: { code: 9052, data: { externalTaskId: null } } });
    const { json } = await get(`${started.controlUrl}/v1/holds`);
    // Without an id nothing can be looked up: no answer of Kling's may give these credits back.
    expect(json).toMatchObject({ holds: [{ state: 'held', inDoubt: true, externalTaskId: null }] });
    expect(emulator.book().charges).toHaveLength(1);
  });

  it('answers a repeat whose own task id cannot be part of a header', async () => {
    started = await startApp();
    const { dataUrl } = started;
    const body = textToVideo({ external_task_id: '場景-7' });
    const first = await post(`${dataUrl}/v1/videos/text2video`, body);
    const second = await post(`${dataUrl}/v1/videos/text2video`, body);
    expect(second.json.data['task_id']).toBe(first.json.data['task_id']);
    expect(second.headers['x-kling-external-task-id']).toBe(encodeURIComponent('場景-7'));
  });
});
