/**
 * All rules: the one list, by their words.
 *
 * A rule is added to the list of its own field (`money-rules.ts`, …), and with it its words in each language and its
 * runbook `docs/runbooks/RULE.md`, which the Prometheus rule of the same trouble links to as well.
 */
import type { Rule } from '../rule.ts';
import type { RuleWord } from '../rule-words.ts';
import { availabilityRules } from './availability-rules.ts';
import { channelTest } from './channel-test.ts';
import { claimRules } from './claim-rules.ts';
import { digestRules } from './digests.ts';
import { jobRules } from './job-rules.ts';
import { moneyRules } from './money-rules.ts';
import { storeRules } from './store-rules.ts';
import { taskRules } from './task-rules.ts';

export const ALERT_RULES: readonly Rule[] = [
  channelTest,
  ...moneyRules,
  ...availabilityRules,
  ...taskRules,
  ...claimRules,
  ...storeRules,
  ...jobRules,
  ...digestRules,
];

const byWord: ReadonlyMap<RuleWord, Rule> = new Map(ALERT_RULES.map((rule) => [rule.word, rule]));

/** Gives a rule by its word; undefined for the word of another version. */
export function ruleOf(word: RuleWord): Rule | undefined {
  return byWord.get(word);
}
