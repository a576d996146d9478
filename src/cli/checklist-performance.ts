/** The lines under "Performance", and the concurrency that the account's packs allow. */
import { productOfPack, type Pack } from '../account/account.ts';
import type { Product } from '../units.ts';
import type { Evidence } from './checklist-evidence.ts';
import { notOurs, passed, together, warned, type LineVerdict } from '../check.ts';

export const performanceLines = {
  pooling,
  concurrency,
  downloads,
  cdn,
};

function pooling({ config }: Evidence): LineVerdict {
  const { connections } = config.upstream;
  return passed(
    `Connections to Kling are kept and used again: up to ${connections} for creates and as many for reads (upstream.connections).`,
  );
}

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

function concurrency({ config, packs, now }: Evidence): LineVerdict {
  const known = (['video', 'image'] as const).map((product) => ({
    product,
    limit: config.limits.concurrency[product],
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

function downloads(): LineVerdict {
  return notOurs(
    'The sidecar downloads no results in this version.',
    'Let the app download in the background, with a time limit, a part file and a check of its length.',
  );
}

function cdn(): LineVerdict {
  return notOurs(
    'The sidecar serves no results.',
    'Put the app’s own storage behind a CDN, and serve no address of Kling’s.',
  );
}
