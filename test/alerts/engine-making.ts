/** Findings, settings and channels for tests of the engine. */
import type { AlertEvent, AlertKey, AlertMessage, Finding, Findings } from '../../src/alerts/alert.ts';
import type { Channel, References } from '../../src/alerts/channel.ts';
import { RULE_WORDS, type RuleWord } from '../../src/alerts/rule-words.ts';
import { defaultRuleSettings, type AlertSettings, type RuleSettings } from '../../src/alerts/settings.ts';
import type { Ms } from '../../src/units.ts';

export const SECOND_MS: Ms = 1_000;
export const MINUTE_MS: Ms = 60_000;
export const HOUR_MS: Ms = 3_600_000;
export const DAY_MS: Ms = 86_400_000;
/** 2026-11-18 12:00 UTC. */
export const NOON: Ms = Date.UTC(2026, 10, 18, 12);
export const GROUP_MS: Ms = 30 * SECOND_MS;

/** Gives settings with channels of these names, and rules that differ from the default. */
export function settings(
  channels: readonly string[] = ['chat'],
  rules: Partial<Record<RuleWord, Partial<RuleSettings>>> = {},
): AlertSettings {
  const all = RULE_WORDS.map((rule) => [rule, { ...defaultRuleSettings(rule), ...rules[rule] }]);
  return {
    environment: 'test',
    mode: 'protect',
    account: null,
    language: 'en',
    timeZone: 'UTC',
    groupMs: GROUP_MS,
    repeatMs: 4 * HOUR_MS,
    runbookBaseUrl: 'https://runbooks.test/',
    rules: Object.fromEntries(all) as AlertSettings['rules'],
    channels,
  };
}

/** Gives the key of a rule's alert; `of` tells one from another. */
export function key(rule: RuleWord, of = 'a', period: string | null = null): AlertKey {
  return { rule, labels: { of }, period };
}

/** Gives a finding of a rule. */
export function finding(rule: RuleWord, more: Partial<Finding> & { of?: string } = {}): Finding {
  const { of = 'a', ...rest } = more;
  return { ...key(rule, of), values: {}, since: NOON, ...rest };
}

/** Gives findings that list nothing completely. */
export function findings(found: readonly Finding[] = [], over: readonly AlertKey[] = []): Findings {
  return { complete: [], found, over };
}

/** Words events with as few words as there can be. */
export function compose(
  events: readonly AlertEvent[],
  at: Ms,
  of: AlertSettings,
  more: number,
): Omit<AlertMessage, 'id'> {
  const [first] = events;
  return {
    at,
    environment: of.environment,
    account: of.account,
    language: of.language,
    headline: events.map((event) => said(event)).join(', '),
    severity: first?.severity ?? 'info',
    alerts: events.map((event) => ({
      ...event,
      title: said(event),
      finding: JSON.stringify(event.values),
      advice: '',
      runbookUrl: `${of.runbookBaseUrl}${event.rule}.md`,
    })),
    more,
    frame: {
      firing: 'firing',
      repeat: 'still firing',
      resolved: 'resolved',
      severities: { page: 'urgent', ticket: 'soon', info: 'for information' },
      since: 'since',
      until: 'until',
      whatToDo: 'what to do',
      runbook: 'runbook',
      environment: 'environment',
      account: 'account',
      more: more === 0 ? '' : `and ${more} more`,
      time: (instant) => new Date(instant).toISOString(),
    },
  };
}

/** Gives an event in one line, such as `failure_rate a firing`. */
export function said({ rule, labels, period, status }: AlertEvent): string {
  return [rule, ...Object.values(labels), ...(period === null ? [] : [period]), status].join(' ');
}

export interface RecordedChannel extends Channel {
  /** What was handed over and taken, in order. */
  readonly sent: AlertMessage[];
  /** Each handing over, whether it was taken or not: message ids. */
  readonly tried: string[];
  /** Decides what becomes of the next messages; null takes them. */
  answer: ((message: AlertMessage, references: References) => References | Promise<References>) | null;
}

/** Makes a channel in memory that keeps what it is handed. */
export function recordedChannel(name: string, more: Partial<Channel> = {}): RecordedChannel {
  const sent: AlertMessage[] = [];
  const tried: string[] = [];
  return {
    name,
    type: 'stdout',
    paceMs: 0,
    sent,
    tried,
    answer: null,
    async send(message, references) {
      tried.push(message.id);
      const given = (await this.answer?.(message, references)) ?? {};
      sent.push(message);
      return given;
    },
    close: () => Promise.resolve(),
    ...more,
  };
}

/** Gives a message's alerts, each in one line. */
export function lines(message: AlertMessage | undefined): string[] {
  return message?.alerts.map((alert) => alert.title) ?? [];
}
