/**
 * The values of alerts: the rules' findings, the engine's alerts, and the messages for channels.
 *
 * **Invariant**: all are plain values, since findings and alerts are passed to the store's thread and kept as JSON.
 */
import type { Ms } from '../units.ts';
import type { RuleWord, Severity } from './rule-words.ts';

/** The values for the words of an alert; credits in thousandths, instants in ms, shares as 0.05. */
export type AlertValues = Readonly<Record<string, string | number | boolean | null>>;
/** The identity of one alert of a rule, such as `{ budget: 'daily' }`. Bounded, and never a secret or a prompt. */
export type AlertLabels = Readonly<Record<string, string>>;

/** The identity of an alert: the fingerprint is computed from these three only. */
export interface AlertKey {
  rule: RuleWord;
  labels: AlertLabels;
  /** The window or month of a notice or period rule; null for conditions. */
  period: string | null;
}

/** A rule's finding that something is true now. */
export interface Finding extends AlertKey {
  values: AlertValues;
  /** Since when it is true. */
  since: Ms;
  /** Replaces the rule's own severity if it depends on the finding. */
  severity?: Severity;
}

/** That an alert is over. */
export interface AlertEnd extends AlertKey {
  /** Values at its end, such as who ended it and why: added to the values of its beginning in the event of the end. */
  values?: AlertValues;
}

/** A firing alert with the values of its beginning. */
export interface OpenAlert extends AlertKey {
  values: AlertValues;
  startedAt: Ms;
}

/** The findings of a rule at one moment. */
export interface Findings {
  /** Rules whose conditions are listed completely: their open alerts that are not listed are over. */
  complete: readonly RuleWord[];
  /** Conditions that are true, and notices and periods that begin. Known ones are not taken a second time. */
  found: readonly Finding[];
  /** Periods and conditions that are known to be over. */
  over: readonly AlertEnd[];
}

/** `repeat` is sent again while it lasts. */
export type AlertStatus = 'firing' | 'repeat' | 'resolved';

/** A change of an alert that is reported to channels. */
export interface AlertEvent {
  /** Grows with time; the same id twice means the same event twice. */
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
  /** One line: the problem with its subject. Plain text, at most 150 characters. */
  title: string;
  /** The value against the threshold, and its meaning; one to three sentences of plain text. */
  finding: string;
  /** The next step: one to three sentences of plain text. Empty if there is nothing to do. */
  advice: string;
  runbookUrl: string;
}

/** One message of a channel. */
export interface AlertMessage {
  /** Stays the same when the message is sent again. */
  id: string;
  at: Ms;
  environment: string;
  /** The name of the Kling account in the config or at Kling; null if it is not known. */
  account: string | null;
  language: 'en' | 'zh';
  /** One line over all, such as "3 alerts: budget daily is used up, and 2 more". */
  headline: string;
  /** The highest severity of its alerts that are not resolved; `info` if all are resolved. */
  severity: Severity;
  /**
   * Never empty. Most severe first, then oldest; resolved ones come last. Events of one alert are next to each other, in
   * order of time.
   */
  alerts: readonly WordedAlert[];
  /** The number of further events in the message: many events at once become a digest of the most important ones. */
  more: number;
  /** Words of the message's frame, in its language. */
  frame: FrameWords;
}

/** The texts around the alerts, in the message's language. */
export interface FrameWords {
  firing: string;
  repeat: string;
  resolved: string;
  /** The urgency of an alert in one or two words: in English "Urgent", "Soon" and "For information". */
  severities: Readonly<Record<Severity, string>>;
  since: string;
  until: string;
  whatToDo: string;
  runbook: string;
  environment: string;
  account: string;
  /** Such as "and 12 more events, see kling-sidecar alert list"; empty if there are none. */
  more: string;
  /** Writes an instant in the config's zone, to the minute with the zone. */
  time(at: Ms): string;
}
