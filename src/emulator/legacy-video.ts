/**
 * Legacy creates that make a video from a prompt or from references: their fields, refusals and prices.
 *
 * **Invariant**: one reader for each path; it refuses or gives a plan, and changes nothing. Source: kling-api.md,
 * sections 4.1 and 9 (vendor documents to 2026-09-20, read 2026-11-21).
 */
import type { Ms } from '../units.ts';
import type { Fields } from './fields.ts';
import { readFields } from './field-table.ts';
import {
  CLIP_LOOK,
  CLIP_SOUND,
  clipTable,
  EXCLUSIVE,
  FRAMES,
  IMAGE_MODELS,
  MASKS,
  MOTION,
  MULTI_IMAGE,
  MULTI_SHOT,
  OMNI,
  OMNI_LOOK,
  OMNI_REFERENCES,
  PROMPT,
  REFERENCE_VIDEO,
  SHOT,
  SHOT_TYPE,
  SHOTS,
  TEXT_MODELS,
  VOICE,
  VOICE_MODELS,
  VOICES,
} from './legacy-video-fields.ts';
import {
  clipMs,
  optionsOf,
  mediaMs,
  MODE_RESOLUTION,
  motionOutputMs,
  plan,
  soundOf,
  wholeSeconds,
  type CreateInput,
  type CreateReader,
  type TaskPlan,
} from './plan.ts';
import { videoPrice, type Resolution } from './prices.ts';

/** A master has one quality. */
function qualityOf(model: string, mode: 'std' | 'pro' | '4k'): 'std' | 'pro' | '4k' {
  return model.endsWith('-master') ? 'pro' : mode;
}

/** Checks the shots of a multi-shot body; returns whether it is one. */
function isMultiShot(body: Fields, model: string, seconds: number): boolean {
  if (!readFields(body, MULTI_SHOT, model).multi_shot) return false;
  if (readFields(body, SHOT_TYPE).shot_type === 'intelligence') {
    readFields(body, PROMPT);
    return true;
  }
  let total = 0;
  for (const shot of readFields(body, SHOTS).multi_prompt) {
    if (!shot.has('duration')) shot.missing('duration');
    total += readFields(shot, SHOT).duration;
  }
  if (total !== seconds)
    body.refuse('multi_prompt', `durations sum to ${total}, must equal duration ${seconds}`);
  return true;
}

/** Reads the voices and returns whether the task bills at the voice rate: a voice listed and named in the prompt. */
function usesVoice({ body, library }: CreateInput, model: string, prompt: string): boolean {
  const { voice_list: voices } = readFields(body, VOICES);
  for (const voice of voices) library.checkVoice(readFields(voice, VOICE).voice_id);
  if (voices.length === 0) return false;
  if (!VOICE_MODELS.includes(model)) body.refuse('voice_list', `is not supported by ${model}`);
  return /<<<voice_\d+>>>/.test(prompt);
}

/** The common part of text-to-video and image-to-video. */
function shared(input: CreateInput, models: readonly string[], needsPrompt: boolean): TaskPlan {
  const { body } = input;
  const asked = readFields(body, clipTable(models));
  const { model_name: model, duration: seconds, prompt = '' } = asked;
  const mode = qualityOf(model, asked.mode);
  if (!isMultiShot(body, model, seconds) && prompt === '' && needsPrompt) body.missing('prompt');
  readFields(body, CLIP_LOOK);
  const voice = usesVoice(input, model, prompt);
  const native = readFields(body, CLIP_SOUND).sound === 'on';
  const hasSound = model === 'kling-v3' || (model === 'kling-v2-6' && mode === 'pro');
  if (native && !hasSound) body.refuse('sound', `value 'on' is not supported by ${model} in mode ${mode}`);
  const resolution = MODE_RESOLUTION[mode];
  const sound = soundOf(native, voice);
  return plan({
    ...optionsOf(body),
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
  const { image, image_tail: tail } = readFields(body, FRAMES);
  if (image === undefined && tail === undefined) body.missing('image');
  const exclusive = EXCLUSIVE.filter((name) => body.has(name));
  const [first, second] = exclusive.filter(
    (name) => name !== 'static_mask' || !exclusive.includes('dynamic_masks'),
  );
  if (first !== undefined && second !== undefined) body.refuse(first, `and ${second} are mutually exclusive`);
  const { element_list: elements } = readFields(body, MASKS);
  if (elements.length > 0 && body.has('voice_list'))
    body.refuse('element_list', 'and voice_list are mutually exclusive');
  return { ...shared(input, IMAGE_MODELS, false), productFunction: 'Image to Video' };
};

const omniVideo: CreateReader = ({ body }) => {
  const { model_name: model, mode, duration: seconds, prompt } = readFields(body, OMNI);
  if (!isMultiShot(body, model, seconds) && prompt === undefined) body.missing('prompt');
  const {
    image_list: images,
    video_list: videos,
    element_list: elements,
  } = readFields(body, OMNI_REFERENCES);
  const [video] = videos;
  const length = elements.length + images.length;
  if (length > (video === undefined ? 7 : 4))
    body.refuse('image_list', 'and element_list are too many together');
  const native = readFields(body, OMNI_LOOK).sound === 'on';
  if (native && model === 'kling-video-o1') body.refuse('sound', `value 'on' is not supported by ${model}`);
  const resolution = MODE_RESOLUTION[mode];
  const base = { ...optionsOf(body), productFunction: 'Omni Video', model, resolution };
  if (video === undefined) {
    const unitsMilli = videoPrice({ model, resolution, sound: soundOf(native, false) }, seconds);
    return plan({ ...base, unitsMilli, durationMs: clipMs(seconds), audio: native ? 'native' : 'off' });
  }
  if (native) body.refuse('sound', "must be 'off' with a reference video");
  const reference = readFields(video, REFERENCE_VIDEO);
  const { video_url: url } = reference;
  const edits = reference.refer_type === 'base';
  const keeps = reference.keep_original_sound === 'yes';
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
  const { mode, duration: seconds } = readFields(body, MULTI_IMAGE);
  const resolution = MODE_RESOLUTION[mode];
  return plan({
    ...optionsOf(body),
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

/** The plan of a motion-control task of both generations; `options` are the task's own. */
export function motionPlan(
  options: Pick<TaskPlan, 'externalId' | 'watermark'>,
  made: Pick<TaskPlan, 'model' | 'audio'> & { resolution: Resolution; durationMs: Ms },
): TaskPlan {
  const { model, resolution, durationMs } = made;
  return plan({
    ...options,
    ...made,
    productFunction: 'Motion Control',
    unitsMilli: videoPrice({ model, resolution, motion: true }, wholeSeconds(durationMs)),
    videoInput: true,
  });
}

const motionControl: CreateReader = ({ body }) => {
  const asked = readFields(body, MOTION);
  const { model_name: model } = asked;
  const resolution = MODE_RESOLUTION[asked.mode];
  const keeps = asked.keep_original_sound === 'yes';
  const durationMs = motionLengthMs(body, asked.video_url, asked.character_orientation);
  const audio = keeps ? 'original' : 'off';
  return motionPlan(optionsOf(body), { model, resolution, durationMs, audio });
};

export const LEGACY_VIDEO: Readonly<Record<string, CreateReader>> = {
  '/v1/videos/text2video': textToVideo,
  '/v1/videos/image2video': imageToVideo,
  '/v1/videos/omni-video': omniVideo,
  '/v1/videos/multi-image2video': multiImageToVideo,
  '/v1/videos/motion-control': motionControl,
};
