/** The lines of a create's attempts in its task's timeline, and of its wait for a slot. */
import type { TimelineLine, TimelineReader } from '../store/timeline.ts';
import type { Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';

const ATTEMPTS_MAX = 50;
/** The journal is dated by the wall clock and holds by the trusted one: attempts are looked for so much earlier. */
const CLOCKS_DIFFER_MS: Ms = 60_000;

interface Attempt {
  at: Ms;
  attempt: number;
  status: number | null;
  code: number | null;
  outcome: string;
  errorClass: string | null;
  durationMs: number;
}

const ATTEMPT = 'attempt, status, code, outcome, error_class AS "errorClass", duration_ms AS "durationMs"';

/** Reads the lines of a create's attempts: the last one is usually in its row, the others are in the journal. */
export const callTimeline: TimelineReader = async (tx, { holdId, at }) => {
  const waits = await waitLines(tx, holdId);
  const sends = await tx.get<{ until: Ms | null; attempt: number | null }>(
    'SELECT COALESCE(sent_at, task_seen_at, ended_at) AS until, attempt FROM creates WHERE id = ?',
    holdId,
  );
  if (!sends || sends.until === null) return waits;
  const last = await tx.get<Attempt>(
    `SELECT sent_at AS at, ${ATTEMPT} FROM creates WHERE id = ? AND outcome IS NOT NULL`,
    holdId,
  );
  const others = sends.attempt === 1 ? [] : await journalled(tx, { holdId, from: at, until: sends.until });
  return [...waits, ...others.map(sentLine), ...(last ? [sentLine(last)] : [])];
};

/** Reads a create's attempts in the journal, which is ordered by time: only the time of its sends is read. */
function journalled(
  tx: Tx,
  { holdId, from, until }: { holdId: string; from: Ms; until: Ms },
): Promise<Attempt[]> {
  return tx.all<Attempt>(
    `SELECT at, ${ATTEMPT} FROM journal WHERE at >= ? AND at <= ? AND hold_id = ? AND origin = 'app' ORDER BY at, id LIMIT ?`,
    from - CLOCKS_DIFFER_MS,
    until,
    holdId,
    ATTEMPTS_MAX,
  );
}

function sentLine({ at, attempt, status, code, outcome, errorClass, durationMs }: Attempt): TimelineLine {
  const answer =
    status === null ? (errorClass ?? outcome) : `HTTP ${status}${code === null ? '' : `, code ${code}`}`;
  return { at, step: 'sent', text: `attempt ${attempt}: ${answer} after ${Math.round(durationMs)} ms` };
}

async function waitLines(tx: Tx, holdId: string): Promise<TimelineLine[]> {
  const wait = await tx.get<{ at: Ms; waitedMs: Ms }>(
    'SELECT at, waited_ms AS "waitedMs" FROM queue_waits WHERE hold_id = ?',
    holdId,
  );
  if (!wait) return [];
  const text = `waited ${(wait.waitedMs / 1000).toFixed(1)} s for a slot`;
  return [{ at: wait.at, step: 'queued', text }];
}
