/**
 * The comparison of our ledger with Kling's, day by day.
 *
 * A day is one of the given zone. A create belongs to the day of its own instant, wherever in time Kling deducted it; a charge
 * of somebody else to the day of its deduction. The days are read in pages, each in a read of its own, so that no other
 * report waits long; what changes meanwhile may be seen in one page and not in another.
 */
import { readAccount } from '../account/account-table.ts';
import type { AccountRead } from '../account/account.ts';
import type { CashPrice } from '../account/row-credits.ts';
import { deductionSums, type DeductionSums } from '../budget/deduction-differences.ts';
import { SidecarError } from '../errors.ts';
import { dayOf } from '../sla/period.ts';
import type { Store } from '../store/store.ts';
import type { Ms } from '../units.ts';
import { dateAfter, dateOf, DAY_MS, startOfDate } from '../zone.ts';
import { compareCreates, type CompareCursor } from './compare-creates.ts';
import { compareUnknown } from './compare-unknown.ts';
import { comparePacks, type PackRemainder } from './pack-remainders.ts';
import { addTally, emptyTally, type Tally } from './tally.ts';

/** Creates of one read. */
const PAGE_CREATES = 2000;
/** The most days of one comparison. */
export const DAYS_MAX = 400;

export interface ReconcileQuestion {
  /** Inclusive; the first and the last day may be parts of one. */
  from: Ms;
  /** Exclusive. */
  to: Ms;
  timeZone: string;
  /** The present instant. */
  at: Ms;
  price: CashPrice;
}

export interface ReconciledDay extends Tally {
  /** `YYYY-MM-DD`. */
  day: string;
}

export interface Reconciliation {
  days: ReconciledDay[];
  totals: Tally;
  packs: PackRemainder[];
  /** The errors of our prices over the span: of creates whose deduction Kling reported. */
  estimates: DeductionSums[];
  ledgers: { package: AccountRead; balance: AccountRead };
  /** Kling's charges before it are not compared, since nothing ran here; null if nothing ever ran. */
  since: Ms | null;
}

/**
 * Compares a span of time.
 * @throws SidecarError `bad_usage` if the span is empty or has more than {@link DAYS_MAX} days; the signal's reason once it aborts.
 */
export async function reconcile(
  reader: Pick<Store, 'read'>,
  question: ReconcileQuestion,
  signal?: AbortSignal,
): Promise<Reconciliation> {
  const { from, at } = question;
  const to = Math.min(question.to, at);
  const days: ReconciledDay[] = [];
  const totals = emptyTally();
  let since: Ms | null = null;
  for (const span of daysOf({ from, to, timeZone: question.timeZone })) {
    signal?.throwIfAborted();
    const compared = await compareDay(reader, { ...span, at, price: question.price });
    days.push({ day: span.day, ...compared.tally });
    addTally(totals, compared.tally);
    since = compared.since;
  }
  const { reads } = await reader.read(readAccount, {});
  return {
    days,
    totals,
    packs: await reader.read(comparePacks, { at }),
    estimates: await reader.read(deductionSums, { from: from - 1, to: to - 1 }),
    ledgers: { package: reads.package, balance: reads.balance },
    since,
  };
}

async function compareDay(
  reader: Pick<Store, 'read'>,
  { start, end, at, price }: DaySpan & { at: Ms; price: CashPrice },
): Promise<{ tally: Tally; since: Ms | null }> {
  const { tally, since } = await reader.read(compareUnknown, { from: start, to: end, at, price });
  for (let after: CompareCursor | null | undefined; after !== null;) {
    const page: { tally: Tally; next: CompareCursor | null } = await reader.read(compareCreates, {
      from: start,
      to: end,
      after: after ?? null,
      limit: PAGE_CREATES,
    });
    addTally(tally, page.tally);
    after = page.next;
  }
  return { tally, since };
}

interface DaySpan {
  day: string;
  start: Ms;
  end: Ms;
}

/** Gives the days of a span, the first and the last one cut to it. */
export function daysOf({ from, to, timeZone }: { from: Ms; to: Ms; timeZone: string }): DaySpan[] {
  if (to <= from)
    throw new SidecarError(
      'bad_usage',
      'The time to compare is empty: from must be before to, and before now.',
    );
  if (to - from > DAYS_MAX * DAY_MS)
    throw new SidecarError(
      'bad_usage',
      `At most ${DAYS_MAX} days are compared at once; ask for a shorter time.`,
    );
  const days: DaySpan[] = [];
  for (let date = dateOf(timeZone, from), start = from; start < to;) {
    const next = dateAfter(date, 1);
    const end = Math.min(to, startOfDate(timeZone, next));
    days.push({ day: dayOf(start, timeZone), start, end });
    [date, start] = [next, end];
  }
  return days;
}
