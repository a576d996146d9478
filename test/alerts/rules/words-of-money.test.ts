import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RuleWord } from '../../../src/alerts/rule-words.ts';
import { channelTest } from '../../../src/alerts/rules/channel-test.ts';
import { moneyRules } from '../../../src/alerts/rules/money-rules.ts';
import { app, checkWords, credits, instant, type WordCase } from './said.ts';

const budget = fc.constantFrom('daily', 'a budget', "o'clock", 'b'.repeat(64));
const someone = fc.constantFrom('ann', 'o'.repeat(64));
const reason = fc.constantFrom('a loop in the batch', 'r'.repeat(200));
const resetsAt = fc.option(instant);

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
