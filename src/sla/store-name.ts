/** The name that a store was given when it was made: under it calls are exported, and its first instance runs. */
import type { Tx } from '../store/operation.ts';

/** Gives the store's own name. */
export async function storeName(tx: Tx): Promise<string> {
  const self = await tx.get<{ source: string }>('SELECT source FROM sla_self WHERE id = 1');
  if (!self) throw new Error('the row of table sla_self is missing');
  return self.source;
}
