/**
 * Legacy creates that work on media: extension, element editing, lip sync, avatar, effects, audio, and the
 * library's own tasks.
 *
 * **Invariant**: one reader for each path; it refuses or gives a plan, and changes nothing. Source: kling-api.md,
 * sections 3.2, 4.1 and 9 (vendor documents to 2026-09-20, read 2026-11-21).
 */
import type { Ms } from '../units.ts';
import type { Fields } from './fields.ts';
import type { MediaItem, MediaLibrary } from './media-library.ts';
import {
  clipMs,
  FIVE_OR_TEN,
  legacyOptions,
  mediaMs,
  MODE_RESOLUTION,
  plan,
  wholeSeconds,
  type CreateInput,
  type CreateReader,
  type ParentVideo,
} from './plan.ts';
import { EACH, videoPrice } from './prices.ts';

const PROMPT_MAX = 2500;

/** A video given by exactly one of `video_id` and `video_url`. */
export interface SourceVideo {
  item: MediaItem | null;
  durationMs: Ms;
}

export function sourceVideo(body: Fields, library: MediaLibrary): SourceVideo {
  const id = body.id('video_id');
  const url = body.url('video_url');
  if (id === undefined && url === undefined) body.missing('video_id');
  if (id !== undefined && url !== undefined) body.refuse('video_id', 'and video_url are mutually exclusive');
  if (id !== undefined) {
    const item = library.video(id);
    return { item, durationMs: item.durationMs };
  }
  return { item: null, durationMs: mediaMs(url ?? '') };
}

/** Sound given by exactly one of `audio_id` and `sound_file`. */
function soundMs(body: Fields, library: MediaLibrary): Ms {
  const id = body.id('audio_id');
  const file = body.media('sound_file');
  if (id === undefined && file === undefined) body.missing('sound_file');
  if (id !== undefined && file !== undefined)
    body.refuse('audio_id', 'and sound_file are mutually exclusive');
  return id === undefined ? mediaMs(file ?? '') : library.audio(id).durationMs;
}

function checkLength(body: Fields, name: string, lastsMs: Ms, bounds: readonly [number, number]): void {
  if (lastsMs < bounds[0] * 1000 || lastsMs > bounds[1] * 1000) {
    body.refuse(name, `must last ${bounds[0]} s to ${bounds[1]} s`);
  }
}

function parentOf(item: MediaItem | null): ParentVideo | null {
  return item === null ? null : { id: item.id, url: item.url, durationMs: item.durationMs };
}

const videoExtend: CreateReader = ({ body, library }) => {
  const parent = library.video(body.id('video_id') ?? body.missing('video_id'));
  body.text('prompt', { max: PROMPT_MAX });
  body.text('negative_prompt', { max: PROMPT_MAX });
  body.number('cfg_scale', 0, 1);
  const durationMs = parent.durationMs + clipMs(5);
  if (durationMs > 180_000) body.refuse('video_id', 'would last over 3 minutes');
  return plan({
    ...legacyOptions(body),
    productFunction: 'Video Extension',
    unitsMilli: EACH.videoExtend,
    durationMs,
    parentVideo: parentOf(parent),
  });
};

const multiElements: CreateReader = ({ body, library }) => {
  library.session(body.needText('session_id'), 'elements');
  const edit = body.needChoice('edit_mode', ['addition', 'swap', 'removal']);
  const images = body.list('image_list', edit === 'addition' ? 2 : 1, edit === 'removal' ? 0 : 1);
  for (const image of images) image.needMedia('image');
  body.needText('prompt', PROMPT_MAX);
  body.text('negative_prompt', { max: PROMPT_MAX });
  const resolution = MODE_RESOLUTION[body.choice('mode', ['std', 'pro'], 'std')];
  const seconds = body.seconds('duration', FIVE_OR_TEN, 'string');
  return plan({
    ...legacyOptions(body),
    productFunction: 'Multi-Elements',
    model: 'kling-v1-6',
    resolution,
    unitsMilli: videoPrice({ model: 'multi-elements', resolution }, seconds),
    durationMs: clipMs(seconds),
    videoInput: true,
  });
};

/** Lip sync costs half a unit for each 5 s begun; it comes out as long as the video it started from. */
function lipSyncPlan(body: Fields, video: SourceVideo): ReturnType<CreateReader> {
  checkLength(body, 'video_id', video.durationMs, [2, 60]);
  return plan({
    ...legacyOptions(body),
    productFunction: 'Lip Sync',
    unitsMilli: Math.ceil(video.durationMs / 5000) * EACH.lipSyncPer5s,
    durationMs: video.durationMs,
    videoInput: true,
    parentVideo: parentOf(video.item),
  });
}

const advancedLipSync: CreateReader = ({ body, library }) => {
  const session = library.session(body.needText('session_id'), 'face');
  for (const face of body.list('face_choose', 1, 1)) {
    if (face.id('face_id') === undefined) face.missing('face_id');
    const lastsMs = soundMs(face, library);
    const start = face.whole('sound_start_time', 0, 300_000) ?? 0;
    const end = face.whole('sound_end_time', 0, 300_000) ?? lastsMs;
    face.whole('sound_insert_time', 0, 60_000);
    checkLength(face, 'sound_end_time', end - start, [2, 60]);
  }
  return lipSyncPlan(body, { item: session.parent, durationMs: session.durationMs });
};

const lipSync: CreateReader = ({ body, library }) => {
  const input = body.object('input') ?? body.missing('input');
  const video = sourceVideo(input, library);
  if (input.needChoice('mode', ['text2video', 'audio2video']) === 'text2video') {
    input.needText('text', 120);
    library.checkVoice(input.id('voice_id') ?? input.missing('voice_id'));
    input.choice('voice_language', ['zh', 'en'], 'zh');
    input.number('voice_speed', 0.8, 2);
  } else if (input.choice('audio_type', ['file', 'url'], 'file') === 'url') {
    if (input.url('audio_url') === undefined) input.missing('audio_url');
  } else {
    input.needMedia('audio_file');
  }
  return lipSyncPlan(body, video);
};

const avatar: CreateReader = ({ body, library }) => {
  body.needMedia('image');
  body.text('prompt', { max: PROMPT_MAX });
  const resolution = MODE_RESOLUTION[body.choice('mode', ['std', 'pro'], 'std')];
  const lastsMs = soundMs(body, library);
  checkLength(body, 'sound_file', lastsMs, [2, 300]);
  return plan({
    ...legacyOptions(body),
    productFunction: 'Avatar',
    resolution,
    unitsMilli: videoPrice({ model: 'avatar', resolution }, wholeSeconds(lastsMs)),
    durationMs: lastsMs,
    audio: 'native',
  });
};

const effects: CreateReader = ({ body }) => {
  body.needText('effect_scene', 100);
  const input = body.object('input') ?? body.missing('input');
  const images = input.values('images', 2, input.has('images') ? 2 : 0);
  if (images.some((image) => typeof image !== 'string' || image.startsWith('data:'))) {
    input.refuse('images', 'must be URLs or raw base64');
  }
  if (images.length === 0) input.needMedia('image');
  return plan({
    ...legacyOptions(body),
    productFunction: 'Video Effects',
    unitsMilli: EACH.effects,
    durationMs: clipMs(5),
  });
};

const textToAudio: CreateReader = ({ body }) => {
  body.needText('prompt', 200);
  const seconds = body.number('duration', 3, 10) ?? body.missing('duration');
  return plan({
    ...legacyOptions(body),
    productFunction: 'Text to Audio',
    unitsMilli: EACH.audio,
    output: 'audio',
    durationMs: Math.round(seconds * 1000),
  });
};

const videoToAudio: CreateReader = ({ body, library }) => {
  const video = sourceVideo(body, library);
  checkLength(body, 'video_url', video.durationMs, [3, 20.5]);
  body.text('sound_effect_prompt', { max: 200 });
  body.text('bgm_prompt', { max: 200 });
  body.flag('asmr_mode', false);
  return plan({
    ...legacyOptions(body),
    productFunction: 'Video to Audio',
    unitsMilli: EACH.audio,
    output: 'video-audio',
    durationMs: video.durationMs,
    parentVideo: parentOf(video.item),
  });
};

const customVoice: CreateReader = ({ body, library }: CreateInput) => {
  const title = body.needText('voice_name', 20);
  const id = body.id('video_id');
  const url = body.media('voice_url');
  if (id === undefined && url === undefined) body.missing('voice_url');
  if (id !== undefined) library.video(id);
  return plan({
    ...legacyOptions(body),
    productFunction: 'Custom Voice',
    unitsMilli: EACH.customVoice,
    weight: 0,
    output: 'voice',
    title,
  });
};

const customElement: CreateReader = ({ body }) => {
  const title = body.needText('element_name', 20);
  const description = body.text('element_description', { max: 100 }) ?? '';
  body.choice('reference_type', ['image_refer', 'video_refer'], 'image_refer');
  body.object('element_image_list');
  body.object('element_video_list');
  return plan({
    ...legacyOptions(body),
    productFunction: 'Custom Element',
    unitsMilli: EACH.customElement,
    weight: 0,
    output: 'element',
    title,
    description,
  });
};

export const LEGACY_MEDIA: Readonly<Record<string, CreateReader>> = {
  '/v1/videos/video-extend': videoExtend,
  '/v1/videos/multi-elements': multiElements,
  '/v1/videos/advanced-lip-sync': advancedLipSync,
  '/v1/videos/lip-sync': lipSync,
  '/v1/videos/avatar/image2video': avatar,
  '/v1/videos/effects': effects,
  '/v1/audio/text-to-audio': textToAudio,
  '/v1/audio/video-to-audio': videoToAudio,
  '/v1/general/custom-voices': customVoice,
  '/v1/general/advanced-custom-elements': customElement,
};
