/** Opens the channels of the config; each type has its own file. */
import type { Secret } from '../../secret.ts';
import type { Ms } from '../../units.ts';
import type { ChannelConfig } from '../channel-configs.ts';
import type { Channel } from '../channel.ts';
import { openAlertmanager } from './alertmanager.ts';
import type { ChannelDeps } from './channel-deps.ts';
import { openDingtalk } from './dingtalk.ts';
import { openDiscord } from './discord.ts';
import { openEmail } from './email.ts';
import { openFeishu } from './feishu.ts';
import { openPagerduty } from './pagerduty.ts';
import { openSlack } from './slack.ts';
import { openStdout } from './stdout.ts';
import { openTeams } from './teams.ts';
import { openWebhook } from './webhook.ts';

export interface OpenDeps extends Omit<ChannelDeps, 'secret'> {
  /** The time between two messages of a firing alert: Alertmanager keeps it for that time. */
  repeatMs: () => Ms;
  /** Secrets by the channel's name, then by their key. */
  secrets: ReadonlyMap<string, ReadonlyMap<string, Secret>>;
}

/** Opens channels, in order; without connecting. @throws SidecarError `secret_invalid` if a secret cannot be used. */
export function openChannels(configs: readonly ChannelConfig[], deps: OpenDeps): Channel[] {
  return configs.map((config) => openChannel(config, deps));
}

/** Opens one channel. @throws SidecarError `secret_invalid`. */
export function openChannel(config: ChannelConfig, { secrets, ...deps }: OpenDeps): Channel {
  return openByType(config, {
    ...deps,
    secret(key) {
      const secret = secrets.get(config.name)?.get(key);
      if (secret) return secret;
      throw new Error(`the channel ${config.name} has no secret ${key}`);
    },
  });
}

function openByType(config: ChannelConfig, deps: ChannelDeps & Pick<OpenDeps, 'repeatMs'>): Channel {
  switch (config.type) {
    case 'slack':
      return openSlack(config, deps);
    case 'webhook':
      return openWebhook(config, deps);
    case 'feishu':
      return openFeishu(config, deps);
    case 'dingtalk':
      return openDingtalk(config, deps);
    case 'teams':
      return openTeams(config, deps);
    case 'discord':
      return openDiscord(config, deps);
    case 'alertmanager':
      return openAlertmanager(config, deps);
    case 'pagerduty':
      return openPagerduty(config, deps);
    case 'email':
      return openEmail(config, deps);
    case 'stdout':
      return openStdout(config, deps);
  }
}
