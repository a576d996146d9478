/**
 * Creates of the new generation: the model is the path's last segment, the body is `prompt` or `contents` with
 * `settings` and `options`.
 *
 * **Invariant**: one row of the table for each path; no legacy field is read. Source: kling-api.md,
 * section 4.3 (vendor documents of 2026-09-20, read 2026-11-21).
 */
import type { Fields } from './fields.ts';
import { readFields, type FieldTable } from './field-table.ts';
import { checkReferenceLength, motionLengthMs, motionPlan } from './legacy-video.ts';
import {
  clipMs,
  FIVE_OR_TEN,
  mediaMs,
  optionsOf,
  plan,
  UP_TO_10,
  UP_TO_15,
  wholeSeconds,
  type CreateInput,
  type CreateReader,
} from './plan.ts';
import { videoPrice, type Resolution } from './prices.ts';

type Audio = 'native' | 'original' | 'off';
type ContentType =
  'prompt' | 'first_frame' | 'last_frame' | 'refer_image' | 'feature_video' | 'base_video' | 'element';

interface NewRoute {
  model: string;
  productFunction: string;
  seconds: readonly number[];
  resolutions: readonly Resolution[];
  /** Empty if the path has no audio field; the first is the default. */
  audio: readonly Audio[];
  multiShot: boolean;
  promptMax: number;
  /** Null if the prompt is the only field at the top level. */
  contents: readonly (ContentType | 'voice')[] | null;
}

const TWO: readonly Resolution[] = ['720p', '1080p'];
const THREE: readonly Resolution[] = ['720p', '1080p', '4k'];
const OMNI_CONTENTS: readonly ContentType[] = [
  'prompt',
  'first_frame',
  'last_frame',
  'refer_image',
  'feature_video',
  'base_video',
  'element',
];

function textRoute(model: string, row: Partial<NewRoute>): NewRoute {
  return {
    model,
    productFunction: 'Text to Video',
    seconds: UP_TO_15,
    resolutions: TWO,
    audio: [],
    multiShot: false,
    promptMax: 2500,
    contents: null,
    ...row,
  };
}
function imageRoute(model: string, row: Partial<NewRoute>): NewRoute {
  return textRoute(model, {
    productFunction: 'Image to Video',
    contents: ['prompt', 'first_frame', 'last_frame'],
    ...row,
  });
}
function omniRoute(model: string, row: Partial<NewRoute>): NewRoute {
  return textRoute(model, { productFunction: 'Omni Video', contents: OMNI_CONTENTS, ...row });
}

const V3 = { resolutions: THREE, audio: ['off', 'native'], multiShot: true, promptMax: 3072 } as const;
const V26 = { seconds: FIVE_OR_TEN, audio: ['off', 'native'] } as const;
const ROUTES: Readonly<Record<string, NewRoute>> = {
  '/text-to-video/kling-3.0-turbo': textRoute('kling-3.0-turbo', { promptMax: 3072 }),
  '/image-to-video/kling-3.0-turbo': imageRoute('kling-3.0-turbo', { contents: ['prompt', 'first_frame'] }),
  '/text-to-video/kling-3.0': textRoute('kling-3.0', V3),
  '/image-to-video/kling-3.0': imageRoute('kling-3.0', {
    ...V3,
    contents: ['prompt', 'first_frame', 'last_frame', 'element'],
  }),
  '/omni-video/kling-3.0-omni': omniRoute('kling-3.0-omni', { ...V3, audio: ['off', 'native', 'original'] }),
  '/omni-video/kling-o1': omniRoute('kling-o1', { seconds: UP_TO_10, audio: ['off', 'original'] }),
  '/text-to-video/kling-2.6': textRoute('kling-2.6', V26),
  '/image-to-video/kling-2.6': imageRoute('kling-2.6', {
    ...V26,
    contents: ['prompt', 'first_frame', 'last_frame', 'voice'],
  }),
  '/text-to-video/kling-2.5-turbo': textRoute('kling-2.5-turbo', { seconds: FIVE_OR_TEN }),
  '/image-to-video/kling-2.5-turbo': imageRoute('kling-2.5-turbo', { seconds: FIVE_OR_TEN }),
};

const BY_URL = { url: { is: 'url', required: true } } as const satisfies FieldTable;
const BY_MEDIA = { url: { is: 'media', required: true } } as const satisfies FieldTable;

/** The items of `contents`, by type, each checked for its required fields. */
export function contentsOf(
  { body, library }: CreateInput,
  types: readonly string[],
  promptMax: number,
): Map<string, Fields[]> {
  const found = new Map<string, Fields[]>();
  for (const item of body.list('contents', 20, 1)) {
    const { type } = readFields(item, { type: { is: 'choice', of: types } });
    if (type === 'prompt') readFields(item, { text: { is: 'text', max: promptMax, required: true } });
    else if (type === 'element') needId(item, 'element_id');
    else if (type === 'voice') library.checkVoice(needId(item, 'voice_id'));
    else readFields(item, type.endsWith('video') ? BY_URL : BY_MEDIA);
    found.set(type, [...(found.get(type) ?? []), item]);
  }
  for (const type of ['prompt', 'first_frame', 'last_frame', 'image', 'video']) {
    if ((found.get(type)?.length ?? 0) > 1) body.refuse('contents', `may have one item of type ${type}`);
  }
  return found;
}

function needId(item: Fields, name: string): string {
  if (!item.has('id')) item.missing('id');
  return item.id(name) ?? item.missing(name);
}

export function count(contents: Map<string, Fields[]>, type: string): number {
  return contents.get(type)?.length ?? 0;
}

/** Checks the items of `contents` that exclude each other. */
function checkContents(body: Fields, route: NewRoute, contents: Map<string, Fields[]>): void {
  const videos = count(contents, 'feature_video') + count(contents, 'base_video');
  const isOmni = route.contents?.includes('refer_image') === true;
  if (isOmni && count(contents, 'prompt') === 0) body.missing('contents[].prompt');
  if (!isOmni && count(contents, 'first_frame') === 0) body.missing('contents[].first_frame');
  if (count(contents, 'last_frame') > 0 && count(contents, 'first_frame') === 0) {
    body.refuse('contents', 'with a last_frame must have a first_frame');
  }
  if (videos > 1) body.refuse('contents', 'may have one reference video');
  if (count(contents, 'base_video') > 0 && count(contents, 'first_frame') > 0) {
    body.refuse('contents', 'with a base_video may have no frames');
  }
  const elements = count(contents, 'element');
  const frames = count(contents, 'first_frame') > 0;
  if (frames && elements > 3) body.refuse('contents', 'may have at most 3 elements');
  if (elements + count(contents, 'refer_image') > (videos > 0 ? 4 : 7)) {
    body.refuse('contents', 'has too many reference images and elements');
  }
  if (count(contents, 'voice') > 2) body.refuse('contents', 'may have at most 2 voices');
}

interface Settings {
  seconds: number;
  resolution: Resolution;
  audio: Audio;
}

const RATIO = {
  aspect_ratio: { is: 'choice', of: ['16:9', '9:16', '1:1'], default: '16:9' },
} as const satisfies FieldTable;

function settingsOf(body: Fields, route: NewRoute): Settings {
  const settings = body.object('settings');
  if (settings === undefined) return { seconds: 5, resolution: '720p', audio: 'off' };
  readFields(settings, RATIO);
  if (route.multiShot) readFields(settings, { multi_shot: { is: 'flag', default: true } });
  const { duration: seconds, resolution } = readFields(settings, {
    duration: { is: 'seconds', of: route.seconds, wanted: 'number' },
    resolution: { is: 'choice', of: route.resolutions, default: '720p' },
  });
  if (route.audio.length === 0) return { seconds, resolution, audio: 'off' };
  const { audio } = readFields(settings, { audio: { is: 'choice', of: route.audio, default: 'off' } });
  return { seconds, resolution, audio };
}

/** Checks the combination of sound, voices, frames and resolution. */
function checkSettings(body: Fields, route: NewRoute, set: Settings, contents: Map<string, Fields[]>): void {
  const refuse = (why: string): never => body.refuse('settings', why);
  const video = count(contents, 'feature_video') + count(contents, 'base_video') > 0;
  if (route.model === 'kling-2.6' && set.audio === 'native' && set.resolution !== '1080p') {
    refuse('audio native needs resolution 1080p');
  }
  const endsAtFrame = count(contents, 'last_frame') > 0;
  if (route.seconds === FIVE_OR_TEN && endsAtFrame && set.resolution !== '1080p') {
    refuse('resolution must be 1080p with a last_frame');
  }
  if (count(contents, 'voice') > 0 && set.audio === 'off') refuse('audio cannot be off with a voice');
  if (video && set.audio === 'native') refuse('audio native is not supported with a reference video');
  if (count(contents, 'feature_video') > 0 && set.audio !== 'off')
    refuse('audio must be off with a feature_video');
}

function readerOf(route: NewRoute): CreateReader {
  return (input) => {
    const { body } = input;
    const contents =
      route.contents === null
        ? new Map<string, Fields[]>()
        : contentsOf(input, route.contents, route.promptMax);
    if (route.contents === null)
      readFields(body, { prompt: { is: 'text', max: route.promptMax, required: true } });
    else checkContents(body, route, contents);
    const set = settingsOf(body, route);
    checkSettings(body, route, set, contents);
    const voice = count(contents, 'voice') > 0;
    const edited = contents.get('base_video')?.[0];
    const reference = edited ?? contents.get('feature_video')?.[0];
    const url = reference?.url('url') ?? '';
    if (reference !== undefined) checkReferenceLength(reference, url, route.model);
    const durationMs = edited === undefined ? clipMs(set.seconds) : mediaMs(url);
    const seconds = edited === undefined ? set.seconds : wholeSeconds(durationMs);
    const isTurbo = route.model === 'kling-3.0-turbo';
    const native = isTurbo || set.audio === 'native';
    const sound = voice ? 'voice' : native ? 'native' : 'silent';
    const videoInput = reference !== undefined;
    return plan({
      ...optionsOf(body.object('options')),
      productFunction: route.productFunction,
      model: route.model,
      resolution: set.resolution,
      unitsMilli: videoPrice({ model: route.model, resolution: set.resolution, sound, videoInput }, seconds),
      durationMs,
      videoInput,
      audio: isTurbo ? 'native' : set.audio,
      voiceControl: voice,
    });
  };
}

const MOTION_SETTINGS = {
  character_orientation: { is: 'choice', of: ['image', 'video'] },
  resolution: { is: 'choice', of: ['720p', '1080p'], default: '720p' },
  audio: { is: 'choice', of: ['original', 'off'], default: 'original' },
} as const satisfies FieldTable;

function motionReader(model: string): CreateReader {
  const types = ['prompt', 'image', 'video', ...(model === 'kling-3.0' ? ['element'] : [])];
  return (input) => {
    const { body } = input;
    const contents = contentsOf(input, types, 2500);
    const video = contents.get('video')?.[0] ?? body.missing('contents[].video');
    if (count(contents, 'image') === 0) body.missing('contents[].image');
    if (count(contents, 'element') > 1) body.refuse('contents', 'may have at most 1 element');
    const settings = body.object('settings') ?? body.missing('settings.character_orientation');
    const set = readFields(settings, MOTION_SETTINGS);
    const { resolution, audio } = set;
    const durationMs = motionLengthMs(video, video.url('url') ?? '', set.character_orientation);
    return motionPlan(optionsOf(body.object('options')), { model, resolution, durationMs, audio });
  };
}

export const NEW_VIDEO: Readonly<Record<string, CreateReader>> = {
  ...Object.fromEntries(Object.entries(ROUTES).map(([path, route]) => [path, readerOf(route)])),
  '/motion-control/kling-3.0': motionReader('kling-3.0'),
  '/motion-control/kling-2.6': motionReader('kling-2.6'),
};
