/** What the checklist finds of slots: whether creates wait here for as many tasks at once as the account's packs allow. */
import type { Pack } from '../account/account.ts';
import { passed, together, warned, type LineVerdict } from '../check.ts';
import type { Ms, Product } from '../units.ts';
import type { LimitSettings } from './account-limits.ts';
import { limitsFrom, type LimitSource } from './limits.ts';
import { packLimits } from './pack-limits.ts';

/** How a limit is named in the checklist; learned limits are not known here. */
const SOURCES: Readonly<Record<LimitSource, string>> = {
  config: 'limits.concurrency',
  pack: 'the account’s packs',
  tier: 'limits.tier',
  learned: 'a refusal of Kling’s',
};

/** Judges the limits of the config against what the account's packs allow; null where the packs are not known. */
export function concurrencyVerdict(
  { concurrency, tier, usesPacks }: LimitSettings,
  packs: readonly Pack[] | null,
  now: Ms,
): LineVerdict {
  const allowed = packs === null ? {} : packLimits(packs, now);
  const inForce = limitsFrom({
    config: concurrency,
    packs: usesPacks ? allowed : {},
    tier: tier?.concurrency ?? null,
    learned: new Map(),
  });
  const verdicts = (['video', 'image'] as const).flatMap((product): LineVerdict[] => {
    const known = inForce.get(product);
    const most = allowed[product] ?? null;
    if (most !== null && (known === undefined || known.limit > most)) return [above(product, most, known)];
    if (known === undefined) return [];
    const by = most === null ? 'what the pack allows is not known' : `the pack allows ${most}`;
    const from = SOURCES[known.source];
    return [passed(`At most ${known.limit} ${product} tasks run at once (${from}); ${by}.`)];
  });
  if (verdicts.length > 0) return together(verdicts);
  return warned(
    'Nothing limits how many tasks run at once before Kling refuses one with code 1303, and what the packs allow is not known.',
    'See the concurrency rules of your pack in Kling’s console, and set limits.concurrency.video and .image, or limits.tier.',
  );
}

/** The verdict on a product whose creates are sent although the packs do not allow them. */
function above(
  product: Product,
  most: number,
  known: { limit: number; source: LimitSource } | undefined,
): LineVerdict {
  const remedy = `Set limits.concurrency.${product} to ${most}.`;
  if (known !== undefined) {
    const key = known.source === 'config' ? `limits.concurrency.${product}` : SOURCES[known.source];
    return warned(`${key} is ${known.limit}, and the pack allows ${most}.`, remedy);
  }
  return warned(
    `The pack allows ${most} ${product} tasks at once, and nothing here waits for a free one: account.poll is false, so packs are not read. Kling refuses more with code 1303.`,
    `Set account.poll to true, or limits.concurrency.${product} to ${most}.`,
  );
}
