/** The tables of packs, deductions and how far they were read. */
import { defineRead, defineWrite, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import type { AccountRead, BillingRow, Millionths, Pack, Wallet } from './account.ts';

type What = 'packs' | Wallet;

interface PackRow {
  id: string;
  name: string;
  kind: string;
  total: Millionths | null;
  remaining: Millionths | null;
  purchased_at: Ms | null;
  effective_at: Ms;
  invalid_at: Ms;
  status: string;
}

/** Lists the packs that were ever seen, by the day they began. */
export async function selectPacks(tx: Tx): Promise<Pack[]> {
  const rows = await tx.all<PackRow>('SELECT * FROM account_packs ORDER BY effective_at, id');
  return rows.map(toPack);
}

function toPack(row: PackRow): Pack {
  return {
    id: row.id,
    name: row.name,
    kind: row.kind,
    total: row.total,
    remaining: row.remaining,
    purchasedAt: row.purchased_at,
    effectiveAt: row.effective_at,
    invalidAt: row.invalid_at,
    status: row.status,
  };
}

/** Lists the packs that an upstream named when its list was last read completely. */
export const listedPacks = defineRead(
  'account.listedPacks',
  async (tx, { upstream }: { upstream: string }): Promise<Pack[]> => {
    const { readAt } = await selectRead(tx, 'packs');
    if (readAt === null) return [];
    const rows = await tx.all<PackRow>(
      'SELECT * FROM account_packs WHERE seen_at >= ? AND upstream = ? ORDER BY effective_at, id',
      readAt,
      upstream,
    );
    return rows.map(toPack);
  },
);

/** Gives the packs that were ever seen, and how far the account was read. */
export const readAccount = defineRead(
  'account.read',
  async (tx): Promise<{ packs: Pack[]; reads: Record<What, AccountRead> }> => ({
    packs: await selectPacks(tx),
    reads: {
      packs: await selectRead(tx, 'packs'),
      package: await selectRead(tx, 'package'),
      balance: await selectRead(tx, 'balance'),
    },
  }),
);

/** Keeps the packs that an upstream lists, if it is known; a pack that is no longer listed stays unchanged. */
export const recordPacks = defineWrite(
  'account.recordPacks',
  async (tx, args: { packs: Pack[]; upstream?: string; at: Ms }): Promise<void> => {
    for (const pack of args.packs) {
      const { id, name, kind, total, remaining } = pack;
      const values = [
        pack.purchasedAt,
        pack.effectiveAt,
        pack.invalidAt,
        pack.status,
        args.at,
        args.upstream ?? null,
      ];
      await tx.run(
        `INSERT INTO account_packs
           (id, name, kind, total, remaining, purchased_at, effective_at, invalid_at, status, seen_at, upstream)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, kind = excluded.kind, total = excluded.total,
           remaining = excluded.remaining, purchased_at = excluded.purchased_at,
           effective_at = excluded.effective_at, invalid_at = excluded.invalid_at, status = excluded.status,
           seen_at = excluded.seen_at, upstream = excluded.upstream`,
        id,
        name,
        kind,
        total,
        remaining,
        ...values,
      );
    }
    await writeRead(tx, 'packs', {
      readAt: args.at,
      fromAt: null,
      throughAt: null,
      problem: null,
      upstream: null,
    });
  },
  { scope: 'exclusive' },
);

/** Enters deductions; known ones change nothing. Gives the number of new ones. */
export const recordDeductions = defineWrite(
  'account.recordDeductions',
  async (tx, args: { deductions: BillingRow[] }): Promise<number> => {
    let fresh = 0;
    for (const row of args.deductions) {
      const { wallet, taskId, at, before, amount } = row;
      const purse = [row.packId, row.product, row.cashType, row.currency, row.apiKeyName];
      fresh += await tx.run(
        `INSERT INTO account_deductions
           (wallet, task_id, at, before, amount, pack_id, product, cash_type, currency, api_key_name)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (wallet, task_id, at, before) DO NOTHING`,
        wallet,
        taskId,
        at,
        before,
        amount,
        ...purse,
      );
    }
    return fresh;
  },
  { scope: 'exclusive' },
);

/** Records how far a ledger was read, or why a read failed; a failure does not undo earlier reads. */
export const recordRead = defineWrite(
  'account.recordRead',
  async (tx, args: { what: What } & Partial<AccountRead>): Promise<void> => {
    const { what, ...change } = args;
    await writeRead(tx, what, { ...(await selectRead(tx, what)), ...change });
  },
  { scope: 'exclusive' },
);

/** Drops deductions older than the kept calls; at most 2000 at once, `more` asks for another run. */
export const purgeDeductions = defineWrite(
  'account.purgeDeductions',
  async (tx, args: { before: Ms }): Promise<{ deductions: number; more: boolean }> => {
    const deductions = await tx.run(
      `DELETE FROM account_deductions WHERE (wallet, task_id, at, before) IN (
         SELECT wallet, task_id, at, before FROM account_deductions WHERE at < ? ORDER BY at LIMIT ${PURGE_ROWS_MAX})`,
      args.before,
    );
    for (const what of ['package', 'balance'] as const) {
      const read = await selectRead(tx, what);
      if (read.fromAt !== null && read.fromAt < args.before) {
        const throughAt = Math.max(read.throughAt ?? args.before, args.before);
        await writeRead(tx, what, { ...read, fromAt: args.before, throughAt });
      }
    }
    return { deductions, more: deductions >= PURGE_ROWS_MAX };
  },
  { scope: 'exclusive' },
);

const PURGE_ROWS_MAX = 2000;

/** Deductions within some time ranges, summed for each pack and each purse. */
export interface DeductionSum {
  wallet: Wallet;
  packId: string | null;
  product: string | null;
  cashType: string | null;
  currency: string | null;
  amount: Millionths;
  rows: number;
}

/** Sums deductions by their own instant, `end` exclusive; in a fixed order. */
export async function sumDeductions(
  tx: Tx,
  spans: readonly { start: Ms; end: Ms }[],
): Promise<DeductionSum[]> {
  const sums = new Map<string, DeductionSum>();
  for (const { start, end } of spans) {
    const rows = await tx.all<{
      wallet: Wallet;
      pack_id: string | null;
      product: string | null;
      cash_type: string | null;
      currency: string | null;
      amount: number;
      rows: number;
    }>(
      `SELECT wallet, pack_id, product, cash_type, currency, SUM(amount) AS amount, COUNT(*) AS rows
       FROM account_deductions WHERE at >= ? AND at < ?
       GROUP BY wallet, pack_id, product, cash_type, currency
       ORDER BY wallet, pack_id, product, cash_type, currency`,
      start,
      end,
    );
    for (const row of rows) {
      const { wallet, pack_id: packId, product, cash_type: cashType, currency } = row;
      const key = JSON.stringify([wallet, packId, product, cashType, currency]);
      const sum = sums.get(key) ?? { wallet, packId, product, cashType, currency, amount: 0, rows: 0 };
      sums.set(key, { ...sum, amount: sum.amount + row.amount, rows: sum.rows + row.rows });
    }
  }
  return [...sums].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, sum]) => sum);
}

/** Gives how far something was read. */
export async function selectRead(tx: Tx, what: What): Promise<AccountRead> {
  const row = await tx.get<{
    read_at: Ms | null;
    from_at: Ms | null;
    through_at: Ms | null;
    problem: string | null;
    upstream: string | null;
  }>('SELECT read_at, from_at, through_at, problem, upstream FROM account_reads WHERE what = ?', what);
  return {
    readAt: row?.read_at ?? null,
    fromAt: row?.from_at ?? null,
    throughAt: row?.through_at ?? null,
    problem: row?.problem ?? null,
    upstream: row?.upstream ?? null,
  };
}

async function writeRead(tx: Tx, what: What, read: AccountRead): Promise<void> {
  await tx.run(
    `INSERT INTO account_reads (what, read_at, from_at, through_at, problem, upstream) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (what) DO UPDATE SET read_at = excluded.read_at, from_at = excluded.from_at,
       through_at = excluded.through_at, problem = excluded.problem, upstream = excluded.upstream`,
    what,
    read.readAt,
    read.fromAt,
    read.throughAt,
    read.problem,
    read.upstream,
  );
}
