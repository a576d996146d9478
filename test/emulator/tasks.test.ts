import { describe, expect, it } from 'vitest';
import { at, finishedTask, MEDIA, START, startRig, textAt } from './client.ts';

const t2v = '/v1/videos/text2video';
const p = { prompt: 'a cat' };
const wide = { concurrency: { video: 500, image: 500 } };

describe('the life of a task', () => {
  it('goes submitted, processing, succeed as the clock moves, with its costs and results at the end alone', async () => {
    const rig = await startRig({ taskSeconds: { submitted: 2, processing: 10 } });
    const made = await rig.post(t2v, { ...p, external_task_id: 'mine' });
    const id = textAt(made.data, 'task_id');
    expect(id).toMatch(/^\d{18}$/);
    expect(made.data).toEqual({
      task_id: id,
      task_status: 'submitted',
      task_info: { external_task_id: 'mine' },
      created_at: START,
      updated_at: START,
    });
    await rig.clock.advance(1999);
    const submitted = await rig.get(`${t2v}/${id}`);
    expect(submitted.data).toMatchObject({ task_status: 'submitted', updated_at: START, task_result: {} });
    expect(at(submitted.data, 'final_unit_deduction')).toBeUndefined();
    await rig.clock.advance(1);
    expect((await rig.get(`${t2v}/mine`)).data).toMatchObject({
      task_status: 'processing',
      updated_at: START + 2000,
    });
    await rig.clock.advance(10_000);
    const { data } = await rig.get(`${t2v}/${id}`);
    expect(data).toMatchObject({
      task_id: id,
      task_status: 'succeed',
      task_status_msg: '',
      task_info: { external_task_id: 'mine' },
      final_unit_deduction: '1',
      watermark_info: { enabled: false },
      created_at: START,
      updated_at: START + 12_000,
    });
    expect(at(data, 'task_result', 'videos', 0, 'duration')).toBe('5.041');
    expect(textAt(data, 'task_result', 'videos', 0, 'id')).not.toBe(id);
    await rig.clock.advance(5000);
    expect(at((await rig.get(`${t2v}/${id}`)).data, 'updated_at')).toBe(START + 12_000);
  });

  it('shows the same task in the new shape, with the new words', async () => {
    const rig = await startRig();
    const made = await rig.post('/text-to-video/kling-3.0', { ...p, options: { external_task_id: 'new-1' } });
    const id = textAt(made.data, 'id');
    expect(made.data).toEqual({
      id,
      status: 'submitted',
      create_time: START,
      update_time: START,
      external_id: 'new-1',
    });
    await rig.clock.advance(6000);
    const { data } = await rig.get('/tasks?external_task_ids=new-1');
    expect(data).toMatchObject([
      {
        id,
        status: 'succeeded',
        external_id: 'new-1',
        update_time: START + 6000,
        outputs: [{ type: 'video', duration: '5.041' }],
        billing: [{ charge_type: 'unit', amount: '3', package_type: 'video' }],
      },
    ]);
    expect(await rig.get(`${t2v}/${id}`)).toMatchObject({ status: 400, code: 1201 });
  });

  it('ages at its set speed, and all at once on an order, without moving its Date', async () => {
    const rig = await startRig({ speed: 10, taskSeconds: { submitted: 10, processing: 20 } });
    const id = textAt((await rig.post(t2v, p)).data, 'task_id');
    const stage = async () => at((await rig.get(`${t2v}/${id}`)).data, 'task_status');
    await rig.clock.advance(1000);
    expect(await stage()).toBe('processing');
    expect(await rig.post('/_emulator/clock', { speed: 0.5 })).toMatchObject({ status: 200 });
    await rig.clock.advance(20_000);
    expect(await stage()).toBe('processing');
    const moved = await rig.post('/_emulator/clock', { advanceMs: 10_000 });
    expect(moved.headers.get('date')).toBe(new Date(START + 21_000).toUTCString());
    expect(await stage()).toBe('succeed');
    expect(at((await rig.get(`${t2v}/${id}`)).data, 'updated_at')).toBe(START + 21_000);
    for (const wrong of [{}, { speed: 0 }, { advanceMs: -1 }, { speed: 'fast' }]) {
      expect(await rig.post('/_emulator/clock', wrong)).toMatchObject({ status: 400 });
    }
  });

  it('fails by trigger word with a message, without a charge, and refuses by trigger word at create', async () => {
    const rig = await startRig();
    const later = await finishedTask(rig, t2v, { prompt: 'this is forbidden-later' });
    expect((await rig.get(`${t2v}/${later}`)).data).toMatchObject({
      task_status: 'failed',
      task_status_msg: 'Failure to pass the risk control system',
      task_result: {},
      final_unit_deduction: '0',
    });
    const failed = await finishedTask(rig, t2v, { prompt: 'fail-please' });
    expect((await rig.get(`/tasks?task_ids=${failed}`)).data).toMatchObject([
      { status: 'failed', message: 'Task failed: internal generation error', outputs: [], billing: [] },
    ]);
    expect(await rig.post(t2v, { prompt: 'forbidden-at-create' })).toMatchObject({ status: 400, code: 1301 });
    expect(await rig.post(t2v, { prompt: 'policy-at-create' })).toMatchObject({ status: 400, code: 1300 });
    expect(rig.emulator.book().charges).toEqual([]);
  });

  it('leaves a stuck task processing for ever, charged and holding its slot', async () => {
    const rig = await startRig({ concurrency: { video: 1 } });
    const id = await finishedTask(rig, t2v, { prompt: 'stuck-please' });
    rig.emulator.advance(86_400_000);
    expect((await rig.get(`${t2v}/${id}`)).data).toMatchObject({ task_status: 'processing' });
    expect(rig.emulator.book().totalUnits).toBe(1);
    expect(await rig.post(t2v, p)).toMatchObject({ status: 429, code: 1303 });
  });

  it('gives every product its own results', async () => {
    const rig = await startRig(wide);
    const result = async (path: string, body: object) => {
      const id = await finishedTask(rig, path, body);
      const legacy = at((await rig.get(`${path}/${id}`)).data, 'task_result');
      const outputs = at((await rig.get(`/tasks?task_ids=${id}`)).data, 0, 'outputs');
      return { legacy, outputs };
    };
    const url = expect.stringContaining('/files/');
    const id = expect.stringMatching(/^\d{18}$/);
    const images = await result('/v1/images/generations', { ...p, n: 2, watermark_info: { enabled: true } });
    expect(images.legacy).toEqual({
      images: [
        { index: 0, url, watermark_url: url },
        { index: 1, url, watermark_url: url },
      ],
    });
    expect(images.outputs).toMatchObject([
      { type: 'image', url },
      { type: 'image', url },
    ]);
    const series = await result('/v1/images/omni-image', { ...p, result_type: 'series', series_amount: 2 });
    expect(series.legacy).toMatchObject({
      result_type: 'series',
      series_images: [{ index: 0 }, { index: 1 }],
    });
    expect(series.outputs).toMatchObject([{ group_id: id }, { group_id: id }]);
    const shots = await result('/v1/general/ai-multi-shot', { element_frontal_image: MEDIA });
    expect(shots.legacy).toEqual({ images: [{ index: 0, url_1: url, url_2: url, url_3: url }] });
    const audio = await result('/v1/audio/text-to-audio', { ...p, duration: 3.5 });
    expect(audio.legacy).toEqual({
      audios: [{ id, url_mp3: url, url_wav: url, duration_mp3: '3.5', duration_wav: '3.5' }],
    });
    expect(audio.outputs).toEqual([
      { type: 'audio', id, mp3_url: url, wav_url: url, mp3_duration: '3.5', wav_duration: '3.5' },
    ]);
    const both = await result('/v1/audio/video-to-audio', { video_url: MEDIA });
    expect(both.legacy).toMatchObject({ videos: [{ id }], audios: [{ id }] });
    const voice = await result('/v1/general/custom-voices', { voice_name: 'me', voice_url: MEDIA });
    expect(voice.legacy).toMatchObject({ voices: [{ voice_id: id, voice_name: 'me', status: 'succeed' }] });
    const element = await result('/v1/general/advanced-custom-elements', { element_name: 'cat' });
    expect(element.outputs).toMatchObject([{ type: 'element', name: 'cat', status: 'succeeded' }]);
  });

  it('names the parent of an extended video, which may be used for 30 days', async () => {
    const rig = await startRig();
    const first = await finishedTask(rig, t2v, p);
    const video = textAt((await rig.get(`${t2v}/${first}`)).data, 'task_result', 'videos', 0, 'id');
    const extend = '/v1/videos/video-extend';
    expect(await rig.post(extend, { video_id: first })).toMatchObject({ status: 400, code: 1201 });
    const id = await finishedTask(rig, extend, { video_id: video });
    const { data } = await rig.get(`${extend}/${id}`);
    expect(data).toMatchObject({ task_info: { parent_video: { id: video, duration: '5.041' } } });
    expect(at(data, 'task_result', 'videos', 0, 'duration')).toBe('10.082');
    rig.emulator.advance(30 * 86_400_000);
    expect(await rig.post(extend, { video_id: video })).toMatchObject({ status: 400, code: 1201 });
  });
});

describe('external ids', () => {
  it('are unique over both generations: a duplicate is 400/1201, makes no task and costs nothing', async () => {
    const rig = await startRig(wide);
    expect(await rig.post(t2v, { ...p, external_task_id: 'one' })).toMatchObject({ status: 200 });
    const again = [
      await rig.post(t2v, { ...p, external_task_id: 'one' }),
      await rig.post('/v1/images/generations', { ...p, external_task_id: 'one' }),
      await rig.post('/text-to-video/kling-3.0', { ...p, options: { external_task_id: 'one' } }),
    ];
    for (const answer of again) {
      expect(answer).toMatchObject({ status: 400, code: 1201 });
      expect(answer.message).toContain('already exists');
    }
    expect(rig.emulator.book().charges).toHaveLength(1);
    expect(at((await rig.post('/tasks', {})).data, 'count')).toBe(1);
  });

  it('stay taken after a failure, and are free after a refusal', async () => {
    const rig = await startRig({ concurrency: { video: 1 } });
    await finishedTask(rig, t2v, { prompt: 'fail-please', external_task_id: 'failed' });
    expect(await rig.post(t2v, { ...p, external_task_id: 'failed' })).toMatchObject({ code: 1201 });
    await rig.post(t2v, p);
    expect(await rig.post(t2v, { ...p, external_task_id: 'later' })).toMatchObject({ code: 1303 });
    rig.emulator.advance(60_000);
    expect(await rig.post(t2v, { ...p, external_task_id: 'later' })).toMatchObject({ code: 0 });
  });

  it('are not set by an empty string or null, and must be text', async () => {
    const rig = await startRig(wide);
    for (const value of ['', null, '', null]) {
      expect(await rig.post(t2v, { ...p, external_task_id: value })).toMatchObject({ status: 200 });
      expect(
        await rig.post('/text-to-video/kling-3.0', { ...p, options: { external_task_id: value } }),
      ).toMatchObject({
        status: 200,
      });
    }
    expect(await rig.post('/text-to-video/kling-3.0', { ...p, options: null })).toMatchObject({
      status: 200,
    });
    expect(await rig.post(t2v, { ...p, external_task_id: 7 })).toMatchObject({ status: 400, code: 1201 });
  });

  it('make one task of sixty-four creates at once', async () => {
    const rig = await startRig(wide);
    const answers = await Promise.all(
      Array.from({ length: 64 }, () => rig.post(t2v, { ...p, external_task_id: 'race' })),
    );
    expect(answers.filter((answer) => answer.code === 0)).toHaveLength(1);
    expect(rig.emulator.book().totalUnits).toBe(1);
  });
});

describe('slots and packs', () => {
  it('count running tasks against the packs, an image task as n, and free them at the end', async () => {
    const rig = await startRig();
    for (let i = 0; i < 5; i += 1) expect(await rig.post(t2v, p)).toMatchObject({ status: 200 });
    const over = await rig.post(t2v, p);
    expect(over).toMatchObject({
      status: 429,
      code: 1303,
      message: 'parallel task over resource pack limit',
    });
    const image = '/v1/images/generations';
    expect(await rig.post(image, { ...p, n: 5 })).toMatchObject({ status: 200 });
    expect(await rig.post(image, { ...p, n: 5 })).toMatchObject({ status: 429, code: 1303 });
    expect(await rig.post(image, { ...p, n: 4 })).toMatchObject({ status: 200 });
    await rig.clock.advance(5999);
    expect(await rig.post(t2v, p)).toMatchObject({ code: 1303 });
    await rig.clock.advance(1);
    expect(await rig.post(t2v, { prompt: 'fail-please' })).toMatchObject({ code: 0 });
    expect(rig.emulator.book().charges).toHaveLength(7);
  });

  it('take the largest concurrency among the active packs, not the sum', async () => {
    const rig = await startRig({
      packs: [
        { name: 'A-Video-10Units-2Con-1Months', product: 'video', units: 10 },
        { name: 'B-Video-10Units-3Con-1Months', product: 'video', units: 10 },
        { name: 'C-Video-10Units-9Con-1Months', product: 'video', units: 10, invalidAt: START - 1 },
      ],
    });
    const codes = [];
    for (let i = 0; i < 4; i += 1) codes.push((await rig.post(t2v, p)).code);
    expect(codes).toEqual([0, 0, 0, 1303]);
  });

  it('refuse with 1102 a create above a pack’s rest, and an image call on a video pack', async () => {
    const rig = await startRig({
      packs: [{ name: 'Trial-Video-2Units-9Con-1Months', product: 'video', units: 2 }],
    });
    expect(await rig.post(t2v, { ...p, duration: '10' })).toMatchObject({ status: 200 });
    expect(await rig.post(t2v, p)).toMatchObject({
      status: 429,
      code: 1102,
      message: 'Account balance not enough',
    });
    expect(await rig.post('/v1/audio/tts', { text: 'a', voice_id: 'a', voice_language: 'en' })).toMatchObject(
      {
        code: 1102,
      },
    );
    const imageRig = await startRig({
      packs: [{ name: 'Trial-Video-2Units-9Con-1Months', product: 'video', units: 2 }],
      concurrency: { image: 9 },
    });
    expect(await imageRig.post('/v1/images/generations', p)).toMatchObject({ status: 429, code: 1102 });
    expect(rig.emulator.book().totalUnits).toBe(2);
  });

  it('expire with their months, with any rest', async () => {
    const rig = await startRig({ concurrency: { video: 9 } });
    await rig.clock.advance(90 * 86_400_000);
    expect(await rig.post(t2v, p)).toMatchObject({ status: 429, code: 1102 });
  });

  it('are drawn from in the order of their expiry, over two packs if need be', async () => {
    const rig = await startRig({
      packs: [
        { name: 'Late-Video-5Units-5Con-3Months', product: 'video', units: 5 },
        { name: 'Soon-Video-5Units-5Con-1Months', product: 'video', units: 1.5 },
      ],
    });
    const id = await finishedTask(rig, t2v, { ...p, duration: '10' });
    const costs = await rig.get('/account/costs?start_time=1&end_time=2');
    expect(at(costs.data, 'resource_pack_subscribe_infos')).toMatchObject([
      { resource_pack_name: 'Late-Video-5Units-5Con-3Months', remaining_quantity: 4.5, status: 'online' },
      { resource_pack_name: 'Soon-Video-5Units-5Con-1Months', remaining_quantity: 0, status: 'runOut' },
    ]);
    expect((await rig.get(`/tasks?task_ids=${id}`)).data).toMatchObject([
      { billing: [{ amount: '1.5' }, { amount: '0.5' }] },
    ]);
    expect((await rig.get(`${t2v}/${id}`)).data).toMatchObject({ final_unit_deduction: '2' });
  });
});

describe('reset', () => {
  it('forgets tasks, charges, faults and requests, and fills the packs again', async () => {
    const rig = await startRig({ speed: 2 });
    await rig.post(t2v, { ...p, external_task_id: 'x' });
    rig.emulator.addFault({ kind: 'http' });
    await rig.post('/_emulator/reset', {});
    expect(rig.emulator.book()).toEqual({
      charges: [],
      totalUnits: 0,
      foreignUnits: 0,
      totalUnitsByProduct: { video: 0, image: 0 },
    });
    expect([rig.emulator.requests(), rig.emulator.faults(), rig.emulator.warnings()]).toEqual([[], [], []]);
    expect(await rig.post(t2v, { ...p, external_task_id: 'x' })).toMatchObject({ status: 200 });
    expect(rig.emulator.requests()).toHaveLength(1);
  });
});
