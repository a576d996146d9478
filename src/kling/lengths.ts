/**
 * Lengths of Kling's results and media: those that a model offers, its default, and the bounds for media that only
 * Kling sees.
 *
 * Sources: Kling's pages of each product, read 2026-09-20; for Kling 4.0 a router's model pages, read 2026-11-27
 * (kling-api.md, sections 4 and 15).
 *
 * **Invariant**: data only, in seconds. A list is in ascending order.
 */
import type { OperationWord } from '../words.ts';

const SHORT: readonly number[] = [5, 10];
const UP_TO_10 = range(3, 10);
const UP_TO_15 = range(3, 15);
const UP_TO_20 = range(3, 20);
const UP_TO_30 = range(3, 30);

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

const OFFERED: Readonly<Record<string, readonly number[]>> = {
  'kling-v3': UP_TO_15,
  'kling-v3-turbo': UP_TO_15,
  'kling-v3-omni': UP_TO_15,
  'kling-video-o1': UP_TO_10,
  'kling-v4': UP_TO_30,
  'kling-v4-flash': UP_TO_20,
};

/** The longest clip that any model of Kling makes. */
export const CLIP_SECONDS_MAX = 30;
/** The default of most models. */
const SECONDS_BY_DEFAULT = 5;
/** Models of the new generation whose default length is not known for sure: the longest is assumed. */
const OPEN_DEFAULT: ReadonlySet<string> = new Set(['kling-v4', 'kling-v4-flash']);

/** Gives the lengths that a model offers; for one that is not in the price list (null), every length of any model. */
export function lengthsOf(operation: OperationWord, model: string | null): readonly number[] {
  if (operation === 'multi-image-to-video' || operation === 'multi-elements') return SHORT;
  return model === null ? UP_TO_30 : (OFFERED[model] ?? SHORT);
}

/** Gives the length of a result whose body names none; `model` is null for a legacy body, where 5 s is documented. */
export function defaultLength(model: string | null): number {
  const isOpen = model !== null && OPEN_DEFAULT.has(model);
  return isOpen ? (OFFERED[model]?.at(-1) ?? CLIP_SECONDS_MAX) : SECONDS_BY_DEFAULT;
}

/** The shortest and the longest that Kling accepts or makes, if only the media show the length. */
export interface Bounds {
  min: number;
  max: number;
}

const MEDIA: Readonly<Partial<Record<OperationWord, Bounds>>> = {
  'motion-control': { min: 3, max: 30 },
  avatar: { min: 2, max: 300 },
  'lip-sync': { min: 2, max: 60 },
  /** Editing a base video. */
  'omni-video': { min: 3, max: 15.5 },
};
/** With `character_orientation: image`. */
const MOTION_BY_IMAGE: Bounds = { min: 3, max: 10 };
const O1_INPUT: Bounds = { min: 3, max: 10 };
/** No limit of Kling 4.0's input is known: its own longest clip is assumed. */
const V4_INPUT: Bounds = { min: 3, max: CLIP_SECONDS_MAX };

/** Gives the bounds of a length that only the media show. */
export function mediaBounds(operation: OperationWord, model: string | null, isByImage: boolean): Bounds {
  if (operation === 'motion-control' && isByImage) return MOTION_BY_IMAGE;
  if (model === 'kling-video-o1') return O1_INPUT;
  if (countsInput(model)) return V4_INPUT;
  return MEDIA[operation] ?? { min: shortestOf(operation), max: CLIP_SECONDS_MAX };
}

/** Returns whether a model bills the seconds of an input video in addition to those of the result. */
export function countsInput(model: string | null): boolean {
  return model === 'kling-v4' || model === 'kling-v4-flash';
}

/** Shortest results of operations that decide the length themselves. */
const SHORTEST: Readonly<Partial<Record<OperationWord, number>>> = {
  'video-extend': 4,
  'multi-image-to-video': 5,
  'multi-elements': 5,
};
/** No other clip or sound of Kling's is shorter. */
const SHORTEST_OTHERWISE = 3;

/** Gives the shortest length of an operation's media or result. */
export function shortestOf(operation: OperationWord): number {
  return MEDIA[operation]?.min ?? SHORTEST[operation] ?? SHORTEST_OTHERWISE;
}
