/**
 * The names of body fields that Kling documents, those of them that cost money, and the search for similar names.
 *
 * **Invariant**: every field that a price depends on is in {@link PRICED_FIELDS}; no two documented names fold to
 * the same text. Sources: Kling's API pages (kling.ai/document-api and the older app.klingai.com pages), read
 * 2026-09-20. Nothing here reads a body.
 */
import type { OperationWord } from '../words.ts';

/** Fields whose value changes a price, a concurrency weight or the identity of a task. */
export const PRICED_FIELDS: ReadonlySet<string> = new Set([
  'model_name',
  'mode',
  'duration',
  'sound',
  'audio',
  'resolution',
  'n',
  'result_type',
  'series_amount',
  'multi_shot',
  'multi_prompt',
  'voice_list',
  'video_list',
  'refer_type',
  'contents',
  'type',
  'character_orientation',
  'settings',
  'options',
  'external_task_id',
]);

/** Objects whose keys must follow Kling's own key grammar, under any parent. */
export const KNOWN_OBJECTS: ReadonlySet<string> = new Set([
  'settings',
  'options',
  'input',
  'watermark_info',
  'task_info',
]);

/** Arrays whose object items must follow the same grammar. */
export const KNOWN_ARRAYS: ReadonlySet<string> = new Set([
  'contents',
  'image_list',
  'video_list',
  'element_list',
  'multi_prompt',
  'voice_list',
]);

const COMMON = ['callback_url', 'external_task_id', 'watermark_info'];
const VIDEO = ['model_name', 'prompt', 'negative_prompt', 'mode', 'duration', 'aspect_ratio', 'cfg_scale'];
const SHOTS = ['sound', 'multi_shot', 'shot_type', 'multi_prompt', 'voice_list'];
const MEDIA = ['image', 'image_tail', 'image_list', 'video_list', 'element_list', 'video_id', 'video_url'];

/** Top-level fields of each legacy create; operations that are missing here are not checked for unknown fields. */
export const LEGACY_FIELDS: Partial<Record<OperationWord, ReadonlySet<string>>> = {
  'text-to-video': new Set([...COMMON, ...VIDEO, ...SHOTS, 'camera_control']),
  'image-to-video': new Set([
    ...COMMON,
    ...VIDEO,
    ...SHOTS,
    'image',
    'image_tail',
    'static_mask',
    'dynamic_masks',
    'camera_control',
    'element_list',
  ]),
  'omni-video': new Set([...COMMON, ...VIDEO, ...SHOTS, 'image_list', 'video_list', 'element_list']),
  'multi-image-to-video': new Set([...COMMON, ...VIDEO, 'image_list']),
  'motion-control': new Set([
    ...COMMON,
    'model_name',
    'mode',
    'prompt',
    'image_url',
    'video_url',
    'character_orientation',
    'keep_original_sound',
    'element_list',
  ]),
  'video-extend': new Set([...COMMON, 'video_id', 'prompt', 'negative_prompt', 'cfg_scale']),
  'multi-elements': new Set([...COMMON, ...VIDEO, 'session_id', 'edit_mode', 'image_list']),
  'elements-selection': new Set(['session_id', 'video_id', 'video_url', 'frame_index', 'points']),
  'lip-sync': new Set([...COMMON, 'input', 'session_id', 'face_choose']),
  'identify-face': new Set(['video_id', 'video_url']),
  'image-recognize': new Set(['image']),
  avatar: new Set([...COMMON, 'image', 'audio_id', 'sound_file', 'prompt', 'mode']),
  effects: new Set([...COMMON, 'effect_scene', 'input']),
  'text-to-audio': new Set([...COMMON, 'prompt', 'duration']),
  'video-to-audio': new Set([
    ...COMMON,
    'video_id',
    'video_url',
    'sound_effect_prompt',
    'bgm_prompt',
    'asmr_mode',
  ]),
  tts: new Set(['text', 'voice_id', 'voice_language', 'voice_speed']),
  image: new Set([
    ...COMMON,
    'model_name',
    'prompt',
    'negative_prompt',
    'image',
    'image_reference',
    'image_fidelity',
    'human_fidelity',
    'element_list',
    'resolution',
    'n',
    'aspect_ratio',
  ]),
  'omni-image': new Set([
    ...COMMON,
    'model_name',
    'prompt',
    'image_list',
    'element_list',
    'resolution',
    'n',
    'aspect_ratio',
    'result_type',
    'series_amount',
  ]),
  'multi-image-to-image': new Set([
    ...COMMON,
    'model_name',
    'prompt',
    'subject_image_list',
    'scene_image',
    'scence_image', // Kling's own spelling on the page of multi-image2image.
    'style_image',
    'n',
    'aspect_ratio',
  ]),
  'image-expand': new Set([
    ...COMMON,
    'image',
    'prompt',
    'n',
    'up_expansion_ratio',
    'down_expansion_ratio',
    'left_expansion_ratio',
    'right_expansion_ratio',
  ]),
  'virtual-try-on': new Set([...COMMON, 'model_name', 'human_image', 'cloth_image']),
  'ai-multi-shot': new Set([...COMMON, 'element_frontal_image']),
  'custom-voice': new Set([...COMMON, 'voice_name', 'voice_url', 'video_id']),
  'custom-element': new Set([
    ...COMMON,
    'element_name',
    'element_description',
    'reference_type',
    'element_image_list',
    'element_video_list',
    'element_voice_id',
    'tag_list',
  ]),
};

/** Top-level fields, and those of `settings` and `options`, of every create of the new generation. */
export const NEW_FIELDS: ReadonlySet<string> = new Set(['prompt', 'contents', 'settings', 'options']);
const NEW_SETTINGS: ReadonlySet<string> = new Set([
  'resolution',
  'aspect_ratio',
  'duration',
  'audio',
  'multi_shot',
  'character_orientation',
]);
/** Settings of pictures on the legacy paths; for the new generation Kling has published none yet. */
const NEW_IMAGE_SETTINGS: ReadonlySet<string> = new Set([
  'resolution',
  'aspect_ratio',
  'n',
  'result_type',
  'series_amount',
]);
export const NEW_OPTIONS: ReadonlySet<string> = new Set(COMMON);

/** Gives the names that `settings` may have for an operation. */
export function settingsOf(operation: OperationWord): ReadonlySet<string> {
  return operation === 'image' || operation === 'omni-image' ? NEW_IMAGE_SETTINGS : NEW_SETTINGS;
}

const ITEM_FIELDS = [
  'type',
  'text',
  'url',
  'id',
  'index',
  'enabled',
  'element_id',
  'image_url',
  'refer_type',
  'keep_original_sound',
  'images',
  'audio_type',
  'audio_url',
  'audio_file',
  'model',
];

/** Every documented name, by its exact spelling. */
export const KNOWN_FIELDS: ReadonlySet<string> = new Set([
  ...PRICED_FIELDS,
  ...KNOWN_OBJECTS,
  ...KNOWN_ARRAYS,
  ...MEDIA,
  ...NEW_FIELDS,
  ...NEW_SETTINGS,
  ...ITEM_FIELDS,
  ...Object.values(LEGACY_FIELDS).flatMap((names) => [...names]),
]);

/** Folds a name to the form that a lenient parser may see: no case, no `_` or `-`, compatibility forms unified. */
export function fold(name: string): string {
  return name.normalize('NFKC').toLowerCase().replaceAll(/[_-]/g, '');
}

const BY_FOLD: ReadonlyMap<string, string> = new Map([...KNOWN_FIELDS].map((name) => [fold(name), name]));

/** Gives the documented name that a spelling may be read as; null if there is none or it is exact. */
export function aliasOf(name: string): string | null {
  if (KNOWN_FIELDS.has(name)) return null;
  return BY_FOLD.get(fold(name)) ?? null;
}
