/** Kling 4.0 as the emulator has it: prices in units typed by hand from kling-api.md, section 15. */
import { describe, expect, it } from 'vitest';
import { at, finishedTask, MEDIA, startRig } from './client.ts';

const WIDE = {
  packs: [
    { name: 'video', product: 'video', units: 100_000 },
    { name: 'image', product: 'image', units: 100_000 },
  ],
  concurrency: { video: 100, image: 100 },
} as const;
const p = { prompt: 'a cat' };
const text = { type: 'prompt', text: 'a cat' };
const frame = { type: 'first_frame', url: MEDIA };
const video = (type: string, seconds: number): Record<string, string> => ({
  type,
  url: `${MEDIA}?seconds=${seconds}`,
});
const lasting = (duration: number, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  settings: { duration, ...more },
});

describe('Kling 4.0', () => {
  it('charges by the second, for input and output', async () => {
    const rig = await startRig(WIDE);
    const rows: [units: number, path: string, body: Record<string, unknown>][] = [
      [5.6, '/text-to-video/kling-4.0', p],
      [33.6, '/text-to-video/kling-4.0', { ...p, ...lasting(30) }],
      [
        16.8,
        '/text-to-video/kling-4.0',
        { ...p, ...lasting(10, { resolution: '1080p', aspect_ratio: '4:3' }) },
      ],
      [3.4, '/text-to-video/kling-4.0-flash', p],
      [13.6, '/text-to-video/kling-4.0-flash', { ...p, ...lasting(20) }],
      [5.6, '/image-to-video/kling-4.0', { contents: [text, frame, { type: 'middle_frame', url: MEDIA }] }],
      [5.6, '/omni-video/kling-4.0', { contents: [text, { type: 'refer_image', url: MEDIA }] }],
      [1.12 * 12, '/omni-video/kling-4.0', { contents: [text, video('feature_video', 7)] }],
      [1.12 * 16, '/omni-video/kling-4.0', { contents: [text, video('base_video', 8)] }],
      [0.9 * 12, '/omni-video/kling-4.0-flash', { contents: [text, video('feature_video', 7)] }],
    ];
    for (const [units, path, body] of rows) {
      const id = await finishedTask(rig, path, body);
      const charge = rig.emulator.book().charges.find(({ taskId }) => taskId === id);
      expect(charge?.units, `${path} ${JSON.stringify(body)}`).toBeCloseTo(units, 6);
      expect(charge?.product).toBe('video');
    }
  });

  it('makes pictures, which the task list shows', async () => {
    const rig = await startRig(WIDE);
    const id = await finishedTask(rig, '/text-to-image/kling-image-4.0', { ...p, settings: { n: 2 } });
    expect(rig.emulator.book().charges).toMatchObject([{ units: 32, product: 'image' }]);
    const { data } = await rig.get(`/tasks?task_ids=${id}`);
    expect(at(data, 0)).toMatchObject({ id, status: 'succeeded' });
    for (const path of ['/image-to-image/kling-long-image-4.0', '/omni-image/kling-image-4.0']) {
      const made = await rig.post(path, { contents: [text, { type: 'refer_image', url: MEDIA }] });
      expect(made, path).toMatchObject({ status: 200, code: 0 });
    }
  });

  it.each([
    ['/text-to-video/kling-4.0', { ...p, options: { external_task_id: 'mine' } }, 1201],
    ['/text-to-video/kling-4.0', { ...p, options: { callback_url: 'https://a.example/b' } }, 1201],
    ['/text-to-image/kling-image-4.0', { ...p, options: { external_task_id: 'mine' } }, 1201],
    ['/text-to-video/kling-4.0', { ...p, ...lasting(31) }, 1201],
    ['/text-to-video/kling-4.0', { ...p, settings: { duration: '5' } }, 1201],
    ['/text-to-video/kling-4.0', { ...p, ...lasting(5, { resolution: '4k' }) }, 1201],
    ['/text-to-video/kling-4.0', { ...p, contents: [text] }, 1201],
    ['/text-to-video/kling-4.0', {}, 1200],
    ['/text-to-video/kling-4.0-flash', { ...p, ...lasting(21) }, 1201],
    ['/text-to-video/kling-4.0-flash', { ...p, ...lasting(5, { resolution: '1080p' }) }, 1201],
    ['/image-to-video/kling-4.0-flash', { contents: [frame, { type: 'last_frame', url: MEDIA }] }, 1201],
    ['/image-to-video/kling-4.0', { contents: [text] }, 1200],
    [
      '/image-to-video/kling-4.0',
      { contents: [frame, ...Array.from({ length: 9 }, () => ({ type: 'middle_frame', url: MEDIA }))] },
      1201,
    ],
    ['/omni-video/kling-4.0', { contents: [text, video('base_video', 4), video('feature_video', 4)] }, 1201],
    ['/text-to-image/kling-image-4.0', { ...p, settings: { n: 10 } }, 1201],
  ])('refuses values that it does not accept: %s %j', async (path, body, code) => {
    const rig = await startRig(WIDE);
    expect(await rig.post(path, body)).toMatchObject({ status: 400, code });
    expect(rig.emulator.book().charges).toEqual([]);
  });

  it('takes an empty external id for none', async () => {
    const rig = await startRig(WIDE);
    const made = await rig.post('/text-to-video/kling-4.0', {
      ...p,
      options: { external_task_id: '', watermark_info: { enabled: true } },
    });
    expect(made.status).toBe(200);
  });
});
