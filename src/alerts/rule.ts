/** What a rule is: one value with how it is found and how it is said, in each language. */
import type { HeardFact } from '../outbox/heard-facts.ts';
import type { StoredMonthQuestion } from '../sla/month-table.ts';
import type { Store } from '../store/store.ts';
import type { Ms } from '../units.ts';
import type { AlertEnd, AlertEvent, Finding, OpenAlert } from './alert.ts';
import type { RuleWord } from './rule-words.ts';
import type { AlertLanguage, AlertSettings, RuleSettings } from './settings.ts';
import type { Signals } from './signals.ts';

export interface Rule {
  readonly word: RuleWord;
  /** What a fact of the outbox begins or ends; absent where the rule hears no facts. */
  readonly ofFact?: (fact: HeardFact, rule: RuleSettings, settings: AlertSettings) => FactFindings;
  /**
   * Everything of this rule that is true at a look, once a minute; null where it cannot be known now, which leaves all as it
   * is. Absent where the rule only hears facts.
   */
  readonly look?: (
    look: Look,
    rule: RuleSettings,
    settings: AlertSettings,
  ) => Promise<readonly Finding[] | null>;
  /** What a look does not find goes on: only facts and `ended` end the rule's alerts. */
  readonly isPartial?: true;
  /** Which of the rule's open alerts a look found to be over, for rules that begin by facts. */
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

/** What a look has to see with. */
export interface Look {
  at: Ms;
  store: Pick<Store, 'read'>;
  signals: Signals;
  config: LookConfig;
}

/** What the config says of the things that rules look at. */
export interface LookConfig {
  /** What a month of availability is asked with, as `sla report` asks. */
  sla: Omit<StoredMonthQuestion, 'month' | 'now'>;
  /** How long a task is open before it counts as stuck. */
  stuckAfterMs: Ms;
  /** What a credit costs. */
  price: { perCredit: number; currency: string };
}

/** Says an event; `title` at most 150 characters, each text plain and without a line feed. */
export type RuleText = (
  event: AlertEvent,
  format: Format,
) => { title: string; finding: string; advice: string };

/** How numbers and times are written in one language. */
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
