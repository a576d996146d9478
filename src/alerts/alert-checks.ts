/** What `doctor` finds of alerts: whether somebody hears them, and what fires. */
import { notOk, ok, type Check } from '../check.ts';
import { countText, durationText, sentence } from '../phrases.ts';
import type { Ms } from '../units.ts';

/** What a check reads of a channel, with instants in ISO 8601. */
export interface ChannelSeen {
  name: string;
  /** Null for a channel that is no longer in the config. */
  type: string | null;
  waiting: number;
  undelivered: number;
  lastError: string | null;
  lastDeliveredAt: string | null;
  lastTestAt: string | null;
  lastTestError: string | null;
}

/** Checks that alerts have somewhere to go and arrive there, and that none fires. */
export function checkAlerts(
  { channels, firingCount }: { channels: readonly ChannelSeen[]; firingCount: number },
  now: Ms,
): Check[] {
  const heard =
    channels.length === 0
      ? [
          notOk(
            'note',
            'alerts',
            'No channel is configured: alerts are only in status, alert list, the log and the metrics.',
            'Add one to alerts.channels: docs/alerts.md sets up Slack in three steps.',
          ),
        ]
      : channels.map((channel) => checkChannel(channel, now));
  if (firingCount === 0) return heard;
  const what = `${countText(firingCount, 'alert')} ${firingCount === 1 ? 'fires' : 'fire'}.`;
  return [...heard, notOk('warn', 'alerts', what, 'See alert list: it says what to do about each.')];
}

/** Checks that a channel takes messages, and was sent one. */
export function checkChannel(channel: ChannelSeen, now: Ms): Check {
  const { name, type, waiting, undelivered, lastError, lastTestError, lastDeliveredAt, lastTestAt } = channel;
  const who = `The channel ${name} (${type ?? 'no longer in the config'})`;
  const again = `See what it says, then: alert test ${name}.`;
  if (lastError !== null) {
    const waits = waiting === 0 ? '' : `, and ${countText(waiting, 'event')} wait for it`;
    return notOk('warn', 'alerts', sentence(`${who} takes no messages${waits}: ${lastError}`), again);
  }
  const isTestLast = lastTestAt !== null && (lastDeliveredAt === null || lastDeliveredAt < lastTestAt);
  if (lastTestError !== null && isTestLast) {
    return notOk('warn', 'alerts', sentence(`${who} did not take the last test: ${lastTestError}`), again);
  }
  if (undelivered > 0) {
    const finding = `${who} was not sent ${countText(undelivered, 'message')}, which were given up.`;
    return notOk('warn', 'alerts', finding, `It works by now? alert test ${name} shows it.`);
  }
  const last = isTestLast ? lastTestAt : lastDeliveredAt;
  if (last === null) {
    return notOk('note', 'alerts', `${who} was never sent anything.`, `Try it: alert test ${name}.`);
  }
  return ok('alerts', `${who} took a message ${durationText(now - Date.parse(last))} ago.`);
}
