/** A rule: one value with the search for its findings and its words in each language. */
import type { HeardFact } from '../outbox/heard-facts.ts';
import type { StoredMonthQuestion } from '../sla/month-table.ts';
import type { Store } from '../store/store.ts';
import type { StuckLimits } from '../tasks/stuck-limits.ts';
import type { Ms } from '../units.ts';
import type { AlertEnd, AlertEvent, Finding, OpenAlert } from './alert.ts';
import type { RuleWord } from './rule-words.ts';
import type { AlertLanguage, AlertSettings, RuleSettings } from './settings.ts';
import type { Signals } from './signals.ts';

export interface Rule {
  readonly word: RuleWord;
  /** The alerts that a fact of the outbox begins or ends; absent if the rule uses no facts. */
  readonly ofFact?: (fact: HeardFact, rule: RuleSettings, settings: AlertSettings) => FactFindings;
  /**
   * All findings of this rule at a look, once a minute; null if they cannot be known now, which changes nothing.
   * Absent if the rule uses only facts.
   */
  readonly look?: (
    look: Look,
    rule: RuleSettings,
    settings: AlertSettings,
  ) => Promise<readonly Finding[] | null>;
  /** A look without a finding does not end an alert: only facts and `ended` end the rule's alerts. */
  readonly isPartial?: true;
  /** The rule's open alerts that are over at a look, for rules that begin by facts. */
  readonly ended?: (
    look: Look,
    open: readonly OpenAlert[],
    settings: AlertSettings,
  ) => Promise<readonly AlertEnd[]>;
  readonly words: Readonly<Record<AlertLanguage, RuleText>>;
}

export interface FactFindings {
  found?: readonly Finding[];
  over?: readonly AlertEnd[];
}

/** The sources of a look. */
export interface Look {
  at: Ms;
  store: Pick<Store, 'read'>;
  signals: Signals;
  config: LookConfig;
}

/** The settings of other sections that rules need. */
export interface LookConfig {
  /** The question for a month of availability, the same as in `sla report`. */
  sla: Omit<StoredMonthQuestion, 'month' | 'now'>;
  /** The ages from which open tasks are stuck. */
  stuck: StuckLimits;
  /** The price of a credit. */
  price: { perCredit: number; currency: string };
}

/** Writes the texts of an event; `title` at most 150 characters, each text plain and without a line feed. */
export type RuleText = (
  event: AlertEvent,
  format: Format,
) => { title: string; finding: string; advice: string };

/** Writes numbers and times in one language. */
export interface Format {
  /** 1,234.5 credits, or 1,234.5 积分, from thousandths. */
  credits(thousandths: number): string;
  /** 5.2 % from 0.052; at most two places, never rounded up: 0.99999 is 99.99 %. */
  percent(share: number): string;
  number(value: number): string;
  /** 2 hours 5 minutes, from ms: the two largest units, never rounded up; 45 seconds below a minute. */
  duration(ms: Ms): string;
  /** An instant to the minute with its offset, such as 2026-11-28 09:05 UTC+1. */
  time(at: Ms): string;
}
