/**
 * Writes a call into the journal and the counts in one transaction. `imports/` does it for imported calls.
 *
 * **Invariant**: every journalled call is counted, and only once.
 */
import { insertCall } from '../calls/call-table.ts';
import { keepAttempt } from '../calls/create-call.ts';
import type { CallRecord } from '../calls/call.ts';
import { defineWrite, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import { countCall, countCalls } from './sla-table.ts';

/** Journals a call and counts it in its window, in the caller's transaction; a known call changes nothing. */
export async function journalCall(tx: Tx, call: CallRecord): Promise<void> {
  if (await insertCall(tx, call)) await countCall(tx, call);
}

/**
 * Keeps an attempt of a create and counts it: the last one in the create's row where that can take it, others in the journal. One
 * known already changes nothing.
 */
export async function journalCreateCall(
  tx: Tx,
  { holdId, at, call, isLast }: { holdId: string; at: Ms; call: CallRecord; isLast: boolean },
): Promise<void> {
  const kept = isLast ? await keepAttempt(tx, { holdId, at, call }) : 'no';
  if (kept === 'now') await countCall(tx, call);
  if (kept === 'no') await journalCall(tx, call);
}

/** Journals calls and counts them. */
export const journalCalls = defineWrite(
  'sla.journalCalls',
  async (tx, calls: CallRecord[]): Promise<void> => {
    const fresh: { call: CallRecord }[] = [];
    for (const call of calls) if (await insertCall(tx, call)) fresh.push({ call });
    await countCalls(tx, fresh);
  },
  { scope: 'own', isPlain: () => true },
);
