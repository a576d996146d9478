/** What the checklist finds of slots: whether creates wait here for as many tasks at once as the account's packs allow. */
import { productOfPack, type Pack } from '../account/account.ts';
import { passed, together, warned, type LineVerdict } from '../check.ts';
import type { Ms, Product } from '../units.ts';

/** What a pack's name says: `Trial-Video-100Units-5Con-1Months` allows five tasks at once (seen in several accounts). */
export function packConcurrency({ name }: Pick<Pack, 'name'>): number | null {
  const found = /-(\d{1,5})Con(?:-|$)/.exec(name)?.[1];
  return found === undefined ? null : Number(found);
}

/** The largest of the packs in force counts (Kling's concurrency rules, read 2026-09-20). */
function allowed(packs: readonly Pack[], product: Product, now: number): number | null {
  const own = packs.filter(
    (pack) => productOfPack(pack) === product && pack.effectiveAt <= now && pack.invalidAt > now,
  );
  const limits = own.flatMap((pack) => packConcurrency(pack) ?? []);
  return limits.length === 0 ? null : Math.max(...limits);
}

/** Judges the slots of the config against what the account's packs allow; null where the packs are not known. */
export function concurrencyVerdict(
  slots: Readonly<Partial<Record<Product, number>>>,
  packs: readonly Pack[] | null,
  now: Ms,
): LineVerdict {
  const known = (['video', 'image'] as const).map((product) => ({
    product,
    limit: slots[product],
    most: packs === null ? null : allowed(packs, product, now),
  }));
  const verdicts = known.flatMap(({ product, limit, most }): LineVerdict[] => {
    if (most !== null && limit === undefined) {
      return [
        warned(
          `The pack allows ${most} ${product} tasks at once, and nothing here waits for a free one: Kling refuses more with code 1303.`,
          `Set limits.concurrency.${product} to ${most}.`,
        ),
      ];
    }
    if (most !== null && limit !== undefined && limit > most) {
      return [
        warned(
          `limits.concurrency.${product} is ${limit}, and the pack allows ${most}.`,
          `Set limits.concurrency.${product} to ${most}.`,
        ),
      ];
    }
    if (limit === undefined) return [];
    const by = most === null ? 'what the pack allows is not known' : `the pack allows ${most}`;
    return [passed(`At most ${limit} ${product} tasks run at once (limits.concurrency); ${by}.`)];
  });
  if (verdicts.length > 0) return together(verdicts);
  return warned(
    'Nothing limits how many tasks run at once, and what the packs allow is not known.',
    'See the concurrency rules of your pack in Kling’s console, and set limits.concurrency.video and .image.',
  );
}
