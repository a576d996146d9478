/**
 * Compares what Kling's list says is left in each pack with Kling's own ledger of units.
 *
 * Each row of the ledger says how much the pack had before its deduction. The list may be twelve hours late ("remaining
 * quantity … 12 h", Account Usage, read 2026-09-20), so it is right if it has any of the remainders of that time. If the list
 * has less, rows of the ledger may still come.
 *
 * **Invariant**: only reads, and only Kling's figures: a difference here is between Kling's list and Kling's ledger.
 */
import type { Millionths, Pack } from '../account/account.ts';
import { productOfPack } from '../account/account.ts';
import { selectPacks, selectRead } from '../account/account-table.ts';
import { defineRead, type Tx } from '../store/operation.ts';
import type { Ms, Product } from '../units.ts';
import { DAY_MS, HOUR_MS } from '../zone.ts';

/** How late the list may be. */
const LAG_MS: Ms = 12 * HOUR_MS;
/** How far back the last deduction of a pack is looked for. */
const BACK_MS: Ms = 35 * DAY_MS;

export interface PackRemainder {
  id: string;
  name: string;
  product: Product;
  /** By Kling's list; null if it does not say. */
  remaining: Millionths | null;
  /** By Kling's ledger: the least and the most that the list may show; null without a row of this pack. */
  expected: { least: Millionths; most: Millionths } | null;
  /** How far the list is outside that range, above (positive) or below it; 0 if it agrees, null if that is not known. */
  difference: Millionths | null;
}

/** Compares the packs that are in force at an instant, by the day they began. */
export const comparePacks = defineRead(
  'reconcile.comparePacks',
  async (tx: Tx, { at }: { at: Ms }): Promise<PackRemainder[]> => {
    const { readAt } = await selectRead(tx, 'packs');
    const packs = (await selectPacks(tx)).filter((pack) => pack.effectiveAt <= at && at < pack.invalidAt);
    const compared: PackRemainder[] = [];
    for (const pack of packs) compared.push(compare(pack, await expectedOf(tx, pack.id, readAt ?? at)));
    return compared;
  },
);

/** The remainders that the list may show if it was read at an instant. */
async function expectedOf(tx: Tx, packId: string, readAt: Ms): Promise<PackRemainder['expected']> {
  const within = await tx.get<{ least: Millionths | null; most: Millionths | null }>(
    `SELECT MIN(before - amount) AS least, MAX(before) AS most FROM account_deductions
     WHERE at >= ? AND at <= ? AND pack_id = ?`,
    readAt - LAG_MS,
    readAt,
    packId,
  );
  if (within?.least != null && within.most !== null) return { least: within.least, most: within.most };
  const earlier = await tx.get<{ rest: Millionths }>(
    `SELECT before - amount AS rest FROM account_deductions
     WHERE at >= ? AND at < ? AND pack_id = ? ORDER BY at DESC, before LIMIT 1`,
    readAt - BACK_MS,
    readAt - LAG_MS,
    packId,
  );
  return earlier ? { least: earlier.rest, most: earlier.rest } : null;
}

function compare(pack: Pack, expected: PackRemainder['expected']): PackRemainder {
  const { id, name, remaining } = pack;
  return {
    id,
    name,
    product: productOfPack(pack),
    remaining,
    expected,
    difference: outside(remaining, expected),
  };
}

function outside(remaining: Millionths | null, expected: PackRemainder['expected']): Millionths | null {
  if (remaining === null || expected === null) return null;
  if (remaining > expected.most) return remaining - expected.most;
  return Math.min(0, remaining - expected.least);
}
