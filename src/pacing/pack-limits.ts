/**
 * How many tasks at once the account's packs allow.
 *
 * Kling's list of packs has no field for it, but their names say it: `Trial-Video-100Units-5Con-1Months` allows five (seen in
 * several accounts). The largest of the packs in force counts, not their sum (Kling's concurrency rules, read 2026-09-20).
 */
import { productOfPack, type Pack } from '../account/account.ts';
import type { Ms, Product } from '../units.ts';

/** Gives the number of tasks at once that a pack's name says; null if it says none. */
export function packConcurrency({ name }: Pick<Pack, 'name'>): number | null {
  const found = /-(\d{1,5})Con(?:-|$)/.exec(name)?.[1];
  return found === undefined || Number(found) < 1 ? null : Number(found);
}

/** Gives the limit that packs set for each product at an instant; none for a product without such a pack in force. */
export function packLimits(packs: readonly Pack[], now: Ms): Partial<Record<Product, number>> {
  const limits: Partial<Record<Product, number>> = {};
  for (const pack of packs) {
    const limit = packConcurrency(pack);
    if (limit === null || !isInForce(pack, now)) continue;
    const product = productOfPack(pack);
    limits[product] = Math.max(limits[product] ?? 0, limit);
  }
  return limits;
}

/** Gives the next instant after `now` at which a pack begins or ends; null if none does. */
export function nextPackChange(packs: readonly Pack[], now: Ms): Ms | null {
  const changes = packs.flatMap(({ effectiveAt, invalidAt }) => [effectiveAt, invalidAt]);
  const later = changes.filter((at) => at > now);
  return later.length === 0 ? null : Math.min(...later);
}

/** A pack that has run out is paid from no more, so its limit no longer counts. */
function isInForce({ effectiveAt, invalidAt, status, remaining }: Pack, now: Ms): boolean {
  return effectiveAt <= now && now < invalidAt && status !== 'runOut' && remaining !== 0;
}
