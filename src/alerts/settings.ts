/** The settings of alerts, ready for use; a reload gives a new value. */
import type { Ms } from '../units.ts';
import type { EnforceMode } from '../words.ts';
import { ruleDefault, type RuleWord, type Severity } from './rule-words.ts';

export type AlertLanguage = 'en' | 'zh';

export interface RuleSettings {
  isOn: boolean;
  severity: Severity;
  /** Null if the rule has none. */
  threshold: number | null;
  /** Names of channels; null for all. */
  channels: readonly string[] | null;
}

export interface AlertSettings {
  environment: string;
  /** In `observe` budgets refuse nothing, so their alerts are less urgent. */
  mode: EnforceMode;
  /** The config's name of the Kling account; null if it has none. */
  account: string | null;
  language: AlertLanguage;
  /** The zone in which messages give times. */
  timeZone: string;
  /** The time for which the first event of a message waits for others. */
  groupMs: Ms;
  /** The shortest time between two messages of one alert while it fires. */
  repeatMs: Ms;
  /** The address of the runbooks: `${runbookBaseUrl}${rule}.md`. */
  runbookBaseUrl: string;
  rules: Readonly<Record<RuleWord, RuleSettings>>;
  /** Names of the channels that exist, in the order of the config. */
  channels: readonly string[];
}

/** Gives the settings of a rule that the config does not name. */
export function defaultRuleSettings(rule: RuleWord): RuleSettings {
  const { isOff = false, severity, threshold = null } = ruleDefault(rule);
  return { isOn: !isOff, severity, threshold, channels: null };
}
