/** Alerts as they happen to a studio, worded by the rules themselves: for the pictures of their messages. */
import type { AlertEvent, AlertMessage } from '../../src/alerts/alert.ts';
import { RULE_WORDS, ruleDefault, type RuleWord } from '../../src/alerts/rule-words.ts';
import { defaultRuleSettings, type AlertLanguage, type AlertSettings } from '../../src/alerts/settings.ts';
import { compose } from '../../src/alerts/words/compose.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const AT = Date.UTC(2026, 10, 21, 14, 5);
const NEXT_DAY = Date.UTC(2026, 10, 22);

function settingsOf(language: AlertLanguage): AlertSettings {
  const rules = Object.fromEntries(RULE_WORDS.map((rule) => [rule, defaultRuleSettings(rule)]));
  return {
    environment: 'production',
    mode: 'protect',
    account: 'studio-main',
    language,
    timeZone: language === 'zh' ? 'Asia/Shanghai' : 'UTC',
    groupMs: 30_000,
    repeatMs: 4 * HOUR_MS,
    runbookBaseUrl: 'https://github.com/kling-sidecar/kling-sidecar/blob/main/docs/runbooks/',
    rules: rules as AlertSettings['rules'],
    channels: [],
  };
}

function eventOf(rule: RuleWord, values: AlertEvent['values'], over: Partial<AlertEvent> = {}): AlertEvent {
  return {
    id: 1,
    rule,
    labels: {},
    period: null,
    fingerprint: rule,
    status: 'firing',
    severity: ruleDefault(rule).severity,
    values,
    startedAt: AT,
    endedAt: null,
    at: AT,
    ...over,
  };
}

const usedUp = eventOf(
  'budget_used_up',
  {
    counterId: 'c1',
    share: 1,
    usedCredits: 1_000_000,
    limitCredits: 1_000_000,
    windowKey: '2026-11-21',
    resetsAt: NEXT_DAY,
    refuses: true,
  },
  { labels: { budget: 'daily' } },
);
const down = eventOf('upstream_down', { failures: 12, cause: 'connect ETIMEDOUT' });
const failing = eventOf('failure_rate', {
  share: 0.121,
  shareBefore: 0.083,
  threshold: 0.05,
  errors: 29,
  valid: 240,
  windowStart: AT - 5 * MINUTE_MS,
});
const doubts = eventOf('holds_in_doubt', {
  holds: 3,
  credits: 105_000,
  oldestAt: AT - 11 * MINUTE_MS,
  forOperator: 0,
  allowedMs: 10 * MINUTE_MS,
});
const stuck = eventOf(
  'tasks_stuck',
  { tasks: 4, heldCredits: 140_000, oldestAt: AT - 2 * HOUR_MS, stuckAfterMs: HOUR_MS },
  { labels: { product: 'video' } },
);
const frozen = eventOf('spending_frozen', { reason: 'runaway batch job', actor: 'mai' });
const ended = { status: 'resolved', endedAt: AT + 47 * MINUTE_MS, at: AT + 47 * MINUTE_MS } as const;

/** An urgent alert, and one that can wait. */
export function firing(language: AlertLanguage): AlertMessage[] {
  const settings = settingsOf(language);
  return [compose([usedUp], AT, settings, 0), compose([doubts], AT, settings, 0)];
}

/** What lasts, and what is over. */
export function resolved(language: AlertLanguage): AlertMessage[] {
  const settings = settingsOf(language);
  const repeat: AlertEvent = { ...failing, status: 'repeat' };
  return [compose([repeat], AT, settings, 0), compose([{ ...down, ...ended }], AT, settings, 0)];
}

/** A storm. */
export function digest(language: AlertLanguage): AlertMessage[] {
  const events: AlertEvent[] = [down, { ...frozen, status: 'repeat' }, stuck, { ...failing, ...ended }];
  return [compose(events, AT, settingsOf(language), 12)];
}
