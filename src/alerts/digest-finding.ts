/**
 * The daily digest and the weekly report as findings: of the last day, or of the last week from Monday to Sunday.
 *
 * Days and weeks are those of the alerts' zone. A finding is a notice of its day or week, so that a job that runs twice sends
 * one message.
 */
import { windowAt } from '../budget/window.ts';
import type { Store } from '../store/store.ts';
import { costOf, type Ms } from '../units.ts';
import type { AlertValues, Finding } from './alert.ts';
import { digestOf, type Digest } from './digest.ts';
import type { LookConfig } from './rule.ts';
import type { AlertSettings } from './settings.ts';

export interface DigestDeps {
  store: Pick<Store, 'read'>;
  /** The present. */
  at: Ms;
  settings: Pick<AlertSettings, 'timeZone'>;
  config: LookConfig;
}

/** Finds the digest of the day that ended last. */
export function dailyDigest(deps: DigestDeps): Promise<Finding> {
  return findingOf(deps, 'daily_digest', 'day');
}

/** Finds the report of the week that ended last. */
export function weeklyReport(deps: DigestDeps): Promise<Finding> {
  return findingOf(deps, 'weekly_report', 'week');
}

async function findingOf(
  { store, at, settings: { timeZone }, config }: DigestDeps,
  rule: 'daily_digest' | 'weekly_report',
  window: 'day' | 'week',
): Promise<Finding> {
  const { startsAt: to } = windowAt(window, timeZone, at);
  const { key, startsAt: from } = windowAt(window, timeZone, to - 1);
  const digest = await digestOf(store, { from, to, at }, config);
  return { rule, labels: {}, period: key, values: digestValues(digest, config), since: to };
}

/** Gives the values of a digest: numbers, and as JSON the lists and the optional values. */
export function digestValues(digest: Digest, { price }: Pick<LookConfig, 'price'>): AlertValues {
  const { creates, settledCredits, heldCredits, refused, failed, requests, stuck, doubts } = digest;
  const { apps, models, budgets, month, packs, claims } = digest;
  return {
    creates,
    settledCredits,
    heldCredits,
    refusals: refused.refusals,
    refusedCredits: refused.credits,
    settledCost: costOf(settledCredits, price.perCredit),
    heldCost: costOf(heldCredits, price.perCredit),
    refusedCost: costOf(refused.credits, price.perCredit),
    currency: price.currency,
    failedTasks: failed.tasks,
    validRequests: requests.valid,
    failedRequests: requests.errors,
    stuckTasks: stuck.tasks,
    holdsInDoubt: doubts.holds,
    lists: JSON.stringify({
      apps,
      models,
      budgets,
      month,
      packs,
      claims,
      ...reasonsOf(digest),
    } satisfies DigestLists),
  };
}

/** The values that are kept as JSON. */
export interface DigestLists extends Pick<
  Digest,
  'apps' | 'models' | 'budgets' | 'month' | 'packs' | 'claims'
> {
  refused: Digest['refused']['byWord'];
  failed: Digest['failed']['byReason'];
}

function reasonsOf({ refused, failed }: Digest): Pick<DigestLists, 'refused' | 'failed'> {
  return { refused: refused.byWord, failed: failed.byReason };
}
