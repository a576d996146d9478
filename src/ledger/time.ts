/**
 * The store's records of time: the date of the newest money, the last reading of the clock of ages, and an accepted offset.
 *
 * **Invariant**: only an audited order sets `dated_to` back, and only here. Holds that a wrong clock dated into the future
 * keep their date and their windows. `aged_to` never goes back.
 */
import { recordAudit } from '../budget/audit-table.ts';
import { datedTo } from '../budget/hold-table.ts';
import { defineRead, defineWrite, type Tx } from '../store/operation.ts';
import { formatCredits, type MilliCredits, type Ms } from '../units.ts';
import type { HoldState } from '../words.ts';

export interface StoredTime {
  /** Null before the first hold. */
  datedTo: Ms | null;
  /** Null for a store that no sidecar has run on since it was made. */
  agedTo: Ms | null;
  /** The offset of `clock accept`; a null offset if Kling's answers had no `Date`. Null if nothing was accepted. */
  accepted: { offsetMs: Ms | null } | null;
}

/** Written by {@link acceptClock}: milliseconds, or `unknown`. */
const ACCEPTED_KEY = 'clock.accepted_offset_ms';
const UNKNOWN_OFFSET = 'unknown';
/** The most holds that are listed one by one when dates are set back. */
const NAMED_HOLDS_MAX = 100;

/** Reads the store's records of time. */
export const readTime = defineRead(
  'ledger.readTime',
  async (tx: Tx, _args: Record<string, never>): Promise<StoredTime> => {
    const row = await tx.get<{ aged_to: Ms | null }>('SELECT aged_to FROM spending WHERE id = 1');
    const kept = await tx.get<{ value: string }>('SELECT value FROM meta WHERE key = ?', ACCEPTED_KEY);
    const accepted = kept && { offsetMs: kept.value === UNKNOWN_OFFSET ? null : Number(kept.value) };
    return { datedTo: await datedTo(tx), agedTo: row?.aged_to ?? null, accepted: accepted ?? null };
  },
);

/** Keeps the last reading of the clock of ages, and gives the date of the newest money. */
export const keepAge = defineWrite(
  'ledger.keepAge',
  async (tx: Tx, args: { age: Ms }): Promise<{ datedTo: Ms | null }> => {
    await tx.run(
      'UPDATE spending SET aged_to = ? WHERE id = 1 AND COALESCE(aged_to, -1) < ?',
      args.age,
      args.age,
    );
    return { datedTo: await datedTo(tx) };
  },
  { scope: 'own' },
);

export interface ClockOrder {
  reason: string;
  actor: string;
  at: Ms;
}

/** Keeps the difference between Kling's clock and ours that an operator accepts; null if Kling's is not known. */
export const acceptClock = defineWrite(
  'ledger.acceptClock',
  async (tx: Tx, args: ClockOrder & { offsetMs: Ms | null }): Promise<void> => {
    const { offsetMs, reason, actor, at } = args;
    await tx.run(
      'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
      ACCEPTED_KEY,
      offsetMs === null ? UNKNOWN_OFFSET : String(offsetMs),
    );
    await recordAudit(tx, {
      at,
      actor,
      action: 'clock.accept',
      subject: 'clock',
      before: null,
      after: offsetMs === null ? 'dated without a clock of Kling’s' : `offset ${offsetMs} ms accepted`,
      reason,
    });
  },
  { scope: 'exclusive' },
);

/** A hold that is dated later than the present. */
export interface FutureHold {
  id: string;
  at: Ms;
  credits: MilliCredits;
  state: HoldState;
}

export interface DatesReset {
  /** The date before the reset; null if no hold was dated later than the present, and nothing was changed. */
  wasDatedTo: Ms | null;
  future: {
    count: number;
    /** Held or settled. */
    credits: MilliCredits;
    /** The earliest {@link NAMED_HOLDS_MAX}. */
    holds: FutureHold[];
  };
}

/**
 * Lets new holds be dated by the present again, after a wrong clock dated some holds later.
 *
 * Those holds keep their dates and still count in the windows of those dates.
 */
export const resetDates = defineWrite(
  'ledger.resetDates',
  async (tx: Tx, args: ClockOrder): Promise<DatesReset> => {
    const { reason, actor, at } = args;
    const before = await datedTo(tx);
    if (before === null || before <= at) {
      return { wasDatedTo: null, future: { count: 0, credits: 0, holds: [] } };
    }
    const future = await futureHolds(tx, at);
    await tx.run('UPDATE spending SET dated_to = ? WHERE id = 1', at);
    const { count, credits } = future;
    const stay = count === 1 ? '1 hold stays' : `${count} holds stay`;
    await recordAudit(tx, {
      at,
      actor,
      action: 'clock.reset',
      subject: 'clock',
      before: `money is dated to ${new Date(before).toISOString()}`,
      after: `dated from ${new Date(at).toISOString()} again; ${stay} in the future with ${formatCredits(credits)} credits`,
      reason,
    });
    return { wasDatedTo: before, future };
  },
  { scope: 'exclusive' },
);

async function futureHolds(tx: Tx, at: Ms): Promise<DatesReset['future']> {
  const sum = await tx.get<{ count: number; credits: MilliCredits | null }>(
    `SELECT COUNT(*) AS count, SUM(CASE WHEN state = 'held' THEN credits ELSE settled_credits END) AS credits
     FROM creates WHERE at > ?`,
    at,
  );
  const holds = await tx.all<FutureHold>(
    `SELECT id, at, credits, state FROM creates WHERE at > ? ORDER BY at, id LIMIT ${NAMED_HOLDS_MAX}`,
    at,
  );
  return { count: sum?.count ?? 0, credits: sum?.credits ?? 0, holds };
}
