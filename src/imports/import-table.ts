/**
 * Imports in the store: the calls with their counts, and the identities by which a second import recognises a file.
 *
 * **Invariant**: a call and its identity are written in one transaction, or neither. Every call that is journalled here
 * is also counted.
 */
import { insertCall } from '../calls/call-table.ts';
import type { CallRecord } from '../calls/call.ts';
import { selectDroppedTo } from '../calls/retention.ts';
import { countCalls } from '../sla/sla-table.ts';
import { storeName } from '../sla/store-name.ts';
import { ALONE } from '../sla/window-table.ts';
import { defineRead, defineWrite, type Tx } from '../store/operation.ts';
import type { Store } from '../store/store.ts';
import { importedId, type IdentityKey } from './identity.ts';
import type { ImportedCall } from './import.ts';

/** Calls of an import written at once while no request writes: about 15 ms, which a first create may have to wait. */
const AT_ONCE = 500;
/** The same while requests write: about two milliseconds. */
const BESIDE_REQUESTS = 30;

/** Writes a batch of an import and gives how many of its calls were new. */
export const importBatch = defineWrite(
  'imports.writeBatch',
  async (tx, batch: ImportedCall[]): Promise<number> => {
    const fresh: ImportedCall[] = [];
    for (const imported of batch) if (await isNew(tx, imported)) fresh.push(imported);
    await countCalls(tx, fresh, ALONE);
    return fresh.length;
  },
  { scope: 'exclusive', isPlain: () => true },
);

/**
 * Writes calls of an import at background priority, in pieces of which each is whole or absent; gives how many calls
 * were new.
 * @param atOnce calls of a piece while no request writes; 500 by default.
 */
export async function importInPieces(
  store: Pick<Store, 'background'>,
  calls: readonly ImportedCall[],
  atOnce = AT_ONCE,
): Promise<number> {
  let fresh = 0;
  let from = 0;
  const take = (isBusy: boolean): ImportedCall[] => {
    const piece = calls.slice(from, from + (isBusy ? Math.min(atOnce, BESIDE_REQUESTS) : atOnce));
    from += piece.length;
    return piece;
  };
  while (from < calls.length) fresh += await store.background(importBatch, take);
  return fresh;
}

/** Keeps the identity and journals the call; false if either was there. */
async function isNew(tx: Tx, { call, identity }: ImportedCall): Promise<boolean> {
  if (identity.exportedBy !== null && (await isForgotten(tx, call, identity.exportedBy))) return false;
  if (identity.older !== null && (await isKnownAs(tx, call, identity.older))) return false;
  const kept = await tx.run(
    'INSERT INTO sla_imported (day, digest) VALUES (?, ?) ON CONFLICT (day, digest) DO NOTHING',
    identity.day,
    Buffer.from(identity.digest, 'hex'),
  );
  return kept > 0 && (await insertCall(tx, call));
}

/**
 * Returns whether 0.1.0 imported this call. If two calls differ only in Kling's request id or the attempt, 0.1.0
 * distinguished them only within one file. So its identity may belong to another call; the row shows which. If retention
 * dropped the row, the call counts as known: no call must count twice.
 */
async function isKnownAs(tx: Tx, call: CallRecord, older: IdentityKey): Promise<boolean> {
  const kept = await tx.get(
    'SELECT 1 AS one FROM sla_imported WHERE day = ? AND digest = ?',
    older.day,
    Buffer.from(older.digest, 'hex'),
  );
  if (!kept) return false;
  const row = await tx.get<{ kling_request_id: string | null; attempt: number }>(
    'SELECT kling_request_id, attempt FROM journal WHERE at = ? AND id = ?',
    call.at,
    importedId(older),
  );
  if (!row) return call.at < (await selectDroppedTo(tx));
  return row.kling_request_id === call.klingRequestId && row.attempt === call.attempt;
}

/** Returns whether this store exported the call and then dropped it: its counts are still here. */
async function isForgotten(tx: Tx, call: CallRecord, exportedBy: string): Promise<boolean> {
  if ((await storeName(tx)) !== exportedBy) return false;
  if (call.at < (await selectDroppedTo(tx))) return true;
  const counted = await tx.get('SELECT 1 AS one FROM calls WHERE at <= ? LIMIT 1', call.at);
  return counted === undefined;
}

/** Gives the name under which this store's calls are exported. */
export const readSource = defineRead('imports.readSource', (tx): Promise<string> => storeName(tx));
