/**
 * The ask of a create: the parts of its body that decide its price (model, quality, sound, inputs, length and number).
 *
 * **Invariant**: only this file, `ask-new.ts`, `ask-parts.ts` and `cost-fields.ts` read what raises a price, and they
 * read it from the scanned bytes.
 */
import type { Mode } from '../words.ts';
import { readNew } from './ask-new.ts';
import {
  blankAsk,
  PIECES,
  takeBilledInput,
  takeDuration,
  takeModel,
  takeOrientation,
  takePieces,
  type Ask,
} from './ask-parts.ts';
import { BodyFields, UNKNOWN } from './body-fields.ts';
import { costFields, unknownFields } from './cost-fields.ts';
import { LEGACY_FIELDS } from './fields.ts';
import type { ModelNames } from './models.ts';
import { readGenerously, type GenerousNumber } from './number-text.ts';
import { IMAGES_MAX, LEGACY_DEFAULTS } from './prices.ts';
import type { KlingRoute } from './routes.ts';
import { memberOf, textOf, type JsonNode, type JsonObject } from './strict-json.ts';

/** A create's route and its scanned body. */
export interface CreateBody {
  route: KlingRoute;
  bytes: Uint8Array;
  body: JsonObject;
}

const MODES = ['std', 'pro', '4k'] as const;

/** Reads the ask of a create. @throws SidecarError `body_refused` for a priced field of the wrong type. */
export function readAsk({ route, bytes, body }: CreateBody, models: ModelNames): Ask {
  const fields = new BodyFields(bytes, body);
  const ask = blankAsk(route);
  if (ask.operation === 'unknown') readAnything(ask, fields);
  else if (route.generation === 'new') readNew(ask, fields, { route, models });
  else readLegacy(ask, fields, models);
  ask.unpricedFields = unknownFields(route, fields);
  ask.costFields.push(...costFields(route, fields));
  ask.flags.push(...fields.flags, ...ask.unpricedFields.map((name) => `unknown_field:${name}`));
  ask.hasUnknown = fields.hasUnknown;
  return ask;
}

function readLegacy(ask: Ask, fields: BodyFields, models: ModelNames): void {
  const { root } = fields;
  const defaults = LEGACY_DEFAULTS[ask.operation] ?? { model: null, mode: null };
  const names = LEGACY_FIELDS[ask.operation];
  if (defaults.model !== null) {
    ask.defaultModel = defaults.model;
    ask.sentModel = fields.text(root, 'model_name');
    takeModel(ask, ask.sentModel ?? defaults.model, models);
  }
  takeOldModelField(ask, fields, models);
  if (defaults.mode !== null) takeMode(ask, fields, defaults.mode);
  if (names?.has('sound') === true) {
    const sound = fields.oneOf(root, 'sound', ['on', 'off']);
    if (sound === 'on' || sound === UNKNOWN) ask.audio = 'native';
    if (fields.list(root, 'voice_list').length > 0) ask.audio = 'voice';
  }
  if (ask.operation === 'omni-video') takeVideoList(ask, fields);
  if (ask.operation === 'motion-control') takeOrientation(ask, fields, root);
  if (names?.has('element_list') === true) takeBilledInput(ask, fields.list(root, 'element_list').length > 0);
  if (ask.length === 'body') takeDuration(ask, fields, root);
  if (ask.operation === 'image') ask.imageInput = hasImage(fields);
  if (PIECES.has(ask.operation)) takePieces(ask, fields, root);
  if (ask.operation === 'text-to-audio') takeAnyDuration(ask, fields);
}

/**
 * Notes the old field `model`, which Kling ignores: `model_name` is read, and without it the V1 model. It makes the price
 * unsure if it names another model than the priced one.
 */
function takeOldModelField(ask: Ask, fields: BodyFields, models: ModelNames): void {
  const node = memberOf(fields.root, 'model');
  if (node === undefined || node.kind === 'null') return;
  ask.flags.push('model_field_ignored');
  const isSame = node.kind === 'string' && models.booked(textOf(fields.bytes, node)) === ask.model;
  if (!isSame || ask.modelState === 'unknown') ask.costFields.push('model');
}

function takeMode(ask: Ask, fields: BodyFields, fallback: Mode | 'required'): void {
  const mode = fields.oneOf(fields.root, 'mode', MODES);
  if (mode === UNKNOWN) return;
  if (mode === null && fallback === 'required') {
    fields.noteUnknown('mode');
    return;
  }
  ask.mode = mode ?? (fallback as Mode);
}

function takeVideoList(ask: Ask, fields: BodyFields): void {
  for (const item of fields.objects(fields.root, 'video_list')) {
    ask.videoInput = true;
    // `base`, an edit of the video, is the default; it takes its length from the video.
    if (fields.oneOf(item, 'refer_type', ['feature', 'base']) !== 'feature') ask.length = 'media';
  }
}

function hasImage(fields: BodyFields): boolean {
  if (fields.list(fields.root, 'element_list').length > 0) return true;
  const node = memberOf(fields.root, 'image');
  if (node === undefined || node.kind === 'null') return false;
  if (node.kind !== 'string') fields.refuse('image', node, 'a string');
  return node.end - node.start > 2;
}

/** Reads a body of a route that an override added: every field that looks like a model, a length or a number. */
function readAnything(ask: Ask, fields: BodyFields): void {
  takeAnyDuration(ask, fields);
  if (fields.kindOf(fields.root, 'model_name') === 'string')
    ask.sentModel = fields.text(fields.root, 'model_name');
  const read = largestOf(fields, 'n');
  if (read === null) return;
  const isPlain = !read.isUnclear && Number.isInteger(read.value) && read.value >= 1;
  ask.count = isPlain ? read.value : Math.max(IMAGES_MAX, Math.ceil(read.value));
  if (!isPlain) fields.noteUnknown('n');
}

/** Lengths that change no price of the list: of routes that an override added, and of sounds, which cost the same at any length. */
function takeAnyDuration(ask: Ask, fields: BodyFields): void {
  const read = largestOf(fields, 'duration');
  if (read === null || read.value <= 0) return;
  ask.seconds = read.value;
  if (read.isUnclear && ask.operation === 'unknown') fields.noteUnknown('duration');
}

/** Gives the largest number that any parser may read in the fields of a name; null if there is no such field. */
function largestOf({ root, bytes }: BodyFields, name: string): GenerousNumber | null {
  const holders = [root, memberOf(root, 'settings'), memberOf(root, 'input')];
  const nodes = holders.map((holder) => (holder?.kind === 'object' ? memberOf(holder, name) : undefined));
  const read = nodes
    .filter((node): node is JsonNode => node !== undefined && !isAbsent(node))
    .map((node) => anyNumber(bytes, node));
  if (read.length === 0) return null;
  return {
    value: Math.max(...read.map(({ value }) => value)),
    isUnclear: read.some(({ isUnclear }) => isUnclear),
  };
}

function isAbsent({ kind, start, end }: JsonNode): boolean {
  return kind === 'null' || (kind === 'string' && end - start === 2);
}

/** Longer texts count as no number. */
const NUMBER_BYTES_MAX = 64;

function anyNumber(bytes: Uint8Array, node: JsonNode): GenerousNumber {
  const isNumeric = node.kind === 'number' || node.kind === 'string';
  if (!isNumeric || node.end - node.start > NUMBER_BYTES_MAX) return { value: 0, isUnclear: true };
  return readGenerously(textOf(bytes, node));
}
