/**
 * The prices that an older checklist prints, for `pricing.list: "checklist"`.
 *
 * Eight rows as printed (5 s and 10 s, standard and professional; with sound on v2.6; an image; a try-on), and two by
 * its factor of five: 5 s professional with sound 175, 10 s standard with sound 100. Everything else has the vendor's
 * price.
 *
 * **Invariant**: a body with an unknown part has no checklist price.
 */
import type { MilliCredits } from '../units.ts';
import type { Ask } from './ask-parts.ts';

const SILENT: Readonly<Record<string, MilliCredits>> = {
  'std 5': 10_000,
  'pro 5': 35_000,
  'std 10': 20_000,
  'pro 10': 70_000,
};
const WITH_SOUND: Readonly<Record<string, MilliCredits>> = {
  'std 5': 50_000,
  'pro 5': 175_000,
  'std 10': 100_000,
  'pro 10': 200_000,
};
const IMAGE_CREDITS: MilliCredits = 1_000;
const TRY_ON_CREDITS: MilliCredits = 5_000;
/** Sound is always on there, so none of the printed columns applies. */
const ALWAYS_LOUD = 'kling-v3-turbo';

/** Gives the printed price of an ask; null if the checklist prints none. */
export function checklistPrice(ask: Ask): { credits: MilliCredits; rule: string } | null {
  const credits = printed(ask);
  return credits === null ? null : { credits, rule: 'checklist' };
}

function printed(ask: Ask): MilliCredits | null {
  if (ask.hasUnknown || ask.modelState !== 'sold') return null;
  switch (ask.operation) {
    case 'image':
      return IMAGE_CREDITS * ask.count;
    case 'virtual-try-on':
      return TRY_ON_CREDITS;
    case 'text-to-video':
    case 'image-to-video':
      return clip(ask);
    default:
      return null;
  }
}

function clip(ask: Ask): MilliCredits | null {
  const row = `${ask.mode} ${ask.seconds}`;
  if (ask.model === ALWAYS_LOUD) return null;
  if (ask.audio === 'off') return SILENT[row] ?? null;
  return ask.audio === 'native' && ask.model === 'kling-v2-6' ? (WITH_SOUND[row] ?? null) : null;
}
