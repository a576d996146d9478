/**
 * The emulator's charge book: each charge, and its pack or purse.
 *
 * **Invariant**: integers only (thousandths of a unit, billionths of a currency unit). A charge is entered when a
 * task is made that will succeed, or when a synchronous call is answered. A task that will fail is never entered, and no
 * charge is removed. The totals are the sums of the entries.
 */
import type { Ms, Product } from '../units.ts';
import { decimalText, KlingRefusal } from './replies.ts';

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

/** One task's charge from one pack or purse: a row of the vendor's ledger. */
export interface Deduction {
  at: Ms;
  taskId: string;
  apiKeyName: string;
  pack: Pack | null;
  cash: CashOptions | null;
  /** Thousandths of a unit, or billionths of a currency unit for cash. */
  amount: number;
  before: number;
  after: number;
}

/** One entry of `GET /_emulator/book`. `units` is exact to a thousandth. */
export interface BookCharge {
  taskId: string;
  externalTaskId: string | null;
  path: string;
  units: number;
  product: Product;
  /** ISO 8601 in UTC. */
  at: string;
  /** Present if money paid: the amount, as decimal text. */
  cash?: string;
}

export interface Book {
  charges: BookCharge[];
  totalUnits: number;
  totalUnitsByProduct: Record<Product, number>;
}

export interface ChargeRequest {
  taskId: string;
  externalTaskId: string | null;
  path: string;
  product: Product;
  milli: number;
  apiKeyName: string;
}

export interface ChargeBook {
  /** Refuses with 429/1102 if neither the packs nor the purse of a product can pay. */
  checkFunds(product: Product, milli: number): void;
  /** Enters a charge and gives its deductions; an amount of 0 enters nothing. */
  charge(request: ChargeRequest): Deduction[];
  read(): Book;
  readonly packs: readonly Pack[];
  readonly deductions: readonly Deduction[];
  /** The largest concurrency among a product's active packs; 0 without one. */
  packConcurrency(product: Product): number;
}

const DAY_MS: Ms = 86_400_000;
const MONTH_MS: Ms = 30 * DAY_MS;
const PRICE_BILLIONTHS_PER_MILLI: Record<CashOptions['currency'], Record<Product, number>> = {
  // $0.14 and $0.0035 a unit (kling-api.md, section 9.1); the mainland's yuan price is about 1 for a video unit.
  USD: { video: 140_000, image: 3500 },
  CNY: { video: 1_000_000, image: 25_000 },
};

interface BookInput {
  packs: readonly PackOptions[];
  cash: CashOptions | null;
  wallMs: () => Ms;
}

/** Makes an empty book over these packs; a pack without dates began a day ago and lasts as many months as its name says. */
export function createChargeBook({ packs: given, cash, wallMs }: BookInput): ChargeBook {
  const packs = given.map((pack, index) => openPack(pack, index, wallMs()));
  const charges: BookCharge[] = [];
  const deductions: Deduction[] = [];
  const totals: Record<Product, number> = { video: 0, image: 0 };
  let purse = cash === null ? 0 : Math.round(cash.balance * 1e9);
  const active = (product: Product): Pack[] =>
    packs
      .filter((pack) => pack.product === product && pack.effectiveAt <= wallMs() && wallMs() < pack.invalidAt)
      .sort((one, other) => one.invalidAt - other.invalidAt);
  const inPacks = (product: Product): number =>
    active(product).reduce((sum, pack) => sum + pack.leftMilli, 0);
  const priceOf = (product: Product, milli: number): number =>
    cash === null ? Infinity : milli * PRICE_BILLIONTHS_PER_MILLI[cash.currency][product];
  const take = (request: ChargeRequest): Deduction[] => {
    const base = { at: wallMs(), taskId: request.taskId, apiKeyName: request.apiKeyName };
    if (inPacks(request.product) < request.milli) {
      const amount = priceOf(request.product, request.milli);
      purse -= amount;
      return [{ ...base, pack: null, cash, amount, before: purse + amount, after: purse }];
    }
    const rows: Deduction[] = [];
    let owed = request.milli;
    for (const pack of active(request.product)) {
      const amount = Math.min(owed, pack.leftMilli);
      if (amount === 0) continue;
      const before = pack.leftMilli;
      pack.leftMilli -= amount;
      owed -= amount;
      rows.push({ ...base, pack, cash: null, amount, before, after: pack.leftMilli });
    }
    return rows;
  };
  return {
    packs,
    deductions,
    checkFunds(product, milli) {
      const hasPack = active(product).some((pack) => pack.leftMilli > 0) && inPacks(product) >= milli;
      if (!hasPack && priceOf(product, milli) > purse) throw new KlingRefusal(1102);
    },
    charge(request) {
      if (request.milli === 0) return [];
      const rows = take(request);
      deductions.push(...rows);
      totals[request.product] += request.milli;
      charges.push(entryOf(request, rows));
      return rows;
    },
    read: () => ({
      charges: charges.map((charge) => ({ ...charge })),
      totalUnits: (totals.video + totals.image) / 1000,
      totalUnitsByProduct: { video: totals.video / 1000, image: totals.image / 1000 },
    }),
    packConcurrency: (product) =>
      Math.max(0, ...active(product).map((pack) => numberIn(pack.name, /-(\d+)Con-/))),
  };
}

function entryOf(request: ChargeRequest, rows: readonly Deduction[]): BookCharge {
  const [first] = rows;
  const entry: BookCharge = {
    taskId: request.taskId,
    externalTaskId: request.externalTaskId,
    path: request.path,
    units: request.milli / 1000,
    product: request.product,
    at: new Date(first?.at ?? 0).toISOString(),
  };
  return first?.cash ? { ...entry, cash: cashText(first.amount) } : entry;
}

/** Writes billionths of a currency unit as a plain decimal, to a millionth. */
export function cashText(billionths: number): string {
  const whole = Math.floor(billionths / 1e9);
  const fraction = String(billionths % 1e9)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return fraction === '' ? String(whole) : `${whole}.${fraction}`;
}

/** A task's charge in units, in the vendor's format; cash charges are 0 units. */
export function unitsText(deductions: readonly Deduction[]): string {
  return decimalText(deductions.reduce((sum, row) => sum + (row.pack === null ? 0 : row.amount), 0));
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
