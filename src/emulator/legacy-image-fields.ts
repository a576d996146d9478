/**
 * The fields of the legacy creates that make images. Source: kling-api.md, section 4.2 (vendor documents to 2026-09-20,
 * read 2026-11-21).
 */
import type { FieldTable } from './field-table.ts';

const PROMPT_MAX = 2500;

const KNOWN_MODELS: readonly string[] = [
  'kling-v1',
  'kling-v1-5',
  'kling-v2',
  'kling-v2-new',
  'kling-v2-1',
  'kling-v3',
  'kling-image-o1',
  'kling-v3-omni',
  'kolors-virtual-try-on-v1',
  'kolors-virtual-try-on-v1-5',
];

const RATIOS = ['16:9', '9:16', '1:1', '4:3', '3:4', '3:2', '2:3', '21:9', 'auto'] as const;

function modelRow<const Model extends string>(of: readonly Model[], byDefault: Model) {
  return { is: 'model', of, known: KNOWN_MODELS, default: byDefault } as const;
}

const PROMPT = { is: 'text', max: PROMPT_MAX, required: true } as const;

const OPTIONAL_PROMPT = { is: 'text', max: PROMPT_MAX } as const;

export const IMAGE = { is: 'media', required: true } as const;

export const RATIO = { is: 'choice', of: RATIOS, default: '16:9' } as const;

export const AMOUNT = { is: 'whole', min: 1, max: 9, default: 1 } as const;

export const GENERATIONS = {
  model_name: modelRow(
    ['kling-v1', 'kling-v1-5', 'kling-v2', 'kling-v2-new', 'kling-v2-1', 'kling-v3'],
    'kling-v3',
  ),
  prompt: PROMPT,
  negative_prompt: OPTIONAL_PROMPT,
  image: { is: 'media' },
  n: AMOUNT,
  resolution: { is: 'choice', of: ['1k', '2k'], default: '1k' },
  aspect_ratio: RATIO,
  element_list: { is: 'list', max: 10 },
} as const satisfies FieldTable;

export const OMNI_REFERENCES = {
  model_name: modelRow(['kling-image-o1', 'kling-v3-omni'], 'kling-image-o1'),
  prompt: PROMPT,
  image_list: { is: 'list', max: 10, of: { image: IMAGE } },
  element_list: { is: 'list', max: 10 },
} as const satisfies FieldTable;

export const OMNI_RESULT = {
  result_type: { is: 'choice', of: ['single', 'series'], default: 'single' },
} as const satisfies FieldTable;

export const SERIES = {
  series_amount: { is: 'whole', min: 2, max: 9, default: 4 },
} as const satisfies FieldTable;

export const OMNI_RESOLUTION = {
  resolution: { is: 'choice', of: ['1k', '2k', '4k'], default: '1k' },
} as const satisfies FieldTable;

export const MULTI_IMAGE = {
  model_name: modelRow(['kling-v2', 'kling-v2-1'], 'kling-v2-1'),
  prompt: OPTIONAL_PROMPT,
  subject_image_list: { is: 'list', min: 1, max: 4, of: { subject_image: IMAGE } },
  scene_image: { is: 'media' },
  style_image: { is: 'media' },
  aspect_ratio: RATIO,
  n: AMOUNT,
} as const satisfies FieldTable;

const RATIO_OF_SIDE = { is: 'number', min: 0, max: 2, required: true } as const;

export const EXPAND = {
  image: IMAGE,
  prompt: OPTIONAL_PROMPT,
  up_expansion_ratio: RATIO_OF_SIDE,
  down_expansion_ratio: RATIO_OF_SIDE,
  left_expansion_ratio: RATIO_OF_SIDE,
  right_expansion_ratio: RATIO_OF_SIDE,
} as const satisfies FieldTable;

export const TRY_ON = {
  model_name: modelRow(
    ['kolors-virtual-try-on-v1', 'kolors-virtual-try-on-v1-5'],
    'kolors-virtual-try-on-v1',
  ),
  human_image: IMAGE,
  cloth_image: IMAGE,
} as const satisfies FieldTable;
