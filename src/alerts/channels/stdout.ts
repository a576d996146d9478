/** Standard output: each message as one line of JSON, or as text for people. */
import type { Writable } from 'node:stream';
import { z } from 'zod';
import type { Ms } from '../../units.ts';
import type { AlertMessage, WordedAlert } from '../alert.ts';
import { ChannelError, type Channel } from '../channel.ts';
import { channelName } from './channel-fields.ts';
import type { ChannelDeps } from './channel-deps.ts';
import { plainMessage } from './message-lines.ts';
import { shownMessage } from './shown-message.ts';

export const stdoutSection = z.strictObject({
  name: channelName,
  type: z.literal('stdout'),
  format: z.enum(['json', 'text']).default('json').describe('One line of JSON for each message, or text.'),
});
export type StdoutConfig = z.output<typeof stdoutSection>;

const TEXT_MAX = 2_000;

/** Opens a channel to standard output; the stream takes a message as soon as it has it. */
export function openStdout(
  { name, format }: StdoutConfig,
  _deps?: ChannelDeps,
  output: Writable = process.stdout,
): Channel {
  return {
    name,
    type: 'stdout',
    paceMs: 0,
    takesEach: format === 'json',
    async send(message) {
      const shown = shownMessage(message, { textMax: TEXT_MAX });
      const text = format === 'json' ? JSON.stringify(jsonMessage(shown)) : `${plainMessage(shown)}\n`;
      await written(output, `${text}\n`);
      return {};
    },
    close: () => Promise.resolve(),
  };
}

function written(output: Writable, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    output.write(text, (error) => {
      if (error) reject(new ChannelError('Standard output is closed'));
      else resolve();
    });
  });
}

function jsonMessage({
  id,
  at,
  environment,
  account,
  headline,
  severity,
  more,
  alerts,
}: AlertMessage): object {
  const time = isoTime(at);
  return {
    event: 'alert',
    time,
    id,
    environment,
    account,
    severity,
    headline,
    more,
    alerts: alerts.map(jsonAlert),
  };
}

function jsonAlert(alert: WordedAlert): object {
  const { at, startedAt, endedAt } = alert;
  return {
    ...alert,
    at: isoTime(at),
    startedAt: isoTime(startedAt),
    endedAt: endedAt === null ? null : isoTime(endedAt),
  };
}

function isoTime(at: Ms): string {
  return new Date(at).toISOString();
}
