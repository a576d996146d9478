/**
 * Legacy creates that work on media: extension, element editing, lip sync, avatar, effects, audio, and the
 * library's own tasks.
 *
 * **Invariant**: one reader for each path; it refuses or gives a plan, and changes nothing. Source: kling-api.md,
 * sections 3.2, 4.1 and 9 (vendor documents to 2026-09-20, read 2026-11-21).
 */
import type { Ms } from '../units.ts';
import type { Fields } from './fields.ts';
import { readFields } from './field-table.ts';
import {
  AUDIO_TYPE,
  AVATAR,
  CUSTOM_ELEMENT,
  CUSTOM_VOICE,
  EDIT,
  EDITED,
  EDIT_IMAGES,
  EXTENSION,
  FACE_SOUND,
  IMAGE,
  LIP_SYNC,
  SESSION_ID,
  SOUND,
  SOURCE_VIDEO,
  SPOKEN,
  TEXT_TO_AUDIO,
  VIDEO_ID,
  VIDEO_SOUND,
  VOICE,
} from './legacy-media-fields.ts';
import type { MediaItem, MediaLibrary } from './media-library.ts';
import {
  clipMs,
  optionsOf,
  mediaMs,
  MODE_RESOLUTION,
  plan,
  wholeSeconds,
  type CreateInput,
  type CreateReader,
  type ParentVideo,
} from './plan.ts';
import { EACH, videoPrice } from './prices.ts';

/** A video, given by exactly one of `video_id` and `video_url`. */
export interface SourceVideo {
  item: MediaItem | null;
  durationMs: Ms;
}

/** Reads it; refuses none, both, and an unknown id. */
export function sourceVideo(body: Fields, library: MediaLibrary): SourceVideo {
  const { video_id: id, video_url: url } = readFields(body, SOURCE_VIDEO);
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
  const { audio_id: id, sound_file: file } = readFields(body, SOUND);
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
  const parent = library.video(readFields(body, { video_id: VIDEO_ID }).video_id);
  readFields(body, EXTENSION);
  const durationMs = parent.durationMs + clipMs(5);
  if (durationMs > 180_000) body.refuse('video_id', 'would last over 3 minutes');
  return plan({
    ...optionsOf(body),
    productFunction: 'Video Extension',
    unitsMilli: EACH.videoExtend,
    durationMs,
    parentVideo: parentOf(parent),
  });
};

const multiElements: CreateReader = ({ body, library }) => {
  library.session(readFields(body, { session_id: SESSION_ID }).session_id, 'elements');
  const { edit_mode: edit } = readFields(body, EDIT);
  readFields(body, { image_list: { is: 'list', ...EDIT_IMAGES[edit], of: { image: IMAGE } } });
  const { mode, duration: seconds } = readFields(body, EDITED);
  const resolution = MODE_RESOLUTION[mode];
  return plan({
    ...optionsOf(body),
    productFunction: 'Multi-Elements',
    model: 'kling-v1-6',
    resolution,
    unitsMilli: videoPrice({ model: 'multi-elements', resolution }, seconds),
    durationMs: clipMs(seconds),
    videoInput: true,
  });
};

/** Lip sync costs half a unit for each 5 s begun; its result is as long as the input video. */
function lipSyncPlan(body: Fields, video: SourceVideo): ReturnType<CreateReader> {
  checkLength(body, 'video_id', video.durationMs, [2, 60]);
  return plan({
    ...optionsOf(body),
    productFunction: 'Lip Sync',
    unitsMilli: Math.ceil(video.durationMs / 5000) * EACH.lipSyncPer5s,
    durationMs: video.durationMs,
    videoInput: true,
    parentVideo: parentOf(video.item),
  });
}

const advancedLipSync: CreateReader = ({ body, library }) => {
  const session = library.session(readFields(body, { session_id: SESSION_ID }).session_id, 'face');
  for (const face of body.list('face_choose', 1, 1)) {
    readFields(face, { face_id: { is: 'id', required: true } });
    const lastsMs = soundMs(face, library);
    const { sound_start_time: start, sound_end_time: end = lastsMs } = readFields(face, FACE_SOUND);
    checkLength(face, 'sound_end_time', end - start, [2, 60]);
  }
  return lipSyncPlan(body, { item: session.parent, durationMs: session.durationMs });
};

const lipSync: CreateReader = ({ body, library }) => {
  const input = body.object('input') ?? body.missing('input');
  const video = sourceVideo(input, library);
  if (readFields(input, LIP_SYNC).mode === 'text2video') {
    library.checkVoice(readFields(input, SPOKEN).voice_id);
    readFields(input, VOICE);
  } else if (readFields(input, AUDIO_TYPE).audio_type === 'url') {
    readFields(input, { audio_url: { is: 'url', required: true } });
  } else {
    readFields(input, { audio_file: { is: 'media', required: true } });
  }
  return lipSyncPlan(body, video);
};

const avatar: CreateReader = ({ body, library }) => {
  const resolution = MODE_RESOLUTION[readFields(body, AVATAR).mode];
  const lastsMs = soundMs(body, library);
  checkLength(body, 'sound_file', lastsMs, [2, 300]);
  return plan({
    ...optionsOf(body),
    productFunction: 'Avatar',
    resolution,
    unitsMilli: videoPrice({ model: 'avatar', resolution }, wholeSeconds(lastsMs)),
    durationMs: lastsMs,
    audio: 'native',
  });
};

const effects: CreateReader = ({ body }) => {
  readFields(body, { effect_scene: { is: 'text', max: 100, required: true } });
  const input = body.object('input') ?? body.missing('input');
  const images = input.values('images', 2, input.has('images') ? 2 : 0);
  if (images.some((image) => typeof image !== 'string' || image.startsWith('data:'))) {
    input.refuse('images', 'must be URLs or raw base64');
  }
  if (images.length === 0) readFields(input, { image: IMAGE });
  return plan({
    ...optionsOf(body),
    productFunction: 'Video Effects',
    unitsMilli: EACH.effects,
    durationMs: clipMs(5),
  });
};

const textToAudio: CreateReader = ({ body }) => {
  const { duration: seconds } = readFields(body, TEXT_TO_AUDIO);
  return plan({
    ...optionsOf(body),
    productFunction: 'Text to Audio',
    unitsMilli: EACH.audio,
    output: 'audio',
    durationMs: Math.round(seconds * 1000),
  });
};

const videoToAudio: CreateReader = ({ body, library }) => {
  const video = sourceVideo(body, library);
  checkLength(body, 'video_url', video.durationMs, [3, 20.5]);
  readFields(body, VIDEO_SOUND);
  return plan({
    ...optionsOf(body),
    productFunction: 'Video to Audio',
    unitsMilli: EACH.audio,
    output: 'video-audio',
    durationMs: video.durationMs,
    parentVideo: parentOf(video.item),
  });
};

const customVoice: CreateReader = ({ body, library }: CreateInput) => {
  const { voice_name: title, video_id: id, voice_url: url } = readFields(body, CUSTOM_VOICE);
  if (id === undefined && url === undefined) body.missing('voice_url');
  if (id !== undefined) library.video(id);
  return plan({
    ...optionsOf(body),
    productFunction: 'Custom Voice',
    unitsMilli: EACH.customVoice,
    weight: 0,
    output: 'voice',
    title,
  });
};

const customElement: CreateReader = ({ body }) => {
  const { element_name: title, element_description: description = '' } = readFields(body, CUSTOM_ELEMENT);
  return plan({
    ...optionsOf(body),
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
