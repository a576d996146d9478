/** Settings, events and looks as tests of alerts need them. */
import { RULE_WORDS, type RuleWord } from '../../src/alerts/rule-words.ts';
import type { AlertEvent } from '../../src/alerts/alert.ts';
import { defaultRuleSettings, type AlertSettings, type RuleSettings } from '../../src/alerts/settings.ts';
import type { LookConfig } from '../../src/alerts/rule.ts';
import type { Signals } from '../../src/alerts/signals.ts';
import { KLING_AGREEMENTS } from '../../src/sla/agreement.ts';
import { BudgetForecast } from '../../src/telemetry/forecast.ts';

/** 2026-11-28, a Saturday. */
export const NIGHT = Date.parse('2026-11-28T03:00:00Z');

export function settingsOf(
  over: Partial<AlertSettings> = {},
  rules: Partial<Record<RuleWord, Partial<RuleSettings>>> = {},
): AlertSettings {
  const all = RULE_WORDS.map((word) => [word, { ...defaultRuleSettings(word), ...rules[word] }] as const);
  return {
    environment: 'production',
    mode: 'protect',
    account: null,
    language: 'en',
    timeZone: 'UTC',
    groupMs: 30_000,
    repeatMs: 4 * 3_600_000,
    runbookBaseUrl: 'https://docs.example/runbooks/',
    channels: [],
    ...over,
    rules: Object.fromEntries(all) as Record<RuleWord, RuleSettings>,
  };
}

export function eventOf(over: Partial<AlertEvent> = {}): AlertEvent {
  return {
    id: 1,
    rule: 'channel_test',
    labels: {},
    period: null,
    fingerprint: '0123456789abcdef',
    status: 'firing',
    severity: 'ticket',
    values: {},
    startedAt: NIGHT,
    endedAt: null,
    at: NIGHT,
    ...over,
  };
}

/** Signals of a process in which all is well. */
export function signalsOf(over: Partial<Signals> = {}): Signals {
  return {
    credentials: null,
    clock: null,
    budgetForecast: new BudgetForecast(),
    upstreamDown: null,
    breaker: { isOpen: false, failures: 0, since: null, cause: null },
    pools: [],
    polledTasks: [],
    results: null,
    unsignedCallbacks: 0,
    isStoreWritable: true,
    storeLost: null,
    walBytes: 0,
    disk: { freeBytes: 1e12, totalBytes: 2e12 },
    ...over,
  };
}

/** What a look is handed of the config's defaults. */
export const LOOK_CONFIG: LookConfig = {
  sla: {
    timeZone: 'Asia/Shanghai',
    terms: { source: 'none', terms: [] },
    agreements: KLING_AGREEMENTS,
    hosts: null,
  },
  stuck: { usualMs: 600_000, byOperation: {} },
  price: { perCredit: 0.014, currency: 'USD' },
};
