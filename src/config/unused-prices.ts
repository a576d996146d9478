/** Warnings about prices and lengths in a config that no create can use: there would be no other sign of it. */
import { hasLengthInBody, hasLengthOfMedia } from '../kling/ask-parts.ts';
import { LEGACY_FIELDS } from '../kling/fields.ts';
import { rowsOf } from '../kling/price-rows.ts';
import { hasModels } from '../kling/prices.ts';
import type { OperationWord } from '../words.ts';
import type { ConfigValues } from './config-schema.ts';

/** Gives a warning for each. */
export function unusedPrices({ pricing }: ConfigValues): string[] {
  const perSecond = new Set<OperationWord>(
    pricing.overrides
      .filter(({ creditsPerSecond }) => creditsPerSecond !== undefined)
      .map(({ operation }) => operation ?? 'unknown'),
  );
  const lengths = Object.keys(pricing.assumeSeconds).filter((name) => {
    const operation = name as OperationWord;
    return !hasLengthOfMedia(operation) && (hasLengthInBody(operation) || !perSecond.has(operation));
  });
  return [
    ...lengths.map((name) => `pricing.assumeSeconds.${name} is never used: no price of it needs a length.`),
    ...pricing.overrides.flatMap((own, index) =>
      missing(own).map((what) => `pricing.overrides[${index}] never applies: ${own.operation} ${what}.`),
    ),
  ];
}

type Override = ConfigValues['pricing']['overrides'][number];

/** Gives the parts of an override that its operation does not have. */
function missing({ operation, model, mode, sound }: Override): string[] {
  if (operation === undefined || operation === 'unknown') return [];
  const hasQuality = rowsOf(operation).some((row) => row.mode !== null);
  const hasSound = LEGACY_FIELDS[operation]?.has('sound') === true;
  const isLoud = sound === true || sound === 'on';
  return [
    ...(mode !== undefined && !hasQuality ? ['has no mode'] : []),
    ...(isLoud && !hasSound ? ['has no sound'] : []),
    ...(model !== undefined && !hasModels(operation) ? ['names no model'] : []),
  ];
}
