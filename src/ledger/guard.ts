/** The state of a repeated request's guard, for callers that wait for the first request's answer. */
import { readGuardState } from '../idempotency/guard-table.ts';
import { defineRead, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import type { GuardState, RepeatGuard } from './ledger.ts';

export interface GuardStateArgs extends RepeatGuard {
  app: string;
  /** The present: without it, an expired guard that was not dropped yet still counts. */
  at?: Ms;
}

/** Returns whether the first request has its answer, is still open, or ended without a guard. */
export const guardState = defineRead(
  'ledger.guardState',
  (tx: Tx, args: GuardStateArgs): Promise<GuardState> =>
    readGuardState(tx, { app: args.app, guard: args, at: args.at ?? 0 }),
  'request',
);
