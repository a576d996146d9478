/** `GET /v1/packs`: the account's packs, by Kling's list as it was last read, and how long they last. */
import { productOfPack, type Millionths, type Pack } from '../../account/account.ts';
import { readAccount } from '../../account/account-table.ts';
import { packOutlook, type PackOutlook } from '../../account/pack-outlook.ts';
import type { PackPrice } from '../../claims/billing-fee.ts';
import { packConcurrency } from '../../pacing/pack-limits.ts';
import type { Store } from '../../store/store.ts';
import { MILLI_CREDITS_PER_UNIT, toCredits, type Ms, type Product } from '../../units.ts';
import type { PacksAnswer, PacksQuery } from '../pack-schemas.ts';
import { iso, isoOrNull } from './shape.ts';

const MILLION = 1_000_000;

/** Reads the packs, by the day they began. */
export async function answerPacks(
  reader: Pick<Store, 'read'>,
  { all }: PacksQuery,
  { now, prices }: { now: Ms; prices: readonly PackPrice[] },
): Promise<PacksAnswer> {
  const [{ packs, reads }, outlook] = await Promise.all([
    reader.read(readAccount, {}),
    reader.read(packOutlook, { at: now }),
  ]);
  const usable = new Map(outlook.packs.map((pack) => [pack.id, pack]));
  return {
    readAt: isoOrNull(reads.packs.readAt),
    problem: reads.packs.problem,
    packs: packs
      .filter(({ invalidAt }) => all === 'true' || invalidAt > now)
      .map((pack) => shapePack(pack, { now, prices, outlook: usable.get(pack.id) })),
    products: outlook.products.map(({ product, remaining, perDay, daysLeft, nextBeginsAt }) => ({
      product,
      remainingUnits: unitsOf(remaining),
      remainingCredits: creditsOf(remaining, product),
      perDayUnits: perDay / MILLION,
      daysLeft: daysLeft === null ? null : toTenth(daysLeft),
      nextBeginsAt: isoOrNull(nextBeginsAt),
    })),
  };
}

interface Shaping {
  now: Ms;
  prices: readonly PackPrice[];
  outlook: PackOutlook | undefined;
}

function shapePack(pack: Pack, { now, prices, outlook }: Shaping): PacksAnswer['packs'][number] {
  const { id, name, kind, status, total, remaining, effectiveAt, invalidAt } = pack;
  const product = productOfPack(pack);
  const perDay = outlook?.perDay ?? 0;
  const lost = outlook?.lost ?? null;
  return {
    id,
    name,
    type: kind,
    product,
    state: now < effectiveAt ? 'upcoming' : now < invalidAt ? 'usable' : 'ended',
    status,
    totalUnits: unitsOf(total),
    remainingUnits: unitsOf(remaining),
    remainingCredits: creditsOf(remaining, product),
    effectiveAt: iso(effectiveAt),
    expiresAt: iso(invalidAt),
    concurrency: packConcurrency(pack),
    perDayUnits: perDay / MILLION,
    daysLeft: remaining === null || perDay <= 0 ? null : toTenth(remaining / perDay),
    unusedUnits: unitsOf(lost),
    unusedCredits: creditsOf(lost, product),
    price: priceOf(pack, prices),
  };
}

function priceOf(pack: Pack, prices: readonly PackPrice[]): PacksAnswer['packs'][number]['price'] {
  const price = prices.find((one) => one.pack === pack.id) ?? prices.find((one) => one.pack === pack.name);
  if (!price) return null;
  const amount = price.amount / MILLION;
  const whole = creditsOf(pack.total, productOfPack(pack));
  const perCredit = whole === null || whole === 0 ? null : Math.round((amount / whole) * MILLION) / MILLION;
  return { amount, currency: price.currency, perCredit };
}

function unitsOf(millionths: Millionths | null): number | null {
  return millionths === null ? null : millionths / MILLION;
}

/** To a thousandth, as credits are. */
function creditsOf(millionths: Millionths | null, product: Product): number | null {
  if (millionths === null) return null;
  return toCredits(Math.floor((millionths / MILLION) * MILLI_CREDITS_PER_UNIT[product]));
}

function toTenth(days: number): number {
  return Math.round(days * 10) / 10;
}
