/**
 * The emulator's charge book: each charge, ours and others'.
 *
 * **Invariant**: integers only (thousandths of a unit, billionths of a currency unit). A charge is entered when a
 * task is made that will succeed, or when a synchronous call is answered; only its row in the ledgers may come later. A task that will fail is never entered, and no
 * charge is removed. The totals are the sums of the entries.
 */
import type { Ms, Product } from '../units.ts';
import type { EmulatorTime } from './emulator-time.ts';
import { createLedgerRows, type BillingSettings, type Deduction, type LedgerRows } from './ledger-rows.ts';
import { decimalText } from './replies.ts';
import { createWallet, type CashOptions, type PackOptions, type Wallet } from './wallet.ts';

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
  /** Present if somebody else on the account spent it; such charges are in no total but `foreignUnits`. */
  foreign?: true;
}

export interface Book {
  charges: BookCharge[];
  totalUnits: number;
  totalUnitsByProduct: Record<Product, number>;
  foreignUnits: number;
}

/** A charge of somebody else on the account. */
export interface ForeignCharge {
  taskId: string;
  path: string;
  product: Product;
  apiKeyName: string;
  /** Thousandths of a unit from the packs, or billionths of the purse's currency. */
  milli?: number;
  billionths?: number;
  /** The wall time of its deduction: now or earlier. */
  at: Ms;
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
  /** Enters a charge and gives its deductions; an amount of 0 enters nothing. */
  charge(request: ChargeRequest): Deduction[];
  read(): Book;
  /** Enters a charge that is not ours. Refuses with 429/1102 if its packs or the purse cannot pay. */
  chargeForeign(charge: ForeignCharge): Deduction[];
  readonly wallet: Wallet;
  readonly rows: LedgerRows;
}

interface BookInput {
  packs: readonly PackOptions[];
  cash: CashOptions | null;
  time: Pick<EmulatorTime, 'wallMs' | 'ageMs'>;
  billing: Partial<BillingSettings>;
}

/** Makes an empty book over these packs. */
export function createChargeBook({ packs: given, cash, time, billing: changes }: BookInput): ChargeBook {
  const { wallMs } = time;
  const charges: BookCharge[] = [];
  const totals: Record<Product, number> = { video: 0, image: 0 };
  let foreignMilli = 0;
  const wallet = createWallet(given, cash, wallMs);
  const rows = createLedgerRows(time, changes);
  return {
    wallet,
    rows,
    charge(request) {
      if (request.milli === 0) return [];
      const paid = rows.add(wallet.pay(request.product, request.milli), request, wallMs());
      totals[request.product] += request.milli;
      charges.push(entryOf(request, paid));
      return paid;
    },
    chargeForeign({ milli = 0, billionths = 0, at, ...rest }) {
      const request = { ...rest, milli, externalTaskId: null };
      const payments = billionths > 0 ? wallet.payCash(billionths) : wallet.payUnits(rest.product, milli);
      const paid = rows.add(payments, request, at);
      foreignMilli += milli;
      charges.push({ ...entryOf(request, paid), foreign: true });
      return paid;
    },
    read: () => ({
      charges: charges.map((charge) => ({ ...charge })),
      totalUnits: (totals.video + totals.image) / 1000,
      totalUnitsByProduct: { video: totals.video / 1000, image: totals.image / 1000 },
      foreignUnits: foreignMilli / 1000,
    }),
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
