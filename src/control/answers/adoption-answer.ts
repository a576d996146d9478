/** What a new store took over from Kling's books, in the answer of `GET /v1/status`. */
import type { Adopted } from '../../ledger/adoption.ts';
import { toCredits } from '../../units.ts';
import type { AdoptionAnswer } from '../adoption-schemas.ts';
import { iso, isoOrNull } from './shape.ts';

/** Shapes the adoption of a store; null for a store without one. */
export function shapeAdoption(adopted: Adopted | null): AdoptionAnswer | null {
  if (adopted === null) return null;
  const { state, openTasks, endedTasks, problem } = adopted;
  return {
    state,
    beganAt: iso(adopted.beganAt),
    openedAt: isoOrNull(adopted.openedAt),
    readAt: isoOrNull(adopted.readAt),
    from: isoOrNull(adopted.fromAt),
    openTasks,
    heldCredits: toCredits(adopted.heldCredits),
    endedTasks,
    settledCredits: toCredits(adopted.settledCredits),
    problem,
  };
}
