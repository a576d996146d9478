/** Counts the results of alerts on each channel, and logs a line if one begins, ends or is not delivered. */
import type { Ms } from '../units.ts';
import { createBoundedWords } from './labels.ts';
import type { Log } from './log.ts';
import type { Instruments } from './metrics.ts';

/** The fields of an alert in a line. */
export interface LoggedAlert {
  rule: string;
  severity: 'page' | 'ticket' | 'info';
  labels: Readonly<Record<string, string>>;
  title: string;
  since: Ms;
}

/** The result of an event on a channel; see `Alerting`. */
export const ALERT_RESULTS = ['delivered', 'failed', 'undelivered', 'kept_back'] as const;
export type AlertResultWord = (typeof ALERT_RESULTS)[number];

export interface AlertEvents {
  /** An alert begins to fire, or a notice was made. */
  alertBegan(alert: LoggedAlert): void;
  alertEnded(alert: LoggedAlert): void;
  /** An attempt to send an event ended, or it was kept back. */
  alertSent(rule: string, channel: string, result: AlertResultWord): void;
  /** A channel that worked did not take a message. */
  channelFailed(channel: string, error: string): void;
  /** A channel that failed took a message again. */
  channelWorks(channel: string): void;
  /** Sets the channels of the config and the rules that each may get. */
  setChannels(channels: readonly { name: string; rules: readonly string[] }[]): void;
}

const LEVELS = { page: 'error', ticket: 'warn', info: 'info' } as const;
const CHANNELS_MAX = 64;
/** Channels whose series begin at 0: more of them would fill the instrument with zeros. */
const BEGUN_MAX = 10;

/** Makes the functions. */
export function createAlertEvents({
  instruments,
  log,
}: {
  instruments: Pick<Instruments, 'alerts'>;
  log: Log;
}): AlertEvents {
  const channelWord = createBoundedWords(CHANNELS_MAX);
  return {
    alertBegan({ severity, title, ...rest }) {
      log[LEVELS[severity]](`alert: ${title}`, { event: 'alert_firing', severity, ...shown(rest) });
    },
    alertEnded({ severity, title, ...rest }) {
      log.info(`over: ${title}`, { event: 'alert_over', severity, ...shown(rest) });
    },
    alertSent: (rule, channel, result) => instruments.alerts.add(1, rule, channelWord(channel), result),
    channelFailed(channel, error) {
      const message = 'a channel took no alert; kling-sidecar alert list shows what waits';
      log.warn(message, { event: 'channel_failing', channel, why: error });
    },
    channelWorks: (channel) => log.info('a channel takes alerts again', { event: 'channel_works', channel }),
    setChannels(channels) {
      for (const { name, rules } of channels.slice(0, BEGUN_MAX)) {
        for (const rule of rules) {
          for (const result of ALERT_RESULTS) instruments.alerts.add(0, rule, channelWord(name), result);
        }
      }
    },
  };
}

function shown({ rule, labels, since }: Pick<LoggedAlert, 'rule' | 'labels' | 'since'>): object {
  return { rule, labels: { ...labels }, since: new Date(since).toISOString() };
}
