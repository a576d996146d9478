import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RuleWord } from '../../../src/alerts/rule-words.ts';
import { channelTest } from '../../../src/alerts/rules/channel-test.ts';
import { moneyRules } from '../../../src/alerts/rules/money-rules.ts';
import { app, checkWords, count, credits, instant, words, type WordCase } from './said.ts';

const budget = fc.constantFrom('daily', 'a budget', "o'clock", 'b'.repeat(64));
const someone = fc.constantFrom('ann', 'o'.repeat(64));
const reason = fc.constantFrom('a loop in the batch', 'r'.repeat(200));
const resetsAt = fc.option(instant);
const product = fc.constantFrom('video', 'image');
const route = fc.constant('/v1/videos/multi-image2video');
const model = fc.constantFrom('kling-v3', 'kling-v2-1-master');

const CASES: Partial<Record<RuleWord, WordCase>> = {
  channel_test: { labels: { channel: app }, values: {}, isResolved: false },
  budget_threshold: {
    labels: { budget },
    values: {
      counterId: fc.constant('daily~0'),
      share: fc.constantFrom(0.05, 0.8),
      usedCredits: credits,
      limitCredits: credits,
      windowKey: fc.constantFrom('2026-11-28', 'total'),
      resetsAt,
      refuses: fc.boolean(),
    },
    isResolved: false,
  },
  budget_used_up: {
    labels: { budget, app },
    values: {
      counterId: fc.constant('daily~0'),
      share: fc.constant(1),
      usedCredits: credits,
      limitCredits: credits,
      windowKey: fc.constantFrom('2026-11-28', '2026-11-28T03:00:00.000Z'),
      resetsAt,
      refuses: fc.boolean(),
      why: fc.constantFrom('removed', 'window_ended', 'limit_raised'),
      endUsedCredits: credits,
      endLimitCredits: credits,
    },
  },
  budget_forecast: {
    labels: { budget, tag: fc.constantFrom('', 'nightly') },
    values: {
      usedCredits: credits,
      limitCredits: credits,
      leftMs: fc.integer({ min: 1, max: 7_200_000 }),
      resetsAt,
      thresholdHours: fc.constantFrom(0.25, 2, 168),
      refuses: fc.boolean(),
    },
  },
  credits_refused: {
    labels: { app },
    values: {
      word: fc.constantFrom('budget_exceeded', 'task_too_expensive', 'route_not_priced'),
      budget: fc.option(budget),
      creates: count,
      credits,
    },
  },
  deduction_differs: {
    labels: { operation: fc.constant('text-to-video'), model: fc.constantFrom('kling-v2-6', 'other') },
    values: {
      creates: count,
      heldCredits: credits,
      deductedCredits: credits,
      threshold: fc.constantFrom(0.001, 0.1),
    },
  },
  ledger_drift: {
    values: {
      driftCredits: credits,
      oursOnly: count,
      different: count,
      from: instant,
      examples: fc.constantFrom('8501, 8502', 'hold_01m8f'),
      threshold: credits,
    },
  },
  foreign_spending: {
    values: {
      day: fc.constant('2026-11-28'),
      tasks: count,
      sums: fc.constantFrom(
        JSON.stringify([{ wallet: 'package', product: 'video', currency: null, amount: 6_500_000 }]),
        JSON.stringify([
          { wallet: 'balance', product: null, currency: null, amount: 1 },
          { wallet: 'balance', product: null, currency: 'USD', amount: 12_500_000 },
          { wallet: 'package', product: null, currency: null, amount: 1_000_000 },
        ]),
      ),
      examples: fc.constant('8501, 8502'),
      keys: fc.constantFrom('', 'staging'),
    },
    isResolved: false,
  },
  route_unpriced: {
    labels: { route: fc.constantFrom('/v1/videos/text2video', `/v2/${'x'.repeat(40)}/*/remix`), model: app },
    values: { app, heldCredits: credits, isUnknown: fc.boolean() },
    isResolved: false,
  },
  price_stale: {
    values: { readOn: fc.constant('2026-09-20'), ageDays: count, thresholdDays: count },
    isResolved: false,
  },
  kling_refuses: {
    labels: { code: fc.constantFrom('1100', '1101', '1102', '1103', '1304'), route, model, product },
    values: { calls: count, lastAt: instant },
  },
  credentials_refused: {
    values: { code: fc.constantFrom(1000, 1003), message: fc.option(words) },
  },
  clock_wrong: {
    values: { offsetMs: fc.option(fc.integer({ min: -40 * 86_400_000, max: 40 * 86_400_000 })) },
  },
  pack_nearly_empty: {
    labels: { product },
    values: {
      remaining: credits,
      perDay: credits,
      daysLeft: fc.constantFrom(0, 0.4, 2.99),
      thresholdDays: fc.constantFrom(0.25, 3),
    },
  },
  pack_expires: {
    labels: { pack: fc.constantFrom('Video-1000Units-5Con-3Months', 'p'.repeat(120)) },
    values: { product, remaining: credits, lost: credits, endsAt: instant },
    isResolved: false,
  },
  spending_frozen: {
    values: { actor: someone, reason, endActor: someone, endReason: reason },
  },
};

describe('the words of rules about money', () => {
  const rules = [...moneyRules, channelTest];

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
