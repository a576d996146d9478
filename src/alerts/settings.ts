/** What the config says of alerts, ready for use; a reload gives a new value. */
import type { Ms } from '../units.ts';
import type { EnforceMode } from '../words.ts';
import { ruleDefault, type RuleWord, type Severity } from './rule-words.ts';

export type AlertLanguage = 'en' | 'zh';

export interface RuleSettings {
  isOn: boolean;
  severity: Severity;
  /** Null where the rule has none. */
  threshold: number | null;
  /** Names of channels; null for all. */
  channels: readonly string[] | null;
}

export interface AlertSettings {
  environment: string;
  /** In `observe` budgets refuse nothing, so what would be refused is less urgent. */
  mode: EnforceMode;
  /** The Kling account as the config names it; null where it does not. */
  account: string | null;
  language: AlertLanguage;
  /** The zone in which messages give times. */
  timeZone: string;
  /** How long the first event of a message waits for others. */
  groupMs: Ms;
  /** The shortest time between two messages of one alert while it fires. */
  repeatMs: Ms;
  /** Where runbooks are read: `${runbookBaseUrl}${rule}.md`. */
  runbookBaseUrl: string;
  rules: Readonly<Record<RuleWord, RuleSettings>>;
  /** Names of the channels that exist, in the order of the config. */
  channels: readonly string[];
}

/** Gives what a rule is set to where the config says nothing of it. */
export function defaultRuleSettings(rule: RuleWord): RuleSettings {
  const { isOff = false, severity, threshold = null } = ruleDefault(rule);
  return { isOn: !isOff, severity, threshold, channels: null };
}
