/** The price list of kling-api.md, section 9, typed here by hand: units for a body on a path. */
import { describe, expect, it } from 'vitest';
import { at, finishedTask, MEDIA, startRig, textAt, type Rig } from './client.ts';

const WIDE = {
  packs: [
    { name: 'Video-100000Units-999Con-1Months', product: 'video', units: 100_000 },
    { name: 'Image-100000Units-999Con-1Months', product: 'image', units: 100_000 },
  ],
} as const;

const p = { prompt: 'a cat' };
const t2v = '/v1/videos/text2video';
const omni = '/v1/videos/omni-video';
const motion = { mode: 'std', image_url: MEDIA, character_orientation: 'video' };
const frame = { type: 'first_frame', url: MEDIA };
const text = { type: 'prompt', text: 'a cat' };
const newOmni = '/omni-video/kling-3.0-omni';
const voice = { voice_list: [{ voice_id: 'calm' }], prompt: 'say <<<voice_1>>> hi' };

type Row = readonly [units: number, path: string, body: object];
const VIDEO: readonly Row[] = [
  // Older models, 9.3.
  [1, t2v, p],
  [2, t2v, { ...p, duration: '10' }],
  [3.5, t2v, { ...p, mode: 'pro' }],
  [7, t2v, { ...p, model_name: 'kling-v1', mode: 'pro', duration: '10' }],
  [1, t2v, { ...p, model_name: '', model: 'kling-v3', duration: null }],
  [2, t2v, { ...p, model_name: 'kling-v1-6' }],
  [7, t2v, { ...p, model_name: 'kling-v1-6', mode: 'pro', duration: '10' }],
  [10, t2v, { ...p, model_name: 'kling-v2-master' }],
  [20, t2v, { ...p, model_name: 'kling-v2-1-master', mode: 'pro', duration: '10' }],
  [1.5, t2v, { ...p, model_name: 'kling-v2-5-turbo' }],
  [5, t2v, { ...p, model_name: 'kling-v2-5-turbo', mode: 'pro', duration: '10' }],
  [1.5, t2v, { ...p, model_name: 'kling-v2-6' }],
  [5, t2v, { ...p, model_name: 'kling-v2-6', mode: 'pro', sound: 'on' }],
  [10, t2v, { ...p, model_name: 'kling-v2-6', mode: 'pro', sound: 'on', duration: '10' }],
  [12, t2v, { ...voice, model_name: 'kling-v2-6', mode: 'pro', sound: 'on', duration: '10' }],
  [
    10,
    t2v,
    { ...voice, prompt: 'no name', model_name: 'kling-v2-6', mode: 'pro', sound: 'on', duration: '10' },
  ],
  [2, '/v1/videos/image2video', { ...p, image: MEDIA, model_name: 'kling-v1-5' }],
  [
    7,
    '/v1/videos/image2video',
    { ...p, image: 'aGVsbG8=', model_name: 'kling-v2-1', mode: 'pro', duration: '10' },
  ],
  // 3.0, 9.2.
  [1.8, t2v, { ...p, model_name: 'kling-v3', duration: '3' }],
  [12, t2v, { ...p, model_name: 'kling-v3', mode: 'pro', duration: '15' }],
  [4.5, t2v, { ...p, model_name: 'kling-v3', sound: 'on' }],
  [45, t2v, { ...p, model_name: 'kling-v3', mode: '4k', duration: '15' }],
  [7, t2v, { ...voice, model_name: 'kling-v3', mode: 'pro', sound: 'on' }],
  [
    4.2,
    t2v,
    {
      model_name: 'kling-v3',
      duration: '7',
      multi_shot: true,
      shot_type: 'customize',
      multi_prompt: [
        { index: 1, prompt: 'one', duration: '3' },
        { index: 2, prompt: 'two', duration: '4' },
      ],
    },
  ],
  [2.4, '/text-to-video/kling-3.0-turbo', { ...p, settings: { duration: 3 } }],
  [5, '/text-to-video/kling-3.0-turbo', { ...p, settings: { resolution: '1080p' } }],
  [4, '/image-to-video/kling-3.0-turbo', { contents: [text, frame] }],
  [3, '/text-to-video/kling-3.0', p],
  [6, '/text-to-video/kling-3.0', { ...p, settings: { resolution: '1080p', audio: 'native' } }],
  [15, '/image-to-video/kling-3.0', { contents: [text, frame], settings: { resolution: '4k' } }],
  [1.5, '/text-to-video/kling-2.6', p],
  [
    10,
    '/text-to-video/kling-2.6',
    { ...p, settings: { resolution: '1080p', audio: 'native', duration: 10 } },
  ],
  [
    6,
    '/image-to-video/kling-2.6',
    {
      contents: [text, frame, { type: 'voice', voice_id: 'calm', id: '1' }],
      settings: { resolution: '1080p', audio: 'native' },
    },
  ],
  [1.5, '/text-to-video/kling-2.5-turbo', p],
  [
    5,
    '/image-to-video/kling-2.5-turbo',
    { contents: [frame], settings: { duration: 10, resolution: '1080p' } },
  ],
  // Omni.
  [4, omni, p],
  [3, omni, { ...p, mode: 'std' }],
  [3, omni, { ...p, model_name: 'kling-v3-omni', mode: 'std' }],
  [5, omni, { ...p, model_name: 'kling-v3-omni', sound: 'on' }],
  [15, omni, { ...p, model_name: 'kling-v3-omni', mode: '4k' }],
  [6, omni, { ...p, model_name: 'kling-v3-omni', video_list: [{ video_url: MEDIA, refer_type: 'feature' }] }],
  [14.4, omni, { ...p, model_name: 'kling-v3-omni', video_list: [{ video_url: `${MEDIA}?seconds=12.4` }] }],
  [2.7, omni, { ...p, mode: 'std', video_list: [{ video_url: `${MEDIA}?seconds=3.2`, refer_type: 'base' }] }],
  [4, newOmni, { contents: [text], settings: { audio: 'native' } }],
  [
    14.4,
    newOmni,
    {
      contents: [text, { type: 'base_video', url: `${MEDIA}?seconds=12.2` }],
      settings: { resolution: '1080p', audio: 'original' },
    },
  ],
  [4.5, newOmni, { contents: [text, { type: 'feature_video', url: MEDIA }] }],
  [3, '/omni-video/kling-o1', { contents: [text] }],
  [
    6,
    '/omni-video/kling-o1',
    { contents: [text, { type: 'feature_video', url: MEDIA }], settings: { resolution: '1080p' } },
  ],
  // Lengths that only the media know.
  [5, '/v1/videos/motion-control', { ...motion, video_url: `${MEDIA}?seconds=9.6` }],
  [4.5, '/v1/videos/motion-control', { ...motion, video_url: `${MEDIA}?seconds=30&output=9` }],
  [
    12,
    '/v1/videos/motion-control',
    { ...motion, mode: 'pro', model_name: 'kling-v3', video_url: `${MEDIA}?seconds=10` },
  ],
  [
    9,
    '/motion-control/kling-3.0',
    {
      contents: [
        { type: 'image', url: MEDIA },
        { type: 'video', url: `${MEDIA}?seconds=10` },
      ],
      settings: { character_orientation: 'image' },
    },
  ],
  [
    8,
    '/motion-control/kling-2.6',
    {
      contents: [
        { type: 'image', url: MEDIA },
        { type: 'video', url: `${MEDIA}?seconds=10` },
      ],
      settings: { character_orientation: 'video', resolution: '1080p' },
    },
  ],
  [4.4, '/v1/videos/avatar/image2video', { image: MEDIA, sound_file: `${MEDIA}?seconds=11.3` }],
  [8.8, '/v1/videos/avatar/image2video', { image: MEDIA, mode: 'pro', sound_file: `${MEDIA}?seconds=11.3` }],
  [
    1.5,
    '/v1/videos/lip-sync',
    { input: { video_url: `${MEDIA}?seconds=10.1`, mode: 'text2video', text: 'hi', voice_id: 'calm' } },
  ],
  // By the run; provisional if the vendor's price was not found.
  [3.5, '/v1/videos/multi-image2video', { ...p, image_list: [{ image: MEDIA }] }],
  [7, '/v1/videos/multi-image2video', { ...p, image_list: [{ image: MEDIA }], duration: '10', mode: 'pro' }],
  [3.5, '/v1/videos/effects', { effect_scene: 'pet_skateboard', input: { images: [MEDIA, MEDIA] } }],
  [0.25, '/v1/audio/text-to-audio', { ...p, duration: 3.5 }],
  [0.25, '/v1/audio/video-to-audio', { video_url: MEDIA }],
  [0.05, '/v1/audio/tts', { text: 'hello', voice_id: 'calm', voice_language: 'en' }],
  [0.05, '/v1/videos/identify-face', { video_url: MEDIA }],
  [0.1, '/v1/videos/image-recognize', { image: MEDIA }],
  [0.05, '/v1/general/custom-voices', { voice_name: 'me', voice_url: MEDIA }],
  [0, '/v1/general/advanced-custom-elements', { element_name: 'cat', element_description: 'a cat' }],
  [0.5, '/v1/images/kolors-virtual-try-on', { human_image: MEDIA, cloth_image: MEDIA }],
];

const IMAGE: readonly Row[] = [
  [8, '/v1/images/generations', p],
  [72, '/v1/images/generations', { ...p, model_name: 'kling-v3', n: 9, resolution: '2k' }],
  [4, '/v1/images/generations', { ...p, model_name: 'kling-v2-1' }],
  [8, '/v1/images/generations', { ...p, model_name: 'kling-v2-1', image: MEDIA }],
  [1, '/v1/images/generations', { ...p, model_name: 'kling-v1' }],
  [4, '/v1/images/generations', { ...p, model_name: 'kling-v1-5' }],
  [16, '/v1/images/generations', { ...p, model_name: 'kling-v1-5', image: MEDIA, n: 2 }],
  [4, '/v1/images/generations', { ...p, model_name: 'kling-v2' }],
  [8, '/v1/images/omni-image', p],
  [16, '/v1/images/omni-image', { ...p, model_name: 'kling-v3-omni', resolution: '4k' }],
  [32, '/v1/images/omni-image', { ...p, result_type: 'series', n: 9 }],
  [72, '/v1/images/omni-image', { ...p, result_type: 'series', series_amount: 9 }],
  [32, '/v1/images/omni-image', { ...p, result_type: 'series', series_amount: 'auto' }],
  [24, '/v1/images/omni-image', { ...p, n: 3, series_amount: 9 }],
  [48, '/v1/images/multi-image2image', { ...p, n: 3, subject_image_list: [{ subject_image: MEDIA }] }],
  [
    16,
    '/v1/images/editing/expand',
    {
      image: MEDIA,
      n: 2,
      up_expansion_ratio: 0.5,
      down_expansion_ratio: 0.5,
      left_expansion_ratio: 0.25,
      right_expansion_ratio: 0.25,
    },
  ],
  [20, '/v1/general/ai-multi-shot', { element_frontal_image: MEDIA }],
];

/** Posts a row and checks the book, the legacy deduction and the new billing against its price. */
async function checkRow(rig: Rig, [units, path, body]: Row, product: 'video' | 'image'): Promise<void> {
  const label = `${path} ${JSON.stringify(body)}`;
  const before = rig.emulator.book().totalUnitsByProduct[product];
  const { data, status, text: raw } = await rig.post(path, body);
  expect(status, `${label} ${raw}`).toBe(200);
  const after = rig.emulator.book();
  expect(after.totalUnitsByProduct[product] - before, label).toBeCloseTo(units, 9);
  const charge = after.charges.at(-1);
  if (units > 0) expect(charge, label).toMatchObject({ path, units, product });
  rig.emulator.advance(60_000);
  const id = at(data, 'task_id') ?? at(data, 'id');
  if (typeof id !== 'string' || path === '/v1/audio/tts') {
    expect(at(data, 'final_unit_deduction'), label).toBe(String(units));
    return;
  }
  const billing = await rig.get(`/tasks?task_ids=${id}`);
  expect(at(billing.data, 0, 'billing'), label).toEqual([
    { charge_type: 'unit', amount: String(units), package_type: product },
  ]);
  if (!path.startsWith('/v1/')) return;
  const read = await rig.get(`${path}/${id}`);
  expect(read.data, label).toMatchObject({
    task_status: 'succeed',
    final_unit_deduction: String(units),
    final_balance_deduction: { quota: '0', list_price: '0' },
  });
}

describe('the charge book', () => {
  it('charges every video, audio and library route by the printed list', async () => {
    const rig = await startRig(WIDE);
    for (const row of VIDEO) await checkRow(rig, row, 'video');
  });

  it('charges every image route by the printed list', async () => {
    const rig = await startRig(WIDE);
    for (const row of IMAGE) await checkRow(rig, row, 'image');
  });

  it('charges tasks from earlier results: extension, element editing and lip sync', async () => {
    const rig = await startRig(WIDE);
    const id = await finishedTask(rig, t2v, p);
    const video = textAt((await rig.get(`${t2v}/${id}`)).data, 'task_result', 'videos', 0, 'id');
    await checkRow(rig, [3.5, '/v1/videos/video-extend', { video_id: video }], 'video');
    const elements = await rig.post('/v1/videos/multi-elements/init-selection', { video_id: video });
    const session = { session_id: at(elements.data, 'session_id'), edit_mode: 'removal', ...p };
    await checkRow(rig, [3.5, '/v1/videos/multi-elements', session], 'video');
    await checkRow(
      rig,
      [7, '/v1/videos/multi-elements', { ...session, mode: 'pro', duration: '10' }],
      'video',
    );
    const faces = await rig.post('/v1/videos/identify-face', { video_id: video });
    const face = {
      face_id: '0',
      sound_file: MEDIA,
      sound_start_time: 0,
      sound_end_time: 3000,
      sound_insert_time: 0,
    };
    const lips = { session_id: at(faces.data, 'session_id'), face_choose: [face] };
    // The video lasts 5.041 s: two fives begun.
    await checkRow(rig, [1, '/v1/videos/advanced-lip-sync', lips], 'video');
    const speech = await rig.post('/v1/audio/tts', {
      text: 'x'.repeat(40),
      voice_id: 'a',
      voice_language: 'zh',
    });
    const audio = textAt(speech.data, 'task_result', 'audios', 0, 'id');
    await checkRow(rig, [3.2, '/v1/videos/avatar/image2video', { image: MEDIA, audio_id: audio }], 'video');
  });

  it('equals the sum of its entries, and never charges a task that will fail', async () => {
    const rig = await startRig(WIDE);
    for (let i = 0; i < 40; i += 1)
      await rig.post('/v1/audio/tts', { text: 'a', voice_id: 'a', voice_language: 'zh' });
    await rig.post(t2v, { prompt: 'fail-please' });
    await rig.post(t2v, { prompt: 'forbidden-later' });
    const book = at(JSON.parse((await rig.get('/_emulator/book')).text));
    expect(book).toEqual(rig.emulator.book());
    expect(at(book, 'totalUnits')).toBe(2);
    expect(at(book, 'charges', 0)).toMatchObject({
      externalTaskId: null,
      path: '/v1/audio/tts',
      units: 0.05,
      product: 'video',
      at: '2026-11-21T12:00:00.000Z',
    });
  });

  it('takes money at list price if no pack can pay', async () => {
    const rig = await startRig({ packs: [], cash: { balance: 1, currency: 'USD' } });
    const id = await finishedTask(rig, t2v, { ...p, model_name: 'kling-v2-5-turbo' });
    const read = await rig.get(`${t2v}/${id}`);
    expect(read.data).toMatchObject({
      final_unit_deduction: '0',
      final_balance_deduction: { quota: '0.21', list_price: '0.21' },
    });
    const shown = await rig.get(`/tasks?task_ids=${id}`);
    expect(at(shown.data, 0, 'billing', 0)).toMatchObject({
      charge_type: 'cash',
      amount: '0.21',
      currency: 'USD',
    });
    expect(rig.emulator.book().charges).toMatchObject([{ units: 1.5, cash: '0.21' }]);
    expect(await rig.post(t2v, { ...p, mode: 'pro', duration: '10' })).toMatchObject({
      status: 429,
      code: 1102,
    });
    const ledger = await rig.post('/account/billing/balance', { start_time: 1, end_time: Date.UTC(2027, 0) });
    expect(at(ledger.data, 'result', 'detail', 0)).toMatchObject({
      task_id: id,
      balance_before_deduction: 1,
      deduction_amount: 0.21,
      balance_after_deduction: 0.79,
      currency: 'USD',
    });
  });
});
