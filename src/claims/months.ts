/**
 * Months that are over: closing them after their grace time, and drafting what may be claimed, with the months that were
 * missed.
 *
 * **Invariant**: it may be ended after any month and run again; what was done is not done twice.
 */
import { closeMonth, readMonth } from '../sla/month-table.ts';
import { monthQuestion } from '../sla/month-question.ts';
import type { SlaMonth } from '../sla/month.ts';
import { addMonths, dayOf, monthOf } from '../sla/period.ts';
import { readFirstWindow } from '../sla/verify.ts';
import type { Ms } from '../units.ts';
import { listClaims } from './claim-table.ts';
import { draftRequest, type ClaimSources } from './draft-request.ts';
import { stillHolds } from './draft-review.ts';
import { draftClaim, monthsToDraft, type DraftDeps } from './draft.ts';
import { noteDeadlines } from './notices.ts';

const HOUR_MS = 3_600_000;
/** How many months back rows may still come: as long as a claim may be filed, and one more. */
const MONTHS_BACK = 4;

/** What a closing found, for those who log it. */
export type MonthEvent =
  | ({ kind: 'month_closed'; month: string; revision: number } & Pick<
      SlaMonth,
      'availability' | 'commitment' | 'breached'
    >)
  /** `why` says it with the numbers. */
  | { kind: 'claim_not_due'; month: string; why: string }
  /** The numbers of a month changed after its claim was filed. */
  | { kind: 'claim_outdated'; month: string };

export interface MonthsDeps extends DraftDeps {
  config: () => ClaimSources;
  onEvent: (event: MonthEvent) => void;
  /** Ends the work after the month in hand. */
  signal: AbortSignal;
}

/**
 * Closes the months whose grace time is over and drafts their claims: those never drafted, and drafts not yet filed
 * whose month has changed since.
 */
export async function closeMonths(deps: MonthsDeps, at: Ms): Promise<void> {
  const { store, ledger, signal, onEvent } = deps;
  const config = deps.config();
  const changed = new Set<string>();
  const over = await monthsOver(deps, at);
  for (const month of over) {
    if (signal.aborted) return;
    const measured = await store.read(readMonth, monthQuestion(config, month, at));
    if (!measured.recorded) continue;
    const { revision, isNew } = await store.write(closeMonth, { measured, at });
    if (!isNew) continue;
    changed.add(month);
    const { availability, commitment, breached } = measured;
    onEvent({ kind: 'month_closed', month, revision, availability, commitment, breached });
  }
  const { timeZone, closeAfterHours } = config.sla;
  const fresh = await monthsToDraft(store, { now: at, timeZone, closeAfterMs: closeAfterHours * HOUR_MS });
  for (const month of over) {
    if (signal.aborted) return;
    if (fresh.includes(month)) await draft(deps, { month, now: at, isChanged: changed.has(month) });
    else await draftAgain(deps, { month, now: at, isChanged: changed.has(month) });
  }
  if (signal.aborted) return;
  await ledger.run(noteDeadlines, { today: dayOf(at, timeZone), at });
}

/** Lists the months that are over by the grace time and of which something was counted, oldest first. */
async function monthsOver({ store, config }: MonthsDeps, at: Ms): Promise<string[]> {
  const { timeZone, closeAfterHours } = config().sla;
  const first = await store.read(readFirstWindow, {});
  if (first > at) return [];
  const oldest = monthOf(first, timeZone);
  const present = monthOf(at - closeAfterHours * HOUR_MS, timeZone);
  return Array.from({ length: MONTHS_BACK }, (_, index) => addMonths(present, index - MONTHS_BACK)).filter(
    (month) => month >= oldest,
  );
}

async function draft(
  { store, ledger, config, onEvent }: MonthsDeps,
  { month, now, isChanged }: { month: string; now: Ms; isChanged: boolean },
): Promise<void> {
  const order = { actor: 'job', reason: 'the month was closed' };
  const drafted = await draftClaim({ store, ledger }, draftRequest(config(), { month, now, order }));
  if (drafted.kind === 'nothing_due' && isChanged)
    onEvent({ kind: 'claim_not_due', month, why: drafted.message });
}

/**
 * A month that has a claim may say something else by now: its calls, or the fee once Kling's ledgers are known. A draft
 * is rewritten then, and only then, since people write in its files; one that was filed is left to people.
 */
async function draftAgain(
  deps: MonthsDeps,
  { month, now, isChanged }: { month: string; now: Ms; isChanged: boolean },
): Promise<void> {
  const [last] = await deps.store.read(listClaims, { month });
  if (!last) return;
  if (last.state === 'draft' || last.state === 'withdrawn') {
    const order = { actor: 'job', reason: 'the month or its fee changed' };
    const request = draftRequest(deps.config(), { month, now, order });
    if (!(await stillHolds(deps.store, last, request))) await draft(deps, { month, now, isChanged });
  } else if (isChanged && (last.state === 'filed' || last.state === 'acknowledged')) {
    deps.onEvent({ kind: 'claim_outdated', month });
  }
}
