/** How the guard of a repeated request stands, for callers that wait for the first one's answer. */
import { readGuardState } from '../idempotency/guard-table.ts';
import { defineRead, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import type { GuardState, RepeatGuard } from './ledger.ts';

export interface GuardStateArgs extends RepeatGuard {
  app: string;
  /** The present: without it a guard that has expired, but was not dropped yet, still stands. */
  at?: Ms;
}

/** Tells whether the first request has its answer, is still open, or left the way free. */
export const guardState = defineRead(
  'ledger.guardState',
  (tx: Tx, args: GuardStateArgs): Promise<GuardState> =>
    readGuardState(tx, { app: args.app, guard: args, at: args.at ?? 0 }),
  'request',
);
