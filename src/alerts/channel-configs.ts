/** The channels of the config: one shape for each `type`, and the places of their secrets. */
import { z } from 'zod';
import { alertmanagerSection } from './channels/alertmanager.ts';
import { dingtalkSection } from './channels/dingtalk.ts';
import { discordSection } from './channels/discord.ts';
import { emailSection } from './channels/email.ts';
import { feishuSection } from './channels/feishu.ts';
import { pagerdutySection } from './channels/pagerduty.ts';
import { slackSection } from './channels/slack.ts';
import { stdoutSection } from './channels/stdout.ts';
import { teamsSection } from './channels/teams.ts';
import { webhookSection } from './channels/webhook.ts';

const SECTIONS = [
  slackSection,
  webhookSection,
  feishuSection,
  dingtalkSection,
  teamsSection,
  discordSection,
  alertmanagerSection,
  pagerdutySection,
  emailSection,
  stdoutSection,
] as const;

/** One channel; its `type` decides its fields. */
export const channelSection = z.discriminatedUnion('type', SECTIONS);
export type ChannelConfig = z.output<typeof channelSection>;

/** The place of one secret of a channel. */
export type SecretPlace = {
  /** Its key without `File` or `Env`. */
  key: string;
  /** The key in the config. */
  field: string;
} & ({ file: string; variable: null } | { file: null; variable: string });

/** The secrets of all types, by their key without `File` or `Env`. */
export const CHANNEL_SECRETS: ReadonlySet<string> = new Set(
  SECTIONS.flatMap(({ shape }) => secretsOf(shape)),
);

/** Gives the secrets that a channel's config names; paths are unchanged. */
export function secretPlacesOf(channel: ChannelConfig): SecretPlace[] {
  return Object.entries(channel).flatMap(([field, value]): SecretPlace[] => {
    const [, key = '', kind] = /^(.+)(File|Env)$/.exec(field) ?? [];
    if (!CHANNEL_SECRETS.has(key) || typeof value !== 'string') return [];
    return kind === 'File'
      ? [{ key, field, file: value, variable: null }]
      : [{ key, field, file: null, variable: value }];
  });
}

/** Names the variables that hold secrets of channels. */
export function channelVariables(channels: readonly ChannelConfig[]): string[] {
  return channels.flatMap((channel) => secretPlacesOf(channel).flatMap(({ variable }) => variable ?? []));
}

/** A secret is a value that a file or a variable can hold. */
function secretsOf(shape: object): string[] {
  const names = Object.keys(shape);
  return names.flatMap((name) => {
    const key = name.replace(/Env$/, '');
    return key !== name && names.includes(`${key}File`) ? [key] : [];
  });
}

/** Gives a channel with the paths of its files made absolute. */
export function withPaths(channel: ChannelConfig, absolute: (path: string) => string): ChannelConfig {
  const entries = Object.entries(channel).map(([field, value]) => [
    field,
    field.endsWith('File') && typeof value === 'string' ? absolute(value) : (value as unknown),
  ]);
  return Object.fromEntries(entries) as ChannelConfig;
}
