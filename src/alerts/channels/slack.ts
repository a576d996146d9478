/**
 * Slack: an incoming webhook, or a bot token with a channel.
 *
 * It does not use `@slack/webhook` and `@slack/web-api` (8.0 and 8.2, read 2026-11-28): they send by `fetch`, which has no time
 * limit by default and connects to any address of a name, and web-api retries for half an hour within one call, which would
 * delay every message behind it. Each of the three requests is one POST of JSON, so these packages would save no code.
 */
import { z } from 'zod';
import type { Secret } from '../../secret.ts';
import { ChannelError, type Channel } from '../channel.ts';
import type { ChannelDeps } from './channel-deps.ts';
import { channelHosts, channelName, hasSecret, onePlace, secretPlace } from './channel-fields.ts';
import { hostOf, isPostable } from './post-target.ts';
import { checkSecret } from './secret-check.ts';
import { slackApi } from './slack-api.ts';
import { SLACK_PACE_MS, SlackBot } from './slack-bot.ts';
import { slackWebhook, slackWebhookUrl } from './slack-webhook.ts';

const API_URL = 'https://slack.com/api';
/** GovSlack has hosts of its own. */
const API_HOSTS: readonly string[] = ['slack.com', 'slack-gov.com'];

export const slackSection = z
  .strictObject({
    name: channelName,
    type: z.literal('slack'),
    ...secretPlace('webhookUrl'),
    ...secretPlace('token'),
    channel: z
      .string()
      .regex(/^#?[^\s#@<>]{1,80}$/, { error: 'a channel’s ID such as "C0123456789", or its name' })
      .optional()
      .describe('Where a bot posts.'),
    apiUrl: z.string().max(200).optional().describe(`Of a bot; ${API_URL} by default.`),
    hosts: channelHosts,
  })
  .superRefine((config, context) => {
    const isBot = hasSecret(config, 'token');
    const refuse = (key: string, message: string, suggestion: string): void =>
      context.addIssue({ code: 'custom', path: [key], message, params: { suggestion } });
    if (!isBot) {
      onePlace('webhookUrl')(config, context);
      for (const key of ['channel', 'apiUrl'] as const) {
        if (config[key] !== undefined) refuse(key, `only beside "tokenFile" or "tokenEnv"`, 'remove it');
      }
      return;
    }
    onePlace('token')(config, context);
    if (hasSecret(config, 'webhookUrl')) {
      refuse('tokenFile', 'either a webhook’s address or a token', 'keep one of the two');
    }
    if (config.channel === undefined) {
      refuse('channel', 'a channel’s ID such as "C0123456789"', 'add it: a bot can post to several');
    }
    if (!isApiUrl(config.apiUrl ?? API_URL, config.hosts)) {
      refuse(
        'apiUrl',
        'an https URL on slack.com, slack-gov.com or a host listed under "hosts"',
        `the default is "${API_URL}"`,
      );
    }
  });
export type SlackConfig = z.output<typeof slackSection>;

function isApiUrl(text: string, hosts: readonly string[]): boolean {
  const host = hostOf(text);
  return host !== null && [...API_HOSTS, ...hosts].includes(host) && isPostable(text, hosts);
}

/**
 * Opens a channel to Slack.
 *
 * @throws SidecarError `secret_invalid` if the webhook's address is not Slack's, or the token has the wrong form.
 */
export function openSlack(config: SlackConfig, deps: ChannelDeps): Channel {
  return hasSecret(config, 'token') ? openBot(config, deps) : openWebhook(config, deps);
}

function openWebhook(config: SlackConfig, { post, secret }: ChannelDeps): Channel {
  const { name, hosts } = config;
  const address = (): URL => slackWebhookUrl(secret('webhookUrl'), hosts);
  checkSecret(config, address);
  const send = slackWebhook({ post, address, hosts });
  return {
    name,
    type: 'slack',
    paceMs: SLACK_PACE_MS,
    async send(message) {
      await send(message);
      return {};
    },
    close: () => Promise.resolve(),
  };
}

function openBot(config: SlackConfig, { post, clock, secret }: ChannelDeps): Channel {
  const { name, channel = '', apiUrl = API_URL, hosts } = config;
  const token = (): string => botToken(secret('token'));
  checkSecret(config, token);
  const call = slackApi({ post, token, apiUrl: apiUrl.replace(/\/+$/, ''), hosts });
  const bot = new SlackBot({ call, clock, channel });
  return {
    name,
    type: 'slack',
    paceMs: SLACK_PACE_MS,
    send: (message, references) => bot.send(message, references),
    close() {
      bot.close();
      return Promise.resolve();
    },
  };
}

function botToken(secret: Secret): string {
  const token = secret.reveal().trim();
  if (/^[\x21-\x7e]{10,400}$/.test(token)) return token;
  throw new ChannelError(
    'The token has the wrong form: put the app’s bot token, which begins with xoxb-, into its place',
    { isFinal: true },
  );
}
