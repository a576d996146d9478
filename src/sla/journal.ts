/**
 * Writes a call into the journal and the counts in one transaction. `imports/` does it for imported calls.
 *
 * **Invariant**: every journalled call is counted, and only once.
 */
import { insertCall } from '../calls/call-table.ts';
import { callOfValues, callValues, type CallValues } from '../calls/call-values.ts';
import { keepAttempt } from '../calls/create-call.ts';
import type { CallRecord } from '../calls/call.ts';
import { defineWrite, type ShortForm, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import { countCall, countCalls } from './sla-table.ts';
import { storeName } from './store-name.ts';
import { ALONE } from './window-table.ts';

/**
 * Keeps an attempt of a create and counts it: the last one in the create's row where that can take it, others in the journal. One
 * known already changes nothing.
 */
export async function journalCreateCall(
  tx: Tx,
  { holdId, at, call, isLast }: { holdId: string; at: Ms; call: CallRecord; isLast: boolean },
): Promise<void> {
  const kept = isLast ? await keepAttempt(tx, { holdId, at, call }) : 'no';
  const isNew = kept === 'now' || (kept === 'no' && (await insertCall(tx, call)));
  if (isNew) await countCall(tx, call, await ownerOf(tx, holdId));
}

/** A create of 0.1.0 has no owner; such a version has one instance only. */
async function ownerOf(tx: Tx, holdId: string): Promise<string> {
  const row = await tx.get<{ owner: string | null }>('SELECT owner FROM creates WHERE id = ?', holdId);
  return row?.owner ?? ALONE;
}

export interface JournalArgs {
  /** Whose sidecar made the calls; null: the instance that has the store's own name. */
  instance: string | null;
  calls: CallRecord[];
}

/** Calls are sent to the store's thread as lists of values. */
const journalForm: ShortForm<JournalArgs, void> = {
  pack: ({ instance, calls }) => [instance, calls.map(callValues)],
  unpack(list) {
    const [instance, calls] = list as unknown as [JournalArgs['instance'], CallValues[]];
    return { instance, calls: calls.map(callOfValues) };
  },
};

/** Journals calls and counts them. */
export const journalCalls = defineWrite(
  'sla.journalCalls',
  async (tx, { instance, calls }: JournalArgs): Promise<void> => {
    const fresh: { call: CallRecord }[] = [];
    for (const call of calls) if (await insertCall(tx, call)) fresh.push({ call });
    await countCalls(tx, fresh, instance ?? (await storeName(tx)));
  },
  { scope: 'own', isPlain: () => true, form: journalForm },
);
