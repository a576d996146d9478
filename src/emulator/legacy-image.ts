/**
 * Legacy creates that make images.
 *
 * **Invariant**: one reader for each path; it refuses or gives a plan, and changes nothing. Source: kling-api.md,
 * sections 4.2 and 9 (vendor documents to 2026-09-20, read 2026-11-21).
 */
import type { Fields } from './fields.ts';
import { readFields } from './field-table.ts';
import {
  AMOUNT,
  EXPAND,
  GENERATIONS,
  IMAGE,
  MULTI_IMAGE,
  OMNI_REFERENCES,
  OMNI_RESOLUTION,
  OMNI_RESULT,
  RATIO,
  SERIES,
  TRY_ON,
} from './legacy-image-fields.ts';
import { optionsOf, plan, type CreateReader } from './plan.ts';
import { EACH, imagePrice } from './prices.ts';

/** The number of pictures for `series_amount: "auto"`. */
const AUTO_SERIES = 4;

const generations: CreateReader = ({ body }) => {
  const { model_name: model, image, n } = readFields(body, GENERATIONS);
  return plan({
    ...optionsOf(body),
    productFunction: image === undefined ? 'Text to Image' : 'Image to Image',
    product: 'image',
    model,
    unitsMilli: imagePrice(model, image !== undefined) * n,
    weight: n,
    outputCount: n,
  });
};

function seriesAmount(body: Fields): number {
  return body.is('series_amount', 'auto') ? AUTO_SERIES : readFields(body, SERIES).series_amount;
}

const omniImage: CreateReader = ({ body }) => {
  const { model_name: model, image_list: images, element_list: elements } = readFields(body, OMNI_REFERENCES);
  if (images.length + elements.length > 10) {
    body.refuse('image_list', 'and element_list may have 10 items together');
  }
  const isSeries = readFields(body, OMNI_RESULT).result_type === 'series';
  const amount = isSeries ? seriesAmount(body) : readFields(body, { n: AMOUNT }).n;
  const { resolution } = readFields(body, OMNI_RESOLUTION);
  if (resolution === '4k' && model !== 'kling-v3-omni')
    body.refuse('resolution', `'4k' is not supported by ${model}`);
  readFields(body, { aspect_ratio: RATIO });
  return plan({
    ...optionsOf(body),
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
  const { model_name: model, n } = readFields(body, MULTI_IMAGE);
  return plan({
    ...optionsOf(body),
    productFunction: 'Multi-Image to Image',
    product: 'image',
    model,
    unitsMilli: EACH.multiImage * n,
    weight: n,
    outputCount: n,
  });
};

const expand: CreateReader = ({ body }) => {
  const sides = readFields(body, EXPAND);
  const height = 1 + sides.up_expansion_ratio + sides.down_expansion_ratio;
  const width = 1 + sides.left_expansion_ratio + sides.right_expansion_ratio;
  if (height * width > 3) body.refuse('up_expansion_ratio', 'and the others give over 3 times the area');
  const { n } = readFields(body, { n: AMOUNT });
  return plan({
    ...optionsOf(body),
    productFunction: 'Image Expansion',
    product: 'image',
    unitsMilli: EACH.expand * n,
    weight: n,
    outputCount: n,
  });
};

const multiShot: CreateReader = ({ body }) => {
  readFields(body, { element_frontal_image: IMAGE });
  return plan({
    ...optionsOf(body),
    productFunction: 'AI Multi-Shot',
    product: 'image',
    unitsMilli: EACH.multiShot,
    output: 'multi-shot',
  });
};

const tryOn: CreateReader = ({ body }) => {
  const { model_name: model } = readFields(body, TRY_ON);
  return plan({
    ...optionsOf(body),
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
