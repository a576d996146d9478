/**
 * Alerts as values: what the rules find, what the engine keeps of it, and what a channel is handed.
 *
 * **Invariant**: plain values throughout, since findings and alerts cross to the store's thread and are kept as JSON.
 */
import type { Ms } from '../units.ts';
import type { RuleWord, Severity } from './rule-words.ts';

/** What the words of an alert are made from; credits in thousandths, instants in ms, shares as 0.05. */
export type AlertValues = Readonly<Record<string, string | number | boolean | null>>;
/** What tells one alert of a rule from another, such as `{ budget: 'daily' }`. Bounded, and never a secret or a prompt. */
export type AlertLabels = Readonly<Record<string, string>>;

/** Which alert: the fingerprint is made of these three, and of nothing else. */
export interface AlertKey {
  rule: RuleWord;
  labels: AlertLabels;
  /** The window or month that a notice or period rule is true of; null for conditions. */
  period: string | null;
}

/** That something is true now, found by a rule. */
export interface Finding extends AlertKey {
  values: AlertValues;
  /** Since when it is true. */
  since: Ms;
  /** In place of the rule's own, where how bad it is depends on what was found. */
  severity?: Severity;
}

/** That an alert is over. */
export interface AlertEnd extends AlertKey {
  /** What is known at its end, such as who ended it and why: joins the values of its beginning in the event that says so. */
  values?: AlertValues;
}

/** An alert that fires, as it began. */
export interface OpenAlert extends AlertKey {
  values: AlertValues;
  startedAt: Ms;
}

/** What a rule says at one moment. */
export interface Findings {
  /** Rules whose conditions are listed completely: an open alert of theirs that is not among them is over. */
  complete: readonly RuleWord[];
  /** Conditions that hold, and notices and periods that begin. What is known already is taken no second time. */
  found: readonly Finding[];
  /** Periods and conditions that somebody knows to be over. */
  over: readonly AlertEnd[];
}

/** `repeat` is sent again while it lasts. */
export type AlertStatus = 'firing' | 'repeat' | 'resolved';

/** One happening of an alert that is reported to channels. */
export interface AlertEvent {
  /** Grows with time; a channel that is handed the same id twice is handed the same event. */
  id: number;
  rule: RuleWord;
  labels: AlertLabels;
  period: string | null;
  /** 16 hex digits of rule, labels and period. */
  fingerprint: string;
  status: AlertStatus;
  severity: Severity;
  values: AlertValues;
  startedAt: Ms;
  /** When it was over; null while it is not. A notice is over when it is sent: null too. */
  endedAt: Ms | null;
  at: Ms;
}

/** An event in words, in the language of the config. */
export interface WordedAlert extends AlertEvent {
  /** One line: what is wrong, with its subject. Plain text, at most 150 characters. */
  title: string;
  /** The value against the threshold, and what it means; one to three sentences of plain text. */
  finding: string;
  /** What to do next: one to three sentences of plain text. Empty where nothing is to be done. */
  advice: string;
  runbookUrl: string;
}

/** What a channel sends as one message. */
export interface AlertMessage {
  /** Stays the same when the message is sent again. */
  id: string;
  at: Ms;
  environment: string;
  /** The Kling account, as the config or Kling names it; null where it is not known. */
  account: string | null;
  language: 'en' | 'zh';
  /** One line over all, such as "3 alerts: budget daily is used up, and 2 more". */
  headline: string;
  /** The most severe of its alerts' that are not resolved; `info` where all are. */
  severity: Severity;
  /**
   * Never empty. Most severe first, then oldest; those that are over come last. Events of one alert stand side by side, in
   * the order in which they happened.
   */
  alerts: readonly WordedAlert[];
  /** How many more events the message stands for: a storm is a digest of those that matter most. */
  more: number;
  /** Words of the message's frame, in its language. */
  frame: FrameWords;
}

/** What stands around the alerts, in the message's language. */
export interface FrameWords {
  firing: string;
  repeat: string;
  resolved: string;
  /** How urgent an alert is, in a word or two: in English "Urgent", "Soon" and "For information". */
  severities: Readonly<Record<Severity, string>>;
  since: string;
  until: string;
  whatToDo: string;
  runbook: string;
  environment: string;
  account: string;
  /** Such as "and 12 more events, see kling-sidecar alert list"; empty where there are none. */
  more: string;
  /** Gives an instant as people of the config's zone read it, to the minute with the zone. */
  time(at: Ms): string;
}
