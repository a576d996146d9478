/**
 * The plan of a create, from its body and its price: enough to run the task, charge it and show it.
 *
 * **Invariant**: a plan is made before anything else; a refused create leaves no plan.
 */
import type { Ms, Product } from '../units.ts';
import type { Fields } from './fields.ts';
import { readFields, type FieldTable } from './field-table.ts';
import type { Resolution, Sound } from './prices.ts';
import type { MediaLibrary } from './media-library.ts';

/** The results of a task. `multi-shot` is one row of three images; `series` images share a group. */
export type OutputKind =
  'video' | 'image' | 'series' | 'multi-shot' | 'audio' | 'video-audio' | 'voice' | 'element';

/** The input video of a task, for `task_info.parent_video`. */
export interface ParentVideo {
  id: string;
  url: string;
  durationMs: Ms;
}

export interface TaskPlan {
  /** Its name in the vendor's ledger, such as `Text to Video`. */
  productFunction: string;
  product: Product;
  /** Its value for the filters of `POST /tasks`. */
  productType: 'video' | 'image' | 'try_on';
  /** The caller's text: the body's `model_name`, or the path's last segment. Empty if there is none. */
  model: string;
  resolution: Resolution | null;
  /** The price, in thousandths of a unit; charged only if the task succeeds. */
  unitsMilli: number;
  /** Concurrency slots while it runs; 0 if it takes none. */
  weight: number;
  output: OutputKind;
  outputCount: number;
  /** The length of the result; null for pictures and library items. */
  durationMs: Ms | null;
  videoInput: boolean;
  audio: 'native' | 'original' | 'off';
  voiceControl: boolean;
  watermark: boolean;
  externalId: string | null;
  /** The address for its callbacks; null: none is sent. */
  callbackUrl: string | null;
  parentVideo: ParentVideo | null;
  /** A library item's own name and description. */
  title: string;
  description: string;
}

/** The arguments of a create's reader. */
export interface CreateInput {
  body: Fields;
  library: MediaLibrary;
}
export type CreateReader = (input: CreateInput) => TaskPlan;

/** Adds the defaults of most creates. */
export function plan(given: Partial<TaskPlan> & Pick<TaskPlan, 'productFunction' | 'unitsMilli'>): TaskPlan {
  return {
    product: 'video',
    productType: given.product === 'image' ? 'image' : 'video',
    model: '',
    resolution: null,
    weight: 1,
    output: given.product === 'image' ? 'image' : 'video',
    outputCount: 1,
    durationMs: null,
    videoInput: false,
    audio: 'off',
    voiceControl: false,
    watermark: false,
    externalId: null,
    callbackUrl: null,
    parentVideo: null,
    title: '',
    description: '',
    ...given,
  };
}

/** The fields of every task: a legacy one has them at the top level of its body, a new one in its options. */
const OPTIONS = {
  callback_url: { is: 'text' },
  external_task_id: { is: 'text' },
  watermark_info: { is: 'object', of: { enabled: { is: 'flag', default: false } } },
} as const satisfies FieldTable;

/** Reads the fields of every task; `options` is undefined if a body of the new generation has none. */
export function optionsOf(
  options: Fields | undefined,
): Pick<TaskPlan, 'externalId' | 'callbackUrl' | 'watermark'> {
  if (options === undefined) return { externalId: null, callbackUrl: null, watermark: false };
  const {
    external_task_id: externalId = null,
    callback_url: callback = '',
    watermark_info: mark,
  } = readFields(options, OPTIONS);
  return { externalId, callbackUrl: callback === '' ? null : callback, watermark: mark?.enabled ?? false };
}

export const MODE_RESOLUTION: Readonly<Record<'std' | 'pro' | '4k', Resolution>> = {
  std: '720p',
  pro: '1080p',
  '4k': '4k',
};

/** All allowed lengths of the 3.0 family. */
export const UP_TO_15 = range(3, 15);
export const UP_TO_10 = range(3, 10);
export const UP_TO_20 = range(3, 20);
export const UP_TO_30 = range(3, 30);
export const FIVE_OR_TEN: readonly number[] = [5, 10];

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/**
 * The length of referenced media. The emulator downloads nothing: a URL has its length in its query, such as
 * `https://cdn.example/clip.mp4?seconds=12.4`; anything else lasts 5 s.
 */
export function mediaMs(reference: string): Ms {
  return queryMs(reference, 'seconds') ?? 5000;
}

/** The length of a motion-control result: `output=9` in the reference's query, else the reference's own. */
export function motionOutputMs(reference: string): Ms {
  return queryMs(reference, 'output') ?? mediaMs(reference);
}

function queryMs(reference: string, key: string): Ms | undefined {
  const found = new RegExp(`^https?://[^#]*[?&]${key}=(\\d{1,6}(?:\\.\\d{1,3})?)(?:[&#]|$)`, 'i').exec(
    reference.slice(0, 4096),
  );
  return found?.[1] === undefined ? undefined : Math.round(Number(found[1]) * 1000);
}

/** The charged seconds: rounded to the nearest whole one (kling-api.md, sections 9.2 and 9.4). */
export function wholeSeconds(ms: Ms): number {
  return Math.round(ms / 1000);
}

/** A generated clip is a little longer than requested: 3 s became 3.041 s (kling-api.md, section 9.4). */
export function clipMs(seconds: number): Ms {
  return seconds * 1000 + 41;
}

/** The sound that decides the price, from the caller's request. */
export function soundOf(native: boolean, voice: boolean): Sound {
  if (voice) return 'voice';
  return native ? 'native' : 'silent';
}
