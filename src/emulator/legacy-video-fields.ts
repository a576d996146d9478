/**
 * The fields of the legacy creates that make a video from a prompt or from references. Source: kling-api.md, section 4.1
 * (vendor documents to 2026-09-20, read 2026-11-21).
 */
import type { FieldTable } from './field-table.ts';
import { FIVE_OR_TEN, UP_TO_10, UP_TO_15 } from './plan.ts';

const PROMPT_MAX = 2500;
export const TEXT_MODELS = [
  'kling-v1',
  'kling-v1-6',
  'kling-v2-master',
  'kling-v2-1-master',
  'kling-v2-5-turbo',
  'kling-v2-6',
  'kling-v3',
] as const;
export const IMAGE_MODELS = [...TEXT_MODELS, 'kling-v1-5', 'kling-v2-1'] as const;
const KNOWN_MODELS: readonly string[] = [...IMAGE_MODELS, 'kling-video-o1', 'kling-v3-omni'];
const ASPECT_RATIOS = ['16:9', '9:16', '1:1'] as const;

const V3_MODELS = ['kling-v3', 'kling-v3-omni'] as const;
/** Masters have one quality in every mode. */
const FOUR_K_MODELS = [...V3_MODELS, 'kling-v2-master', 'kling-v2-1-master'];

const RATIO = { is: 'choice', of: ASPECT_RATIOS, default: '16:9' } as const;
const OPTIONAL_PROMPT = { is: 'text', max: PROMPT_MAX } as const;
const IMAGE = { is: 'media', required: true } as const;
const SOUND = { is: 'choice', of: ['on', 'off'], default: 'off' } as const;
const KEEPS_SOUND = { is: 'choice', of: ['yes', 'no'], default: 'yes' } as const;

export const PROMPT = {
  prompt: { is: 'text', max: PROMPT_MAX, required: true },
} as const satisfies FieldTable;

function modelRow(of: readonly string[], byDefault: string) {
  return { is: 'model', of, known: KNOWN_MODELS, default: byDefault } as const;
}

function modeRow<const Default extends string>(byDefault: Default) {
  return {
    is: 'choice',
    of: ['std', 'pro', '4k'],
    default: byDefault,
    modelsOf: { '4k': FOUR_K_MODELS },
  } as const;
}

/** Text and image to video: the fields up to those that the check of the shots needs. */
export function clipTable(models: readonly string[]) {
  return {
    model_name: modelRow(models, 'kling-v1'),
    mode: modeRow('std'),
    duration: { is: 'seconds', of: FIVE_OR_TEN, ofModel: { 'kling-v3': UP_TO_15 }, wanted: 'string' },
    prompt: OPTIONAL_PROMPT,
  } as const satisfies FieldTable;
}
export const CLIP_LOOK = {
  negative_prompt: OPTIONAL_PROMPT,
  aspect_ratio: RATIO,
  cfg_scale: { is: 'number', min: 0, max: 1 },
  camera_control: { is: 'object' },
} as const satisfies FieldTable;
export const CLIP_SOUND = { sound: SOUND } as const satisfies FieldTable;

export const MULTI_SHOT = {
  multi_shot: { is: 'flag', default: false, models: V3_MODELS },
} as const satisfies FieldTable;
export const SHOT_TYPE = {
  shot_type: { is: 'choice', of: ['customize', 'intelligence'] },
} as const satisfies FieldTable;
export const SHOTS = { multi_prompt: { is: 'list', min: 1, max: 6 } } as const satisfies FieldTable;
/** Its `duration` is required. */
export const SHOT = {
  index: { is: 'whole', min: 1, max: 6 },
  prompt: { is: 'text', max: 512, required: true },
  duration: { is: 'seconds', of: [1, 2, ...UP_TO_15], wanted: 'string' },
} as const satisfies FieldTable;

export const VOICES = { voice_list: { is: 'list', max: 2 } } as const satisfies FieldTable;
export const VOICE = { voice_id: { is: 'id', required: true } } as const satisfies FieldTable;
/** The models that accept `voice_list`. */
export const VOICE_MODELS: readonly string[] = ['kling-v2-6', 'kling-v3'];

export const FRAMES = { image: { is: 'media' }, image_tail: { is: 'media' } } as const satisfies FieldTable;
/** Fields of image to video that exclude each other; masks of both kinds count as one. */
export const EXCLUSIVE = ['image_tail', 'static_mask', 'dynamic_masks', 'camera_control'] as const;
export const MASKS = {
  static_mask: { is: 'media' },
  dynamic_masks: { is: 'list', max: 6 },
  element_list: { is: 'list', max: 3 },
} as const satisfies FieldTable;

export const OMNI = {
  model_name: modelRow(['kling-video-o1', 'kling-v3-omni'], 'kling-video-o1'),
  mode: modeRow('pro'),
  duration: { is: 'seconds', of: UP_TO_10, ofModel: { 'kling-v3-omni': UP_TO_15 }, wanted: 'string' },
  prompt: OPTIONAL_PROMPT,
} as const satisfies FieldTable;
export const OMNI_REFERENCES = {
  image_list: {
    is: 'list',
    max: 7,
    of: {
      image_url: IMAGE,
      type: { is: 'choice', of: ['first_frame', 'end_frame'], default: 'first_frame' },
    },
  },
  video_list: { is: 'list', max: 1 },
  element_list: { is: 'list', max: 7 },
} as const satisfies FieldTable;
export const OMNI_LOOK = { aspect_ratio: RATIO, sound: SOUND } as const satisfies FieldTable;
export const REFERENCE_VIDEO = {
  video_url: { is: 'url', required: true },
  refer_type: { is: 'choice', of: ['feature', 'base'], default: 'base' },
  keep_original_sound: KEEPS_SOUND,
} as const satisfies FieldTable;

export const MULTI_IMAGE = {
  model_name: modelRow(['kling-v1-6'], 'kling-v1-6'),
  image_list: { is: 'list', min: 1, max: 4, of: { image: IMAGE } },
  ...PROMPT,
  negative_prompt: OPTIONAL_PROMPT,
  aspect_ratio: RATIO,
  mode: { is: 'choice', of: ['std', 'pro'], default: 'std' },
  duration: { is: 'seconds', of: FIVE_OR_TEN, wanted: 'string' },
} as const satisfies FieldTable;

export const MOTION = {
  model_name: modelRow(['kling-v2-6', 'kling-v3'], 'kling-v2-6'),
  mode: { is: 'choice', of: ['std', 'pro'] },
  image_url: IMAGE,
  video_url: { is: 'url', required: true },
  character_orientation: { is: 'choice', of: ['image', 'video'] },
  prompt: OPTIONAL_PROMPT,
  keep_original_sound: KEEPS_SOUND,
} as const satisfies FieldTable;
