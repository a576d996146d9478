/** The `alerts` section of the config: the channels, the rules, and the settings of messages. */
import { z } from 'zod';
import { configSection } from '../config-section.ts';
import { ianaZone } from '../fields.ts';
import { channelSection, withPaths, type ChannelConfig } from './channel-configs.ts';
import { rulesSection, toRuleSettings } from './rules-config.ts';
import type { AlertSettings } from './settings.ts';

const RUNBOOKS = 'https://github.com/kling-sidecar/kling-sidecar/blob/main/docs/runbooks/';
const CHANNELS_MAX = 50;
const SECOND_MS = 1000;
const HOUR_MS = 3_600_000;

export const alertsSection = z
  .strictObject({
    channels: z
      .array(channelSection)
      .max(CHANNELS_MAX)
      .readonly()
      .superRefine(refuseRepeats)
      .default([])
      .describe('Where alerts are sent; each channel gets the alerts of all rules that name no channels.'),
    rules: rulesSection.prefault({}).describe('Rules by name; false switches one off, true on.'),
    language: z.enum(['en', 'zh']).default('en').describe('The language of messages.'),
    timeZone: ianaZone.default('UTC').describe('The zone in which messages give times.'),
    groupSeconds: z
      .int()
      .min(0)
      .max(3600)
      .default(30)
      .describe('The time for which the first event of a message waits for others.'),
    repeatHours: z
      .number()
      .min(0.25)
      .max(720)
      .default(4)
      .describe('The shortest time between two messages of one alert while it fires.'),
    runbookBaseUrl: z
      .string()
      .max(500)
      .regex(/^https?:\/\/[^\s"<>|@?#]+$/, {
        error:
          'an http or https address without user name, query or fragment; the page of a rule is RULE.md below it',
      })
      .default(RUNBOOKS)
      .describe('Where runbooks are read.'),
  })
  .prefault({});

function refuseRepeats(channels: readonly { name: string }[], context: z.RefinementCtx): void {
  for (const [index, { name }] of channels.entries()) {
    if (channels.findIndex((other) => other.name === name) === index) continue;
    context.addIssue({
      code: 'custom',
      path: [index, 'name'],
      message: 'a name that no other channel has',
      params: { suggestion: 'give this channel its own name' },
    });
  }
}

type Section = z.output<typeof alertsSection>;

export interface AlertsConfig {
  readonly settings: AlertSettings;
  /** Paths of files are absolute. */
  readonly channels: readonly ChannelConfig[];
}

/** Makes the settings ready for use; `account` is the Kling account's name if the config has one. */
export function toAlertsConfig(
  section: Section,
  { environment, account, mode }: Pick<AlertSettings, 'environment' | 'account' | 'mode'>,
): AlertsConfig {
  const { runbookBaseUrl } = section;
  return {
    settings: {
      environment,
      mode,
      account,
      language: section.language,
      timeZone: section.timeZone,
      groupMs: section.groupSeconds * SECOND_MS,
      repeatMs: section.repeatHours * HOUR_MS,
      runbookBaseUrl: runbookBaseUrl.endsWith('/') ? runbookBaseUrl : `${runbookBaseUrl}/`,
      rules: toRuleSettings(section.rules),
      channels: section.channels.map(({ name }) => name),
    },
    channels: section.channels,
  };
}

interface AlertsOthers extends Pick<AlertSettings, 'environment' | 'mode'> {
  auth: Pick<AlertSettings, 'account'>;
}

export const alertsConfig = configSection({
  schema: alertsSection,
  withPaths: (alerts, absolute) => ({
    ...alerts,
    channels: alerts.channels.map((channel) => withPaths(channel, absolute)),
  }),
  toConfig: (alerts, { environment, mode, auth }: AlertsOthers) =>
    toAlertsConfig(alerts, { environment, mode, account: auth.account }),
});
