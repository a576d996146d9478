/**
 * Legacy creates that make images.
 *
 * **Invariant**: one reader for each path; it refuses or gives a plan, and changes nothing. Source: kling-api.md,
 * sections 4.2 and 9 (vendor documents to 2026-09-20, read 2026-11-21).
 */
import type { Fields } from './fields.ts';
import { legacyOptions, plan, type CreateReader } from './plan.ts';
import { EACH, imagePrice } from './prices.ts';
import { KlingRefusal } from './replies.ts';

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
/** How many pictures `series_amount: "auto"` makes here. */
const AUTO_SERIES = 4;

function modelOf(body: Fields, allowed: readonly string[], fallback: string): string {
  const model = body.text('model_name') ?? fallback;
  if (!KNOWN_MODELS.includes(model)) throw new KlingRefusal(1203, `model ${model} does not exist`);
  if (!allowed.includes(model))
    body.refuse('model_name', `value '${model}' is invalid, allowed: ${allowed.join(', ')}`);
  return model;
}

function amountOf(body: Fields): number {
  return body.whole('n', 1, 9) ?? 1;
}

const generations: CreateReader = ({ body }) => {
  const models = ['kling-v1', 'kling-v1-5', 'kling-v2', 'kling-v2-new', 'kling-v2-1', 'kling-v3'];
  const model = modelOf(body, models, 'kling-v3');
  body.needText('prompt', PROMPT_MAX);
  body.text('negative_prompt', { max: PROMPT_MAX });
  const image = body.media('image');
  const n = amountOf(body);
  body.choice('resolution', ['1k', '2k'], '1k');
  body.choice('aspect_ratio', RATIOS, '16:9');
  body.list('element_list', 10);
  return plan({
    ...legacyOptions(body),
    productFunction: image === undefined ? 'Text to Image' : 'Image to Image',
    product: 'image',
    model,
    unitsMilli: imagePrice(model, image !== undefined) * n,
    weight: n,
    outputCount: n,
  });
};

function seriesAmount(body: Fields): number {
  if (body.is('series_amount', 'auto')) return AUTO_SERIES;
  return body.whole('series_amount', 2, 9) ?? 4;
}

const omniImage: CreateReader = ({ body }) => {
  const model = modelOf(body, ['kling-image-o1', 'kling-v3-omni'], 'kling-image-o1');
  body.needText('prompt', PROMPT_MAX);
  const images = body.list('image_list', 10);
  for (const image of images) image.needMedia('image');
  if (images.length + body.list('element_list', 10).length > 10) {
    body.refuse('image_list', 'and element_list may have 10 items together');
  }
  const isSeries = body.choice('result_type', ['single', 'series'], 'single') === 'series';
  const amount = isSeries ? seriesAmount(body) : amountOf(body);
  const resolution = body.choice('resolution', ['1k', '2k', '4k'], '1k');
  if (resolution === '4k' && model !== 'kling-v3-omni')
    body.refuse('resolution', `'4k' is not supported by ${model}`);
  body.choice('aspect_ratio', RATIOS, '16:9');
  return plan({
    ...legacyOptions(body),
    productFunction: 'Omni Image',
    product: 'image',
    model,
    unitsMilli: (resolution === '4k' ? EACH.omniImage4k : EACH.omniImage) * amount,
    weight: amount,
    output: isSeries ? 'series' : 'image',
    outputCount: amount,
  });
};

const multiImage: CreateReader = ({ body }) => {
  const model = modelOf(body, ['kling-v2', 'kling-v2-1'], 'kling-v2-1');
  body.text('prompt', { max: PROMPT_MAX });
  for (const image of body.list('subject_image_list', 4, 1)) image.needMedia('subject_image');
  body.media('scene_image');
  body.media('style_image');
  body.choice('aspect_ratio', RATIOS, '16:9');
  const n = amountOf(body);
  return plan({
    ...legacyOptions(body),
    productFunction: 'Multi-Image to Image',
    product: 'image',
    model,
    unitsMilli: EACH.multiImage * n,
    weight: n,
    outputCount: n,
  });
};

const expand: CreateReader = ({ body }) => {
  body.needMedia('image');
  body.text('prompt', { max: PROMPT_MAX });
  const [up = 0, down = 0, left = 0, right = 0] = ['up', 'down', 'left', 'right'].map((side) => {
    const name = `${side}_expansion_ratio`;
    return body.number(name, 0, 2) ?? body.missing(name);
  });
  if ((1 + up + down) * (1 + left + right) > 3)
    body.refuse('up_expansion_ratio', 'and the others give over 3 times the area');
  const n = amountOf(body);
  return plan({
    ...legacyOptions(body),
    productFunction: 'Image Expansion',
    product: 'image',
    unitsMilli: EACH.expand * n,
    weight: n,
    outputCount: n,
  });
};

const multiShot: CreateReader = ({ body }) => {
  body.needMedia('element_frontal_image');
  return plan({
    ...legacyOptions(body),
    productFunction: 'AI Multi-Shot',
    product: 'image',
    unitsMilli: EACH.multiShot,
    output: 'multi-shot',
  });
};

const tryOn: CreateReader = ({ body }) => {
  const models = ['kolors-virtual-try-on-v1', 'kolors-virtual-try-on-v1-5'];
  const model = modelOf(body, models, 'kolors-virtual-try-on-v1');
  body.needMedia('human_image');
  body.needMedia('cloth_image');
  return plan({
    ...legacyOptions(body),
    productFunction: 'Virtual Try-On',
    productType: 'try_on',
    model,
    unitsMilli: EACH.tryOn,
    output: 'image',
  });
};

export const LEGACY_IMAGE: Readonly<Record<string, CreateReader>> = {
  '/v1/images/generations': generations,
  '/v1/images/omni-image': omniImage,
  '/v1/images/multi-image2image': multiImage,
  '/v1/images/editing/expand': expand,
  '/v1/images/kolors-virtual-try-on': tryOn,
  '/v1/general/ai-multi-shot': multiShot,
};
