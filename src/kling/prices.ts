/**
 * Kling's prices as data: every row with its source and the day it was read, in thousandths of a credit.
 *
 * A video unit is 10,000 thousandths, an image unit 250. Older models are sold for 5 and 10 seconds; their prices are
 * linear, so here they are per second. Rows of {@link ASSUMED} are ours: no price was found, or Kling withdrew it,
 * and the hold is settled to the deduction.
 *
 * **Invariant**: data only. A field that is null fits every value; price.ts chooses the rows.
 */
import type { MilliCredits } from '../units.ts';
import type { Mode, OperationWord } from '../words.ts';

export type Audio = 'off' | 'native' | 'voice';
export type Resolution = '1k' | '2k' | '4k';

export interface PriceRow {
  operations: readonly OperationWord[];
  models: readonly string[] | null;
  mode: Mode | null;
  audio: Audio | null;
  /** Whether the input has a reference video. */
  videoInput: boolean | null;
  /** Whether the input has a reference image (images only). */
  imageInput: boolean | null;
  resolution: Resolution | null;
  per: 'second' | 'piece' | 'call' | 'five_seconds';
  credits: MilliCredits;
  source: Source;
  /** True if the row must not price a model that is not in the list. */
  isOwnOnly: boolean;
}

export interface Source {
  name: string;
  /** The day on which it was read. */
  read: string;
  /** True if the figure is ours. */
  isAssumed: boolean;
}

const VIDEO_PAGE: Source = {
  name: 'kling.ai/document-api/pricing/base/video',
  read: '2026-09-20',
  isAssumed: false,
};
const IMAGE_PAGE: Source = {
  name: 'kling.ai/document-api/pricing/base/image',
  read: '2026-09-20',
  isAssumed: false,
};
/** Copies of the vendor's older table; ComfyUI's price badges agree. */
const OLD_TABLE: Source = {
  name: 'copy of the vendor price table of 2026-06-01',
  read: '2026-11-21',
  isAssumed: false,
};
const OLD_IMAGES: Source = { name: 'ComfyUI and 302.ai price ratios', read: '2026-11-21', isAssumed: false };
const PROBED: Source = {
  name: 'paid probe recorded by aself101/kling-api',
  read: '2026-09-20',
  isAssumed: false,
};
const WITHDRAWN: Source = {
  name: 'vendor price table of 2026-02, since withdrawn',
  read: '2026-11-21',
  isAssumed: true,
};
const ASSUMED: Source = {
  name: 'no published price; the likely ceiling',
  read: '2026-11-21',
  isAssumed: true,
};

/** The price of resellers for a second of Kling 4.0, in credits of $0.014; Kling has published no price. */
const RESELLERS: Source = {
  name: 'prices of resellers of Kling 4.0 (fal, Siray, muapi)',
  read: '2026-11-27',
  isAssumed: true,
};
const UNPRICED_V4: Source = {
  name: 'no price of a Kling 4.0 image was found; the dearest image of the list',
  read: '2026-11-27',
  isAssumed: true,
};

const CLIPS: readonly OperationWord[] = ['text-to-video', 'image-to-video'];
const OMNI: readonly OperationWord[] = ['omni-video'];

type Given = Partial<PriceRow> & Pick<PriceRow, 'operations' | 'credits' | 'source'>;

function row(given: Given): PriceRow {
  const any = { models: null, mode: null, audio: null, videoInput: null, imageInput: null, resolution: null };
  return { ...any, per: 'call', isOwnOnly: false, ...given };
}

/** Rows per second of one condition, one for each quality that is sold. */
function perSecond(
  credits: Partial<Record<Mode, MilliCredits>>,
  given: Omit<Given, 'credits' | 'mode' | 'per'>,
): PriceRow[] {
  const modes = Object.keys(credits) as Mode[];
  return modes.map((mode) => row({ ...given, mode, per: 'second', credits: credits[mode] ?? 0 }));
}

const V3 = { operations: CLIPS, models: ['kling-v3'], source: VIDEO_PAGE };
const V3_OMNI = { operations: OMNI, models: ['kling-v3-omni'], source: VIDEO_PAGE };
const V2_6 = { operations: CLIPS, models: ['kling-v2-6'], source: VIDEO_PAGE };
const O1 = { operations: OMNI, models: ['kling-video-o1'], source: VIDEO_PAGE };
const MOTION: readonly OperationWord[] = ['motion-control'];
const V4_OPERATIONS: readonly OperationWord[] = ['text-to-video', 'image-to-video', 'omni-video'];
const V4_FLASH = { operations: V4_OPERATIONS, models: ['kling-v4-flash'], source: RESELLERS };

const VIDEO_ROWS: readonly PriceRow[] = [
  ...perSecond(
    { std: 8_000, pro: 10_000 },
    { operations: CLIPS, models: ['kling-v3-turbo'], source: VIDEO_PAGE },
  ),
  ...perSecond({ std: 6_000, pro: 8_000 }, { ...V3, audio: 'off' }),
  ...perSecond({ std: 9_000, pro: 12_000 }, { ...V3, audio: 'native' }),
  ...perSecond({ std: 11_000, pro: 14_000 }, { ...V3, audio: 'voice', source: WITHDRAWN }),
  ...perSecond({ '4k': 30_000 }, V3),
  ...perSecond({ std: 9_000, pro: 12_000 }, { operations: MOTION, models: ['kling-v3'], source: VIDEO_PAGE }),
  ...perSecond({ std: 6_000, pro: 8_000 }, { ...V3_OMNI, audio: 'off', videoInput: false }),
  ...perSecond({ std: 8_000, pro: 10_000 }, { ...V3_OMNI, audio: 'native', videoInput: false }),
  ...perSecond({ std: 9_000, pro: 12_000 }, { ...V3_OMNI, audio: 'off', videoInput: true }),
  ...perSecond(
    { std: 11_000, pro: 14_000 },
    { ...V3_OMNI, audio: 'native', videoInput: true, source: WITHDRAWN },
  ),
  ...perSecond({ std: 11_000, pro: 14_000 }, { ...V3_OMNI, audio: 'voice', source: ASSUMED }),
  ...perSecond({ '4k': 30_000 }, V3_OMNI),
  ...perSecond({ std: 6_000, pro: 8_000 }, { ...O1, videoInput: false }),
  ...perSecond({ std: 9_000, pro: 12_000 }, { ...O1, videoInput: true }),
  ...perSecond({ std: 3_000, pro: 5_000 }, { ...V2_6, audio: 'off' }),
  ...perSecond({ pro: 10_000 }, { ...V2_6, audio: 'native' }),
  ...perSecond({ pro: 12_000 }, { ...V2_6, audio: 'voice' }),
  // Kling sells sound on 2.6 at 1080p only; at 720p it is refused, ignored or charged alike.
  ...perSecond({ std: 10_000 }, { ...V2_6, audio: 'native', source: ASSUMED }),
  ...perSecond({ std: 12_000 }, { ...V2_6, audio: 'voice', source: ASSUMED }),
  ...perSecond(
    { std: 5_000, pro: 8_000 },
    { operations: MOTION, models: ['kling-v2-6'], source: VIDEO_PAGE },
  ),
  ...perSecond(
    { std: 3_000, pro: 5_000 },
    { operations: CLIPS, models: ['kling-v2-5-turbo'], source: VIDEO_PAGE },
  ),
  ...perSecond({ std: 2_000, pro: 7_000 }, { operations: CLIPS, models: ['kling-v1'], source: OLD_TABLE }),
  ...perSecond(
    { std: 4_000, pro: 7_000 },
    { operations: CLIPS, models: ['kling-v1-5', 'kling-v1-6', 'kling-v2-1'], source: OLD_TABLE },
  ),
  row({
    operations: CLIPS,
    models: ['kling-v2-master', 'kling-v2-1-master'],
    per: 'second',
    credits: 20_000,
    source: OLD_TABLE,
  }),
  // Sound is always made; input seconds cost the same as those of the result (lengths.ts).
  ...perSecond(
    { std: 11_200, pro: 16_800 },
    { operations: V4_OPERATIONS, models: ['kling-v4'], source: RESELLERS },
  ),
  ...perSecond({ std: 6_800 }, { ...V4_FLASH, videoInput: false }),
  ...perSecond({ std: 9_000 }, { ...V4_FLASH, videoInput: true }),
  ...perSecond({ std: 4_000, pro: 8_000 }, { operations: ['avatar'], source: VIDEO_PAGE }),
  row({
    operations: ['multi-image-to-video', 'multi-elements'],
    per: 'second',
    credits: 7_000,
    source: ASSUMED,
  }),
  row({ operations: ['video-extend', 'effects'], credits: 35_000, source: ASSUMED }),
  row({ operations: ['lip-sync'], per: 'five_seconds', credits: 5_000, source: VIDEO_PAGE }),
  row({ operations: ['identify-face', 'tts', 'custom-voice'], credits: 500, source: VIDEO_PAGE }),
  row({ operations: ['text-to-audio', 'video-to-audio'], credits: 2_500, source: VIDEO_PAGE }),
  row({ operations: ['image-recognize'], credits: 1_000, source: VIDEO_PAGE }),
  row({ operations: ['custom-element'], credits: 0, source: PROBED }),
  row({ operations: ['elements-selection'], credits: 0, source: ASSUMED }),
  row({ operations: ['virtual-try-on'], credits: 5_000, source: ASSUMED }),
];

const PLAIN: readonly OperationWord[] = ['image'];
const OMNI_IMAGE: readonly OperationWord[] = ['omni-image'];
const V4_IMAGE = { operations: [...PLAIN, ...OMNI_IMAGE], source: UNPRICED_V4, isOwnOnly: true };

function perImage(
  credits: MilliCredits,
  models: readonly string[],
  given: Omit<Given, 'credits' | 'models' | 'per'>,
): PriceRow {
  return row({ ...given, models, per: 'piece', credits });
}

const IMAGE_ROWS: readonly PriceRow[] = [
  perImage(2_000, ['kling-v3'], { operations: PLAIN, source: IMAGE_PAGE }),
  perImage(1_000, ['kling-v2-1'], { operations: PLAIN, imageInput: false, source: IMAGE_PAGE }),
  perImage(2_000, ['kling-v2-1'], { operations: PLAIN, imageInput: true, source: IMAGE_PAGE }),
  perImage(250, ['kling-v1'], { operations: PLAIN, source: OLD_IMAGES }),
  perImage(1_000, ['kling-v1-5', 'kling-v2'], { operations: PLAIN, imageInput: false, source: OLD_IMAGES }),
  perImage(2_000, ['kling-v1-5'], { operations: PLAIN, imageInput: true, source: OLD_IMAGES }),
  perImage(2_000, ['kling-v2'], { operations: PLAIN, imageInput: true, source: ASSUMED }),
  perImage(2_000, ['kling-v2-new'], { operations: PLAIN, source: ASSUMED }),
  ...(['1k', '2k'] as const).map((resolution) =>
    perImage(2_000, ['kling-image-o1', 'kling-v3-omni'], {
      operations: OMNI_IMAGE,
      resolution,
      source: IMAGE_PAGE,
    }),
  ),
  perImage(4_000, ['kling-v3-omni'], { operations: OMNI_IMAGE, resolution: '4k', source: IMAGE_PAGE }),
  perImage(4_000, ['kling-image-o1'], { operations: OMNI_IMAGE, resolution: '4k', source: ASSUMED }),
  perImage(4_000, ['kling-image-4.0'], V4_IMAGE),
  // A long image may be a whole series of pictures, of which Kling makes nine at most.
  perImage(36_000, ['kling-long-image-4.0'], V4_IMAGE),
  row({ operations: ['multi-image-to-image'], per: 'piece', credits: 4_000, source: IMAGE_PAGE }),
  row({ operations: ['image-expand'], per: 'piece', credits: 2_000, source: IMAGE_PAGE }),
  row({ operations: ['ai-multi-shot'], credits: 5_000, source: IMAGE_PAGE }),
];

export const PRICE_ROWS: readonly PriceRow[] = [...VIDEO_ROWS, ...IMAGE_ROWS];

/** Kling's defaults of absent fields. If its pages disagree, the more expensive one is here. */
export interface Defaults {
  model: string | null;
  /** Null if the operation has no quality; `required` if Kling documents no default. */
  mode: Mode | 'required' | null;
}

export const LEGACY_DEFAULTS: Readonly<Partial<Record<OperationWord, Defaults>>> = {
  'text-to-video': { model: 'kling-v1', mode: 'std' },
  'image-to-video': { model: 'kling-v1', mode: 'std' },
  // Two copies of the vendor's page say pro, unlike everywhere else.
  'omni-video': { model: 'kling-video-o1', mode: 'pro' },
  'multi-image-to-video': { model: 'kling-v1-6', mode: 'std' },
  'motion-control': { model: 'kling-v2-6', mode: 'required' },
  'multi-elements': { model: null, mode: 'std' },
  avatar: { model: null, mode: 'std' },
  // The table of 2026-09 says kling-v3, the prose kling-v1.
  image: { model: 'kling-v3', mode: null },
  'omni-image': { model: 'kling-image-o1', mode: null },
  'multi-image-to-image': { model: 'kling-v2-1', mode: null },
  'virtual-try-on': { model: 'kolors-virtual-try-on-v1', mode: null },
};

/** Returns whether creates of an operation name a model. */
export function hasModels(operation: OperationWord): boolean {
  return (LEGACY_DEFAULTS[operation]?.model ?? null) !== null;
}

export const SERIES_MAX = 9;
export const SERIES_DEFAULT = 4;
export const IMAGES_MAX = 9;
