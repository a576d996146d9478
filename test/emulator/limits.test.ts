import { describe, expect, it } from 'vitest';
import { START, startRig } from './client.ts';

const t2v = '/v1/videos/text2video';
const p = { prompt: 'a cat' };

describe('a limit of requests in a minute', () => {
  it('refuses with 429/1302 until a minute after the oldest request, reads too', async () => {
    const rig = await startRig({ requestsPerMinute: 3 });
    expect(await rig.post(t2v, p)).toMatchObject({ code: 0 });
    await rig.clock.advance(20_000);
    expect(await rig.get('/tasks?task_ids=1')).toMatchObject({ code: 0 });
    expect(await rig.post(t2v, p)).toMatchObject({ code: 0 });
    for (let i = 0; i < 3; i += 1)
      expect(await rig.post(t2v, p)).toMatchObject({ status: 429, code: 1302, message: 'Too many requests' });
    expect(await rig.get('/tasks?task_ids=1')).toMatchObject({ status: 429, code: 1302 });
    await rig.clock.advance(39_999);
    expect(await rig.post(t2v, p)).toMatchObject({ code: 1302 });
    await rig.clock.advance(1);
    expect(await rig.post(t2v, p)).toMatchObject({ code: 0 });
    expect(await rig.post(t2v, p)).toMatchObject({ code: 1302 });
    expect(rig.emulator.book().charges).toHaveLength(3);
  });

  it('does not count requests with a wrong key, nor those for the emulator itself', async () => {
    const rig = await startRig({ requestsPerMinute: 1 });
    for (let i = 0; i < 3; i += 1) await rig.get('/tasks?task_ids=1', { authorization: 'Bearer wrong' });
    for (let i = 0; i < 3; i += 1) await rig.get('/_emulator/answers');
    expect(await rig.get('/tasks?task_ids=1')).toMatchObject({ code: 0 });
  });
});

describe('slots', () => {
  it('of a model are limited in addition to those of its product', async () => {
    const rig = await startRig({ concurrency: { video: 3 }, modelConcurrency: { 'kling-v3': 1 } });
    const v3 = { ...p, model_name: 'kling-v3' };
    expect(await rig.post(t2v, v3)).toMatchObject({ code: 0 });
    expect(await rig.post(t2v, v3)).toMatchObject({ status: 429, code: 1303 });
    for (const code of [0, 0, 1303]) expect(await rig.post(t2v, p)).toMatchObject({ code });
    rig.emulator.advance(60_000);
    expect(await rig.post(t2v, v3)).toMatchObject({ code: 0 });
  });

  it('are shown with the most that were in use at once', async () => {
    const rig = await startRig();
    expect(rig.emulator.slots()).toEqual({
      video: { limit: 5, inUse: 0, most: 0 },
      image: { limit: 9, inUse: 0, most: 0 },
    });
    await rig.post(t2v, p);
    await rig.post('/v1/images/generations', { ...p, n: 4 });
    await rig.post('/v1/images/generations', { ...p, n: 3 });
    rig.emulator.advance(60_000);
    await rig.post('/v1/images/generations', p);
    expect(JSON.parse((await rig.get('/_emulator/slots')).text)).toEqual({
      video: { limit: 5, inUse: 0, most: 1 },
      image: { limit: 9, inUse: 1, most: 7 },
    });
  });
});

describe('Retry-After on the emulator’s own answers', () => {
  it('is on 1302 and 1303 only, in seconds or as a date', async () => {
    const rig = await startRig({ concurrency: { video: 1 }, retryAfter: { seconds: 5 } });
    expect((await rig.post(t2v, p)).headers.get('retry-after')).toBeNull();
    const full = await rig.post(t2v, p);
    expect([full.code, full.headers.get('retry-after')]).toEqual([1303, '5']);
    expect((await rig.get(`${t2v}/unknown`)).headers.get('retry-after')).toBeNull();
    const dated = await startRig({ requestsPerMinute: 1, retryAfter: { seconds: 5, as: 'date' } });
    await dated.post(t2v, p);
    const fast = await dated.post(t2v, p);
    expect([fast.code, fast.headers.get('retry-after')]).toEqual([
      1302,
      new Date(START + 5000).toUTCString(),
    ]);
  });
});

describe('the counts of answers', () => {
  it('name each answer of Kling’s paths once, creates also on their own', async () => {
    const rig = await startRig({ concurrency: { video: 1 } });
    expect(rig.emulator.answers()).toEqual({ all: {}, creates: {} });
    await rig.post(t2v, p);
    await rig.post(t2v, p);
    await rig.post('/text-to-video/kling-3.0', p);
    await rig.get('/tasks?task_ids=1');
    await rig.post('/tasks', {});
    await rig.get('/_emulator/book');
    rig.emulator.addFault({ kind: 'http', status: 503 });
    await rig.post(t2v, p);
    rig.emulator.addFault({ kind: 'reset_before_charge' });
    await expect(rig.post(t2v, p)).rejects.toThrow('fetch failed');
    const counts = {
      all: { 0: 3, 1303: 2, page_503: 1, reset: 1 },
      creates: { 0: 1, 1303: 2, page_503: 1, reset: 1 },
    };
    expect(rig.emulator.answers()).toEqual(counts);
    expect(JSON.parse((await rig.get('/_emulator/answers')).text)).toEqual(counts);
    rig.emulator.reset();
    expect(rig.emulator.answers()).toEqual({ all: {}, creates: {} });
  });
});
