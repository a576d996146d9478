/**
 * Creates of Kling 4.0, videos and pictures: their fields, refusals and prices.
 *
 * The vendor's own pages were not found. Bodies follow a router's pages, paths follow the pattern of the other models, prices
 * are those of resellers (kling-api.md, section 15, read 2026-11-27).
 *
 * **Invariant**: one reader for each path; it refuses or gives a plan, and changes nothing. An external task id and a
 * callback are refused.
 */
import type { Fields } from './fields.ts';
import { readFields, type FieldTable } from './field-table.ts';
import { contentsOf, count } from './new-video.ts';
import {
  clipMs,
  mediaMs,
  plan,
  UP_TO_20,
  UP_TO_30,
  wholeSeconds,
  type CreateInput,
  type CreateReader,
} from './plan.ts';
import { EACH, videoPrice, type Resolution } from './prices.ts';

const PROMPT_MAX = 3072;
const RATIOS = ['16:9', '9:16', '1:1', '21:9', '4:3', '3:4'] as const;
const MIDDLE_FRAMES_MAX = 8;
const PICTURES_MAX = 9;

interface Model {
  name: string;
  seconds: readonly number[];
  resolutions: readonly Resolution[];
  isFlash: boolean;
}
const FULL: Model = { name: 'kling-4.0', seconds: UP_TO_30, resolutions: ['720p', '1080p'], isFlash: false };
const FLASH: Model = { name: 'kling-4.0-flash', seconds: UP_TO_20, resolutions: ['720p'], isFlash: true };

/** Reads the options; a value that the model does not accept is 400/1201. */
function watermarkOf(body: Fields): boolean {
  const options = body.object('options');
  for (const name of ['external_task_id', 'callback_url']) {
    if (options?.has(name) === true) options.refuse(name, 'is not supported by this model');
  }
  return options?.object('watermark_info')?.flag('enabled', false) ?? false;
}

function settingsOf(body: Fields, model: Model): { seconds: number; resolution: Resolution } {
  const settings = body.object('settings');
  if (settings === undefined) return { seconds: 5, resolution: '720p' };
  const { duration: seconds, resolution } = readFields(settings, {
    aspect_ratio: { is: 'choice', of: RATIOS, default: '16:9' },
    duration: { is: 'whole', min: model.seconds[0] ?? 3, max: model.seconds.at(-1) ?? 30, default: 5 },
    resolution: { is: 'choice', of: model.resolutions, default: '720p' },
  });
  return { seconds, resolution };
}

const PROMPT = { prompt: { is: 'text', max: PROMPT_MAX, required: true } } as const satisfies FieldTable;
const PICTURE_SETTINGS = {
  n: { is: 'whole', min: 1, max: PICTURES_MAX, default: 1 },
  resolution: { is: 'choice', of: ['1k', '2k', '4k'], default: '1k' },
  aspect_ratio: { is: 'choice', of: RATIOS, default: '16:9' },
} as const satisfies FieldTable;

function textReader(model: Model): CreateReader {
  return ({ body }) => {
    if (body.has('contents')) body.refuse('contents', 'is not supported here: prompt is the only input');
    readFields(body, PROMPT);
    return videoPlan(body, model, { productFunction: 'Text to Video', videoMs: 0, isEdit: false });
  };
}

function imageReader(model: Model): CreateReader {
  const frames = model.isFlash ? ['first_frame'] : ['first_frame', 'middle_frame', 'last_frame'];
  return (input) => {
    const { body } = input;
    const contents = contentsOf(input, ['prompt', ...frames], PROMPT_MAX);
    if (count(contents, 'first_frame') === 0) body.missing('contents[].first_frame');
    if (count(contents, 'middle_frame') > MIDDLE_FRAMES_MAX)
      body.refuse('contents', `may have at most ${MIDDLE_FRAMES_MAX} middle frames`);
    return videoPlan(body, model, { productFunction: 'Image to Video', videoMs: 0, isEdit: false });
  };
}

function omniReader(model: Model): CreateReader {
  const types = ['prompt', 'refer_image', 'feature_video', 'base_video', 'element', 'voice'];
  return (input: CreateInput) => {
    const { body } = input;
    const contents = contentsOf(input, types, PROMPT_MAX);
    if (count(contents, 'prompt') === 0) body.missing('contents[].prompt');
    const videos = [...(contents.get('base_video') ?? []), ...(contents.get('feature_video') ?? [])];
    if (videos.length > 1) body.refuse('contents', 'may have one video');
    const videoMs = videos[0] === undefined ? 0 : mediaMs(videos[0].url('url') ?? '');
    const isEdit = count(contents, 'base_video') > 0;
    return videoPlan(body, model, { productFunction: 'Omni Video', videoMs, isEdit });
  };
}

interface Made {
  productFunction: string;
  /** The length of the input video; 0 without one. */
  videoMs: number;
  /** An edit lasts as long as its video. */
  isEdit: boolean;
}

/** Seconds of input and of output are both charged. */
function videoPlan(body: Fields, model: Model, made: Made): ReturnType<CreateReader> {
  const watermark = watermarkOf(body);
  const { seconds, resolution } = settingsOf(body, model);
  const output = made.isEdit ? wholeSeconds(made.videoMs) : seconds;
  const videoInput = made.videoMs > 0;
  const query = { model: model.name, resolution, sound: 'native', videoInput } as const;
  return plan({
    productFunction: made.productFunction,
    model: model.name,
    resolution,
    unitsMilli: videoPrice(query, output + wholeSeconds(made.videoMs)),
    durationMs: made.isEdit ? made.videoMs : clipMs(seconds),
    videoInput,
    audio: 'native',
    watermark,
  });
}

function pictureReader(model: string, hasReference: boolean): CreateReader {
  return (input) => {
    const { body } = input;
    if (hasReference) contentsOf(input, ['prompt', 'refer_image', 'element'], PROMPT_MAX);
    else readFields(body, PROMPT);
    const watermark = watermarkOf(body);
    const settings = body.object('settings');
    const pictures = settings === undefined ? 1 : readFields(settings, PICTURE_SETTINGS).n;
    return plan({
      productFunction: hasReference ? 'Image to Image' : 'Text to Image',
      product: 'image',
      model,
      unitsMilli: EACH.imageV4 * pictures,
      weight: pictures,
      outputCount: pictures,
      watermark,
    });
  };
}

const PICTURES = ['kling-image-4.0', 'kling-long-image-4.0'];

export const KLING_4: Readonly<Record<string, CreateReader>> = {
  ...Object.fromEntries(
    [FULL, FLASH].flatMap((model) => [
      [`/text-to-video/${model.name}`, textReader(model)],
      [`/image-to-video/${model.name}`, imageReader(model)],
      [`/omni-video/${model.name}`, omniReader(model)],
    ]),
  ),
  ...Object.fromEntries(
    PICTURES.flatMap((model) => [
      [`/text-to-image/${model}`, pictureReader(model, false)],
      [`/image-to-image/${model}`, pictureReader(model, true)],
      [`/omni-image/${model}`, pictureReader(model, true)],
    ]),
  ),
};
