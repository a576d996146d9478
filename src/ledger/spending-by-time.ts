/** What was spent in each half hour: by Kling's ledgers for the account, and by our creates for each app. */
import type { Wallet } from '../account/account.ts';
import { rowCredits, type CashPrice } from '../account/row-credits.ts';
import { selectRead } from '../account/account-table.ts';
import { ADOPTED } from '../budget/adopted.ts';
import { defineRead, type Tx } from '../store/operation.ts';
import type { MilliCredits, Ms, Product } from '../units.ts';

/** Every zone's days begin at such an instant, but for a few before 1970. */
const SLOT_MS: Ms = 1_800_000;

/** Credits of the half hour that begins at `at`. */
export interface Spent {
  at: Ms;
  credits: MilliCredits;
}

export interface SpendingByTime {
  /** By Kling's ledgers. Null if they were never read. */
  account: Spent[] | null;
  /** By our creates: settled, or held where it is not decided; by app. */
  apps: { app: string; spent: Spent[] }[];
}

/** Reads the spending from one instant (inclusive) to another (exclusive). */
export const spendingByTime = defineRead(
  'ledger.spendingByTime',
  async (tx: Tx, { from, to, price }: { from: Ms; to: Ms; price: CashPrice }): Promise<SpendingByTime> => {
    const [units, money] = [await selectRead(tx, 'package'), await selectRead(tx, 'balance')];
    const isRead = units.readAt !== null || money.readAt !== null;
    return {
      account: isRead ? await ofAccount(tx, { from, to, price }) : null,
      apps: await ofApps(tx, { from, to }),
    };
  },
);

async function ofAccount(
  tx: Tx,
  { from, to, price }: { from: Ms; to: Ms; price: CashPrice },
): Promise<Spent[]> {
  const rows = await tx.all<{
    slot: number;
    wallet: Wallet;
    product: string | null;
    currency: string | null;
    amount: number;
  }>(
    `SELECT at / ${SLOT_MS} AS slot, wallet, product, currency, SUM(amount) AS amount FROM account_deductions
     WHERE at >= ? AND at < ? GROUP BY at / ${SLOT_MS}, wallet, product, currency ORDER BY at / ${SLOT_MS}`,
    from,
    to,
  );
  const spent = new Map<number, MilliCredits>();
  for (const { slot, ...row } of rows) {
    const product: Product = row.product === 'image' ? 'image' : 'video';
    const credits = rowCredits({ ...row, cashType: null }, product, price) ?? 0;
    spent.set(slot, (spent.get(slot) ?? 0) + credits);
  }
  return [...spent].map(([slot, credits]) => ({ at: slot * SLOT_MS, credits }));
}

async function ofApps(tx: Tx, { from, to }: { from: Ms; to: Ms }): Promise<SpendingByTime['apps']> {
  const rows = await tx.all<{ app: string; slot: number; credits: MilliCredits }>(
    `SELECT app, at / ${SLOT_MS} AS slot, SUM(CASE WHEN state = 'held' THEN credits ELSE settled_credits END) AS credits
     FROM creates WHERE at >= ? AND at < ? AND app <> ? GROUP BY app, at / ${SLOT_MS} ORDER BY app, at / ${SLOT_MS}`,
    from,
    to,
    ADOPTED,
  );
  return [...Map.groupBy(rows, ({ app }) => app)].map(([app, own]) => ({
    app,
    spent: own.map(({ slot, credits }) => ({ at: slot * SLOT_MS, credits })),
  }));
}
