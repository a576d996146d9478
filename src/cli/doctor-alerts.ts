/** What `doctor` finds of alerts: whether anybody hears them, and what fires. */
import type { AlertsAnswer } from '../control/alert-schemas.ts';
import { SidecarError } from '../errors.ts';
import { counted, durationText, ok, sentence, tell, type Check } from './doctor-check.ts';

export type Channel = AlertsAnswer['channels'][number];

interface Answers {
  get(path: string): Promise<unknown>;
}

/** Checks that alerts have somewhere to go and arrive there. Nothing beside a sidecar of a version without alerts. */
export async function checkAlerts(answers: Answers, now: number): Promise<Check[]> {
  let found: AlertsAnswer;
  try {
    found = (await answers.get('/v1/alerts?limit=1')) as AlertsAnswer;
  } catch (error) {
    if (error instanceof SidecarError && error.code === 'not_found') return [];
    throw error;
  }
  const { channels, firingCount } = found;
  const heard =
    channels.length === 0
      ? [
          tell(
            'note',
            'alerts',
            'No channel is configured: alerts are only in status, alert list, the log and the metrics.',
            'Add one to alerts.channels: docs/alerts.md sets up Slack in three steps.',
          ),
        ]
      : channels.map((channel) => checkChannel(channel, now));
  if (firingCount === 0) return heard;
  const what = `${counted(firingCount, 'alert')} ${firingCount === 1 ? 'fires' : 'fire'}.`;
  return [...heard, tell('warn', 'alerts', what, 'See alert list: it says what to do about each.')];
}

/** Checks that a channel takes messages, and was sent one. */
export function checkChannel(channel: Channel, now: number): Check {
  const { name, type, waiting, undelivered, lastError, lastTestError, lastDeliveredAt, lastTestAt } = channel;
  const who = `The channel ${name} (${type ?? 'no longer in the config'})`;
  const again = `See what it says, then: alert test ${name}.`;
  if (lastError !== null) {
    const waits = waiting === 0 ? '' : `, and ${counted(waiting, 'event')} wait for it`;
    return tell('warn', 'alerts', sentence(`${who} takes no messages${waits}: ${lastError}`), again);
  }
  const isTestLast = lastTestAt !== null && (lastDeliveredAt === null || lastDeliveredAt < lastTestAt);
  if (lastTestError !== null && isTestLast) {
    return tell('warn', 'alerts', sentence(`${who} did not take the last test: ${lastTestError}`), again);
  }
  if (undelivered > 0) {
    const finding = `${who} was not sent ${counted(undelivered, 'message')}, which were given up.`;
    return tell('warn', 'alerts', finding, `It works by now? alert test ${name} shows it.`);
  }
  const last = isTestLast ? lastTestAt : lastDeliveredAt;
  if (last === null) {
    return tell('note', 'alerts', `${who} was never sent anything.`, `Try it: alert test ${name}.`);
  }
  return ok('alerts', `${who} took a message ${durationText(now - Date.parse(last))} ago.`);
}
