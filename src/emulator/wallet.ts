/**
 * The packs and the purse that pay for an account.
 *
 * **Invariant**: integers only (thousandths of a unit, billionths of a currency unit). The pack that expires first pays first; the
 * purse pays only if the packs cannot pay all.
 */
import type { Ms, Product } from '../units.ts';
import { KlingRefusal } from './replies.ts';

/** A pack in the emulator's options. Times are wall times in ms. */
export interface PackOptions {
  name: string;
  product: Product;
  units: number;
  /** Default: half of its months ago. */
  effectiveAt?: Ms;
  invalidAt?: Ms;
}

/** Money that pays the list price if no pack can. */
export interface CashOptions {
  balance: number;
  currency: 'USD' | 'CNY';
  cashType?: 'balance' | 'test_balance';
}

export interface Pack {
  id: string;
  name: string;
  product: Product;
  totalMilli: number;
  leftMilli: number;
  purchasedAt: Ms;
  effectiveAt: Ms;
  invalidAt: Ms;
}

/** What one pack or the purse paid of a charge. */
export interface Payment {
  pack: Pack | null;
  cash: CashOptions | null;
  /** Thousandths of a unit, or billionths of a currency unit for cash. */
  amount: number;
  before: number;
  after: number;
}

const MONTH_MS: Ms = 30 * 86_400_000;
const PRICE_BILLIONTHS_PER_MILLI: Record<CashOptions['currency'], Record<Product, number>> = {
  // $0.14 and $0.0035 a unit (kling-api.md, section 9.1); the mainland's yuan price is about 1 for a video unit.
  USD: { video: 140_000, image: 3500 },
  CNY: { video: 1_000_000, image: 25_000 },
};

export interface Wallet {
  readonly packs: readonly Pack[];
  /** The largest concurrency among a product's active packs; 0 without one. */
  packConcurrency(product: Product): number;
  /** Refuses with 429/1102 if neither the packs nor the purse of a product can pay. */
  check(product: Product, milli: number): void;
  /** Pays from the packs, or else from the purse. */
  pay(product: Product, milli: number): Payment[];
  /** Pay from one of the two; refuse with 429/1102 if it has too little. */
  payUnits(product: Product, milli: number): Payment[];
  payCash(billionths: number): Payment[];
}

/** Makes a full wallet; a pack without dates is half through as many months as its name says. */
export function createWallet(
  given: readonly PackOptions[],
  cash: CashOptions | null,
  wallMs: () => Ms,
): Wallet {
  const packs = given.map((pack, index) => openPack(pack, index, wallMs()));
  let purse = cash === null ? 0 : Math.round(cash.balance * 1e9);
  const active = (product: Product): Pack[] =>
    packs
      .filter((pack) => pack.product === product && pack.effectiveAt <= wallMs() && wallMs() < pack.invalidAt)
      .sort((one, other) => one.invalidAt - other.invalidAt);
  const inPacks = (product: Product): number =>
    active(product).reduce((sum, pack) => sum + pack.leftMilli, 0);
  const priceOf = (product: Product, milli: number): number =>
    cash === null ? Infinity : milli * PRICE_BILLIONTHS_PER_MILLI[cash.currency][product];
  const fromPurse = (amount: number): Payment[] => {
    purse -= amount;
    return [{ pack: null, cash, amount, before: purse + amount, after: purse }];
  };
  const fromPacks = (product: Product, milli: number): Payment[] => {
    let owed = milli;
    const payments: Payment[] = [];
    for (const pack of active(product)) {
      const amount = Math.min(owed, pack.leftMilli);
      if (amount === 0) continue;
      const before = pack.leftMilli;
      pack.leftMilli -= amount;
      owed -= amount;
      payments.push({ pack, cash: null, amount, before, after: pack.leftMilli });
    }
    return payments;
  };
  return {
    packs,
    packConcurrency: (product) =>
      Math.max(0, ...active(product).map((pack) => numberIn(pack.name, /-(\d+)Con-/))),
    check(product, milli) {
      const hasPack = active(product).some((pack) => pack.leftMilli > 0) && inPacks(product) >= milli;
      if (!hasPack && priceOf(product, milli) > purse) throw new KlingRefusal(1102);
    },
    pay: (product, milli) =>
      inPacks(product) < milli ? fromPurse(priceOf(product, milli)) : fromPacks(product, milli),
    payUnits(product, milli) {
      if (inPacks(product) < milli) throw new KlingRefusal(1102);
      return fromPacks(product, milli);
    },
    payCash(billionths) {
      if (purse < billionths) throw new KlingRefusal(1102);
      return fromPurse(billionths);
    },
  };
}

function openPack(given: PackOptions, index: number, nowMs: Ms): Pack {
  const months = numberIn(given.name, /-(\d+)Months/) || 1;
  const effectiveAt = given.effectiveAt ?? nowMs - Math.floor((months * MONTH_MS) / 2);
  const milli = Math.round(given.units * 1000);
  return {
    id: `pack-${index + 1}`,
    name: given.name,
    product: given.product,
    totalMilli: milli,
    leftMilli: milli,
    purchasedAt: effectiveAt,
    effectiveAt,
    invalidAt: given.invalidAt ?? effectiveAt + months * MONTH_MS,
  };
}

function numberIn(text: string, pattern: RegExp): number {
  return Number(pattern.exec(text)?.[1] ?? 0);
}
