import { describe, expect, it } from 'vitest';
import { at, finishedTask, MEDIA, START, startRig, textAt } from './client.ts';

const t2v = '/v1/videos/text2video';
const p = { prompt: 'a cat' };
const RANGE = { start_time: START - 1000, end_time: START + 86_400_000 };

describe('packs', () => {
  it('are listed in an envelope within the envelope, by snake_case parameters alone', async () => {
    const rig = await startRig();
    await rig.post(t2v, p);
    const { data } = await rig.get(`/account/costs?start_time=0&end_time=${START}`);
    expect(data).toEqual({
      code: 0,
      msg: 'success',
      resource_pack_subscribe_infos: [
        {
          resource_pack_name: 'Trial-Video-1000Units-5Con-6Months',
          resource_pack_id: 'pack-1',
          resource_pack_type: 'decreasing_total',
          total_quantity: 1000,
          remaining_quantity: 999,
          purchase_time: START - 90 * 86_400_000,
          effective_time: START - 90 * 86_400_000,
          invalid_time: START + 90 * 86_400_000,
          status: 'online',
        },
        expect.objectContaining({
          resource_pack_name: 'Trial-Image-10000Units-9Con-6Months',
          remaining_quantity: 10_000,
        }),
      ],
    });
    const one = await rig.get(
      '/account/costs?start_time=0&end_time=1&resource_pack_name=Trial-Image-10000Units-9Con-6Months',
    );
    expect(at(one.data, 'resource_pack_subscribe_infos', 'length')).toBe(1);
    expect(await rig.get('/account/costs?startTime=0&endTime=1')).toMatchObject({ status: 400, code: 1200 });
    expect(await rig.get('/account/costs')).toMatchObject({ status: 400, code: 1200 });
    expect(await rig.get('/account/costs?start_time=x&end_time=1')).toMatchObject({
      status: 400,
      code: 1201,
    });
  });

  it('show their state: not yet, online, run out, expired', async () => {
    const day = 86_400_000;
    const rig = await startRig({
      packs: [
        { name: 'a', product: 'video', units: 1, effectiveAt: START + day },
        { name: 'b', product: 'video', units: 0 },
        { name: 'c', product: 'video', units: 1, effectiveAt: START - 9 * day, invalidAt: START },
      ],
    });
    const { data } = await rig.get('/account/costs?start_time=0&end_time=1');
    const states = (at(data, 'resource_pack_subscribe_infos') as object[]).map((pack) => at(pack, 'status'));
    expect(states).toEqual(['toBeOnline', 'runOut', 'expired']);
  });
});

describe('the ledger of units', () => {
  it('names the dimensions of the price of each task, and the pack before and after', async () => {
    const rig = await startRig();
    const video = [{ video_url: `${MEDIA}?seconds=12.4`, refer_type: 'base', keep_original_sound: 'no' }];
    const omni = { ...p, model_name: 'kling-v3-omni', mode: 'pro', video_list: video };
    const id = await finishedTask(rig, '/v1/videos/omni-video', omni);
    const { data } = await rig.post('/account/billing/package', RANGE);
    expect(data).toEqual({
      result: {
        count: 1,
        detail: [
          {
            task_id: id,
            api_key_name: 'emulator',
            deduction_time: String(START),
            product_function: 'Omni Video',
            model_name: 'kling-v3-omni',
            resolution: '1080p',
            duration: '12.4',
            refer_video_input: true,
            video_sound: 'off',
            voice_control: false,
            package_id: 'pack-1',
            product_type: 'video',
            unit_before_deduction: 1000,
            deduction_amount: 14.4,
            unit_after_deduction: 985.6,
          },
        ],
      },
      next_cursor: '',
      has_more: false,
    });
  });

  it('is filtered, paged by cursor, and asks for a range', async () => {
    const rig = await startRig({ concurrency: { video: 50, image: 50 } });
    for (let i = 0; i < 3; i += 1) await rig.post(t2v, p);
    await rig.post('/v1/images/generations', p);
    await rig.post('/v1/images/kolors-virtual-try-on', { human_image: MEDIA, cloth_image: MEDIA });
    await rig.post(t2v, { prompt: 'fail-please' });
    const ledger = (body: object) => rig.post('/account/billing/package', body);
    const count = async (filters: object[]) =>
      at((await ledger({ ...RANGE, filters })).data, 'result', 'count');
    expect(await count([])).toBe(5);
    expect(await count([{ key: 'product_type', values: ['image'] }])).toBe(1);
    expect(await count([{ key: 'product_type', values: ['try-on', 'video'] }])).toBe(4);
    expect(await count([{ key: 'package_id', values: ['pack-2'] }])).toBe(1);
    expect(await count([{ key: 'api_key_name', values: [] }])).toBe(5);
    expect(await count([{ key: 'api_key_name', values: ['other'] }])).toBe(0);
    const first = await ledger({ ...RANGE, limit: 4 });
    expect(first.data).toMatchObject({ has_more: true, result: { count: 4 } });
    const last = await ledger({ cursor: textAt(first.data, 'next_cursor') });
    expect(last.data).toMatchObject({ has_more: false, result: { count: 1 } });
    expect(await ledger({ start_time: 1 })).toMatchObject({ status: 400, code: 1200 });
    expect(await ledger({ ...RANGE, limit: 501 })).toMatchObject({ status: 400, code: 1201 });
    expect(await ledger({ ...RANGE, filters: [{ key: 'status', values: [] }] })).toMatchObject({
      code: 1201,
    });
    const sums = (at((await ledger(RANGE)).data, 'result', 'detail') as object[]).map((row) =>
      at(row, 'deduction_amount'),
    );
    expect(sums.reduce<number>((sum, amount) => sum + Number(amount), 0)).toBe(
      rig.emulator.book().totalUnits,
    );
    expect(at((await rig.post('/account/billing/balance', RANGE)).data, 'result', 'count')).toBe(0);
  });
});

describe('the libraries', () => {
  it('list presets and made items, and delete only the account’s own', async () => {
    const rig = await startRig();
    const general = '/v1/general';
    for (const list of ['presets-voices', 'presets-elements', 'advanced-presets-elements']) {
      const { data } = await rig.get(`${general}/${list}?pageSize=2`);
      expect(at(data, 'length'), list).toBe(2);
    }
    const task = await finishedTask(rig, `${general}/custom-voices`, { voice_name: 'me', voice_url: MEDIA });
    const read = () => rig.get(`${general}/custom-voices/${task}`);
    const voice = textAt((await read()).data, 'task_result', 'voices', 0, 'voice_id');
    const speak = { text: 'a', voice_id: voice, voice_language: 'en' };
    expect(await rig.post('/v1/audio/tts', speak)).toMatchObject({ status: 200 });
    expect((await rig.post(`${general}/delete-voices`, { voice_id: voice })).text).not.toContain('data');
    expect(at((await read()).data, 'task_result', 'voices', 0, 'status')).toBe('deleted');
    expect(await rig.post('/v1/audio/tts', speak)).toMatchObject({ status: 400, code: 1201 });
    expect(await rig.post(`${general}/delete-voices`, { voice_id: voice })).toMatchObject({
      status: 400,
      code: 1201,
    });
    expect(await rig.post(`${general}/delete-voices`, { voice_id: '829332230' })).toMatchObject({
      code: 1201,
    });
  });

  it('keep the two element libraries apart, though either delete path reaches both', async () => {
    const rig = await startRig();
    const general = '/v1/general';
    const old = await rig.post(`${general}/custom-elements`, {
      element_name: 'old',
      element_description: 'x',
    });
    const task = await finishedTask(rig, `${general}/advanced-custom-elements`, { element_name: 'new' });
    const made = await rig.get(`${general}/advanced-custom-elements/${task}`);
    const element = textAt(made.data, 'task_result', 'elements', 0, 'element_id');
    expect((await rig.get(`${general}/custom-elements`)).data).toMatchObject([{ element_name: 'old' }]);
    const remove = (path: string, id: unknown) => rig.post(`${general}/${path}`, { element_id: id });
    expect(await remove('delete-elements', element)).toMatchObject({ status: 200 });
    expect(await remove('delete-advanced-elements', at(old.data, 'element_id'))).toMatchObject({
      status: 200,
    });
    expect((await rig.get(`${general}/custom-elements`)).data).toEqual([]);
    expect(rig.emulator.book().charges).toEqual([]);
  });

  it('open selection sessions for 24 hours', async () => {
    const rig = await startRig();
    const helper = (name: string, body: object) =>
      rig.post(`/v1/videos/multi-elements/${name}-selection`, body);
    const opened = await helper('init', { video_url: MEDIA });
    expect(opened.data).toMatchObject({
      status: 0,
      fps: 24,
      original_duration: 5000,
      total_frame: 120,
      final_unit_deduction: '0',
    });
    const session_id = textAt(opened.data, 'session_id');
    const mark = { session_id, frame_index: 0, points: [{ x: 0.5, y: 0.5 }] };
    expect((await helper('add', mark)).data).toMatchObject({ session_id, res: { frame_index: 0 } });
    expect((await helper('delete', mark)).data).toMatchObject({ session_id });
    expect((await helper('preview', { session_id })).data).toMatchObject({
      res: { video: expect.stringContaining('http') },
    });
    expect(await helper('clear', { session_id })).toMatchObject({ status: 200 });
    expect(await helper('add', { ...mark, points: [{ x: 2, y: 0 }] })).toMatchObject({
      status: 400,
      code: 1201,
    });
    expect(await helper('add', { session_id, points: mark.points })).toMatchObject({
      status: 400,
      code: 1200,
    });
    expect(await helper('clear', { session_id: 'none' })).toMatchObject({ status: 400, code: 1201 });
    rig.emulator.advance(86_400_001);
    expect(await helper('clear', { session_id })).toMatchObject({ status: 400, code: 1201 });
  });
});
