/** Reads the ask of a create of the new generation: the path names the model, `settings` and `contents` the rest. */
import type { Mode } from '../words.ts';
import {
  PIECES,
  takeBilledInput,
  takeDuration,
  takeModel,
  takeOrientation,
  takePieces,
  type Ask,
} from './ask-parts.ts';
import { UNKNOWN, type BodyFields } from './body-fields.ts';
import { countsInput } from './lengths.ts';
import type { ModelNames } from './models.ts';
import type { KlingRoute } from './routes.ts';
import { memberOf, textOf } from './strict-json.ts';

const RESOLUTIONS = ['720p', '1080p', '4k'] as const;
const MODE_OF: Readonly<Record<string, Mode>> = { '720p': 'std', '1080p': 'pro', '4k': '4k' };
/** `shot 2, 5, words;` in prompts of the new generation: number and seconds (Kling's 3.0 pages, 2026-09-20). */
const SHOT = /\bshot\s*\d{1,3}\s*,\s*(\d{1,3}(?:\.\d{1,3})?)\d*\s*s?\s*,/gi;
/** Prompts of more bytes than this are refused by Kling (3072 characters at most). */
const PROMPT_BYTES_MAX = 16_384;

/** Reads the body. @throws SidecarError `body_refused` for a priced field of the wrong type. */
export function readNew(
  ask: Ask,
  fields: BodyFields,
  { route, models }: { route: KlingRoute; models: ModelNames },
): void {
  const settings = fields.object('settings');
  takeUrlModel(ask, route, models);
  takeModelFields(ask, fields, models);
  if (PIECES.has(ask.operation)) {
    takePieces(ask, fields, settings);
    return;
  }
  const resolution = fields.oneOf(settings, 'resolution', RESOLUTIONS);
  if (resolution !== UNKNOWN) ask.mode = MODE_OF[resolution ?? '720p'] ?? null;
  // `original` keeps the sound of the reference video and generates none.
  const audio = fields.oneOf(settings, 'audio', ['native', 'original', 'off']);
  if (audio === 'native' || audio === UNKNOWN) ask.audio = 'native';
  takeBilledInput(ask, takeContents(ask, fields));
  if (ask.operation === 'motion-control') takeOrientation(ask, fields, settings);
  if (ask.length !== 'body') return;
  takeDuration(ask, fields, settings);
  if (fields.truth(settings, 'multi_shot') !== false) {
    ask.seconds = Math.max(ask.seconds ?? 0, promptShotSeconds(fields));
  }
}

function takeUrlModel(ask: Ask, route: KlingRoute, models: ModelNames): void {
  const { urlModel, template } = route;
  if (urlModel === null) return;
  takeModel(ask, urlModel, models);
  // A segment that Kling does not document names no certain model, even if it looks like one.
  if (!template.endsWith('{model}') || ask.modelState === 'unknown') return;
  ask.modelState = 'unknown';
  ask.flags.push('unknown_model');
}

/** Notes fields that name a model although the path does: Kling reads none of them. */
function takeModelFields(ask: Ask, fields: BodyFields, models: ModelNames): void {
  for (const name of ['model', 'model_name']) {
    const node = memberOf(fields.root, name);
    if (node === undefined) continue;
    ask.flags.push('model_field_ignored');
    const isSame = node.kind === 'string' && models.booked(textOf(fields.bytes, node)) === ask.model;
    if (node.kind !== 'null' && (!isSame || ask.modelState === 'unknown')) ask.costFields.push(name);
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
] as const;
const V4_CONTENT_TYPES = [...CONTENT_TYPES, 'middle_frame'] as const;
const MOTION_CONTENT_TYPES = ['prompt', 'image', 'video', 'element'] as const;

/** Reads sound and inputs from the items of `contents`; returns whether an element is among them. */
function takeContents(ask: Ask, fields: BodyFields): boolean {
  const isV4 = countsInput(ask.model);
  const isMotion = ask.operation === 'motion-control';
  const types = isMotion ? MOTION_CONTENT_TYPES : isV4 ? V4_CONTENT_TYPES : CONTENT_TYPES;
  let hasElements = false;
  for (const item of fields.objects(fields.root, 'contents')) {
    const type = fields.oneOf(item, 'type', types) ?? fields.noteUnknown('type');
    const isOpen = type === UNKNOWN;
    hasElements ||= type === 'element' || isOpen;
    if (type === 'voice' || (isOpen && ask.operation === 'image-to-video')) ask.audio = 'voice';
    if (ask.operation !== 'omni-video' && (!isV4 || isMotion)) continue;
    if (type === 'feature_video' || type === 'base_video' || isOpen) ask.videoInput = true;
    if (type === 'base_video' || isOpen) ask.length = 'media';
  }
  return hasElements;
}

/** Sums the shots written into the prompts of the new generation, each rounded up to a whole second. */
function promptShotSeconds(fields: BodyFields): number {
  const prompts = [memberOf(fields.root, 'prompt')];
  for (const item of fields.list(fields.root, 'contents')) prompts.push(memberOf(item, 'text'));
  let sum = 0;
  for (const prompt of prompts) {
    if (prompt?.kind !== 'string' || prompt.end - prompt.start > PROMPT_BYTES_MAX) continue;
    for (const shot of textOf(fields.bytes, prompt).matchAll(SHOT)) sum += Math.ceil(Number(shot[1]));
  }
  return sum;
}
