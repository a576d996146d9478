import { describe, expect, it } from 'vitest';
import { ConfigInvalid } from '../../src/config/config-problem.ts';
import { load, problemAt, problemsOf } from './load-text.ts';

const channels = (...list: unknown[]) => ({ alerts: { channels: list } });
const OPS = { name: 'ops', type: 'slack', webhookUrlFile: 'slack-webhook' };

/** What people are shown. */
function messageOf(file: unknown): string {
  try {
    load(file);
  } catch (error) {
    if (error instanceof ConfigInvalid) return error.message;
    throw error;
  }
  return '';
}

describe('channels of alerts in the config', () => {
  it('are named by the settings, with files found from the config’s folder', () => {
    const pager = { name: 'pager', type: 'pagerduty', routingKeyEnv: 'PAGER_KEY' };
    const { alerts } = load(channels(OPS, pager)).config;
    expect(alerts.settings.channels).toEqual(['ops', 'pager']);
    expect(alerts.channels[0]).toMatchObject({ webhookUrlFile: '/etc/kling/slack-webhook' });
    expect(alerts.channels[1]).toMatchObject({ routingKeyEnv: 'PAGER_KEY' });
  });

  it.each([
    [{ name: 'ops', type: 'slack' }, 'alerts.channels "ops" (slack): webhookUrlFile is missing'],
    [{ ...OPS, webhokUrlFile: 'x' }, 'alerts.channels "ops" (slack): webhokUrlFile is "x"'],
    [
      { ...OPS, type: 'slak' },
      'alerts.channels "ops" (slak): type is "slak"; allowed: one of "slack", "webh',
    ],
    [{ ...OPS, name: undefined }, 'alerts.channels[0] (slack): name is missing'],
    [{ name: 'hook', type: 'webhook', url: 'ftp://x' }, 'alerts.channels "hook" (webhook): url is "ftp://x"'],
  ])('are named with their type in what is wrong: %j', (channel, text) => {
    expect(messageOf(channels(channel))).toContain(text);
  });

  it('get a list of the keys of their own type', () => {
    const { allowed, suggestion } = problemAt(
      'alerts.channels[0].rootingKeyFile',
      channels({ name: 'p', type: 'pagerduty', rootingKeyFile: 'x' }),
    );
    expect(allowed).toMatch(/routingKeyFile/);
    expect(allowed).not.toMatch(/webhookUrlFile/);
    expect(suggestion).toBe('did you mean "routingKeyFile"?');
    expect(problemAt('alerts.channels[0].type', channels({ ...OPS, type: 'slak' })).suggestion).toBe(
      'did you mean "slack"?',
    );
  });

  it('have names of their own', () => {
    const problem = problemAt('alerts.channels[1].name', channels(OPS, OPS));
    expect(problem.allowed).toMatch(/no other channel/);
    expect(problemsOf(channels(OPS, { ...OPS, name: 'more' }))).toEqual([]);
  });

  it('are known where a rule names them', () => {
    const file = { alerts: { channels: [OPS], rules: { disk_low: { channels: ['ops', 'opps'] } } } };
    expect(problemAt('alerts.rules.disk_low.channels[1]', file)).toMatchObject({
      value: '"opps"',
      allowed: 'one of ops',
      suggestion: 'did you mean "ops"?',
    });
    const without = { alerts: { rules: { disk_low: { channels: ['ops'] } } } };
    expect(problemAt('alerts.rules.disk_low.channels[0]', without).allowed).toMatch(/while alerts\.channels/);
  });

  it('are set from the environment, each key of the type that is meant', () => {
    const env = {
      KLING_SIDECAR__ALERTS__CHANNELS__0__NAME: 'ops',
      KLING_SIDECAR__ALERTS__CHANNELS__0__TYPE: 'slack',
      KLING_SIDECAR__ALERTS__CHANNELS__0__WEBHOOK_URL_ENV: 'OPS_HOOK',
    };
    expect(load({}, env).config.alerts.channels).toEqual([
      expect.objectContaining({ name: 'ops', type: 'slack', webhookUrlEnv: 'OPS_HOOK' }),
    ]);
    const wrong = { ...env, KLING_SIDECAR__ALERTS__CHANNELS__0__TYPE: 'slak' };
    expect(problemAt('alerts.channels[0].type', {}, wrong).source).toBe(
      'KLING_SIDECAR__ALERTS__CHANNELS__0__TYPE',
    );
  });
});

describe('a channel’s secret in place of the name of its file or variable', () => {
  const key = 'R03ABCDEFGHIJKLMNOPQRSTUVWXYZ012';
  it.each([
    ['webhookUrlFile', { ...OPS, webhookUrlFile: 'https://chat.example.com/hook/abcdef0123456789' }],
    ['webhookUrlFile', { name: 'f', type: 'feishu', webhookUrlFile: `https://open.feishu.cn/${key}` }],
    ['webhookUrlEnv', { name: 'd', type: 'discord', webhookUrlEnv: `https://discord.com/api/${key}` }],
    ['routingKeyEnv', { name: 'p', type: 'pagerduty', routingKeyEnv: key }],
    ['url', { name: 'w', type: 'webhook', url: `https://discord.com/api/webhooks/1/${key}` }],
    ['url', { name: 'w', type: 'webhook', url: `https://a.example.com/invoke?sig=${key}` }],
  ])('is refused and hidden: %s', (field, channel) => {
    const file = channels(channel);
    expect(problemAt(`alerts.channels[0].${field}`, file).value).toBe('[hidden]');
    expect(messageOf(file)).not.toMatch(/abcdef0123456789|R03ABC/);
  });

  it('is distinguished from names that people choose', () => {
    for (const webhookUrlEnv of ['SLACK_WEBHOOK_URL', 'slackhook', 'OPS_2026', 'A1']) {
      expect(problemsOf(channels({ name: 'ops', type: 'slack', webhookUrlEnv })), webhookUrlEnv).toEqual([]);
    }
    for (const webhookUrlFile of ['secrets/slack', '/run/secrets/slack-webhook', 'C:\\secrets\\slack']) {
      expect(problemsOf(channels({ name: 'ops', type: 'slack', webhookUrlFile })), webhookUrlFile).toEqual(
        [],
      );
    }
  });
});
