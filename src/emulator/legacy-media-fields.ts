/**
 * The fields of the legacy creates that work on media. Source: kling-api.md, sections 3.2 and 4.1 (vendor documents to
 * 2026-09-20, read 2026-11-21).
 */
import type { FieldTable } from './field-table.ts';
import { FIVE_OR_TEN } from './plan.ts';

const PROMPT_MAX = 2500;

const PROMPT = { is: 'text', max: PROMPT_MAX, required: true } as const;

const OPTIONAL_PROMPT = { is: 'text', max: PROMPT_MAX } as const;

export const IMAGE = { is: 'media', required: true } as const;

const MODE = { is: 'choice', of: ['std', 'pro'], default: 'std' } as const;

export const VIDEO_ID = { is: 'id', required: true } as const;

export const SOURCE_VIDEO = {
  video_id: { is: 'id' },
  video_url: { is: 'url' },
} as const satisfies FieldTable;

export const SOUND = { audio_id: { is: 'id' }, sound_file: { is: 'media' } } as const satisfies FieldTable;

export const EXTENSION = {
  prompt: OPTIONAL_PROMPT,
  negative_prompt: OPTIONAL_PROMPT,
  cfg_scale: { is: 'number', min: 0, max: 1 },
} as const satisfies FieldTable;

export const SESSION_ID = { is: 'text', required: true } as const;

export const EDIT = {
  edit_mode: { is: 'choice', of: ['addition', 'swap', 'removal'] },
} as const satisfies FieldTable;

/** The numbers of images that each edit accepts. */
export const EDIT_IMAGES = {
  addition: { min: 1, max: 2 },
  swap: { min: 1, max: 1 },
  removal: { min: 0, max: 1 },
} as const;

export const EDITED = {
  prompt: PROMPT,
  negative_prompt: OPTIONAL_PROMPT,
  mode: MODE,
  duration: { is: 'seconds', of: FIVE_OR_TEN, wanted: 'string' },
} as const satisfies FieldTable;

/** In milliseconds. */
export const FACE_SOUND = {
  sound_start_time: { is: 'whole', min: 0, max: 300_000, default: 0 },
  sound_end_time: { is: 'whole', min: 0, max: 300_000 },
  sound_insert_time: { is: 'whole', min: 0, max: 60_000 },
} as const satisfies FieldTable;

export const LIP_SYNC = {
  mode: { is: 'choice', of: ['text2video', 'audio2video'] },
} as const satisfies FieldTable;

export const SPOKEN = {
  text: { is: 'text', max: 120, required: true },
  voice_id: { is: 'id', required: true },
} as const satisfies FieldTable;

export const VOICE = {
  voice_language: { is: 'choice', of: ['zh', 'en'], default: 'zh' },
  voice_speed: { is: 'number', min: 0.8, max: 2 },
} as const satisfies FieldTable;

export const AUDIO_TYPE = {
  audio_type: { is: 'choice', of: ['file', 'url'], default: 'file' },
} as const satisfies FieldTable;

export const AVATAR = { image: IMAGE, prompt: OPTIONAL_PROMPT, mode: MODE } as const satisfies FieldTable;

export const TEXT_TO_AUDIO = {
  prompt: { is: 'text', max: 200, required: true },
  duration: { is: 'number', min: 3, max: 10, required: true },
} as const satisfies FieldTable;

export const VIDEO_SOUND = {
  sound_effect_prompt: { is: 'text', max: 200 },
  bgm_prompt: { is: 'text', max: 200 },
  asmr_mode: { is: 'flag', default: false },
} as const satisfies FieldTable;

export const CUSTOM_VOICE = {
  voice_name: { is: 'text', max: 20, required: true },
  video_id: { is: 'id' },
  voice_url: { is: 'media' },
} as const satisfies FieldTable;

export const CUSTOM_ELEMENT = {
  element_name: { is: 'text', max: 20, required: true },
  element_description: { is: 'text', max: 100 },
  reference_type: { is: 'choice', of: ['image_refer', 'video_refer'], default: 'image_refer' },
  element_image_list: { is: 'object' },
  element_video_list: { is: 'object' },
} as const satisfies FieldTable;
