/**
 * Reads Kling's deduction for a task, in thousandths of a credit.
 *
 * The legacy generation has `final_unit_deduction` (units of the route's product) and `final_balance_deduction` (cash);
 * the new one has `billing[]`, rows of units or cash. Amounts are decimal text and never floating-point numbers.
 *
 * **Invariant**: null means that the answer has no deduction, or none that can be read; never that the task was
 * free. An unread amount is left to the next answer, to reconciliation, or to a person.
 */
import { LIST_PRICE, moneyToMilli, poolOf, type CashPrice } from '../account/row-credits.ts';
import type { Deduction } from '../tasks/task.ts';
import { unitsToMilli, type Product } from '../units.ts';
import { fieldOf, textOfValue } from './json-value.ts';

/** Reads the deduction of a task, or of a synchronous answer's `data`, of either generation. */
export function deductionOf(
  data: unknown,
  product: Product,
  price: CashPrice = LIST_PRICE,
): Deduction | null {
  const billing = fieldOf(data, 'billing');
  const parts = Array.isArray(billing)
    ? billing.map((it) => billed(it, product, price))
    : legacy(data, product, price);
  const read = parts.filter((part) => part !== undefined);
  if (read.length === 0 || read.includes(null)) return null;
  const sum = read.reduce((total, part) => total + (part?.credits ?? 0), 0);
  return { credits: sum, raw: read.map((part) => part?.raw ?? '').join(' + ') };
}

/** Undefined if there is nothing to read, null if it cannot be read. */
type Part = Deduction | null | undefined;

function legacy(data: unknown, product: Product, price: CashPrice): Part[] {
  const balance = fieldOf(data, 'final_balance_deduction');
  return [
    units(fieldOf(data, 'final_unit_deduction'), product),
    cash(fieldOf(balance, 'quota'), { currency: null, type: 'balance', price }),
  ];
}

function billed(item: unknown, product: Product, price: CashPrice): Part {
  const amount = fieldOf(item, 'amount');
  const charge = fieldOf(item, 'charge_type');
  if (charge === 'unit') return units(amount, poolOf(fieldOf(item, 'package_type'), product));
  if (charge !== 'cash') return null;
  const currency = textOfValue(fieldOf(item, 'currency'));
  return cash(amount, { currency, type: textOfValue(fieldOf(item, 'cash_type')) ?? 'balance', price });
}

function units(value: unknown, pool: Product): Part {
  const amount = textOfValue(value);
  if (amount === null) return undefined;
  const credits = unitsToMilli(amount, pool);
  return credits === undefined ? null : { credits, raw: `${amount} ${pool}` };
}

interface Cash {
  currency: string | null;
  type: string;
  price: CashPrice;
}

function cash(value: unknown, { currency, type, price }: Cash): Part {
  const amount = textOfValue(value);
  if (amount === null) return undefined;
  const credits = moneyToMilli(amount, currency, price);
  if (credits === undefined) return null;
  return { credits, raw: [amount, currency, type].filter((it) => it !== null).join(' ') };
}
