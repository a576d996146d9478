/**
 * Creates and what they cost in Kling's units, typed by hand from the pricing pages (read 2026-09-20) and the older
 * tables; independent of the code's own data on purpose.
 */
export interface PriceCase {
  path: string;
  body: Record<string, unknown>;
  units: number;
  pool: 'video' | 'image';
  basis: 'exact' | 'assumed';
}

const T2V = '/v1/videos/text2video';
const I2V = '/v1/videos/image2video';
const OMNI = '/v1/videos/omni-video';
const MOTION = '/v1/videos/motion-control';

const video = (
  path: string,
  body: Record<string, unknown>,
  units: number,
  basis: 'exact' | 'assumed' = 'exact',
): PriceCase => ({ path, body, units, pool: 'video', basis });
const image = (
  path: string,
  body: Record<string, unknown>,
  units: number,
  basis: 'exact' | 'assumed' = 'exact',
): PriceCase => ({ path, body, units, pool: 'image', basis });

const settings = (values: Record<string, unknown>): Record<string, unknown> => ({ settings: values });
const legacy = (
  model_name: string,
  mode: string,
  duration: string,
  rest: Record<string, unknown> = {},
): Record<string, unknown> => ({ model_name, mode, duration, ...rest });
const contents = (type: string): Record<string, unknown> => ({
  contents: [
    { type: 'prompt', text: 'a cat' },
    { type, url: 'https://example.com/a' },
  ],
});

export const NEW_CASES: PriceCase[] = [
  video('/text-to-video/kling-3.0-turbo', { prompt: 'a' }, 0.8 * 5),
  video('/text-to-video/kling-3.0-turbo', settings({ duration: 3 }), 2.4),
  video('/text-to-video/kling-3.0-turbo', settings({ duration: 15, resolution: '1080p' }), 15),
  video('/image-to-video/kling-3.0-turbo', settings({ resolution: '1080p' }), 5),
  video('/text-to-video/kling-3.0', { prompt: 'a' }, 3),
  video('/text-to-video/kling-3.0', settings({ resolution: '1080p', duration: 10 }), 8),
  video('/text-to-video/kling-3.0', settings({ resolution: '4k', duration: 4 }), 12),
  video('/text-to-video/kling-3.0', settings({ audio: 'native' }), 4.5),
  video('/text-to-video/kling-3.0', settings({ audio: 'native', resolution: '1080p' }), 6),
  video('/text-to-video/kling-3.0', settings({ audio: 'native', resolution: '4k' }), 15),
  video('/image-to-video/kling-3.0', settings({ duration: 7 }), 4.2),
  video('/image-to-video/kling-3.0', contents('voice'), 1.1 * 5, 'assumed'),
  video('/omni-video/kling-3.0-omni', settings({ duration: 3 }), 1.8),
  video('/omni-video/kling-3.0-omni', settings({ resolution: '1080p' }), 4),
  video('/omni-video/kling-3.0-omni', settings({ resolution: '4k' }), 15),
  video('/omni-video/kling-3.0-omni', settings({ audio: 'native' }), 4),
  video('/omni-video/kling-3.0-omni', settings({ audio: 'native', resolution: '1080p' }), 5),
  video('/omni-video/kling-3.0-omni', contents('feature_video'), 4.5),
  video(
    '/omni-video/kling-3.0-omni',
    { ...contents('feature_video'), ...settings({ resolution: '1080p' }) },
    6,
  ),
  video(
    '/omni-video/kling-3.0-omni',
    { ...contents('feature_video'), ...settings({ audio: 'native' }) },
    5.5,
    'assumed',
  ),
  video(
    '/omni-video/kling-3.0-omni',
    { ...contents('feature_video'), ...settings({ resolution: '4k' }) },
    15,
  ),
  video('/omni-video/kling-3.0-omni', contents('base_video'), 0.9 * 15.5, 'assumed'),
  video(
    '/omni-video/kling-3.0-omni',
    { ...contents('base_video'), ...settings({ audio: 'original', duration: 3 }) },
    0.9 * 15.5,
    'assumed',
  ),
  video('/omni-video/kling-o1', {}, 3),
  video('/omni-video/kling-o1', settings({ resolution: '1080p', duration: 10 }), 8),
  video('/omni-video/kling-o1', contents('feature_video'), 4.5),
  video(
    '/omni-video/kling-o1',
    { ...contents('base_video'), ...settings({ resolution: '1080p' }) },
    12,
    'assumed',
  ),
  video('/text-to-video/kling-2.6', {}, 1.5),
  video('/text-to-video/kling-2.6', settings({ resolution: '1080p', duration: 10 }), 5),
  video('/text-to-video/kling-2.6', settings({ resolution: '1080p', audio: 'native' }), 5),
  video('/text-to-video/kling-2.6', settings({ audio: 'native' }), 5, 'assumed'),
  video(
    '/image-to-video/kling-2.6',
    { ...contents('voice'), ...settings({ audio: 'native', resolution: '1080p' }) },
    6,
  ),
  video(
    '/image-to-video/kling-2.6',
    { ...contents('voice'), ...settings({ audio: 'native' }) },
    6,
    'assumed',
  ),
  video('/text-to-video/kling-2.5-turbo', {}, 1.5),
  video('/image-to-video/kling-2.5-turbo', settings({ resolution: '1080p', duration: 10 }), 5),
  video('/motion-control/kling-3.0', settings({ character_orientation: 'video' }), 27, 'assumed'),
  video(
    '/motion-control/kling-3.0',
    settings({ character_orientation: 'image', resolution: '1080p' }),
    12,
    'assumed',
  ),
  video('/motion-control/kling-2.6', settings({ character_orientation: 'video' }), 15, 'assumed'),
  video(
    '/motion-control/kling-2.6',
    settings({ character_orientation: 'image', resolution: '1080p' }),
    8,
    'assumed',
  ),
];

/**
 * Kling 4.0: no price of the vendor's was found; a second costs $0.157 at 720p and $0.235 at 1080p with resellers, Flash
 * $0.094 and $0.126 with a video, at $0.14 a unit (read 2026-11-27). What is not said lasts 30 s, with Flash 20 s.
 */
const v4 = (path: string, body: Record<string, unknown>, units: number): PriceCase =>
  video(path, body, units, 'assumed');
export const V4_CASES: PriceCase[] = [
  v4('/text-to-video/kling-4.0', { prompt: 'a' }, 1.12 * 30),
  v4('/text-to-video/kling-4.0', settings({ duration: 5 }), 5.6),
  v4('/text-to-video/kling-4.0', settings({ duration: 30, resolution: '1080p' }), 50.4),
  v4('/text-to-video/kling-4.0', settings({ duration: 3, resolution: '720p' }), 3.36),
  v4('/text-to-video/kling-4.0', settings({ duration: 31 }), 33.6),
  v4('/text-to-video/kling-4.0', settings({ duration: 5, resolution: '4k' }), 8.4),
  v4('/image-to-video/kling-4.0', { ...contents('first_frame'), ...settings({ duration: 10 }) }, 11.2),
  v4('/image-to-video/kling-4.0', { ...contents('middle_frame'), ...settings({ duration: 10 }) }, 11.2),
  v4('/omni-video/kling-4.0', { ...contents('refer_image'), ...settings({ duration: 5 }) }, 5.6),
  v4('/omni-video/kling-4.0', { ...contents('voice'), ...settings({ duration: 5 }) }, 5.6),
  // Five seconds come out, and up to thirty go in.
  v4('/omni-video/kling-4.0', { ...contents('feature_video'), ...settings({ duration: 5 }) }, 1.12 * 35),
  v4(
    '/omni-video/kling-4.0',
    { ...contents('feature_video'), ...settings({ duration: 5, resolution: '1080p' }) },
    1.68 * 35,
  ),
  v4('/omni-video/kling-4.0', { ...contents('base_video'), ...settings({ duration: 5 }) }, 1.12 * 60),
  v4('/omni-video/kling-4.0', { ...contents('element'), ...settings({ duration: 5 }) }, 1.12 * 35),
  v4('/text-to-video/kling-4.0-flash', { prompt: 'a' }, 0.68 * 20),
  v4('/text-to-video/kling-4.0-flash', settings({ duration: 20 }), 13.6),
  v4('/text-to-video/kling-4.0-flash', settings({ duration: 5, resolution: '1080p' }), 3.4),
  v4('/image-to-video/kling-4.0-flash', { ...contents('first_frame'), ...settings({ duration: 5 }) }, 3.4),
  v4('/omni-video/kling-4.0-flash', { ...contents('feature_video'), ...settings({ duration: 5 }) }, 0.9 * 35),
  // As a legacy body may name it one day.
  v4(T2V, legacy('kling-v4', 'std', '5'), 5.6),
  v4(T2V, legacy('kling-v4', 'pro', '20'), 33.6),
  v4(T2V, { model_name: 'kling-v4' }, 5.6),
  v4(T2V, legacy('kling-v4-flash', 'std', '10'), 6.8),
  v4(
    OMNI,
    legacy('kling-v4', 'std', '5', { video_list: [{ video_url: 'u', refer_type: 'feature' }] }),
    1.12 * 35,
  ),
  // No price of a picture was found: the dearest picture of today's list, nine of them for a long one.
  image('/text-to-image/kling-image-4.0', { prompt: 'a' }, 16, 'assumed'),
  image('/image-to-image/kling-image-4.0', settings({ n: 3 }), 48, 'assumed'),
  image('/omni-image/kling-image-4.0', settings({ n: 2, resolution: '4k' }), 32, 'assumed'),
  image('/text-to-image/kling-long-image-4.0', { prompt: 'a' }, 144, 'assumed'),
  image('/image-to-image/kling-long-image-4.0', { prompt: 'a' }, 144, 'assumed'),
  image('/omni-image/kling-long-image-4.0', settings({ n: 2 }), 288, 'assumed'),
];

/** Models that Kling sells on other routes: their own rate, or that of the route's default model where it is dearer. */
export const MISPLACED_CASES: PriceCase[] = [
  v4(T2V, legacy('kling-v3-omni', 'std', '5'), 3),
  v4(I2V, legacy('kling-v3-omni', 'pro', '5'), 4),
  v4(T2V, legacy('kling-v3-omni', 'pro', '5', { sound: 'on' }), 5),
  v4(T2V, legacy('kling-v3-omni', 'std', '15'), 9),
  v4(T2V, legacy('kling-v3-omni', '4k', '5'), 15),
  v4(T2V, legacy('kling-video-o1', 'std', '5'), 3),
  v4(I2V, legacy('kling-video-o1', 'pro', '5'), 4),
  v4(I2V, legacy('kling-video-o1', 'std', '10'), 6),
  v4(T2V, { model_name: 'kling-video-o1' }, 3),
  v4(OMNI, legacy('kling-v3', 'std', '5'), 3),
  v4(OMNI, legacy('kling-v3', 'std', '5', { sound: 'on' }), 4.5),
  v4(OMNI, legacy('kling-v1', 'std', '5'), 3),
  v4(OMNI, legacy('kling-v2-master', 'std', '5'), 10),
  v4(MOTION, { model_name: 'kling-v3-omni', mode: 'std', character_orientation: 'image' }, 9),
  v4(MOTION, { model_name: 'kling-v1', mode: 'std', character_orientation: 'image' }, 5),
  v4('/v1/videos/multi-image2video', { model_name: 'kling-v3', mode: 'pro' }, 4),
  v4('/v1/videos/multi-image2video', { model_name: 'kling-v3' }, 3.5),
  v4('/text-to-video/kling-3.0-omni', settings({ duration: 5 }), 3),
  v4('/text-to-video/kling-3.0-omni', settings({ duration: 5, resolution: '1080p', audio: 'native' }), 5),
  v4('/image-to-video/kling-o1', settings({ resolution: '1080p' }), 4),
  v4('/omni-video/kling-3.0', settings({ duration: 5 }), 3),
  v4('/motion-control/kling-4.0', settings({ character_orientation: 'image' }), 11.2),
  image('/v1/images/omni-image', { model_name: 'kling-v3', n: 2 }, 16, 'assumed'),
  image('/v1/images/generations', { model_name: 'kling-image-o1' }, 8, 'assumed'),
];

export const LEGACY_VIDEO_CASES: PriceCase[] = [
  video(T2V, {}, 1),
  video(T2V, legacy('kling-v1', 'std', '10'), 2),
  video(T2V, legacy('kling-v1', 'pro', '5'), 3.5),
  video(T2V, legacy('kling-v1', 'pro', '10'), 7),
  video(I2V, legacy('kling-v1-5', 'std', '5'), 2),
  video(I2V, legacy('kling-v1-5', 'pro', '10'), 7),
  video(T2V, legacy('kling-v1-6', 'std', '10'), 4),
  video(T2V, legacy('kling-v1-6', 'pro', '5'), 3.5),
  video(I2V, legacy('kling-v2-1', 'std', '5'), 2),
  video(I2V, legacy('kling-v2-1', 'pro', '5'), 3.5),
  video(T2V, legacy('kling-v2-master', 'std', '5'), 10),
  video(T2V, legacy('kling-v2-master', 'pro', '10'), 20),
  video(I2V, legacy('kling-v2-1-master', 'std', '10'), 20),
  video(T2V, legacy('kling-v2-5-turbo', 'std', '5'), 1.5),
  video(T2V, legacy('kling-v2-5-turbo', 'pro', '10'), 5),
  video(T2V, legacy('kling-v2-6', 'std', '5'), 1.5),
  video(T2V, legacy('kling-v2-6', 'pro', '10'), 5),
  video(T2V, legacy('kling-v2-6', 'pro', '5', { sound: 'on' }), 5),
  video(T2V, legacy('kling-v2-6', 'pro', '10', { sound: 'on' }), 10),
  video(T2V, legacy('kling-v2-6', 'pro', '10', { sound: 'on', voice_list: [{ voice_id: '1' }] }), 12),
  video(T2V, legacy('kling-v2-6', 'std', '5', { sound: 'on' }), 5, 'assumed'),
  video(
    T2V,
    legacy('kling-v2-6', 'std', '5', { sound: 'on', voice_list: [{ voice_id: '1' }] }),
    6,
    'assumed',
  ),
  video(T2V, legacy('kling-v3', 'std', '5'), 3),
  video(T2V, legacy('kling-v3', 'pro', '15'), 12),
  video(T2V, legacy('kling-v3', '4k', '3'), 9),
  video(I2V, legacy('kling-v3', 'std', '5', { sound: 'on' }), 4.5),
  video(I2V, legacy('kling-v3', 'pro', '5', { sound: 'on' }), 6),
  video(
    I2V,
    legacy('kling-v3', 'std', '5', { sound: 'on', voice_list: [{ voice_id: '1' }] }),
    5.5,
    'assumed',
  ),
  video(I2V, legacy('kling-v3', 'pro', '5', { sound: 'on', voice_list: [{ voice_id: '1' }] }), 7, 'assumed'),
  video(OMNI, {}, 4),
  video(OMNI, legacy('kling-video-o1', 'std', '10'), 6),
  video(
    OMNI,
    legacy('kling-video-o1', 'pro', '5', { video_list: [{ video_url: 'u', refer_type: 'feature' }] }),
    6,
  ),
  video(OMNI, legacy('kling-v3-omni', 'std', '3'), 1.8),
  video(OMNI, legacy('kling-v3-omni', 'pro', '5', { sound: 'on' }), 5),
  video(OMNI, legacy('kling-v3-omni', '4k', '5'), 15),
  video(
    OMNI,
    legacy('kling-v3-omni', 'std', '5', { video_list: [{ video_url: 'u', refer_type: 'feature' }] }),
    4.5,
  ),
  video(
    OMNI,
    legacy('kling-v3-omni', 'pro', '5', { video_list: [{ video_url: 'u' }] }),
    1.2 * 15.5,
    'assumed',
  ),
  video(
    OMNI,
    legacy('kling-v3-omni', 'pro', '5', {
      sound: 'on',
      video_list: [{ video_url: 'u', refer_type: 'feature' }],
    }),
    7,
    'assumed',
  ),
  video(OMNI, legacy('kling-video-o1', 'std', '5', { video_list: [{ video_url: 'u' }] }), 9, 'assumed'),
  video('/v1/videos/multi-image2video', {}, 3.5, 'assumed'),
  video('/v1/videos/multi-image2video', { mode: 'pro', duration: '10' }, 7, 'assumed'),
  video('/v1/videos/multi-elements', { edit_mode: 'swap' }, 3.5, 'assumed'),
  video('/v1/videos/multi-elements', { mode: 'pro', duration: '10' }, 7, 'assumed'),
  video(MOTION, { mode: 'std', character_orientation: 'video' }, 15, 'assumed'),
  video(MOTION, { mode: 'pro', character_orientation: 'image' }, 8, 'assumed'),
  video(MOTION, { character_orientation: 'video' }, 24, 'assumed'),
  video(MOTION, { model_name: 'kling-v3', mode: 'std', character_orientation: 'image' }, 9, 'assumed'),
  video(MOTION, { model_name: 'kling-v3', mode: 'pro' }, 36, 'assumed'),
  video('/v1/videos/video-extend', { video_id: '1' }, 3.5, 'assumed'),
  video('/v1/videos/effects', { effect_scene: 'hug' }, 3.5, 'assumed'),
  video('/v1/videos/avatar/image2video', { image: 'i' }, 120, 'assumed'),
  video('/v1/videos/avatar/image2video', { image: 'i', mode: 'pro' }, 240, 'assumed'),
  video('/v1/videos/lip-sync', { input: { mode: 'text2video' } }, 6, 'assumed'),
  video('/v1/videos/advanced-lip-sync', { session_id: '1' }, 6, 'assumed'),
  video('/v1/videos/identify-face', { video_id: '1' }, 0.05),
  video('/v1/videos/image-recognize', { image: 'i' }, 0.1),
  video('/v1/videos/multi-elements/init-selection', { video_id: '1' }, 0, 'assumed'),
  video('/v1/videos/multi-elements/add-selection', { session_id: '1' }, 0, 'assumed'),
  video('/v1/videos/multi-elements/delete-selection', { session_id: '1' }, 0, 'assumed'),
  video('/v1/videos/multi-elements/clear-selection', { session_id: '1' }, 0, 'assumed'),
  video('/v1/videos/multi-elements/preview-selection', { session_id: '1' }, 0, 'assumed'),
  video('/v1/audio/text-to-audio', { prompt: 'rain', duration: 7.5 }, 0.25),
  video('/v1/audio/video-to-audio', { video_id: '1' }, 0.25),
  video('/v1/audio/tts', { text: 'hello', voice_id: 'v', voice_language: 'en' }, 0.05),
  video('/v1/general/custom-voices', { voice_name: 'n', voice_url: 'u' }, 0.05),
  video('/v1/general/advanced-custom-elements', { element_name: 'n' }, 0),
  video('/v1/images/kolors-virtual-try-on', { human_image: 'h', cloth_image: 'c' }, 0.5, 'assumed'),
];

export const IMAGE_CASES: PriceCase[] = [
  image('/v1/images/generations', { prompt: 'a' }, 8),
  image('/v1/images/generations', { model_name: 'kling-v3', n: 9, resolution: '2k' }, 72),
  image('/v1/images/generations', { model_name: 'kling-v2-1' }, 4),
  image('/v1/images/generations', { model_name: 'kling-v2-1', image: 'x', n: 2 }, 16),
  image('/v1/images/generations', { model_name: 'kling-v1' }, 1),
  image('/v1/images/generations', { model_name: 'kling-v1-5' }, 4),
  image('/v1/images/generations', { model_name: 'kling-v1-5', image: 'x' }, 8),
  image('/v1/images/generations', { model_name: 'kling-v2' }, 4),
  image('/v1/images/omni-image', {}, 8),
  image('/v1/images/omni-image', { model_name: 'kling-v3-omni', resolution: '2k', n: 3 }, 24),
  image('/v1/images/omni-image', { model_name: 'kling-v3-omni', resolution: '4k' }, 16),
  image('/v1/images/omni-image', { result_type: 'series' }, 32),
  image('/v1/images/omni-image', { result_type: 'series', series_amount: 6, n: 9 }, 48),
  image('/v1/images/omni-image', { result_type: 'series', series_amount: 'auto' }, 72, 'assumed'),
  image('/v1/images/multi-image2image', { n: 2 }, 32),
  image('/v1/images/multi-image2image', { model_name: 'kling-v2-1' }, 16),
  image('/v1/images/editing/expand', { image: 'x', n: 4 }, 32),
  image('/v1/general/ai-multi-shot', { element_frontal_image: 'x' }, 20),
];

export const ALL_CASES: PriceCase[] = [
  ...NEW_CASES,
  ...V4_CASES,
  ...LEGACY_VIDEO_CASES,
  ...MISPLACED_CASES,
  ...IMAGE_CASES,
];
