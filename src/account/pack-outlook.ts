/**
 * How long packs last at the pace of the last week, and what will be left in them when they end.
 *
 * A product's packs are one supply: an empty pack matters little while another is full. The units left at a pack's end
 * assume that the pack that ends first is used first, at the pace of the product; Kling does not say which it uses.
 *
 * **Invariant**: the only sources are Kling's own list and ledger, so the outlook can be half a day old.
 */
import { defineRead } from '../store/operation.ts';
import type { Ms, Product } from '../units.ts';
import { DAY_MS } from '../zone.ts';
import { productOfPack, type Millionths, type Pack } from './account.ts';
import { selectPacks, selectRead, sumDeductions } from './account-table.ts';

/** The pace is the mean of this many days. */
const BURN_DAYS = 7;
const PRODUCTS: readonly Product[] = ['video', 'image'];

export interface PackOutlook extends Pack {
  product: Product;
  /** Deducted from this pack a day. */
  perDay: Millionths;
  /** Units left in it at its end; null if its rest is not known. */
  lost: Millionths | null;
}

export interface ProductOutlook {
  product: Product;
  /** In all usable packs; null if the rest of one is not known. */
  remaining: Millionths | null;
  perDay: Millionths;
  /** Until they are empty; null if that is not known or nothing is deducted. */
  daysLeft: number | null;
  /** When the next pack that was bought begins; null if there is none. */
  nextBeginsAt: Ms | null;
  /** The pack that begins last: it identifies the supply. Null if there never was a pack. */
  newestPackId: string | null;
}

export interface PacksOutlook {
  /** The usable packs at the instant, by the day they began. */
  packs: PackOutlook[];
  products: ProductOutlook[];
}

/** Gives the outlook of packs at an instant, from the account's rows; empty before the first read. */
export const packOutlook = defineRead(
  'account.packOutlook',
  async (tx, { at }: { at: Ms }): Promise<PacksOutlook & { isRead: boolean }> => {
    const sums = await sumDeductions(tx, [{ start: at - BURN_DAYS * DAY_MS, end: at }]);
    const burned = new Map<string, Millionths>();
    for (const { packId, amount } of sums)
      if (packId !== null) burned.set(packId, (burned.get(packId) ?? 0) + amount);
    const [packs, ledger] = [await selectRead(tx, 'packs'), await selectRead(tx, 'package')];
    const isRead = packs.readAt !== null && ledger.readAt !== null;
    return { ...outlookOf(await selectPacks(tx), burned, at), isRead };
  },
);

/** Computes the outlook from all packs that were ever seen, and the deductions from each in the last week. */
export function outlookOf(
  all: readonly Pack[],
  burned: ReadonlyMap<string, Millionths>,
  at: Ms,
): PacksOutlook {
  const perDayOf = ({ id }: Pack): number => (burned.get(id) ?? 0) / BURN_DAYS;
  const packs: PackOutlook[] = [];
  const products: ProductOutlook[] = [];
  for (const product of PRODUCTS) {
    const own = all.filter((pack) => productOfPack(pack) === product);
    const inUse = own.filter(({ effectiveAt, invalidAt }) => effectiveAt <= at && at < invalidAt);
    const perDay = own.reduce((sum, pack) => sum + perDayOf(pack), 0);
    packs.push(
      ...withLosses(inUse, perDay, at).map((pack) => ({ ...pack, product, perDay: perDayOf(pack) })),
    );
    products.push(productOutlook(product, { own, inUse, perDay, at }));
  }
  packs.sort((a, b) => a.effectiveAt - b.effectiveAt || (a.id < b.id ? -1 : 1));
  return { packs, products };
}

/** Uses up the packs in the order of their ends, each at the pace of the product; gives what is left in each. */
function withLosses(
  packs: readonly Pack[],
  perDay: Millionths,
  at: Ms,
): (Pack & { lost: Millionths | null })[] {
  let used = 0;
  return packs
    .toSorted((a, b) => a.invalidAt - b.invalidAt)
    .map((pack) => {
      if (pack.remaining === null) return { ...pack, lost: null };
      const usable = Math.max(0, (perDay * (pack.invalidAt - at)) / DAY_MS - used);
      const taken = Math.min(pack.remaining, usable);
      used += taken;
      return { ...pack, lost: Math.round(pack.remaining - taken) };
    });
}

function productOutlook(
  product: Product,
  { own, inUse, perDay, at }: { own: readonly Pack[]; inUse: readonly Pack[]; perDay: Millionths; at: Ms },
): ProductOutlook {
  const isKnown = inUse.every(({ remaining }) => remaining !== null);
  const remaining = isKnown ? inUse.reduce((sum, pack) => sum + (pack.remaining ?? 0), 0) : null;
  const begins = own.filter(({ effectiveAt }) => effectiveAt > at).map(({ effectiveAt }) => effectiveAt);
  const newest = own.toSorted((a, b) => a.effectiveAt - b.effectiveAt || (a.id < b.id ? -1 : 1)).at(-1);
  return {
    product,
    remaining,
    perDay,
    daysLeft: remaining === null || perDay <= 0 ? null : remaining / perDay,
    nextBeginsAt: begins.length === 0 ? null : Math.min(...begins),
    newestPackId: newest?.id ?? null,
  };
}
