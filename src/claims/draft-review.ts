/** Compares drafts with the present records: which of them are no longer valid. */
import { dayOf } from '../sla/period.ts';
import type { Store } from '../store/store.ts';
import type { Ms } from '../units.ts';
import { listClaims } from './claim-table.ts';
import type { Claim } from './claim.ts';
import { composeClaim } from './compose.ts';
import { draftRequest, type ClaimSources } from './draft-request.ts';
import { draftClaim, type DraftDeps, type DraftRequest } from './draft.ts';

/** Returns whether a new draft would be equal; for a withdrawn one, whether still nothing is due. */
export async function stillHolds(
  store: Pick<Store, 'read'>,
  last: Claim,
  { question, settings }: DraftRequest,
): Promise<boolean> {
  const { claim } = await store.read(composeClaim, { question, settings });
  return last.state === 'withdrawn' ? claim === null : claim?.manifest === last.manifest;
}

/**
 * Checks the drafts that may still be filed after an order changed the counts: invalid ones are superseded or withdrawn
 * at once, and not only by the hourly job.
 */
export async function reviewDrafts(
  deps: DraftDeps & { config: ClaimSources; order: DraftRequest['order'] },
  now: Ms,
): Promise<void> {
  const { store, config, order } = deps;
  const today = dayOf(now, config.sla.timeZone);
  const claims = await store.read(listClaims, { month: null });
  for (const month of new Set(claims.map((claim) => claim.month))) {
    const last = claims.find((claim) => claim.month === month);
    if (!last || last.latest < today || (last.state !== 'draft' && last.state !== 'withdrawn')) continue;
    const request = draftRequest(config, { month, now, order });
    if (await stillHolds(store, last, request)) continue;
    await draftClaim(deps, request);
  }
}
