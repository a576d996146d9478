/**
 * Kling's account reads on the wire: packs, and the ledgers of units and money.
 *
 * Sources: "Account Usage" (`GET /account/costs`), "Balance deduction detail" and "Package deduction detail"
 * (`POST /account/billing/...`, since 2026-07-06), vendor's pages read 2026-09-20. Their `start_time` and `end_time`
 * select by the time when a task was made, not when it was charged.
 *
 * **Invariant**: a row that cannot be read completely makes the whole page a problem: a sum over the other rows would be
 * wrong without a sign of it. Amounts are never floating-point numbers.
 */
import type { BillingRow, Millionths, Pack, Wallet } from '../account/account.ts';
import { storableText } from '../plain-text.ts';
import { decimalTimes, type Ms } from '../units.ts';
import type { Envelope } from './envelope.ts';
import { fieldOf, nameOfValue, textOfValue } from './json-value.ts';

export const COSTS_ROUTE = '/account/costs';
/** Rows of a page, Kling's maximum. */
const PAGE_ROWS_MAX = 500;
const MILLION = 1_000_000;

/** The content of an answer, or why it has none. */
export type Read<T> = { ok: T } | { problem: string };

/** Builds `GET /account/costs` for the packs of a time range. */
export function costsPath(from: Ms, to: Ms): string {
  return `${COSTS_ROUTE}?start_time=${from}&end_time=${to}`;
}

/** Gives the path of a ledger. */
export function billingPath(wallet: Wallet): string {
  return `/account/billing/${wallet}`;
}

/** Builds the body that asks for a page: the first of a time range, `end` exclusive, or the one of a cursor. */
export function billingBody(ask: { start: Ms; end: Ms } | { cursor: string }): string {
  if ('cursor' in ask) return JSON.stringify({ cursor: ask.cursor });
  return JSON.stringify({ start_time: ask.start, end_time: ask.end - 1, limit: PAGE_ROWS_MAX });
}

/** Reads the packs of an answer of `GET /account/costs`, which has an envelope within the envelope. */
export function readPacks(envelope: Envelope | null): Read<Pack[]> {
  const refusal = refusalIn(envelope);
  if (refusal !== null) return { problem: refusal };
  const data = envelope?.data;
  const inner = fieldOf(data, 'code');
  if (inner !== undefined && inner !== 0) {
    return { problem: `code ${textOfValue(inner) ?? '?'}: ${textOfValue(fieldOf(data, 'msg')) ?? ''}` };
  }
  // An account that never bought a pack may have no list.
  return readAll(fieldOf(data, 'resource_pack_subscribe_infos') ?? [], packOf);
}

/** A page of a ledger; `cursor` is null on the last one. */
export interface BillingPage {
  deductions: BillingRow[];
  cursor: string | null;
}

/** Reads a page of a ledger. */
export function readBillingPage(wallet: Wallet, envelope: Envelope | null): Read<BillingPage> {
  const refusal = refusalIn(envelope);
  if (refusal !== null) return { problem: refusal };
  const data = envelope?.data;
  const rows = readAll(fieldOf(fieldOf(data, 'result'), 'detail') ?? [], (row) => billingRowOf(wallet, row));
  if ('problem' in rows) return rows;
  const cursor = textOfValue(fieldOf(data, 'next_cursor'));
  const hasMore = fieldOf(data, 'has_more') === true;
  if (hasMore && cursor === null) return { problem: 'has_more without a next_cursor' };
  return { ok: { deductions: rows.ok, cursor: hasMore ? cursor : null } };
}

/** Gives why an answer is none, as a sentence; null for one of code 0. */
export function refusalIn(envelope: Envelope | null): string | null {
  if (envelope === null) return 'an answer without Kling’s envelope';
  if (envelope.code === 0) return null;
  return `code ${envelope.code ?? '?'}: ${storableText((envelope.message ?? '').slice(0, 200))}`;
}

function readAll<T>(list: unknown, read: (item: unknown) => T | string): Read<T[]> {
  if (!Array.isArray(list)) return { problem: 'a list was expected' };
  const items: T[] = [];
  for (const [index, item] of list.entries()) {
    const one = read(item);
    if (typeof one === 'string') return { problem: `row ${index + 1}: ${one} cannot be read` };
    items.push(one);
  }
  return { ok: items };
}

/** Gives a pack, or the name of the field that cannot be read. */
function packOf(item: unknown): Pack | string {
  const id = nameOfValue(fieldOf(item, 'resource_pack_id'));
  if (id === null) return 'resource_pack_id';
  const effectiveAt = instantOf(fieldOf(item, 'effective_time'));
  if (effectiveAt === null) return 'effective_time';
  const invalidAt = instantOf(fieldOf(item, 'invalid_time'));
  if (invalidAt === null || invalidAt < effectiveAt) return 'invalid_time';
  return {
    id,
    name: textOfValue(fieldOf(item, 'resource_pack_name')) ?? id,
    kind: textOfValue(fieldOf(item, 'resource_pack_type')) ?? 'unknown',
    total: millionthsOf(fieldOf(item, 'total_quantity')),
    remaining: millionthsOf(fieldOf(item, 'remaining_quantity')),
    purchasedAt: instantOf(fieldOf(item, 'purchase_time')),
    effectiveAt,
    invalidAt,
    status: textOfValue(fieldOf(item, 'status')) ?? 'unknown',
  };
}

const BEFORE: Readonly<Record<Wallet, string>> = {
  package: 'unit_before_deduction',
  balance: 'balance_before_deduction',
};

/** Gives a deduction, or the name of the field that cannot be read. */
function billingRowOf(wallet: Wallet, item: unknown): BillingRow | string {
  const taskId = nameOfValue(fieldOf(item, 'task_id'));
  if (taskId === null) return 'task_id';
  const at = instantOf(fieldOf(item, 'deduction_time'));
  if (at === null) return 'deduction_time';
  const amount = millionthsOf(fieldOf(item, 'deduction_amount'));
  if (amount === null) return 'deduction_amount';
  return {
    wallet,
    taskId,
    at,
    before: millionthsOf(fieldOf(item, BEFORE[wallet])) ?? 0,
    amount,
    packId: nameOfValue(fieldOf(item, 'package_id')),
    product: textOfValue(fieldOf(item, 'product_type')),
    cashType: textOfValue(fieldOf(item, 'cash_type')),
    currency: textOfValue(fieldOf(item, 'currency')),
    apiKeyName: textOfValue(fieldOf(item, 'api_key_name')),
  };
}

/** Times are milliseconds since 1970, as a number or as text. */
function instantOf(value: unknown): Ms | null {
  const text = textOfValue(value);
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

/** Quantities come as numbers; they are rounded up to a millionth. */
function millionthsOf(value: unknown): Millionths | null {
  const text = textOfValue(value);
  return text === null ? null : (decimalTimes(text, MILLION) ?? null);
}
