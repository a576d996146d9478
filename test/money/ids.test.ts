import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { post, textToVideo, until } from '../app/calls.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { holdsOf } from './books.ts';
import { whileMoving } from './hand-clock.ts';

let clock: ManualClock;
let started: StartedApp;
beforeAll(async () => {
  clock = createManualClock(Date.now());
  started = await startApp({ clock, config: { tasks: { poll: false } } });
});
afterEach(() => started.emulator.reset());
afterAll(() => started.stop());

const PATH = '/v1/videos/text2video';
const creates = () => started.emulator.requests().filter(({ method }) => method === 'POST');

describe('the external task id', () => {
  it('of a caller may be of any script: a repeat gets the same answer again', async () => {
    const body = textToVideo({ external_task_id: 'сцена-12 50%' });
    const first = await post(started.dataUrl + PATH, body);
    const second = await post(started.dataUrl + PATH, body);
    expect(first.status).toBe(200);
    expect(second).toMatchObject({ status: 200, json: { data: { task_id: first.json.data['task_id'] } } });
    expect(second.headers['x-kling-external-task-id']).toBe(first.headers['x-kling-external-task-id']);
    expect(creates()).toHaveLength(1);
  });

  it('is written alike on an answer and on a refusal that names it', async () => {
    const id = '50% of scene-12';
    started.emulator.addFault({ kind: 'reset_before_charge', match: { method: 'POST', path: PATH } });
    const headers = { 'x-kling-timeout-ms': '9200' };
    const lost = await whileMoving(
      clock,
      post(started.dataUrl + PATH, textToVideo({ external_task_id: id }), headers),
      20,
    );
    expect(lost).toMatchObject({ status: 424, json: { code: 9052 } });
    const kept = await post(
      started.dataUrl + PATH,
      textToVideo({ prompt: 'another boat', external_task_id: `${id}!` }),
    );
    expect(lost.headers['x-kling-external-task-id']).toBe(encodeURIComponent(id));
    expect(kept.headers['x-kling-external-task-id']).toBe(encodeURIComponent(`${id}!`));
  });

  it('with half a surrogate pair is refused: it could be looked up nowhere', async () => {
    started.emulator.addFault({ kind: 'reset_before_charge', match: { method: 'POST', path: PATH } });
    const text = JSON.stringify(textToVideo()).replace('{', '{"external_task_id":"a\\ud800",');
    const refused = await post(started.dataUrl + PATH, text, { 'x-kling-timeout-ms': '9200' });
    expect(refused).toMatchObject({ status: 400, json: { code: 9010 } });
    expect(creates()).toHaveLength(0);
  });

  it('is removed again if Kling refuses the field, also from a large body', async () => {
    const { emulator, dataUrl, controlUrl } = started;
    emulator.addFault({ kind: 'refuse_external_id', times: 'always' });
    const path = '/v1/videos/image2video';
    const image = 'A'.repeat(400_000);
    const bodies = [
      JSON.stringify({ model_name: 'kling-v1', image, duration: '5' }),
      JSON.stringify({ model_name: 'kling-v1', image, external_task_id: '', duration: '5' }),
      JSON.stringify({ model_name: 'kling-v1', image, external_task_id: null }),
    ];
    for (const body of bodies) {
      const answered = await post(dataUrl + path, body);
      expect(answered.status).toBe(200);
      expect(answered.headers['x-kling-external-task-id']).toBeUndefined();
      expect(creates().at(-1)?.body.toString() === body).toBe(true);
    }
    expect(creates()).toHaveLength(4);
    const held = await holdsOf(controlUrl);
    expect(held.filter(({ externalTaskId }) => externalTaskId === null)).toHaveLength(3);
    const small = await post(`${dataUrl}/text-to-video/kling-2.6`, { prompt: 'x', options: null });
    expect(small.status).toBe(200);
    expect(JSON.parse(creates().at(-1)?.body.toString() ?? '')).toEqual({ prompt: 'x', options: null });
  });

  it('that was taken out again is not looked up: the hold waits for an operator', async () => {
    const { emulator, dataUrl, controlUrl } = started;
    emulator.addFault({ kind: 'refuse_external_id', match: { path: PATH } });
    emulator.addFault({ kind: 'reset_after_charge', match: { method: 'POST', path: PATH } });
    const body = textToVideo({ prompt: 'a third boat' });
    const lost = await whileMoving(clock, post(dataUrl + PATH, body));
    expect(lost).toMatchObject({ status: 424, json: { code: 9052, data: { externalTaskId: null } } });
    expect(lost.headers['x-kling-external-task-id']).toBeUndefined();
    expect(emulator.book().charges).toHaveLength(1);
    await until('the hold is in doubt', async () => {
      const held = await holdsOf(controlUrl);
      return held.find(({ inDoubt, externalTaskId }) => inDoubt && externalTaskId === null);
    });
  });
});
