/**
 * All rules: the one list, by their words.
 *
 * Add a rule to the list of its subject (`money-rules.ts`, …), with its words in each language and its runbook
 * `docs/runbooks/RULE.md`. The Prometheus rule of the same problem links to that runbook too.
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

/** Gives a rule by its word; undefined for a word of another version. */
export function ruleOf(word: RuleWord): Rule | undefined {
  return byWord.get(word);
}
