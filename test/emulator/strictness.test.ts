import { describe, expect, it } from 'vitest';
import { emulatorHelp } from '../../src/emulator/emulator-help.ts';
import { MEDIA, startRig } from './client.ts';

const p = { prompt: 'a cat' };
const v1 = (name: string) => `/v1/videos/${name}`;
const t2v = v1('text2video');
const frame = { type: 'first_frame', url: MEDIA };
const text = { type: 'prompt', text: 'a cat' };
const shots = (...durations: string[]) => ({
  model_name: 'kling-v3',
  multi_shot: true,
  shot_type: 'customize',
  multi_prompt: durations.map((duration, index) => ({ index: index + 1, prompt: 'x', duration })),
});

type Refused = readonly [status: number, code: number, path: string, body: object];
const REFUSED: readonly Refused[] = [
  [400, 1200, t2v, {}],
  [400, 1200, t2v, { prompt: '' }],
  [400, 1201, t2v, { prompt: 5 }],
  [400, 1201, t2v, { prompt: 'x'.repeat(2501) }],
  [404, 1203, t2v, { ...p, model_name: 'kling-v9' }],
  [400, 1201, t2v, { ...p, model_name: 'kling-v1-5' }],
  [400, 1201, t2v, { ...p, model_name: ['kling-v3'] }],
  [400, 1201, t2v, { ...p, mode: 'PRO' }],
  [400, 1201, t2v, { ...p, mode: '4k' }],
  [400, 1201, t2v, { ...p, duration: '7' }],
  [400, 1201, t2v, { ...p, duration: ' 5' }],
  [400, 1201, t2v, { ...p, duration: true }],
  [400, 1201, t2v, { ...p, model_name: 'kling-v3', duration: '16' }],
  [400, 1201, t2v, { ...p, sound: 'on' }],
  [400, 1201, t2v, { ...p, sound: true }],
  [400, 1201, t2v, { ...p, model_name: 'kling-v2-6', sound: 'on' }],
  [400, 1201, t2v, { ...p, cfg_scale: 1.1 }],
  [400, 1201, t2v, { ...p, aspect_ratio: '2:1' }],
  [
    400,
    1201,
    t2v,
    { ...p, model_name: 'kling-v3', voice_list: [{ voice_id: 'a' }, { voice_id: 'b' }, { voice_id: 'c' }] },
  ],
  [400, 1201, t2v, { ...p, model_name: 'kling-v3', voice_list: [{ voice_id: '123456' }] }],
  [400, 1201, t2v, { ...p, multi_shot: true }],
  [400, 1201, t2v, { ...shots('3', '3'), duration: '7' }],
  [400, 1201, t2v, { ...shots('1', '1', '1', '1', '1', '1', '1'), duration: '7' }],
  [400, 1200, t2v, { model_name: 'kling-v3', multi_shot: true }],
  [400, 1201, t2v, { ...p, watermark_info: { enabled: 'yes' } }],
  [400, 1200, v1('image2video'), p],
  [400, 1201, v1('image2video'), { ...p, image: 'data:image/png;base64,aGVsbG8=' }],
  [400, 1201, v1('image2video'), { ...p, image: MEDIA, image_tail: MEDIA, static_mask: MEDIA }],
  [400, 1201, v1('image2video'), { ...p, image: MEDIA, model_name: 'kling-v3', element_list: [1, 2, 3, 4] }],
  [400, 1200, v1('omni-video'), {}],
  [400, 1201, v1('omni-video'), { ...p, mode: '4k' }],
  [400, 1201, v1('omni-video'), { ...p, duration: '11' }],
  [
    400,
    1201,
    v1('omni-video'),
    { ...p, image_list: Array.from({ length: 8 }, () => ({ image_url: MEDIA })) },
  ],
  [400, 1201, v1('omni-video'), { ...p, video_list: [{ video_url: MEDIA }, { video_url: MEDIA }] }],
  [400, 1201, v1('omni-video'), { ...p, video_list: [{ video_url: 'aGVsbG8=' }] }],
  [
    400,
    1201,
    v1('omni-video'),
    { ...p, model_name: 'kling-v3-omni', sound: 'on', video_list: [{ video_url: MEDIA }] },
  ],
  [
    400,
    1201,
    v1('omni-video'),
    { ...p, model_name: 'kling-v3-omni', mode: '4k', video_list: [{ video_url: MEDIA }] },
  ],
  [400, 1201, v1('omni-video'), { ...p, video_list: [{ video_url: `${MEDIA}?seconds=11` }] }],
  [400, 1200, v1('multi-image2video'), p],
  [400, 1201, v1('multi-image2video'), { ...p, model_name: 'kling-v3', image_list: [{ image: MEDIA }] }],
  [400, 1200, v1('motion-control'), { image_url: MEDIA, video_url: MEDIA, character_orientation: 'video' }],
  [400, 1200, v1('motion-control'), { mode: 'std', image_url: MEDIA, video_url: MEDIA }],
  [
    400,
    1201,
    v1('motion-control'),
    { mode: 'std', image_url: MEDIA, video_url: `${MEDIA}?seconds=11`, character_orientation: 'image' },
  ],
  [400, 1201, v1('video-extend'), { video_id: '1' }],
  [400, 1201, v1('multi-elements'), { ...p, session_id: 'none', edit_mode: 'removal' }],
  [400, 1201, v1('advanced-lip-sync'), { session_id: 'none', face_choose: [{}] }],
  [400, 1200, v1('lip-sync'), {}],
  [400, 1201, v1('lip-sync'), { input: { video_id: '5', mode: 'text2video', text: 'a', voice_id: 'b' } }],
  [400, 1200, v1('avatar/image2video'), { image: MEDIA }],
  [400, 1201, v1('avatar/image2video'), { image: MEDIA, sound_file: MEDIA, audio_id: '1' }],
  [400, 1201, v1('avatar/image2video'), { image: MEDIA, sound_file: `${MEDIA}?seconds=301` }],
  [400, 1200, v1('effects'), { effect_scene: 'hug_pro' }],
  [400, 1201, v1('effects'), { effect_scene: 'hug_pro', input: { images: [MEDIA] } }],
  [400, 1200, v1('identify-face'), {}],
  [400, 1200, v1('image-recognize'), {}],
  [400, 1200, '/v1/audio/text-to-audio', p],
  [400, 1201, '/v1/audio/text-to-audio', { ...p, duration: 11 }],
  [400, 1201, '/v1/audio/text-to-audio', { ...p, duration: '5' }],
  [400, 1201, '/v1/audio/video-to-audio', { video_url: MEDIA, video_id: '1' }],
  [400, 1201, '/v1/audio/tts', { text: 'x'.repeat(1001), voice_id: 'a', voice_language: 'zh' }],
  [400, 1201, '/v1/audio/tts', { text: 'x', voice_id: 'a', voice_language: 'fr' }],
  [400, 1201, '/v1/audio/tts', { text: 'x', voice_id: 'a', voice_language: 'zh', voice_speed: 2.1 }],
  [400, 1201, '/v1/images/generations', { ...p, n: 10 }],
  [400, 1201, '/v1/images/generations', { ...p, n: '2' }],
  [400, 1201, '/v1/images/generations', { ...p, resolution: '4k' }],
  [404, 1203, '/v1/images/generations', { ...p, model_name: 'dall-e' }],
  [400, 1201, '/v1/images/omni-image', { ...p, resolution: '4k' }],
  [400, 1201, '/v1/images/omni-image', { ...p, result_type: 'series', series_amount: 1 }],
  [400, 1201, '/v1/images/omni-image', { ...p, result_type: 'series', series_amount: 'many' }],
  [400, 1200, '/v1/images/multi-image2image', p],
  [400, 1200, '/v1/images/editing/expand', { image: MEDIA }],
  [
    400,
    1201,
    '/v1/images/editing/expand',
    {
      image: MEDIA,
      up_expansion_ratio: 1,
      down_expansion_ratio: 1,
      left_expansion_ratio: 0.5,
      right_expansion_ratio: 0,
    },
  ],
  [400, 1200, '/v1/images/kolors-virtual-try-on', { human_image: MEDIA }],
  [400, 1200, '/v1/general/ai-multi-shot', {}],
  [400, 1200, '/v1/general/custom-voices', { voice_name: 'me' }],
  [400, 1200, '/text-to-video/kling-3.0', { contents: [text] }],
  [400, 1201, '/text-to-video/kling-3.0', { prompt: 'x'.repeat(3073) }],
  [400, 1201, '/text-to-video/kling-2.6', { prompt: 'x'.repeat(2501) }],
  [400, 1201, '/text-to-video/kling-3.0', { ...p, settings: { duration: 16 } }],
  [400, 1201, '/text-to-video/kling-3.0', { ...p, settings: { resolution: 'pro' } }],
  [400, 1201, '/text-to-video/kling-3.0', { ...p, settings: { audio: 'original' } }],
  [400, 1201, '/text-to-video/kling-3.0', { ...p, settings: { multi_shot: 'true' } }],
  [400, 1201, '/text-to-video/kling-3.0-turbo', { ...p, settings: { resolution: '4k' } }],
  [400, 1201, '/text-to-video/kling-2.6', { ...p, settings: { audio: 'native' } }],
  [400, 1200, '/image-to-video/kling-3.0', { contents: [text] }],
  [400, 1201, '/image-to-video/kling-3.0', { contents: [{ type: 'voice' }] }],
  [400, 1201, '/image-to-video/kling-3.0-turbo', { contents: [frame, { type: 'last_frame', url: MEDIA }] }],
  [400, 1201, '/image-to-video/kling-2.6', { contents: [frame, { type: 'last_frame', url: MEDIA }] }],
  [400, 1201, '/image-to-video/kling-2.6', { contents: [frame, { type: 'voice', voice_id: 'a', id: '1' }] }],
  [
    400,
    1201,
    '/image-to-video/kling-3.0',
    { contents: [frame, ...['1', '2', '3', '4'].map((id) => ({ type: 'element', element_id: id, id }))] },
  ],
  [
    400,
    1201,
    '/omni-video/kling-3.0-omni',
    { contents: [text, { type: 'base_video', url: MEDIA }], settings: { audio: 'native' } },
  ],
  [
    400,
    1201,
    '/omni-video/kling-3.0-omni',
    { contents: [text, { type: 'feature_video', url: MEDIA }], settings: { audio: 'original' } },
  ],
  [
    400,
    1201,
    '/omni-video/kling-3.0-omni',
    { contents: [text, { type: 'feature_video', url: MEDIA }], settings: { resolution: '4k' } },
  ],
  [400, 1201, '/omni-video/kling-3.0-omni', { contents: [text, frame, { type: 'base_video', url: MEDIA }] }],
  [
    400,
    1201,
    '/omni-video/kling-3.0-omni',
    { contents: [text, { type: 'feature_video', url: MEDIA }, { type: 'base_video', url: MEDIA }] },
  ],
  [400, 1201, '/omni-video/kling-o1', { contents: [text], settings: { duration: 11 } }],
  [400, 1200, '/motion-control/kling-3.0', { contents: [{ type: 'image', url: MEDIA }] }],
  [
    400,
    1200,
    '/motion-control/kling-3.0',
    {
      contents: [
        { type: 'image', url: MEDIA },
        { type: 'video', url: MEDIA },
      ],
    },
  ],
];

describe('the emulator refuses', () => {
  it('the same as Kling, with its code, without a task or a charge', async () => {
    const rig = await startRig();
    for (const [status, code, path, body] of REFUSED) {
      const answer = await rig.post(path, body);
      expect(answer, `${path} ${JSON.stringify(body).slice(0, 300)} ${answer.message}`).toMatchObject({
        status,
        code,
      });
    }
    expect(rig.emulator.book().charges).toEqual([]);
    expect((await rig.post('/tasks', {})).data).toMatchObject({ count: 0 });
  });

  it('unknown paths with 404/1203 and wrong methods with 404/1202', async () => {
    const rig = await startRig();
    for (const path of [
      '/',
      '/v1/videos',
      '/v2/videos/text2video',
      '/text-to-video/kling-9',
      '/V1/videos/text2video',
    ]) {
      expect(await rig.get(path), path).toMatchObject({ status: 404, code: 1203 });
      expect(await rig.post(path, p), path).toMatchObject({ status: 404, code: 1203 });
    }
    const wrong = [
      ['GET', '/text-to-video/kling-3.0'],
      ['GET', '/v1/audio/tts'],
      ['POST', '/account/costs'],
      ['DELETE', t2v],
      ['PUT', '/tasks'],
      ['POST', `${t2v}/123`],
      ['GET', '/account/billing/package'],
    ] as const;
    for (const [method, path] of wrong) {
      expect(await rig.send(method, path), `${method} ${path}`).toMatchObject({ status: 404, code: 1202 });
    }
  });

  it('bodies that are not one JSON object', async () => {
    const rig = await startRig();
    for (const body of [
      '',
      '{',
      '[]',
      'null',
      '"x"',
      '{"prompt":"a"} x',
      "{'prompt':'a'}",
      '\uFEFF{"prompt":"a"}',
    ]) {
      expect(await rig.send('POST', t2v, { body }), body).toMatchObject({ status: 400, code: 1200 });
    }
    const headers = { 'content-type': 'text/plain' };
    expect(await rig.send('POST', t2v, { body: '{"prompt":"a"}', headers })).toMatchObject({
      status: 400,
      code: 1200,
    });
    const utf8 = { 'content-type': 'Application/JSON; charset=utf-8' };
    expect(await rig.send('POST', t2v, { body: '{"prompt":"a"}', headers: utf8 })).toMatchObject({
      status: 200,
    });
  });
});

describe('the emulator takes', () => {
  it('unknown keys, and lengths of either type with a warning', async () => {
    const rig = await startRig();
    expect(await rig.post(t2v, { ...p, duration: 5, made_up: { deep: [1] } })).toMatchObject({ status: 200 });
    const settings = { duration: '5' };
    expect(await rig.post('/text-to-video/kling-3.0', { ...p, settings })).toMatchObject({ status: 200 });
    expect(rig.emulator.warnings()).toEqual([
      '/v1/videos/text2video: duration was a number, documented as a string',
      '/text-to-video/kling-3.0: settings.duration was a string, documented as a number',
    ]);
  });

  it('a body of tens of megabytes, and records it byte for byte', async () => {
    const rig = await startRig();
    const body = JSON.stringify({ ...p, image: 'A'.repeat(20 * 1024 * 1024) });
    expect(await rig.send('POST', v1('image2video'), { body })).toMatchObject({ status: 200 });
    const [request] = rig.emulator.requests();
    expect(request).toMatchObject({ method: 'POST', path: '/v1/videos/image2video' });
    expect(request?.body.equals(Buffer.from(body))).toBe(true);
    expect(request?.headers['authorization']).toBe('Bearer emulator-key');
    expect(request?.rawHeaders.some(([name]) => name.toLowerCase() === 'content-type')).toBe(true);
  });

  it('every path and fault that its help text lists', async () => {
    const rig = await startRig();
    const help = emulatorHelp();
    expect((await rig.get('/_emulator')).text).toBe(help);
    const routes = help.split('\n').filter((line) => /^ {2}(GET|POST) \/(?!_emulator)/.test(line));
    expect(routes).toHaveLength(108);
    for (const route of routes) {
      const [method = '', path = ''] = route.trim().split(' ');
      const answer = await rig.send(
        method,
        path.replace('{id}', '1'),
        method === 'POST' ? { body: '[]' } : {},
      );
      expect([0, 1200, 1201], `${route} ${answer.text}`).toContain(answer.code);
    }
  });
});
