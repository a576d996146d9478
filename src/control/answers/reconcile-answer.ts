/** `GET /v1/reconciliation`: the comparison in decimals and ISO 8601. */
import type { AccountRead, Millionths } from '../../account/account.ts';
import type { CashPrice } from '../../account/row-credits.ts';
import { reconcile } from '../../reconcile/reconciliation.ts';
import type { ClassSum, KlingSums, Tally } from '../../reconcile/tally.ts';
import type { Store } from '../../store/store.ts';
import { toCredits, type MilliCredits, type Ms } from '../../units.ts';
import { dateAfter, dateOf, startOfDate } from '../../zone.ts';
import type { ReconcileQuery, ReconciliationAnswer } from '../reconcile-schemas.ts';
import { iso, isoOrNull } from './shape.ts';

const DAYS_DEFAULT = 30;
const MILLION = 1_000_000;

/**
 * Compares a span of time, by default the last 30 days.
 * @throws SidecarError `bad_usage` for an empty or too long span.
 */
export async function answerReconciliation(
  reader: Pick<Store, 'read'>,
  query: ReconcileQuery,
  { now, price: { perCredit, currency } }: { now: Ms; price: CashPrice },
): Promise<ReconciliationAnswer> {
  const { timeZone } = query;
  const to = Math.min(query.to ?? now, now);
  const from = query.from ?? startOfDate(timeZone, dateAfter(dateOf(timeZone, to), -DAYS_DEFAULT));
  const price = { perCredit, currency };
  const { days, totals, packs, estimates, ledgers, since } = await reconcile(reader, {
    from,
    to,
    timeZone,
    at: now,
    price,
  });
  return {
    from: iso(from),
    to: iso(to),
    timeZone,
    comparedSince: isoOrNull(since),
    ledgers: { package: ledgerOf(ledgers.package), balance: ledgerOf(ledgers.balance) },
    totals: tallyOf(totals),
    days: days.map(({ day, ...tally }) => ({ day, ...tallyOf(tally) })),
    examples: totals.examples.map(({ class: kind, at, ourCredits, theirCredits, ...example }) => ({
      kind,
      ...example,
      at: iso(at),
      credits: creditsOrNull(ourCredits),
      klingCredits: creditsOrNull(theirCredits),
    })),
    packs: packs.map(({ remaining, expected, difference, ...pack }) => ({
      ...pack,
      remaining: decimalOrNull(remaining),
      expectedLeast: decimalOrNull(expected?.least ?? null),
      expectedMost: decimalOrNull(expected?.most ?? null),
      difference: decimalOrNull(difference),
    })),
    estimates: estimates.map(({ isExact, heldCredits, deductedCredits, ...row }) => ({
      ...row,
      exact: isExact,
      heldCredits: toCredits(heldCredits),
      deductedCredits: toCredits(deductedCredits),
      errorPercent: errorPercent(heldCredits, deductedCredits),
    })),
  };
}

function ledgerOf({
  readAt,
  fromAt,
  throughAt,
  problem,
}: AccountRead): ReconciliationAnswer['ledgers']['package'] {
  return { readAt: isoOrNull(readAt), from: isoOrNull(fromAt), through: isoOrNull(throughAt), problem };
}

function tallyOf({ classes, units, cash, driftCredits }: Tally): ReconciliationAnswer['totals'] {
  return {
    matched: sumOf(classes.matched),
    oursOnly: sumOf(classes.oursOnly),
    theirsOnly: sumOf(classes.theirsOnly),
    different: sumOf(classes.different),
    pending: sumOf(classes.pending),
    klingUnits: decimals(units),
    klingCash: decimals(cash),
    driftCredits: toCredits(driftCredits),
  };
}

function sumOf({ tasks, ourCredits, theirCredits }: ClassSum): ReconciliationAnswer['totals']['matched'] {
  return { tasks, credits: toCredits(ourCredits), klingCredits: toCredits(theirCredits) };
}

function decimals(sums: KlingSums): Record<string, number> {
  return Object.fromEntries(Object.entries(sums).map(([key, amount]) => [key, amount / MILLION]));
}

function decimalOrNull(millionths: Millionths | null): number | null {
  return millionths === null ? null : millionths / MILLION;
}

function creditsOrNull(credits: MilliCredits | null): number | null {
  return credits === null ? null : toCredits(credits);
}

/** To a hundredth of a percent. */
function errorPercent(held: MilliCredits, deducted: MilliCredits): number | null {
  return held === 0 ? null : Math.round(((deducted - held) / held) * 10_000) / 100;
}
