/** `POST /v1/clock/reset`: the first date of new holds, and the holds that stay in the future. */
import type { DatesReset } from '../../ledger/time.ts';
import { toCredits, type Ms } from '../../units.ts';
import type { ClockResetAnswer } from '../schemas.ts';
import { iso, isoOrNull } from './shape.ts';

/** Shapes the result of setting dates back. */
export function answerClockReset(reset: DatesReset & { datedFrom: Ms }): ClockResetAnswer {
  const { wasDatedTo, datedFrom, future } = reset;
  return {
    wasReset: wasDatedTo !== null,
    datedFrom: iso(datedFrom),
    wasDatedTo: isoOrNull(wasDatedTo),
    futureHolds: {
      count: future.count,
      credits: toCredits(future.credits),
      holds: future.holds.map(({ id, at, credits, state }) => ({
        id,
        createdAt: iso(at),
        credits: toCredits(credits),
        state,
      })),
    },
  };
}
