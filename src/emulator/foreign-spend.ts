/**
 * Somebody else who spends on the same account, and delayed reports: what a reconciliation must find, and must not be misled by.
 *
 * **Invariant**: a foreign charge is in the ledgers like any other, marked only in the emulator's own book, and counted in
 * none of its totals but `foreignUnits`.
 */
import type { Ms, Product } from '../units.ts';
import type { KlingAccount } from './account.ts';
import type { BillingSettings } from './ledger-rows.ts';
import { clipMs, plan, type TaskPlan } from './plan.ts';

/** What somebody else spends: units of a pack, or cash. */
export interface ForeignSpend {
  /** Units, exact to a thousandth; either these or `cash`. */
  units?: number;
  /** An amount of the purse's currency, exact to a billionth. */
  cash?: number;
  /** Default `video`. */
  product?: Product;
  /** The key's name in the ledgers. Default `somebody-else`. */
  apiKeyName?: string;
  /** The wall time of the deduction, now or earlier. Default now. */
  at?: Ms;
  /** Whether it also has a task in `/tasks`, as usual or one that never ends. Default false: only the ledgers name its task id. */
  task?: boolean | 'open';
}

const PATHS: Record<Product, string> = { video: '/v1/videos/text2video', image: '/v1/images/generations' };

/**
 * Enters the charge, and its task if one is wanted.
 * @returns the task id.
 * @throws KlingRefusal 1102 if nothing can pay; Error if the order is contradictory.
 */
export function spendForeign(spend: ForeignSpend, account: KlingAccount): string {
  const { units, cash, product = 'video', apiKeyName = 'somebody-else', task = false } = spend;
  const { book, tasks, time } = account;
  const at = spend.at ?? time.wallMs();
  if ((units === undefined) === (cash === undefined)) throw new Error('give either units or cash');
  if (at > time.wallMs()) throw new Error('at must not be in the future');
  const amount =
    units === undefined ? { billionths: Math.round((cash ?? 0) * 1e9) } : { milli: Math.round(units * 1000) };
  const charge = (taskId: string) =>
    book.chargeForeign({ taskId, path: PATHS[product], product, apiKeyName, at, ...amount });
  if (task === false) {
    const id = tasks.newId();
    charge(id);
    return id;
  }
  const made = tasks.create({
    path: PATHS[product],
    plan: foreignPlan(product, amount.milli ?? 0),
    fate: task === 'open' ? 'stuck' : 'succeed',
    failMessage: '',
    failsAtOnce: false,
    chargeMilli: 0,
    resultBytes: null,
    apiKeyName,
    at,
  });
  made.deductions = charge(made.id);
  return made.id;
}

function foreignPlan(product: Product, unitsMilli: number): TaskPlan {
  if (product === 'image')
    return plan({ productFunction: 'Image Generation', unitsMilli, product, model: 'kling-v3' });
  return plan({
    productFunction: 'Text to Video',
    unitsMilli,
    model: 'kling-v3',
    resolution: '720p',
    durationMs: clipMs(5),
  });
}

/**
 * Reads a foreign charge from JSON.
 * @throws Error with a sentence that names the wrong part and the allowed values.
 */
export function readForeignSpend(value: Record<string, unknown>): ForeignSpend {
  const spend: ForeignSpend = {};
  for (const [name, given] of Object.entries(value)) {
    switch (name) {
      case 'units':
      case 'cash':
        spend[name] = positive(given, name);
        break;
      case 'product':
        if (given !== 'video' && given !== 'image') throw new Error('product must be video or image');
        spend.product = given;
        break;
      case 'apiKeyName':
        if (typeof given !== 'string') throw new Error('apiKeyName must be a string');
        spend.apiKeyName = given;
        break;
      case 'at':
        spend.at = instant(given);
        break;
      case 'task':
        if (typeof given !== 'boolean' && given !== 'open')
          throw new Error('task must be true, false or "open"');
        spend.task = given;
        break;
      default:
        throw new Error(`${name} is none of units, cash, product, apiKeyName, at, task`);
    }
  }
  return spend;
}

/**
 * Reads the delays of the ledgers from JSON; absent ones are not changed.
 * @throws Error with a sentence that names the wrong part and the allowed values.
 */
export function readBilling(value: Record<string, unknown>): Partial<BillingSettings> {
  const settings: Partial<BillingSettings> = {};
  for (const [name, given] of Object.entries(value)) {
    if (name !== 'delayMs' && name !== 'packLagMs') throw new Error(`${name} is none of delayMs, packLagMs`);
    if (typeof given !== 'number' || !(given >= 0)) throw new Error(`${name} must be a number of 0 or more`);
    settings[name] = given;
  }
  return settings;
}

function positive(value: unknown, name: string): number {
  if (typeof value === 'number' && value > 0 && Number.isFinite(value)) return value;
  throw new Error(`${name} must be a number above 0`);
}

function instant(value: unknown): Ms {
  const ms = typeof value === 'string' ? Date.parse(value) : value;
  if (typeof ms === 'number' && Number.isInteger(ms)) return ms;
  throw new Error('at must be a time as ISO 8601, or milliseconds since 1970');
}
