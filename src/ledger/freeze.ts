/**
 * The freeze: an operator's stop of all spending. The transaction of every create tests it.
 *
 * **Invariant**: it survives restarts and ends only by an operator's order. Reads and look-ups go on.
 */
import { recordAudit } from '../budget/audit-table.ts';
import type { Fact } from '../facts.ts';
import { defineFactWrite } from '../outbox/outbox-table.ts';
import { defineRead, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';

export interface FreezeState {
  reason: string;
  since: Ms;
  actor: string;
}

export interface FreezeArgs {
  reason: string;
  actor: string;
  at: Ms;
}

interface FreezeColumns {
  frozen_since: Ms | null;
  frozen_reason: string | null;
  frozen_actor: string | null;
}

/** Reads the freeze in force; null if there is none. */
export async function readFreeze(tx: Tx): Promise<FreezeState | null> {
  const row = await tx.get<FreezeColumns>(
    'SELECT frozen_since, frozen_reason, frozen_actor FROM spending WHERE id = 1',
  );
  if (!row || row.frozen_since === null) return null;
  return { since: row.frozen_since, reason: row.frozen_reason ?? '', actor: row.frozen_actor ?? '' };
}

/** Gives the freeze in force; null if there is none. */
export const freezeState = defineRead(
  'ledger.freezeState',
  (tx: Tx, _args: Record<string, never>) => readFreeze(tx),
  'request',
);

/** Stops all spending. A second freeze changes the reason and keeps the first one's instant. */
export const freeze = defineFactWrite(
  'ledger.freeze',
  async (tx: Tx, args: FreezeArgs): Promise<{ frozen: FreezeState; facts: Fact[] }> => {
    const before = await readFreeze(tx);
    const frozen = { reason: args.reason, actor: args.actor, since: before?.since ?? args.at };
    await write(tx, frozen);
    await recordAudit(tx, {
      at: args.at,
      actor: args.actor,
      action: 'spending.freeze',
      subject: 'spending',
      before: describe(before),
      after: describe(frozen),
      reason: args.reason,
    });
    const { reason, actor, at } = args;
    return { frozen, facts: before ? [] : [{ kind: 'spending_frozen', reason, actor, at }] };
  },
  { scope: 'exclusive' },
);

/** Ends the freeze; does nothing, and writes no audit row, if there is none. */
export const unfreeze = defineFactWrite(
  'ledger.unfreeze',
  async (tx: Tx, args: FreezeArgs): Promise<{ wasFrozen: boolean; facts: Fact[] }> => {
    const before = await readFreeze(tx);
    if (!before) return { wasFrozen: false, facts: [] };
    await write(tx, null);
    const { reason, actor, at } = args;
    await recordAudit(tx, {
      at,
      actor,
      action: 'spending.unfreeze',
      subject: 'spending',
      before: describe(before),
      after: describe(null),
      reason,
    });
    return { wasFrozen: true, facts: [{ kind: 'spending_resumed', reason, actor, at }] };
  },
  { scope: 'exclusive' },
);

async function write(tx: Tx, state: FreezeState | null): Promise<void> {
  await tx.run(
    'UPDATE spending SET frozen_since = ?, frozen_reason = ?, frozen_actor = ? WHERE id = 1',
    state?.since ?? null,
    state?.reason ?? null,
    state?.actor ?? null,
  );
}

function describe(state: FreezeState | null): string {
  return state ? `frozen since ${new Date(state.since).toISOString()}: ${state.reason}` : 'not frozen';
}
