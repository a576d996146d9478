/** The lines of money in a task's timeline: the hold, its doubt, its end, and later adjustments. */
import type { TimelineLine, TimelineReader } from '../store/timeline.ts';
import { formatCredits, type MilliCredits, type Ms } from '../units.ts';
import type { HoldState } from '../words.ts';

const ADJUSTMENTS_MAX = 100;

interface HoldColumns {
  at: Ms;
  app: string;
  operation: string;
  model: string | null;
  mode: string | null;
  credits: MilliCredits;
  state: HoldState;
  endedAt: Ms | null;
  endCredits: MilliCredits | null;
  endBasis: string | null;
  endNote: string | null;
  doubtSince: Ms | null;
  doubtEvidence: string | null;
  lookUps: number;
}

/** Reads the lines of a hold's money. */
export const moneyTimeline: TimelineReader = async (tx, { holdId }) => {
  const hold = await tx.get<HoldColumns>(
    `SELECT at, app, operation, model, mode, credits, state, ended_at AS "endedAt", end_credits AS "endCredits",
       end_basis AS "endBasis", end_note AS "endNote", doubt_since AS "doubtSince", doubt_evidence AS "doubtEvidence",
       look_ups AS "lookUps"
     FROM creates WHERE id = ?`,
    holdId,
  );
  if (!hold) return [];
  const adjustments = await tx.all<{ at: Ms; credits: MilliCredits; note: string | null }>(
    'SELECT at, credits, note FROM adjustments WHERE hold_id = ? ORDER BY id LIMIT ?',
    holdId,
    ADJUSTMENTS_MAX,
  );
  return [
    heldLine(hold),
    ...doubtLines(hold),
    ...endLines(hold),
    ...adjustments.map((row): TimelineLine => ({
      at: row.at,
      step: 'adjusted',
      text: `by ${row.credits > 0 ? '+' : ''}${formatCredits(row.credits)} credits${noted(row.note)}`,
    })),
  ];
};

function heldLine({ at, credits, operation, model, mode, app }: HoldColumns): TimelineLine {
  const what = [operation, model, mode].filter((word) => word !== null).join(' ');
  return { at, step: 'held', text: `${formatCredits(credits)} credits for ${what}, app ${app}` };
}

function doubtLines({ doubtSince, doubtEvidence, lookUps }: HoldColumns): TimelineLine[] {
  if (doubtSince === null) return [];
  const times = lookUps === 1 ? 'once' : `${lookUps} times`;
  const why = doubtEvidence ?? 'nobody knows whether Kling took it';
  return [{ at: doubtSince, step: 'in_doubt', text: `${why}; looked up ${times} without an end` }];
}

function endLines({ state, endedAt, endCredits, endBasis, endNote }: HoldColumns): TimelineLine[] {
  if (state === 'held' || endedAt === null) return [];
  const basis = endBasis === 'none' ? '' : ` (${endBasis})`;
  const text =
    state === 'released'
      ? `nothing was spent${noted(endNote)}`
      : `${formatCredits(endCredits ?? 0)} credits${basis}${noted(endNote)}`;
  return [{ at: endedAt, step: state, text }];
}

function noted(note: string | null): string {
  return note === null ? '' : `: ${note}`;
}
