/**
 * What a create asks for, as far as its price depends on it: model, quality, sound, inputs, length and number.
 *
 * **Invariant**: everything that raises a price is read here and nowhere else, from the scanned bytes; absent fields
 * take Kling's documented default, the dearer one where its pages disagree. What is read never lowers a price by
 * guess: an unknown value leaves its part of the answer open (null), which prices as the dearest.
 */
import type { Product } from '../units.ts';
import type { Mode, OperationWord } from '../words.ts';
import { BodyFields, UNKNOWN } from './body-fields.ts';
import { LEGACY_FIELDS, NEW_FIELDS, NEW_OPTIONS, NEW_SETTINGS } from './fields.ts';
import {
  durationsOf,
  hasModel,
  IMAGES_MAX,
  isModelName,
  LEGACY_DEFAULTS,
  SERIES_DEFAULT,
  SERIES_MAX,
  type Audio,
  type Resolution,
} from './prices.ts';
import type { KlingRoute } from './routes.ts';
import { memberOf, textOf, type JsonNode, type JsonObject } from './strict-json.ts';

/** Where a result's length comes from; `media` only the media know. */
export type Length = 'body' | 'media' | 'none';

export interface Ask {
  operation: OperationWord;
  product: Product;
  /** A known name, `other`, or null where the operation has no models. */
  model: string | null;
  /** The name as sent, for overrides; null where absent. */
  sentModel: string | null;
  /** False where no row of the operation is the model's: its mode then counts as unrecognised too. */
  isModelKnown: boolean;
  /** Null where the operation has none or the value is not documented. */
  mode: Mode | null;
  audio: Audio;
  videoInput: boolean;
  imageInput: boolean;
  resolution: Resolution | null;
  length: Length;
  /** Whole seconds from the body or its default; null where {@link Ask.length} is not `body`. */
  seconds: number | null;
  /** `character_orientation: image`: reference videos of at most 10 s. */
  isByImage: boolean;
  /** Pieces made. */
  count: number;
  /** True where the number is Kling's to choose. */
  isCountOpen: boolean;
  /** Slots of the concurrency limit. */
  weight: number;
  flags: string[];
  hasUnknown: boolean;
  unpricedFields: string[];
}

const MODES = ['std', 'pro', '4k'] as const;
const NEW_MODES: Readonly<Record<string, Mode>> = { '720p': 'std', '1080p': 'pro', '4k': '4k' };
const RESOLUTIONS = ['720p', '1080p', '4k'] as const;
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
const PIECES: ReadonlySet<OperationWord> = new Set<OperationWord>([
  'image',
  'omni-image',
  'multi-image-to-image',
  'image-expand',
]);
/** `shot 2, 5, words;` in prompts of the new generation: number and seconds (Kling's 3.0 pages, 2026-09-20). */
const SHOT = /\bshot\s*\d{1,3}\s*,\s*(\d{1,3})(?:\.\d+)?\s*s?\s*,/gi;
/** Unknown fields that are named; a body may hold any number of them. */
const UNKNOWN_FIELDS_MAX = 20;
/** Prompts of more bytes than this are refused by Kling (3072 characters at most). */
const PROMPT_BYTES_MAX = 16_384;

/** Reads what a create asks for. @throws SidecarError `body_refused` for a priced field of the wrong type. */
export function readAsk(route: KlingRoute, bytes: Uint8Array, body: JsonObject): Ask {
  const fields = new BodyFields(bytes, body);
  const ask = blank(route);
  if (ask.operation === 'unknown') takeAnyDuration(ask, fields);
  else if (route.generation === 'new') readNew(ask, fields, route);
  else readLegacy(ask, fields);
  ask.unpricedFields = unknownFields(route, fields).slice(0, UNKNOWN_FIELDS_MAX);
  ask.flags.push(...fields.flags, ...ask.unpricedFields.map((name) => `unknown_field:${name}`));
  ask.hasUnknown = fields.hasUnknown;
  return ask;
}

function blank(route: KlingRoute): Ask {
  const { operation, product } = route;
  return {
    operation,
    product,
    model: null,
    sentModel: null,
    isModelKnown: true,
    mode: null,
    audio: 'off',
    videoInput: false,
    imageInput: false,
    resolution: null,
    length: BODY_LENGTH.has(operation) ? 'body' : MEDIA_LENGTH.has(operation) ? 'media' : 'none',
    seconds: null,
    isByImage: false,
    count: 1,
    isCountOpen: false,
    weight: route.kind === 'create' ? 1 : 0,
    flags: [],
    hasUnknown: false,
    unpricedFields: [],
  };
}

function readLegacy(ask: Ask, fields: BodyFields): void {
  const { root } = fields;
  const defaults = LEGACY_DEFAULTS[ask.operation] ?? { model: null, mode: null };
  const names = LEGACY_FIELDS[ask.operation];
  if (memberOf(root, 'model') !== undefined) ask.flags.push('model_field_ignored');
  if (defaults.model !== null) takeModel(ask, fields.text(root, 'model_name'), defaults.model);
  if (defaults.mode !== null) takeMode(ask, fields, defaults.mode);
  if (names?.has('sound') === true) {
    const sound = fields.oneOf(root, 'sound', ['on', 'off']);
    if (sound === 'on' || sound === UNKNOWN) ask.audio = 'native';
    if (fields.list(root, 'voice_list').length > 0) ask.audio = 'voice';
  }
  if (ask.operation === 'omni-video') takeVideoList(ask, fields);
  if (ask.operation === 'motion-control') takeOrientation(ask, fields, root);
  if (ask.length === 'body') takeDuration(ask, fields, root);
  if (PIECES.has(ask.operation)) takePieces(ask, fields);
  if (ask.operation === 'text-to-audio') takeAnyDuration(ask, fields);
}

function takeModel(ask: Ask, sent: string | null, fallback: string): void {
  ask.sentModel = sent;
  const name = sent ?? fallback;
  ask.isModelKnown = hasModel(ask.operation, name);
  ask.model = isModelName(name) ? name : 'other';
  if (!ask.isModelKnown) ask.flags.push('unknown_model');
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

function takeOrientation(ask: Ask, fields: BodyFields, holder: JsonNode | null): void {
  ask.isByImage = fields.oneOf(holder, 'character_orientation', ['image', 'video']) === 'image';
}

function takeDuration(ask: Ask, fields: BodyFields, holder: JsonNode | null): void {
  const allowed = durationsOf(ask.operation, ask.isModelKnown ? ask.model : 'other');
  const longest = Number(allowed.at(-1));
  const given = fields.seconds(holder, 'duration', allowed);
  const kind = fields.kindOf(holder, 'duration');
  if (holder === fields.root && kind === 'number') ask.flags.push('duration_not_string');
  if (holder !== fields.root && kind === 'string' && given !== null) ask.flags.push('duration_not_number');
  const own = given === null ? 5 : given === UNKNOWN ? longest : Number(given);
  ask.seconds = Math.max(own, shotSeconds(fields, allowed, longest));
}

/** Sums the shots of `multi_prompt`; a shot without a length leaves the sum open: the longest result then. */
function shotSeconds(fields: BodyFields, allowed: readonly string[], longest: number): number {
  const { root } = fields;
  if (fields.truth(root, 'multi_shot') === false) return 0;
  const shots = fields.objects(root, 'multi_prompt');
  const each = ['1', '2', '3', '4', '5', '6', '7', '8', '9', ...allowed];
  let sum = 0;
  for (const shot of shots) {
    const given = fields.seconds(shot, 'duration', each);
    sum += typeof given === 'string' ? Number(given) : longest;
  }
  return sum;
}

function takePieces(ask: Ask, fields: BodyFields): void {
  const { root } = fields;
  const n = fields.integer(root, 'n', [1, IMAGES_MAX]);
  ask.count = n === UNKNOWN ? IMAGES_MAX : (n ?? 1);
  if (ask.operation === 'image') {
    const hasElements = fields.list(root, 'element_list').length > 0;
    ask.imageInput = hasImage(fields) || hasElements;
  }
  if (ask.operation === 'image' || ask.operation === 'omni-image') {
    const allowed = ask.operation === 'image' ? (['1k', '2k'] as const) : (['1k', '2k', '4k'] as const);
    const resolution = fields.oneOf(root, 'resolution', allowed);
    ask.resolution = resolution === UNKNOWN ? null : (resolution ?? '1k');
  }
  if (ask.operation === 'omni-image') takeSeries(ask, fields);
  ask.weight = ask.count;
}

function hasImage(fields: BodyFields): boolean {
  const node = memberOf(fields.root, 'image');
  if (node === undefined || node.kind === 'null') return false;
  if (node.kind !== 'string') fields.refuse('image', node, 'a string');
  return node.end - node.start > 2;
}

function takeSeries(ask: Ask, fields: BodyFields): void {
  const { root } = fields;
  const kind = fields.oneOf(root, 'result_type', ['single', 'series']);
  if (kind === null || kind === 'single') return;
  const isText = fields.kindOf(root, 'series_amount') === 'string';
  const amount = isText
    ? fields.oneOf(root, 'series_amount', ['auto'])
    : fields.integer(root, 'series_amount', [2, SERIES_MAX]);
  if (kind === UNKNOWN) ask.count = SERIES_MAX;
  else if (typeof amount === 'number') ask.count = amount;
  else ask.count = amount === null ? SERIES_DEFAULT : SERIES_MAX;
  ask.isCountOpen = amount === 'auto';
}

function readNew(ask: Ask, fields: BodyFields, route: KlingRoute): void {
  const settings = fields.object('settings');
  for (const name of ['model', 'model_name']) {
    if (memberOf(fields.root, name) !== undefined) ask.flags.push('model_field_ignored');
  }
  ask.model = route.urlModel;
  ask.isModelKnown = ask.model !== null && hasModel(ask.operation, ask.model);
  if (!ask.isModelKnown) ask.flags.push('unknown_model');
  const resolution = fields.oneOf(settings, 'resolution', RESOLUTIONS);
  if (resolution !== UNKNOWN) ask.mode = NEW_MODES[resolution ?? '720p'] ?? null;
  // `original` keeps the sound of the reference video and generates none.
  const audio = fields.oneOf(settings, 'audio', ['native', 'original', 'off']);
  if (audio === 'native' || audio === UNKNOWN) ask.audio = 'native';
  takeContents(ask, fields);
  if (ask.operation === 'motion-control') takeOrientation(ask, fields, settings);
  if (ask.length !== 'body') return;
  takeDuration(ask, fields, settings);
  if (fields.truth(settings, 'multi_shot') !== false) {
    ask.seconds = Math.max(ask.seconds ?? 0, promptShotSeconds(fields));
  }
}

const CONTENT_TYPES = [
  'prompt',
  'first_frame',
  'last_frame',
  'refer_image',
  'feature_video',
  'base_video',
  'element',
  'voice',
  'image',
  'video',
] as const;

function takeContents(ask: Ask, fields: BodyFields): void {
  for (const item of fields.objects(fields.root, 'contents')) {
    const type = fields.oneOf(item, 'type', CONTENT_TYPES) ?? fields.noteUnknown('type');
    const isOpen = type === UNKNOWN;
    if (type === 'voice' || (isOpen && ask.operation === 'image-to-video')) ask.audio = 'voice';
    if (ask.operation !== 'omni-video') continue;
    if (type === 'feature_video' || type === 'base_video' || isOpen) ask.videoInput = true;
    if (type === 'base_video' || isOpen) ask.length = 'media';
  }
}

/** Sums the shots written into the prompts of the new generation. */
function promptShotSeconds(fields: BodyFields): number {
  const prompts = [memberOf(fields.root, 'prompt')];
  for (const item of fields.list(fields.root, 'contents')) prompts.push(memberOf(item, 'text'));
  let sum = 0;
  for (const prompt of prompts) {
    if (prompt?.kind !== 'string' || prompt.end - prompt.start > PROMPT_BYTES_MAX) continue;
    for (const shot of textOf(fields.bytes, prompt).matchAll(SHOT)) sum += Number(shot[1]);
  }
  return sum;
}

/** Lengths that no row depends on: of routes that an override added, and of sounds, which cost the same at any length. */
function takeAnyDuration(ask: Ask, fields: BodyFields): void {
  const settings = memberOf(fields.root, 'settings');
  const holder = settings?.kind === 'object' ? settings : fields.root;
  const node = memberOf(holder, 'duration') ?? memberOf(fields.root, 'duration');
  const isShort = node !== undefined && node.end - node.start <= 16;
  const text =
    isShort && (node.kind === 'string' || node.kind === 'number') ? textOf(fields.bytes, node) : '';
  if (/^[1-9]\d{0,4}(?:\.\d{1,3})?$/.test(text)) ask.seconds = Number(text);
  if (fields.kindOf(fields.root, 'model_name') === 'string')
    ask.sentModel = fields.text(fields.root, 'model_name');
}

function unknownFields(route: KlingRoute, { root }: BodyFields): string[] {
  const top = route.generation === 'new' ? NEW_FIELDS : LEGACY_FIELDS[route.operation];
  if (top === undefined) return [];
  const unknown = root.names.filter((name) => !top.has(name));
  if (route.generation !== 'new') return unknown.filter((name) => name !== 'model');
  const below = (name: string, known: ReadonlySet<string>): string[] =>
    (memberOf(root, name)?.names ?? []).filter((it) => !known.has(it)).map((it) => `${name}.${it}`);
  return [...unknown, ...below('settings', NEW_SETTINGS), ...below('options', NEW_OPTIONS)];
}
