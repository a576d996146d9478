/**
 * What went wrong in the last hour: attempts at Kling by outcome, tasks that failed, and what the sidecar refused.
 *
 * The attempts are those of the windows of availability, so the hour begins with a window of five minutes and is up to five minutes
 * shorter than an hour.
 *
 * **Invariant**: no statement here reads more than {@link CREATES_MAX} creates or the bounded list of refusals: an open page asks
 * for this every two seconds.
 */
import { outcomeOfClass, CALL_CLASSES } from '../calls/outcome.ts';
import { idFloor } from '../ids.ts';
import { selectSlices } from '../sla/window-table.ts';
import { WINDOW_MS, windowStart } from '../sla/window.ts';
import { defineRead, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import type { CallOutcome } from '../words.ts';

const WINDOWS = 12;
/** The newest creates among which failed tasks are counted. */
export const CREATES_MAX = 1_000;

export interface LastHour {
  /** The start of its first window. */
  from: Ms;
  /** Attempts by outcome; an outcome without any is absent. */
  calls: { outcome: CallOutcome; calls: number }[];
  /** Tasks of creates since `from` that failed. `from` is later than the hour's if that has more than {@link CREATES_MAX} creates. */
  failedTasks: { tasks: number; from: Ms };
  /** Requests that the sidecar refused. */
  refused: number;
}

const NEWEST = `SELECT at, task_state FROM creates WHERE at >= ? ORDER BY at DESC, id DESC LIMIT ${CREATES_MAX}`;

/** Counts the last hour before an instant. */
export const lastHour = defineRead(
  'ledger.lastHour',
  async (tx: Tx, { at }: { at: Ms }): Promise<LastHour> => {
    const from = windowStart(at) - (WINDOWS - 1) * WINDOW_MS;
    const byOutcome = new Map<CallOutcome, number>();
    for (const { counts } of await selectSlices(tx, { start: from, end: at + 1 })) {
      for (const name of CALL_CLASSES) {
        const outcome = outcomeOfClass(name);
        if (counts[name] > 0) byOutcome.set(outcome, (byOutcome.get(outcome) ?? 0) + counts[name]);
      }
    }
    const failedTasks = await failedSince(tx, from);
    const refused = await tx.get<{ refused: number }>(
      'SELECT COUNT(*) AS refused FROM refusals WHERE id >= ? AND at >= ? AND would_only = 0',
      idFloor('refusal', from),
      from,
    );
    return {
      from,
      calls: [...byOutcome].map(([outcome, calls]) => ({ outcome, calls })),
      failedTasks,
      refused: refused?.refused ?? 0,
    };
  },
);

/** Counts the tasks of creates since an instant that failed; of very many creates those since a later one, which it says. */
async function failedSince(tx: Tx, from: Ms): Promise<LastHour['failedTasks']> {
  const newest = await tx.get<{ creates: number; first: Ms | null; failed: number | null }>(
    `SELECT COUNT(*) AS creates, MIN(at) AS first, SUM(CASE WHEN task_state = 'failed' THEN 1 ELSE 0 END) AS failed
     FROM (${NEWEST}) AS newest`,
    from,
  );
  const { creates = 0, first = null, failed = 0 } = newest ?? {};
  if (creates < CREATES_MAX || first === null) return { tasks: failed ?? 0, from };
  // The creates of the oldest instant may be some of several.
  const oldest = await tx.get<{ failed: number }>(
    `SELECT COUNT(*) AS failed FROM (${NEWEST}) AS newest WHERE task_state = 'failed' AND at = ?`,
    from,
    first,
  );
  return { tasks: (failed ?? 0) - (oldest?.failed ?? 0), from: first + 1 };
}
