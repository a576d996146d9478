/**
 * The emulator's own price list, in thousandths of a Kling unit.
 *
 * **Invariant**: written from kling-api.md, section 9 (vendor pricing pages of 2026-09-20, read 2026-11-21), and
 * not shared with the client code: a mistake there must show as a difference here. If 9.3 has no price, its
 * provisional one is used.
 */
import { KlingRefusal } from './replies.ts';

export type Resolution = '720p' | '1080p' | '4k';
/** The sound: none by the model, native audio, or native audio with a chosen voice. */
export type Sound = 'silent' | 'native' | 'voice';

/** Thousandths of a unit for each second; null if the vendor does not sell the combination. */
type Rate = readonly [std: number | null, pro: number | null, fourK: number | null];

const PER_SECOND: Readonly<Record<string, Rate>> = {
  'turbo native': [800, 1000, null],
  'v3 silent': [600, 800, 3000],
  'v3 native': [900, 1200, 3000],
  // Withdrawn from the list between February and September 2026; provisional (9.3).
  'v3 voice': [1100, 1400, 3000],
  'v3 motion': [900, 1200, null],
  'omni silent': [600, 800, 3000],
  'omni native': [800, 1000, 3000],
  'omni silent video-input': [900, 1200, null],
  'o1 silent': [600, 800, null],
  'o1 silent video-input': [900, 1200, null],
  'v2-6 silent': [300, 500, null],
  'v2-6 native': [null, 1000, null],
  'v2-6 voice': [null, 1200, null],
  'v2-6 motion': [500, 800, null],
  'v2-5-turbo silent': [300, 500, null],
  avatar: [400, 800, null],
  // No price of the vendor was found: the price of resellers for a second, at $0.14 a unit (kling-api.md, section 15).
  'v4 native': [1120, 1680, null],
  'v4 native video-input': [1120, 1680, null],
  'v4-flash native': [680, null, null],
  'v4-flash native video-input': [900, null, null],
};

/** Thousandths of a unit for 5 s and 10 s of the older models (9.3). */
const OLDER: Readonly<Record<string, { std: readonly [number, number]; pro: readonly [number, number] }>> = {
  'kling-v1': { std: [1000, 2000], pro: [3500, 7000] },
  'kling-v1-5': { std: [2000, 4000], pro: [3500, 7000] },
  'kling-v1-6': { std: [2000, 4000], pro: [3500, 7000] },
  'kling-v2-1': { std: [2000, 4000], pro: [3500, 7000] },
  'kling-v2-master': { std: [10_000, 20_000], pro: [10_000, 20_000] },
  'kling-v2-1-master': { std: [10_000, 20_000], pro: [10_000, 20_000] },
  'multi-image': { std: [3500, 7000], pro: [3500, 7000] },
  'multi-elements': { std: [3500, 7000], pro: [3500, 7000] },
};

/** The names of the models that are sold by the second, in both generations. */
const RATE_NAMES: Readonly<Record<string, string>> = {
  'kling-3.0-turbo': 'turbo',
  'kling-3.0': 'v3',
  'kling-v3': 'v3',
  'kling-3.0-omni': 'omni',
  'kling-v3-omni': 'omni',
  'kling-o1': 'o1',
  'kling-video-o1': 'o1',
  'kling-2.6': 'v2-6',
  'kling-v2-6': 'v2-6',
  'kling-2.5-turbo': 'v2-5-turbo',
  'kling-4.0': 'v4',
  'kling-4.0-flash': 'v4-flash',
  'kling-v2-5-turbo': 'v2-5-turbo',
  avatar: 'avatar',
};

/** Thousandths of a unit for a run or a piece. */
export const EACH = {
  lipSyncPer5s: 500,
  identifyFace: 50,
  tts: 50,
  customVoice: 50,
  customElement: 0,
  audio: 250,
  imageRecognize: 100,
  videoExtend: 3500,
  effects: 3500,
  tryOn: 500,
  expand: 8000,
  multiShot: 20_000,
  multiImage: 16_000,
  omniImage: 8000,
  omniImage4k: 16_000,
  // The price of today's most expensive pictures: none was found.
  imageV4: 16_000,
} as const;

export interface VideoPriceQuery {
  model: string;
  resolution: Resolution;
  sound?: Sound;
  videoInput?: boolean;
  motion?: boolean;
}

const RESOLUTIONS: readonly Resolution[] = ['720p', '1080p', '4k'];

/** Gives the price of `seconds` (whole) of video; refuses with 400/1201 a combination that the vendor does not sell. */
export function videoPrice(query: VideoPriceQuery, seconds: number): number {
  const older = OLDER[query.model];
  if (older !== undefined) {
    const row = query.resolution === '1080p' ? older.pro : older.std;
    return seconds > 5 ? row[1] : row[0];
  }
  const name = RATE_NAMES[query.model] ?? query.model;
  const kind = query.motion === true ? 'motion' : (query.sound ?? 'silent');
  const key = `${name} ${kind}${query.videoInput === true ? ' video-input' : ''}`;
  const rate = (PER_SECOND[key] ?? PER_SECOND[name])?.[RESOLUTIONS.indexOf(query.resolution)];
  if (rate === undefined || rate === null) {
    throw new KlingRefusal(
      1201,
      `${query.model} does not support ${key.slice(name.length + 1)} at ${query.resolution}`,
    );
  }
  return rate * seconds;
}

/** Gives the price of one generated image of `/v1/images/generations`. */
export function imagePrice(model: string, hasReference: boolean): number {
  if (model === 'kling-v1') return 1000;
  if (model === 'kling-v1-5' || model === 'kling-v2' || model === 'kling-v2-1')
    return hasReference ? 8000 : 4000;
  return 8000;
}
