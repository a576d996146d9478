/** The config's `rules`: each on or off, with threshold, severity and channels of its own. */
import { z } from 'zod';
import { label } from '../fields.ts';
import { RULE_MEANINGS } from './rule-meanings.ts';
import { RULE_WORDS, type RuleWord, type Severity } from './rule-words.ts';
import { defaultRuleSettings, type RuleSettings } from './settings.ts';
import { thresholdOf } from './thresholds.ts';

/** The rules of the config; the test of a channel is ordered, never configured. */
export const CONFIGURED_RULES = RULE_WORDS.filter((word) => word !== 'channel_test');

interface GivenRule {
  on?: boolean | undefined;
  threshold?: number | undefined;
  severity?: Severity | undefined;
  channels?: readonly string[] | undefined;
}

const common = {
  on: z.boolean().optional().describe('Whether the rule is active.'),
  severity: z
    .enum(['page', 'ticket', 'info'])
    .optional()
    .describe('page wakes somebody, ticket waits for the morning, info is only reported.'),
  channels: z
    .array(label)
    .min(1)
    .max(100)
    .readonly()
    .optional()
    .describe('Names of the channels that get its alerts; all by default.'),
};

function ruleSchema(word: RuleWord): z.ZodType<boolean | GivenRule | undefined> {
  const threshold = thresholdOf(word);
  const { isOn, severity, threshold: number } = defaultRuleSettings(word);
  const fields = threshold
    ? {
        on: common.on,
        threshold: z
          .number()
          .min(threshold.min)
          .max(threshold.max)
          .optional()
          .describe(`In ${threshold.unit}, ${number} by default.`),
        severity: common.severity,
        channels: common.channels,
      }
    : common;
  return z
    .union([z.boolean(), z.strictObject(fields)])
    .optional()
    .describe(`${RULE_MEANINGS[word]} ${isOn ? 'On' : 'Off'} by default, ${severity}.`);
}

/** Rules by their words; missing settings come from {@link defaultRuleSettings}. */
export const rulesSection = z.strictObject(
  Object.fromEntries(CONFIGURED_RULES.map((word) => [word, ruleSchema(word)])),
) as z.ZodType<GivenRules, GivenRules>;

export type GivenRules = Partial<Record<RuleWord, boolean | GivenRule>>;

/** Gives every rule's settings: those of the config, else the defaults. */
export function toRuleSettings(given: GivenRules): Readonly<Record<RuleWord, RuleSettings>> {
  const entries = RULE_WORDS.map((word): [RuleWord, RuleSettings] => [word, settingsOf(word, given[word])]);
  return Object.fromEntries(entries) as Record<RuleWord, RuleSettings>;
}

/** A rule that is named with another value than `false` is on, also if it is off by default. */
function settingsOf(word: RuleWord, given: boolean | GivenRule | undefined): RuleSettings {
  const defaults = defaultRuleSettings(word);
  if (given === undefined) return defaults;
  if (typeof given === 'boolean') return { ...defaults, isOn: given };
  return {
    isOn: given.on ?? true,
    severity: given.severity ?? defaults.severity,
    threshold: given.threshold ?? defaults.threshold,
    channels: given.channels ?? null,
  };
}
