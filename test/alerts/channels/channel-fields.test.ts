import { expect, test } from 'vitest';
import { z } from 'zod';
import { hasSecret } from '../../../src/alerts/channels/channel-fields.ts';
import { dingtalkSection } from '../../../src/alerts/channels/dingtalk.ts';
import { discordSection } from '../../../src/alerts/channels/discord.ts';
import { feishuSection } from '../../../src/alerts/channels/feishu.ts';
import { teamsSection } from '../../../src/alerts/channels/teams.ts';

const channels = z.discriminatedUnion('type', [feishuSection, dingtalkSection, teamsSection, discordSection]);

function problems(channel: object): string[] {
  const { error } = channels.safeParse(channel);
  return error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];
}

const BOTH = { webhookUrlFile: '/run/secrets/hook', webhookUrlEnv: 'HOOK' };

test.each(['feishu', 'dingtalk', 'teams', 'discord'])(
  'asks %s for one place of its webhook address',
  (type) => {
    expect(problems({ name: 'ops', type, webhookUrlFile: '/run/secrets/hook' })).toEqual([]);
    expect(problems({ name: 'ops', type, webhookUrlEnv: 'HOOK' })).toEqual([]);
    const asked = ['webhookUrlFile: one of "webhookUrlFile" and "webhookUrlEnv"'];
    expect(problems({ name: 'ops', type })).toEqual(asked);
    expect(problems({ name: 'ops', type, ...BOTH })).toEqual(asked);
  },
);

test('takes a signing secret from at most one place', () => {
  const hook = { name: 'ops', type: 'feishu', webhookUrlEnv: 'HOOK' };
  expect(problems({ ...hook, secretFile: '/run/secrets/s', secretEnv: 'S' })).toEqual([
    'secretFile: at most one of "secretFile" and "secretEnv"',
  ]);
  const signed = feishuSection.parse({ ...hook, secretEnv: 'S' });
  expect(hasSecret(signed, 'secret')).toBe(true);
  expect(hasSecret(feishuSection.parse(hook), 'secret')).toBe(false);
});

test('refuses a literal secret, a host with a scheme and a wrong variable name', () => {
  const hook = { name: 'ops', type: 'dingtalk', webhookUrlEnv: 'HOOK' };
  expect(problems({ ...hook, webhookUrl: 'https://oapi.dingtalk.com/robot/send' })).toHaveLength(1);
  expect(problems({ ...hook, hosts: ['https://bot.internal'] })[0]).toMatch(
    /^hosts\.0: a host name or address/,
  );
  expect(problems({ ...hook, webhookUrlEnv: 'not a name' })[0]).toMatch(/^webhookUrlEnv: the name of an env/);
  expect(problems({ ...hook, hosts: ['bot.internal', '10.0.0.9', '::1'] })).toEqual([]);
});
