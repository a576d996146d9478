/** An operator's orders to end a hold: release it, or write it off as spent. */
import { readHold } from '../budget/hold-table.ts';
import { recordAudit } from '../budget/audit-table.ts';
import { SidecarError } from '../errors.ts';
import type { Fact } from '../facts.ts';
import { defineFactWrite } from '../outbox/outbox-table.ts';
import type { Tx } from '../store/operation.ts';
import { endChainOf } from '../tasks/retry-table.ts';
import { formatCredits, type MilliCredits, type Ms } from '../units.ts';
import { releaseHold, resolveTo } from './sighting.ts';

export interface ResolveArgs {
  holdId: string;
  action: 'release' | 'write-off';
  reason: string;
  actor: string;
  at: Ms;
}

export interface Resolved {
  holdId: string;
  state: 'released' | 'written_off';
  /** The credits that count as spent: 0 after a release. */
  credits: MilliCredits;
  facts: Fact[];
}

/**
 * Ends a hold by an operator's order, with an audit row. A later deduction of Kling's is still recorded, as an adjustment.
 * @throws SidecarError `not_found`, or `already_resolved` if the hold is not `held` any more.
 */
export const resolveHold = defineFactWrite(
  'ledger.resolveHold',
  async (tx: Tx, args: ResolveArgs): Promise<Resolved> => {
    const { holdId, action, reason, actor, at } = args;
    const hold = await readHold(tx, holdId);
    if (hold.state !== 'held') {
      const text = `Hold ${holdId} is ${hold.state}; only a hold that is held can be ended. Nothing was changed.`;
      throw new SidecarError('already_resolved', text);
    }
    const isRelease = action === 'release';
    const state = isRelease ? 'released' : 'written_off';
    const credits = isRelease ? 0 : hold.credits;
    const facts = isRelease
      ? await releaseHold(tx, hold, reason, at)
      : await resolveTo(tx, hold, { state: 'written_off', credits, basis: 'estimate', note: reason, at });
    await endChainOf(tx, holdId, { why: 'ended_by_operator', at });
    const doubt = hold.in_doubt === 1 ? ' in doubt' : '';
    await recordAudit(tx, {
      at,
      actor,
      action: `hold.${action}`,
      subject: holdId,
      before: `held${doubt}, ${formatCredits(hold.credits)} credits`,
      after: `${state}, ${formatCredits(credits)} credits`,
      reason,
    });
    return { holdId, state, credits, facts };
  },
  { scope: 'own' },
);
