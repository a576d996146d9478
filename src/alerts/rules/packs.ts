/** Packs that will soon be empty, or end with units left, by the last read of the account. */
import { packOutlook, type PackOutlook, type ProductOutlook } from '../../account/pack-outlook.ts';
import type { Ms } from '../../units.ts';
import { DAY_MS } from '../../zone.ts';
import type { Finding } from '../alert.ts';
import type { Look, Rule } from '../rule.ts';
import type { RuleSettings } from '../settings.ts';
import { emptyWords, expiresWords } from './packs-words.ts';

/** A smaller loss needs no message. */
const LOST_MIN = 1_000_000;
/** A pack's end is reported twice: at the threshold, and on its last day. */
const LAST_DAYS = 1;

/** Once for each supply of packs: the next purchase is another supply. */
export const packNearlyEmpty: Rule = {
  word: 'pack_nearly_empty',
  look: nearlyEmpty,
  words: emptyWords,
};

export const packExpires: Rule = {
  word: 'pack_expires',
  look: expiring,
  words: expiresWords,
};

async function nearlyEmpty({ at, store }: Look, rule: RuleSettings): Promise<readonly Finding[] | null> {
  const { products, isRead } = await store.read(packOutlook, { at });
  if (!isRead) return null;
  const thresholdDays = rule.threshold ?? 0;
  return products
    .filter((one) => isShort(one, thresholdDays, at))
    .map(({ product, remaining, perDay, daysLeft, newestPackId }) => ({
      rule: 'pack_nearly_empty',
      labels: { product },
      period: newestPackId,
      values: { remaining, perDay: Math.round(perDay), daysLeft, thresholdDays },
      since: at,
    }));
}

/** A bought pack that begins before the others are empty is enough. */
function isShort({ daysLeft, nextBeginsAt }: ProductOutlook, thresholdDays: number, at: Ms): boolean {
  if (daysLeft === null || daysLeft >= thresholdDays) return false;
  return nextBeginsAt === null || nextBeginsAt > at + daysLeft * DAY_MS;
}

async function expiring({ at, store }: Look, rule: RuleSettings): Promise<readonly Finding[]> {
  const { packs } = await store.read(packOutlook, { at });
  const thresholdDays = rule.threshold ?? 0;
  return packs.flatMap((pack) =>
    [...new Set([thresholdDays, Math.min(LAST_DAYS, thresholdDays)])]
      .filter((days) => pack.invalidAt - at < days * DAY_MS && (pack.lost ?? 0) >= LOST_MIN)
      .map((days) => expiry(pack, days, at)),
  );
}

function expiry(
  { id, name, product, remaining, lost, invalidAt }: PackOutlook,
  days: number,
  at: Ms,
): Finding {
  return {
    rule: 'pack_expires',
    labels: { pack: name },
    period: `${id}/${days}`,
    values: { product, remaining, lost, endsAt: invalidAt },
    since: at,
  };
}
