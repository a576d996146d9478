/** What a rule is: one value with how it is found and how it is said, in each language. */
import type { HeardFact } from '../outbox/heard-facts.ts';
import type { StoredMonthQuestion } from '../sla/month-table.ts';
import type { Store } from '../store/store.ts';
import type { Ms } from '../units.ts';
import type { AlertEvent, AlertKey, Finding } from './alert.ts';
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
  /** Keys that a look found to be over, for rules that begin by facts. */
  readonly ended?: (
    look: Look,
    open: readonly AlertKey[],
    settings: AlertSettings,
  ) => Promise<readonly AlertKey[]>;
  readonly words: Readonly<Record<AlertLanguage, RuleText>>;
}

export interface FactFindings {
  found?: readonly Finding[];
  over?: readonly AlertKey[];
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
  /** 1,234.5 credits from thousandths. */
  credits(thousandths: number): string;
  /** 5.2 % from 0.052. */
  percent(share: number): string;
  number(value: number): string;
  /** Two hours 5 minutes, from ms. */
  duration(ms: Ms): string;
  /** An instant to the minute, with its zone. */
  time(at: Ms): string;
}
