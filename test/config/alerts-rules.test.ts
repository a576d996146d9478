import { describe, expect, it } from 'vitest';
import { CONFIGURED_RULES } from '../../src/alerts/rules-config.ts';
import { RULE_WORDS, ruleDefault } from '../../src/alerts/rule-words.ts';
import { THRESHOLDS, thresholdOf } from '../../src/alerts/thresholds.ts';
import { load, problemAt, problemsOf } from './load-text.ts';

const rules = (given: unknown) => ({ alerts: { rules: given } });
const settingsOf = (given: unknown) => load(rules(given)).config.alerts.settings;

describe('rules of alerts in the config', () => {
  it('are as their defaults say where the config says nothing', () => {
    const { rules: settings, ...rest } = load({}).config.alerts.settings;
    for (const word of RULE_WORDS) {
      const { severity, isOff = false, threshold = null } = ruleDefault(word);
      expect(settings[word]).toEqual({ isOn: !isOff, severity, threshold, channels: null });
    }
    expect(rest).toMatchObject({
      environment: 'default',
      account: null,
      language: 'en',
      timeZone: 'UTC',
      groupMs: 30_000,
      repeatMs: 14_400_000,
    });
  });

  it('are switched off by false, and on by true or by any setting of theirs', () => {
    const { rules: settings } = settingsOf({
      tasks_stuck: false,
      daily_digest: true,
      weekly_report: { severity: 'ticket' },
      failure_rate: { on: false, threshold: 0.2 },
    });
    expect(settings.tasks_stuck.isOn).toBe(false);
    expect(settings.daily_digest.isOn).toBe(true);
    expect(settings.weekly_report).toMatchObject({ isOn: true, severity: 'ticket' });
    expect(settings.failure_rate).toMatchObject({ isOn: false, threshold: 0.2, severity: 'page' });
  });

  it('know the environment, and the account by the name that the config gives it', () => {
    const { config } = load({ environment: 'production', auth: { account: 'studio' } });
    expect(config.alerts.settings).toMatchObject({ environment: 'production', account: 'studio' });
  });

  it.each([
    ['alerts.rules.failure_rat', { failure_rat: false }, /keys here are .*failure_rate/, /"failure_rate"/],
    ['alerts.rules.failure_rate', { failure_rate: 'off' }, /true or false or an object with on/, /./],
    ['alerts.rules.failure_rate.threshold', { failure_rate: { threshold: 5 } }, /0\.001 to 1/, /at most 1/],
    ['alerts.rules.failure_rate.threshold', { failure_rate: { threshold: '5' } }, /0\.001 to 1/, /without/],
    ['alerts.rules.failure_rate.treshold', { failure_rate: { treshold: 1 } }, /on, threshold/, /"threshold"/],
    ['alerts.rules.tasks_stuck.threshold', { tasks_stuck: { threshold: 1 } }, /on, severity, channels/, /./],
    ['alerts.rules.disk_low.severity', { disk_low: { severity: 'pag' } }, /"page", "ticket"/, /"page"/],
    ['alerts.rules.disk_low.channels', { disk_low: { channels: [] } }, /at least 1/, /./],
    ['alerts.rules.channel_test', { channel_test: false }, /keys here are/, /./],
  ])('are refused at %s with what is allowed', (key, given, allowed, suggestion) => {
    const problem = problemAt(key, rules(given));
    expect(problem.allowed).toMatch(allowed);
    expect(problem.suggestion).toMatch(suggestion);
  });

  it('have thresholds that both ends of their range and the default satisfy', () => {
    for (const word of CONFIGURED_RULES) {
      const { threshold } = ruleDefault(word);
      const range = thresholdOf(word);
      expect(range === null, word).toBe(threshold === undefined);
      if (!range || threshold === undefined) continue;
      for (const number of [range.min, range.max, threshold]) {
        expect(problemsOf(rules({ [word]: { threshold: number } })), word).toEqual([]);
      }
      expect(problemsOf(rules({ [word]: { threshold: range.max + 1 } })), word).toHaveLength(1);
    }
    expect(Object.keys(THRESHOLDS).length).toBeGreaterThan(10);
  });

  it('are set from the environment too', () => {
    const env = {
      KLING_SIDECAR__ALERTS__RULES__TASKS_STUCK: 'false',
      KLING_SIDECAR__ALERTS__RULES__FAILURE_RATE__THRESHOLD: '0.1',
    };
    const { rules: settings } = load({}, env).config.alerts.settings;
    expect(settings.tasks_stuck.isOn).toBe(false);
    expect(settings.failure_rate.threshold).toBe(0.1);
  });
});

describe('how messages are made', () => {
  it('takes runbooks from below an address, with or without a slash at its end', () => {
    for (const end of ['', '/']) {
      const runbookBaseUrl = `https://wiki.example.com/kling${end}`;
      expect(load({ alerts: { runbookBaseUrl } }).config.alerts.settings.runbookBaseUrl).toBe(
        'https://wiki.example.com/kling/',
      );
    }
  });

  it.each([
    ['alerts.language', { language: 'de' }, /"en", "zh"/],
    ['alerts.timeZone', { timeZone: 'Shanghai' }, /IANA time zone/],
    ['alerts.groupSeconds', { groupSeconds: -1 }, /0 to 3600/],
    ['alerts.repeatHours', { repeatHours: 0 }, /0\.25 to 720/],
    ['alerts.runbookBaseUrl', { runbookBaseUrl: 'wiki/kling' }, /http or https address/],
    ['alerts.runbookBaseUrl', { runbookBaseUrl: 'https://a.b/?page=' }, /without user name, query/],
  ])('refuses a wrong %s', (key, alerts, allowed) => {
    expect(problemAt(key, { alerts }).allowed).toMatch(allowed);
  });
});
