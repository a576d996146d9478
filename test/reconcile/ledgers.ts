/** A store in memory with creates and rows of Kling's ledgers, for tests that compare them. */
import type { BillingRow } from '../../src/account/account.ts';
import { recordDeductions, recordRead } from '../../src/account/account-table.ts';
import { ledgerModules } from '../../src/ledger/ledger-modules.ts';
import { settleNewDeductions, settleWaiting } from '../../src/ledger/settle-deductions.ts';
import { reconcileModule } from '../../src/reconcile/reconcile-module.ts';
import {
  reconcile,
  type Reconciliation,
  type ReconcileQuestion,
} from '../../src/reconcile/reconciliation.ts';
import type { StoreOperation } from '../../src/store/operation.ts';
import { createMemoryStore, type MemoryStore } from '../ledger/memory-store.ts';
import { NOON } from '../ledger/making.ts';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
export const PRICE = { perCredit: 0.014, currency: 'USD' };

export const openLedgers = (): MemoryStore => createMemoryStore([...ledgerModules, reconcileModule]);

/** A row of the ledger of units. */
export const units = (
  taskId: string,
  at: number,
  amount: number,
  over: Partial<BillingRow> = {},
): BillingRow => ({
  wallet: 'package',
  taskId,
  at,
  before: 90_000_000,
  amount: Math.round(amount * 1_000_000),
  packId: 'p-1',
  product: 'video',
  cashType: null,
  currency: null,
  apiKeyName: 'staging',
  ...over,
});

/** Notes that both ledgers were read at an instant, as the account's reader does; settles what they show. */
export async function readLedgers(
  store: MemoryStore,
  at: number,
  rows: readonly BillingRow[] = [],
): Promise<void> {
  await store.run(recordDeductions, { deductions: [...rows] });
  for (const what of ['package', 'balance'] as const) {
    await store.run(recordRead, {
      what,
      readAt: at,
      problem: null,
      fromAt: NOON - 90 * DAY,
      throughAt: at - DAY,
    });
  }
  const upstream = { host: 'api.example', account: 'key-0', fingerprint: 'key-0' };
  const args = { at, price: PRICE, upstream, after: '', limit: 100_000 };
  await store.run(settleNewDeductions, args);
  await store.run(settleWaiting, args);
}

export function compare(
  store: MemoryStore,
  question: Partial<ReconcileQuestion> = {},
): Promise<Reconciliation> {
  const read = <A, R>(operation: StoreOperation<A, R>, args: A): Promise<R> => store.run(operation, args);
  const at = question.at ?? NOON + 3 * DAY;
  return reconcile(
    { read },
    { from: NOON - 2 * DAY, to: at, timeZone: 'UTC', at, price: PRICE, ...question },
  );
}
