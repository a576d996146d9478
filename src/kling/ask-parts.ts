/**
 * The parts of an ask that bodies of both generations share: model, length, number, orientation.
 *
 * **Invariant**: a part is read from the scanned bytes. An absent field has Kling's documented default; if Kling's pages
 * disagree, the more expensive one. No guess lowers a price: an unknown value leaves its part open (null), which gets the
 * highest price.
 */
import type { Product } from '../units.ts';
import type { Mode, OperationWord } from '../words.ts';
import { UNKNOWN, type BodyFields } from './body-fields.ts';
import { countsInput, defaultLength, lengthsOf } from './lengths.ts';
import type { ModelNames } from './models.ts';
import { readWhole } from './number-text.ts';
import { hasModel, MODEL_NAMES, rowsElsewhere } from './price-rows.ts';
import { IMAGES_MAX, SERIES_DEFAULT, SERIES_MAX, type Audio, type Resolution } from './prices.ts';
import type { KlingRoute } from './routes.ts';
import { memberOf, type JsonNode } from './strict-json.ts';

/** Where a result's length comes from; `media`: only the media show it. */
export type Length = 'body' | 'media' | 'none';
/**
 * Whether the price list has rows for a model on this route, only on other routes, or none. The quality of an unknown
 * model counts as unrecognised too.
 */
export type ModelState = 'sold' | 'elsewhere' | 'unknown';

export interface Ask {
  operation: OperationWord;
  product: Product;
  /** The name that the create is booked under; null if the operation has no models. */
  model: string | null;
  /** The name in the body, for overrides; null if absent. */
  sentModel: string | null;
  modelState: ModelState;
  /** The model that Kling uses if the body names none; null if there is no such model. */
  defaultModel: string | null;
  /** Null if the operation has none or the value is not documented. */
  mode: Mode | null;
  audio: Audio;
  videoInput: boolean;
  imageInput: boolean;
  resolution: Resolution | null;
  length: Length;
  /** Seconds from the body or its default; null if {@link Ask.length} is not `body`. */
  seconds: number | null;
  /** Whether the seconds of an input video are billed in addition to those of the result. */
  hasBilledInput: boolean;
  /** `character_orientation: image`: reference videos of at most 10 s. */
  isByImage: boolean;
  /** Pieces made. */
  count: number;
  /** True if Kling chooses the number. */
  isCountOpen: boolean;
  /** Slots of the concurrency limit. */
  weight: number;
  flags: string[];
  hasUnknown: boolean;
  /** Fields that Kling does not document for the route. */
  unpricedFields: string[];
  /** Fields, documented or not, that may raise the price. */
  costFields: string[];
}

const BODY_LENGTH: ReadonlySet<OperationWord> = new Set<OperationWord>([
  'text-to-video',
  'image-to-video',
  'omni-video',
  'multi-image-to-video',
  'multi-elements',
]);
const MEDIA_LENGTH: ReadonlySet<OperationWord> = new Set<OperationWord>([
  'motion-control',
  'avatar',
  'lip-sync',
]);
/** Operations that are billed by the piece. */
export const PIECES: ReadonlySet<OperationWord> = new Set<OperationWord>([
  'image',
  'omni-image',
  'multi-image-to-image',
  'image-expand',
]);

/** Returns whether a body names the length of its result. */
export function hasLengthInBody(operation: OperationWord): boolean {
  return BODY_LENGTH.has(operation) && !hasLengthOfMedia(operation);
}

/** Returns whether the operation has creates whose length only the media show. */
export function hasLengthOfMedia(operation: OperationWord): boolean {
  return MEDIA_LENGTH.has(operation) || operation === 'omni-video';
}

/** Makes an empty ask of a route. */
export function blankAsk(route: KlingRoute): Ask {
  const { operation, product } = route;
  return {
    operation,
    product,
    model: null,
    sentModel: null,
    modelState: 'sold',
    defaultModel: null,
    mode: null,
    audio: 'off',
    videoInput: operation === 'motion-control',
    imageInput: false,
    resolution: null,
    length: BODY_LENGTH.has(operation) ? 'body' : MEDIA_LENGTH.has(operation) ? 'media' : 'none',
    seconds: null,
    hasBilledInput: false,
    isByImage: false,
    count: 1,
    isCountOpen: false,
    weight: route.kind === 'create' ? 1 : 0,
    flags: [],
    hasUnknown: false,
    unpricedFields: [],
    costFields: [],
  };
}

/** Sets the model: `name` is the exact name sent or Kling's default. */
export function takeModel(ask: Ask, name: string, models: ModelNames): void {
  ask.model = models.booked(name);
  ask.modelState = stateOf(ask.operation, name);
  if (ask.modelState === 'unknown') ask.flags.push('unknown_model');
  if (ask.modelState === 'elsewhere') ask.flags.push('model_of_another_route');
}

function stateOf(operation: OperationWord, name: string): ModelState {
  if (hasModel(operation, name)) return 'sold';
  return MODEL_NAMES.has(name) && rowsElsewhere(operation, name).length > 0 ? 'elsewhere' : 'unknown';
}

/** Sets whether the image gives the orientation of a motion. */
export function takeOrientation(ask: Ask, fields: BodyFields, holder: JsonNode | null): void {
  ask.isByImage = fields.oneOf(holder, 'character_orientation', ['image', 'video']) === 'image';
}

/** Sets the length of a result, the larger of `duration` and the sum of the shots. */
export function takeDuration(ask: Ask, fields: BodyFields, holder: JsonNode | null): void {
  const isLegacy = holder === fields.root;
  const allowed = offeredTo(ask);
  const longest = allowed.at(-1) ?? 0;
  const given = fields.seconds(holder, 'duration', allowed);
  const kind = fields.kindOf(holder, 'duration');
  if (isLegacy && kind === 'number') ask.flags.push('duration_not_string');
  if (!isLegacy && kind === 'string' && given !== null) ask.flags.push('duration_not_number');
  const absent = defaultLength(isLegacy || ask.modelState === 'unknown' ? null : ask.model);
  const own = given === null ? absent : given === UNKNOWN ? longest : given;
  ask.seconds = Math.max(own, shotSeconds(fields, allowed, longest));
}

/** Gives the lengths that may be asked for; on a route of other models, also those of the model that Kling may use instead. */
function offeredTo({ operation, model, modelState, defaultModel }: Ask): readonly number[] {
  if (modelState === 'unknown') return lengthsOf(operation, null);
  const own = lengthsOf(modelState === 'elsewhere' ? 'text-to-video' : operation, model ?? '');
  if (modelState === 'sold' || defaultModel === null) return own;
  return [...new Set([...own, ...lengthsOf(operation, defaultModel)])].sort((a, b) => a - b);
}

/** Sums the shots of `multi_prompt`; a shot without a length leaves the sum open: the longest result then. */
function shotSeconds(fields: BodyFields, allowed: readonly number[], longest: number): number {
  const { root } = fields;
  if (fields.truth(root, 'multi_shot') === false) return 0;
  const shots = fields.objects(root, 'multi_prompt');
  const each = [1, 2, 3, 4, 5, 6, 7, 8, 9, ...allowed];
  let sum = 0;
  for (const shot of shots) {
    const given = fields.seconds(shot, 'duration', each);
    sum += typeof given === 'number' ? given : longest;
  }
  return sum;
}

/** Sets the number and the size of pictures from the object that has their fields. */
export function takePieces(ask: Ask, fields: BodyFields, holder: JsonNode | null): void {
  const n = fields.integer(holder, 'n', [1, IMAGES_MAX]);
  ask.count = n === UNKNOWN ? IMAGES_MAX : (n ?? 1);
  if (ask.operation === 'image' || ask.operation === 'omni-image') {
    const isPlain = ask.operation === 'image' && holder === fields.root;
    const allowed = isPlain ? (['1k', '2k'] as const) : (['1k', '2k', '4k'] as const);
    const resolution = fields.oneOf(holder, 'resolution', allowed);
    ask.resolution = resolution === UNKNOWN ? null : (resolution ?? '1k');
  }
  if (ask.operation === 'omni-image') takeSeries(ask, fields, holder);
  ask.weight = ask.count;
}

function takeSeries(ask: Ask, fields: BodyFields, holder: JsonNode | null): void {
  const kind = fields.oneOf(holder, 'result_type', ['single', 'series']);
  if (kind === null || kind === 'single') return;
  const node = holder === null ? undefined : memberOf(holder, 'series_amount');
  const word = node?.kind === 'string' ? fields.text(holder, 'series_amount') : null;
  const isAuto = word === 'auto';
  const amount = isAuto ? UNKNOWN : seriesAmount(fields, holder, word);
  if (kind === UNKNOWN) ask.count = SERIES_MAX;
  else if (typeof amount === 'number') ask.count = amount;
  else ask.count = amount === null ? SERIES_DEFAULT : SERIES_MAX;
  ask.isCountOpen = isAuto;
}

function seriesAmount(
  fields: BodyFields,
  holder: JsonNode | null,
  word: string | null,
): number | null | typeof UNKNOWN {
  if (word !== null && readWhole(word) === null) return fields.noteUnknown('series_amount');
  return fields.integer(holder, 'series_amount', [2, SERIES_MAX]);
}

/** Sets whether an input video's seconds are billed: with some models, if there is one or an element may hold one. */
export function takeBilledInput(ask: Ask, hasElements: boolean): void {
  if (ask.modelState === 'unknown' || !countsInput(ask.model) || ask.operation === 'motion-control') return;
  ask.videoInput ||= hasElements;
  ask.hasBilledInput = ask.videoInput;
}
