/**
 * Legacy creates that make a video from a prompt or from references: what each takes, refuses and costs.
 *
 * **Invariant**: one reader for each path; it refuses or gives a plan, and changes nothing. Source: kling-api.md,
 * sections 4.1 and 9 (vendor documents to 2026-09-20, read 2026-11-21).
 */
import type { Fields } from './fields.ts';
import {
  clipMs,
  FIVE_OR_TEN,
  legacyOptions,
  mediaMs,
  MODE_RESOLUTION,
  motionOutputMs,
  plan,
  soundOf,
  UP_TO_10,
  UP_TO_15,
  wholeSeconds,
  type CreateInput,
  type CreateReader,
  type TaskPlan,
} from './plan.ts';
import { videoPrice } from './prices.ts';
import { KlingRefusal } from './replies.ts';

const PROMPT_MAX = 2500;
const TEXT_MODELS = [
  'kling-v1',
  'kling-v1-6',
  'kling-v2-master',
  'kling-v2-1-master',
  'kling-v2-5-turbo',
  'kling-v2-6',
  'kling-v3',
] as const;
const IMAGE_MODELS = [...TEXT_MODELS, 'kling-v1-5', 'kling-v2-1'] as const;
const KNOWN_MODELS: readonly string[] = [...IMAGE_MODELS, 'kling-video-o1', 'kling-v3-omni'];
const ASPECT_RATIOS = ['16:9', '9:16', '1:1'] as const;

/** Reads `model_name`: a model nobody knows is 404/1203, one that this path lacks 400/1201. */
function modelOf(body: Fields, allowed: readonly string[], fallback: string): string {
  const model = body.text('model_name') ?? fallback;
  if (!KNOWN_MODELS.includes(model)) throw new KlingRefusal(1203, `model ${model} does not exist`);
  if (!allowed.includes(model))
    body.refuse('model_name', `value '${model}' is invalid, allowed: ${allowed.join(', ')}`);
  return model;
}

function modeOf(body: Fields, model: string, fallback: 'std' | 'pro'): 'std' | 'pro' | '4k' {
  const mode = body.choice('mode', ['std', 'pro', '4k'], fallback);
  if (model.endsWith('-master')) return 'pro';
  if (mode === '4k' && model !== 'kling-v3' && model !== 'kling-v3-omni') {
    body.refuse('mode', `value '4k' is not supported by ${model}`);
  }
  return mode;
}

/** Checks the shots of a multi-shot body; tells whether it is one. */
function isMultiShot(body: Fields, model: string, seconds: number): boolean {
  if (!body.flag('multi_shot', false)) return false;
  if (model !== 'kling-v3' && model !== 'kling-v3-omni')
    body.refuse('multi_shot', `is not supported by ${model}`);
  if (body.needChoice('shot_type', ['customize', 'intelligence']) === 'intelligence') {
    body.needText('prompt', PROMPT_MAX);
    return true;
  }
  const shots = body.list('multi_prompt', 6, 1);
  let total = 0;
  for (const shot of shots) {
    if (!shot.has('duration')) shot.missing('duration');
    shot.whole('index', 1, 6);
    shot.needText('prompt', 512);
    total += shot.seconds('duration', [1, 2, ...UP_TO_15], 'string');
  }
  if (total !== seconds)
    body.refuse('multi_prompt', `durations sum to ${total}, must equal duration ${seconds}`);
  return true;
}

/** Reads the voices and tells whether the task bills at the voice rate: a voice listed and named in the prompt. */
function usesVoice({ body, library }: CreateInput, model: string, prompt: string): boolean {
  const voices = body.list('voice_list', 2);
  for (const voice of voices) library.checkVoice(voice.id('voice_id') ?? voice.missing('voice_id'));
  if (voices.length === 0) return false;
  if (model !== 'kling-v2-6' && model !== 'kling-v3')
    body.refuse('voice_list', `is not supported by ${model}`);
  return /<<<voice_\d+>>>/.test(prompt);
}

/** The part that text-to-video and image-to-video share. */
function shared(input: CreateInput, models: readonly string[], needsPrompt: boolean): TaskPlan {
  const { body } = input;
  const model = modelOf(body, models, 'kling-v1');
  const mode = modeOf(body, model, 'std');
  const seconds = body.seconds('duration', model === 'kling-v3' ? UP_TO_15 : FIVE_OR_TEN, 'string');
  const prompt = body.text('prompt', { max: PROMPT_MAX }) ?? '';
  if (!isMultiShot(body, model, seconds) && prompt === '' && needsPrompt) body.missing('prompt');
  body.text('negative_prompt', { max: PROMPT_MAX });
  body.choice('aspect_ratio', ASPECT_RATIOS, '16:9');
  body.number('cfg_scale', 0, 1);
  body.object('camera_control');
  const voice = usesVoice(input, model, prompt);
  const native = body.choice('sound', ['on', 'off'], 'off') === 'on';
  const hasSound = model === 'kling-v3' || (model === 'kling-v2-6' && mode === 'pro');
  if (native && !hasSound) body.refuse('sound', `value 'on' is not supported by ${model} in mode ${mode}`);
  const resolution = MODE_RESOLUTION[mode];
  const sound = soundOf(native, voice);
  return plan({
    ...legacyOptions(body),
    productFunction: 'Text to Video',
    model,
    resolution,
    unitsMilli: videoPrice({ model, resolution, sound }, seconds),
    durationMs: clipMs(seconds),
    audio: sound === 'silent' ? 'off' : 'native',
    voiceControl: voice,
  });
}

const textToVideo: CreateReader = (input) => shared(input, TEXT_MODELS, true);

const imageToVideo: CreateReader = (input) => {
  const { body } = input;
  const image = body.media('image');
  const tail = body.media('image_tail');
  if (image === undefined && tail === undefined) body.missing('image');
  const exclusive = ['image_tail', 'static_mask', 'dynamic_masks', 'camera_control'].filter((name) =>
    body.has(name),
  );
  const [first, second] = exclusive.filter(
    (name) => name !== 'static_mask' || !exclusive.includes('dynamic_masks'),
  );
  if (first !== undefined && second !== undefined) body.refuse(first, `and ${second} are mutually exclusive`);
  body.media('static_mask');
  body.list('dynamic_masks', 6);
  const elements = body.list('element_list', 3);
  if (elements.length > 0 && body.has('voice_list'))
    body.refuse('element_list', 'and voice_list are mutually exclusive');
  return { ...shared(input, IMAGE_MODELS, false), productFunction: 'Image to Video' };
};

const omniVideo: CreateReader = ({ body }) => {
  const model = modelOf(body, ['kling-video-o1', 'kling-v3-omni'], 'kling-video-o1');
  const mode = modeOf(body, model, 'pro');
  const seconds = body.seconds('duration', model === 'kling-v3-omni' ? UP_TO_15 : UP_TO_10, 'string');
  const prompt = body.text('prompt', { max: PROMPT_MAX });
  if (!isMultiShot(body, model, seconds) && prompt === undefined) body.missing('prompt');
  const images = body.list('image_list', 7);
  for (const image of images) {
    image.needMedia('image_url');
    if (image.has('type')) image.choice('type', ['first_frame', 'end_frame'], 'first_frame');
  }
  const video = body.list('video_list', 1)[0];
  const length = body.list('element_list', 7).length + images.length;
  if (length > (video === undefined ? 7 : 4))
    body.refuse('image_list', 'and element_list are too many together');
  body.choice('aspect_ratio', ASPECT_RATIOS, '16:9');
  const native = body.choice('sound', ['on', 'off'], 'off') === 'on';
  if (native && model === 'kling-video-o1') body.refuse('sound', `value 'on' is not supported by ${model}`);
  const resolution = MODE_RESOLUTION[mode];
  const base = { ...legacyOptions(body), productFunction: 'Omni Video', model, resolution };
  if (video === undefined) {
    const unitsMilli = videoPrice({ model, resolution, sound: soundOf(native, false) }, seconds);
    return plan({ ...base, unitsMilli, durationMs: clipMs(seconds), audio: native ? 'native' : 'off' });
  }
  if (native) body.refuse('sound', "must be 'off' with a reference video");
  const url = video.needUrl('video_url');
  const edits = video.choice('refer_type', ['feature', 'base'], 'base') === 'base';
  const keeps = video.choice('keep_original_sound', ['yes', 'no'], 'yes') === 'yes';
  checkReferenceLength(video, url, model);
  const durationMs = edits ? mediaMs(url) : clipMs(seconds);
  const charged = edits ? wholeSeconds(durationMs) : seconds;
  const unitsMilli = videoPrice({ model, resolution, videoInput: true }, charged);
  return plan({ ...base, unitsMilli, durationMs, videoInput: true, audio: keeps ? 'original' : 'off' });
};

/** A reference video of the omni models lasts 3 s to 10 s (O1) or 15.5 s (3.0 Omni), inclusive. */
export function checkReferenceLength(video: Fields, url: string, model: string): void {
  const longestMs = model === 'kling-video-o1' || model === 'kling-o1' ? 10_000 : 15_500;
  const lastsMs = mediaMs(url);
  if (lastsMs < 3000 || lastsMs > longestMs)
    video.refuse(video.has('video_url') ? 'video_url' : 'url', `must last 3 s to ${longestMs / 1000} s`);
}

const multiImageToVideo: CreateReader = ({ body }) => {
  modelOf(body, ['kling-v1-6'], 'kling-v1-6');
  for (const image of body.list('image_list', 4, 1)) image.needMedia('image');
  body.needText('prompt', PROMPT_MAX);
  body.text('negative_prompt', { max: PROMPT_MAX });
  body.choice('aspect_ratio', ASPECT_RATIOS, '16:9');
  const resolution = MODE_RESOLUTION[body.choice('mode', ['std', 'pro'], 'std')];
  const seconds = body.seconds('duration', FIVE_OR_TEN, 'string');
  return plan({
    ...legacyOptions(body),
    productFunction: 'Multi-Image to Video',
    model: 'kling-v1-6',
    resolution,
    unitsMilli: videoPrice({ model: 'multi-image', resolution }, seconds),
    durationMs: clipMs(seconds),
  });
};

/** The length of a motion-control result; refuses a reference outside the vendor's bounds with 400/1201. */
export function motionLengthMs(video: Fields, url: string, orientation: 'image' | 'video'): number {
  const longest = orientation === 'image' ? 10 : 30;
  const lastsMs = mediaMs(url);
  if (lastsMs < 3000 || lastsMs > longest * 1000) {
    video.refuse(
      video.has('video_url') ? 'video_url' : 'url',
      `must last 3 s to ${longest} s with character_orientation ${orientation}`,
    );
  }
  return Math.min(lastsMs, motionOutputMs(url));
}

const motionControl: CreateReader = ({ body }) => {
  const model = modelOf(body, ['kling-v2-6', 'kling-v3'], 'kling-v2-6');
  const resolution = MODE_RESOLUTION[body.needChoice('mode', ['std', 'pro'])];
  body.needMedia('image_url');
  const url = body.needUrl('video_url');
  const orientation = body.needChoice('character_orientation', ['image', 'video']);
  body.text('prompt', { max: PROMPT_MAX });
  const keeps = body.choice('keep_original_sound', ['yes', 'no'], 'yes') === 'yes';
  const durationMs = motionLengthMs(body, url, orientation);
  return plan({
    ...legacyOptions(body),
    productFunction: 'Motion Control',
    model,
    resolution,
    unitsMilli: videoPrice({ model, resolution, motion: true }, wholeSeconds(durationMs)),
    durationMs,
    videoInput: true,
    audio: keeps ? 'original' : 'off',
  });
};

export const LEGACY_VIDEO: Readonly<Record<string, CreateReader>> = {
  '/v1/videos/text2video': textToVideo,
  '/v1/videos/image2video': imageToVideo,
  '/v1/videos/omni-video': omniVideo,
  '/v1/videos/multi-image2video': multiImageToVideo,
  '/v1/videos/motion-control': motionControl,
};
