import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RuleWord } from '../../../src/alerts/rule-words.ts';
import { availabilityRules } from '../../../src/alerts/rules/availability-rules.ts';
import { claimRules } from '../../../src/alerts/rules/claim-rules.ts';
import { jobRules } from '../../../src/alerts/rules/job-rules.ts';
import { storeRules } from '../../../src/alerts/rules/store-rules.ts';
import { taskRules } from '../../../src/alerts/rules/task-rules.ts';
import { app, checkWords, count, credits, day, instant, month, share, words, type WordCase } from './said.ts';

const duration = fc.integer({ min: 1_000, max: 40 * 86_400_000 });
const decimal = fc.constantFrom('99.899999', '98.500000', '0.000000');
const percent = fc.constantFrom(10, 25, 50);
const left = fc.integer({ min: -3, max: 60 });
const deadline = {
  revision: count,
  percent,
  asked: fc.option(fc.integer({ min: 0, max: 10 ** 12 })),
  currency: fc.option(fc.constantFrom('USD', 'JPY', 'CNY')),
  earliest: day,
  latest: day,
  daysLeft: left,
  folder: words,
};
const sla = {
  month,
  commitment: fc.constant('99.90'),
  availability: decimal,
  percent,
  reading: fc.constantFrom('received', 'contract'),
};

const CASES: Partial<Record<RuleWord, WordCase>> = {
  failure_rate: {
    values: {
      share,
      shareBefore: share,
      threshold: share,
      errors: count,
      valid: count,
      windowStart: instant,
      isQuiet: fc.boolean(),
    },
  },
  upstream_down: { values: { failures: count, cause: words } },
  breaker_open: { values: { failures: count, cause: words } },
  sla_at_risk: {
    labels: { cause: fc.constantFrom('used', 'burn') },
    values: {
      month,
      commitment: fc.constant('99.90'),
      availability: decimal,
      usedWindows: share,
      allowedWindows: share,
      share,
      burntSixHours: share,
      breaksInMs: duration,
    },
  },
  sla_broken: { values: sla },
  sla_tier_worse: { values: sla, isResolved: false },
  tasks_stuck: {
    labels: { product: fc.constantFrom('video', 'image') },
    values: { tasks: count, heldCredits: credits, oldestAt: instant, stuckAfterMs: duration },
  },
  task_contradicted: {
    labels: { app },
    values: { taskId: fc.constant('8502'), known: fc.constant('succeeded'), seen: fc.constant('failed') },
    isResolved: false,
  },
  tasks_lost: { values: { tasks: count, heldCredits: credits, oldestAt: instant } },
  results_expiring: { values: { files: count, firstExpiresAt: instant, hours: count } },
  results_full: {
    values: { why: fc.constantFrom('over_quota', 'disk_low'), savedBytes: count, quotaBytes: count },
  },
  callbacks_refused: { values: { count } },
  callbacks_undelivered: {
    values: { count, error: fc.constant('the address of the callback answered 500') },
  },
  holds_in_doubt: {
    values: { holds: count, credits, oldestAt: instant, forOperator: fc.nat(3), allowedMs: duration },
  },
  queue_saturated: {
    labels: { pool: fc.constantFrom('video', 'kling-v3') },
    values: { queued: count, queueMax: count, inUse: fc.nat(9), limit: fc.option(count), threshold: share },
  },
  queue_full: {
    values: { creates: count, threshold: count, pools: fc.option(fc.constant('video 5/5, kling-v3 2/2')) },
  },
  poll_loop: {
    labels: { app },
    values: { taskId: fc.constant('8502'), reads: count, tasks: count, firstAt: instant, limit: count },
    isResolved: false,
  },
  claim_open: {
    labels: { month },
    values: { step: fc.constantFrom('drafted', 'reopened', 'open'), ...deadline },
    isResolved: false,
  },
  claim_due: { labels: { month }, values: deadline, isResolved: false },
  claim_missed: { labels: { month }, values: deadline, isResolved: false },
  claim_withdrawn: { labels: { month }, values: { revision: count, why: words }, isResolved: false },
  voucher_ends: { labels: { month }, values: deadline, isResolved: false },
  store_trouble: {
    labels: { trouble: fc.constantFrom('writes', 'lost', 'ledger') },
    values: { why: words, problems: count, first: words },
  },
  disk_low: { values: { freeBytes: credits, totalBytes: credits, share, threshold: share } },
  wal_large: { values: { walBytes: credits, thresholdMiB: count } },
  job_failed: {
    labels: { job: fc.constantFrom('backup', 'sla-months') },
    values: { error: fc.option(words) },
  },
  job_missed: { labels: { job: fc.constant('backup') }, values: { missed: count }, isResolved: false },
};

describe('the words of rules about availability, tasks, claims, store and jobs', () => {
  const rules = [...availabilityRules, ...taskRules, ...claimRules, ...storeRules, ...jobRules];

  it.each(rules.map((rule) => [rule.word, rule] as const))(
    '%s says whole sentences in both languages',
    (word, rule) => {
      const known = CASES[word];
      if (!known) throw new Error(`there is no case for ${word}`);
      checkWords(rule, known);
    },
  );

  it('are checked for every rule once', () => {
    expect(rules.map(({ word }) => word).sort()).toEqual(Object.keys(CASES).sort());
  });
});
