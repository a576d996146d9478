/**
 * Old calls that must stay: those of months with an open claim, and of months that may still get one.
 *
 * **Invariant**: a month stays until it was closed and nothing is due, or its claim has ended, or its time to file is over. A
 * month whose claim was filed stays until the claim's end is marked, without a time limit.
 */
import { monthReach } from '../sla/month.ts';
import { addMonths, dayOf, monthOf } from '../sla/period.ts';
import { mergeSpans, type Span } from '../sla/window.ts';
import { defineRead, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import { listClaims } from './claim-table.ts';
import { currentRevision, type Claim, type ClaimState } from './claim.ts';
import { latestDay } from './deadlines.ts';

/** Filed and without an answer: its documents may be asked for. */
const WAITS_FOR_ANSWER: readonly ClaimState[] = ['filed', 'acknowledged'];
/** May be filed until the last day; a withdrawn one may become valid again. */
const MAY_BE_FILED: readonly ClaimState[] = ['draft', 'withdrawn', 'superseded'];
/** No month may be filed for longer than this after its end. */
const MONTHS_BACK = 4;

/** Gives the time ranges whose calls must stay at an instant, in order and without overlaps. */
export const neededCalls = defineRead(
  'claims.neededCalls',
  async (tx: Tx, { at, timeZone }: { at: Ms; timeZone: string }): Promise<Span[]> => {
    const today = dayOf(at, timeZone);
    const claims = await listClaims.run(tx, { month: null });
    const months = new Set(claims.map(({ month }) => month));
    const needed = [...months].filter((month) =>
      isOpen(
        claims.filter((claim) => claim.month === month),
        today,
      ),
    );
    const present = monthOf(at, timeZone);
    for (let back = 0; back <= MONTHS_BACK; back += 1) {
      const month = addMonths(present, -back);
      if (!months.has(month) && today <= latestDay(month) && !(await isClosed(tx, month))) needed.push(month);
    }
    return mergeSpans(needed.map((month) => monthReach(month)));
  },
);

/** Takes the revisions of one month. */
function isOpen(revisions: readonly Claim[], today: string): boolean {
  const claim = currentRevision(revisions);
  if (!claim) return false;
  return (
    WAITS_FOR_ANSWER.includes(claim.state) || (MAY_BE_FILED.includes(claim.state) && today <= claim.latest)
  );
}

async function isClosed(tx: Tx, month: string): Promise<boolean> {
  return (await tx.get('SELECT 1 AS one FROM sla_months WHERE month = ? LIMIT 1', month)) !== undefined;
}
