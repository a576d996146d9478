/** Months that are worth a claim and have none. */
import type { Store } from '../store/store.ts';
import type { Ms } from '../units.ts';
import { composeClaim } from './compose.ts';
import { draftRequest, type ClaimSources } from './draft-request.ts';
import { monthsToDraft } from './draft.ts';

const HOUR_MS = 3_600_000;
/** How long after a month's closing a draft may take to appear: the job runs every hour by default. */
const JOB_GRACE_MS = 2 * HOUR_MS;

/**
 * Lists months that closed, may still be filed, are worth a voucher, and have no draft, oldest first.
 * @param now what the job may still draft by itself is left out: it runs once an hour unless the config says otherwise.
 */
export async function undraftedMonths(
  store: Pick<Store, 'read'>,
  config: ClaimSources,
  now: Ms,
): Promise<{ month: string; percent: number; latest: string }[]> {
  const { timeZone, closeAfterHours } = config.sla;
  const closeAfterMs = closeAfterHours * HOUR_MS + JOB_GRACE_MS;
  const found: { month: string; percent: number; latest: string }[] = [];
  for (const month of await monthsToDraft(store, { now, timeZone, closeAfterMs })) {
    const order = { actor: 'doctor', reason: 'looked at' };
    const { question, settings } = draftRequest(config, { month, now, order });
    const { claim } = await store.read(composeClaim, { question, settings });
    if (claim) found.push({ month, percent: claim.percent, latest: claim.latest });
  }
  return found;
}
