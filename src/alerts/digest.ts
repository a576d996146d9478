/**
 * The sums of a day or a week: money, tasks, availability, packs and claims in a few numbers.
 *
 * **Invariant**: the same numbers as `usage`, `status`, `sla report` and `claim list`, read by the same operations. A
 * span selects by the creates' instants; present values are those of the digest's own instant.
 */
import { packOutlook } from '../account/pack-outlook.ts';
import { listBudgets, type BudgetRow } from '../budget/budget-table.ts';
import { readOldDoubts, type OldDoubts } from '../budget/old-doubts.ts';
import { sumRefusals, type RefusalSum } from '../calls/refusal-sums.ts';
import { listClaims } from '../claims/claim-table.ts';
import { currentRevision, type Claim } from '../claims/claim.ts';
import { sumUsage, type UsageSum } from '../ledger/usage-sums.ts';
import { dayOf, daysBetween, monthOf } from '../sla/period.ts';
import { readMonthProgress, readWindowRates } from '../sla/progress-table.ts';
import type { Store } from '../store/store.ts';
import { readFailedTasks, readStuckTasks } from '../tasks/troubled-table.ts';
import { failureReason, type FailureReason } from '../kling/task-failures.ts';
import type { MilliCredits, Ms, Product } from '../units.ts';
import type { LookConfig } from './rule.ts';

/** The most apps, models, budgets and the like that a digest names: the largest ones. */
const NAMED_MAX = 3;

export interface Digest {
  creates: number;
  settledCredits: MilliCredits;
  /** Credits that the span's creates still hold. */
  heldCredits: MilliCredits;
  refused: { refusals: number; credits: MilliCredits; byWord: readonly RefusalSum[] };
  /** The most used budgets, each in its window at the end of the span. */
  budgets: readonly {
    name: string;
    windowKey: string;
    usedCredits: MilliCredits;
    limitCredits: MilliCredits;
  }[];
  apps: readonly Spender[];
  models: readonly Spender[];
  failed: { tasks: number; byReason: readonly { reason: FailureReason; tasks: number }[] };
  /** Requests to Kling, counted the same as for availability. */
  requests: { valid: number; errors: number };
  /** The month of the span's end; null if nothing is recorded of it. */
  month: { month: string; availability: string; commitment: string; budgetUsedShare: number } | null;
  stuck: { tasks: number; oldestAt: Ms | null };
  doubts: OldDoubts;
  packs: readonly { product: Product; daysLeft: number | null }[];
  /** Claims to be filed and vouchers to be used, the first to end first. */
  claims: readonly { month: string; kind: 'claim' | 'voucher'; daysLeft: number }[];
}

/** An app or a model with its settled and still held credits. */
export interface Spender {
  name: string;
  creates: number;
  credits: MilliCredits;
}

export interface DigestSpan {
  from: Ms;
  /** Exclusive. */
  to: Ms;
  /** The present. */
  at: Ms;
}

/** Sums up a span of time. */
export async function digestOf(
  store: Pick<Store, 'read'>,
  { from, to, at }: DigestSpan,
  config: LookConfig,
): Promise<Digest> {
  const usage = (by: 'operation' | 'app' | 'model'): Promise<UsageSum[]> =>
    store.read(sumUsage, { by: [by], from, to, timeZone: 'UTC' }).then(({ rows }) => rows);
  const month = monthOf(to - 1, config.sla.timeZone);
  const today = dayOf(at, config.sla.timeZone);
  const [operations, apps, models, refusals, failed] = await Promise.all([
    usage('operation'),
    usage('app').catch(tooMany),
    usage('model').catch(tooMany),
    store.read(sumRefusals, { from, to }),
    store.read(readFailedTasks, { from, to }),
  ]);
  const [{ budgets }, rates, progress, stuck, doubts, outlook, claims] = await Promise.all([
    store.read(listBudgets, { at: to - 1, isPast: true }),
    store.read(readWindowRates, { from, to }),
    store.read(readMonthProgress, { ...config.sla, month, now: at }),
    store.read(readStuckTasks, { at, limits: config.stuck }),
    store.read(readOldDoubts, { before: at + 1 }),
    store.read(packOutlook, { at }),
    store.read(listClaims, { month: null }),
  ]);
  return {
    creates: sum(operations.map(({ tasks }) => tasks)),
    settledCredits: sum(operations.map(({ credits }) => credits)),
    heldCredits: sum(operations.map(({ heldCredits }) => heldCredits)),
    refused: {
      refusals: sum(refusals.map((row) => row.refusals)),
      credits: sum(refusals.map(({ credits }) => credits)),
      byWord: refusals.slice(0, NAMED_MAX),
    },
    budgets: mostUsed(budgets),
    apps: mostSpent(apps.map((row) => ({ ...row, name: row.app ?? '' }))),
    models: mostSpent(models.map((row) => ({ ...row, name: row.model ?? '' }))),
    failed: byReason(failed),
    requests: { valid: sum(rates.map(({ valid }) => valid)), errors: sum(rates.map(({ errors }) => errors)) },
    month: monthSoFar(progress),
    stuck: {
      tasks: sum(stuck.map(({ tasks }) => tasks)),
      oldestAt: stuck.length === 0 ? null : Math.min(...stuck.map(({ oldestAt }) => oldestAt)),
    },
    doubts,
    packs: outlook.products
      .filter(({ newestPackId }) => newestPackId !== null)
      .map(({ product, daysLeft }) => ({ product, daysLeft })),
    claims: deadlines(claims, today),
  };
}

/** If there are too many apps to sum, none is named; the sums by operation are complete. */
function tooMany(): UsageSum[] {
  return [];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

function mostUsed(rows: readonly BudgetRow[]): Digest['budgets'] {
  return rows
    .toSorted((a, b) => b.usedPercent - a.usedPercent)
    .slice(0, NAMED_MAX)
    .map(({ name, perValue, windowKey, settledCredits, heldCredits, limitCredits }) => ({
      name: perValue === null ? name : `${name}/${perValue}`,
      windowKey,
      usedCredits: settledCredits + heldCredits,
      limitCredits,
    }));
}

function mostSpent(rows: readonly (UsageSum & { name: string })[]): Spender[] {
  return rows
    .map(({ name, tasks, credits, heldCredits }) => ({
      name,
      creates: tasks,
      credits: credits + heldCredits,
    }))
    .filter(({ name }) => name !== '')
    .toSorted((a, b) => b.credits - a.credits || b.creates - a.creates)
    .slice(0, NAMED_MAX);
}

function byReason(failed: readonly { statusMessage: string | null; tasks: number }[]): Digest['failed'] {
  const tasksOf = new Map<FailureReason, number>();
  for (const { statusMessage, tasks } of failed) {
    const reason = failureReason(statusMessage);
    tasksOf.set(reason, (tasksOf.get(reason) ?? 0) + tasks);
  }
  const reasons = [...tasksOf].map(([reason, tasks]) => ({ reason, tasks }));
  return {
    tasks: sum(reasons.map(({ tasks }) => tasks)),
    byReason: reasons.toSorted((a, b) => b.tasks - a.tasks).slice(0, NAMED_MAX),
  };
}

function monthSoFar(progress: Awaited<ReturnType<typeof readMonthProgress.run>>): Digest['month'] {
  const { month, recorded, commitment, contract, budget } = progress;
  if (!recorded || contract.availability === null) return null;
  const allowed = Number(budget.allowed);
  const budgetUsedShare = allowed > 0 ? Number(budget.used) / allowed : 0;
  return { month, availability: contract.availability, commitment, budgetUsedShare };
}

/** Lists the open work on claims: drafts to be filed by their last day, vouchers to be used. */
function deadlines(claims: readonly Claim[], today: string): Digest['claims'] {
  const due: { month: string; kind: 'claim' | 'voucher'; daysLeft: number }[] = [];
  for (const [month, revisions] of Map.groupBy(claims, (claim) => claim.month)) {
    const current = currentRevision(revisions);
    const isVoucher = current?.state === 'granted';
    const last = isVoucher ? current.voucherExpires : current?.state === 'draft' ? current.latest : null;
    const daysLeft = last === null || last === undefined ? -1 : daysBetween(today, last);
    if (daysLeft >= 0) due.push({ month, kind: isVoucher ? 'voucher' : 'claim', daysLeft });
  }
  return due.toSorted((a, b) => a.daysLeft - b.daysLeft).slice(0, NAMED_MAX);
}
