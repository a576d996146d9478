import { afterEach, describe, expect, it } from 'vitest';
import { anotherVideo, get, post } from '../app/calls.ts';
import { bodiesAt, lastUrl, NEW_TEXT, startWithCallbacks, TEXT, type CallbackApp } from './callback-app.ts';

let started: CallbackApp | undefined;
afterEach(() => started?.stop());

const URL_PATTERN = /\/c\/hold_[0-9a-z]{26}\.[A-Za-z0-9_-]{43}$/;

describe('a create without an address for callbacks', () => {
  it('gets ours, in both generations, beside its external id', async () => {
    started = await startWithCallbacks();
    const own = anotherVideo({ external_task_id: 'mine' });
    expect((await post(started.dataUrl + TEXT, own)).status).toBe(200);
    const [legacy] = bodiesAt(started);
    expect(legacy).toEqual({ ...own, callback_url: expect.stringMatching(URL_PATTERN) as string });
    expect(lastUrl(started)).toContain(`${started.publicUrl}/c/hold_`);

    const body = { prompt: 'a paper boat, new', settings: { duration: 5 }, options: { callback_url: '' } };
    expect((await post(started.dataUrl + NEW_TEXT, body)).status).toBe(200);
    const [added] = bodiesAt(started, NEW_TEXT);
    expect(added).toEqual({
      ...body,
      options: {
        callback_url: expect.stringMatching(URL_PATTERN) as string,
        external_task_id: expect.stringMatching(/^ks_/) as string,
      },
    });
  });

  it('has the id of its hold in the address', async () => {
    started = await startWithCallbacks();
    await post(started.dataUrl + TEXT, anotherVideo());
    const { json } = await get(`${started.controlUrl}/v1/holds`);
    const [hold] = (json as unknown as { holds: { id: string }[] }).holds;
    expect(lastUrl(started)).toContain(`/c/${hold?.id}.`);
  });

  it('gets none where Kling takes none: synchronous creates and Kling 4.0', async () => {
    started = await startWithCallbacks();
    await post(`${started.dataUrl}/v1/audio/tts`, {
      text: 'hello',
      voice_id: 'genshin_vindi2',
      voice_language: 'en',
    });
    await post(`${started.dataUrl}/text-to-video/kling-4.0`, { prompt: 'a boat', settings: { duration: 5 } });
    const sent = started.emulator.requests().filter(({ method }) => method === 'POST');
    expect(sent).toHaveLength(2);
    for (const { body } of sent) expect(body.toString()).not.toContain('callback_url');
  });

  it('is equal to its repeats and joins: our address is part of no hash', async () => {
    started = await startWithCallbacks();
    const body = anotherVideo();
    const key = { 'idempotency-key': 'once' };
    const first = await post(started.dataUrl + TEXT, body, key);
    const second = await post(started.dataUrl + TEXT, body, key);
    expect(second.json.data['task_id']).toBe(first.json.data['task_id']);
    expect(bodiesAt(started)).toHaveLength(1);
  });
});

describe('an address of the caller’s own', () => {
  it('is kept', async () => {
    started = await startWithCallbacks();
    const own = anotherVideo({ callback_url: 'https://app.example.com/hook', external_task_id: 'mine' });
    expect((await post(started.dataUrl + TEXT, own)).status).toBe(200);
    expect(bodiesAt(started)).toEqual([own]);
  });
});

describe('Kling’s refusal of the field', () => {
  it('is met by sending the create without it, and no further create of that route has it', async () => {
    started = await startWithCallbacks();
    started.emulator.addFault({
      kind: 'code',
      code: 1201,
      message: 'callback_url is not a supported parameter',
      match: { path: TEXT },
    });
    const first = await post(started.dataUrl + TEXT, anotherVideo());
    expect(first.status).toBe(200);
    expect((await post(started.dataUrl + TEXT, anotherVideo())).status).toBe(200);
    const [refused, again, next] = bodiesAt(started);
    expect(refused).toHaveProperty('callback_url');
    expect(again).toEqual({ ...refused, callback_url: undefined });
    expect(again?.['external_task_id']).toBe(refused?.['external_task_id']);
    expect(next).not.toHaveProperty('callback_url');
    expect(next).toHaveProperty('external_task_id');
    const body = { prompt: 'another route', settings: { duration: 5 } };
    await post(started.dataUrl + NEW_TEXT, body);
    expect(lastUrl(started, NEW_TEXT)).toMatch(URL_PATTERN);
  });

  it('of the external id leaves the address', async () => {
    started = await startWithCallbacks();
    started.emulator.addFault({ kind: 'refuse_external_id', match: { path: TEXT } });
    expect((await post(started.dataUrl + TEXT, anotherVideo())).status).toBe(200);
    const [refused, again] = bodiesAt(started);
    expect(again).toEqual({ ...refused, external_task_id: undefined });
    expect(again?.['callback_url']).toMatch(URL_PATTERN);
  });
});

describe('without permission', () => {
  it('adds nothing in observe mode, and nothing without the section', async () => {
    started = await startWithCallbacks({ config: { mode: 'observe' } });
    const body = anotherVideo();
    await post(started.dataUrl + TEXT, body);
    expect(bodiesAt(started)).toEqual([body]);
    await started.stop();
    started = await startWithCallbacks({ config: { creates: { injectExternalTaskId: false } } });
    await post(started.dataUrl + TEXT, body);
    expect(Object.keys(bodiesAt(started)[0] ?? {})).toEqual(['callback_url', ...Object.keys(body)]);
  });
});
