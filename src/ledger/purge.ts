/**
 * Drops old calls, previews of prompts, and guards whose answers need not be given again; ends the time of creates that nobody joined.
 *
 * **Invariant**: money is never dropped: creates, adjustments, counters and the audit stay. One run drops at most
 * {@link ROWS_MAX} rows of each kind, or fewer if the caller asks for it, so that no create waits for it; `more` asks for another run.
 */
import { purgeCalls, purgePrompts } from '../calls/retention.ts';
import { purgeGuards } from '../idempotency/guard-table.ts';
import { expireJoinable } from '../idempotency/join-table.ts';
import { defineWrite, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import { DAY_MS } from '../zone.ts';

export interface PurgeArgs {
  at: Ms;
  /** Above 0. */
  callRetentionDays: number;
  /** 0 keeps nothing of a prompt beyond the next run. */
  promptRetentionDays: number;
  /** Time ranges, in order and without overlaps, whose calls stay at any age; `end` is exclusive. */
  kept?: readonly { start: Ms; end: Ms }[];
  /** Rows of each kind; {@link ROWS_MAX} if absent. */
  rowsMax?: number;
}

export interface Purged {
  calls: number;
  prompts: number;
  guards: number;
  /** Whether there is more to drop. */
  more: boolean;
}

const ROWS_MAX = 2000;

/** Drops what is older than its retention allows. */
export const purgeOld = defineWrite(
  'calls.purgeOld',
  async (tx: Tx, args: PurgeArgs): Promise<Purged> => {
    const { at, kept = [], rowsMax = ROWS_MAX } = args;
    const calls = await purgeCalls(tx, { before: at - args.callRetentionDays * DAY_MS, kept, rowsMax });
    const prompts = await purgePrompts(tx, at - args.promptRetentionDays * DAY_MS, rowsMax);
    const guards = await purgeGuards(tx, at, rowsMax);
    const joinable = await expireJoinable(tx, at, rowsMax);
    return { calls, prompts, guards, more: Math.max(calls, prompts, guards, joinable) >= rowsMax };
  },
  { scope: 'exclusive' },
);
