/**
 * PagerDuty: Events API v2, one event for each alert.
 *
 * Its rules (developer.pagerduty.com/docs/events-api-v2-overview and .../send-alert-event, read 2026-11-28): a summary of at most
 * 1,024 characters, a `dedup_key` of 255, a request of 512 KB; 202 is success; 400 is final; on 429 a wait of some minutes. A
 * trigger for an open alert is added to it, one after its end opens another, a resolve of none is dropped. The service in Europe
 * has its own address: `https://events.eu.pagerduty.com/v2/enqueue`.
 *
 * The events of a message are sent one after the other. Those that were taken are remembered for the next try: a trigger that
 * is sent again after its end would wake somebody twice.
 */
import { z } from 'zod';
import type { Secret } from '../../secret.ts';
import type { Ms } from '../../units.ts';
import type { AlertMessage, AlertValues, WordedAlert } from '../alert.ts';
import { ChannelError, referenceKey, type Channel } from '../channel.ts';
import type { Severity } from '../rule-words.ts';
import { channelName, namedUrl, onePlace, secretPlace } from './channel-fields.ts';
import type { ChannelDeps } from './channel-deps.ts';
import { cutText } from './cut-text.ts';
import { SENDER } from './message-lines.ts';
import type { Explanation, PostAnswer } from './post.ts';
import { checkSecret } from './secret-check.ts';
import { hostOf } from './post-target.ts';
import { shownMessage, shownText, type ShownMessage } from './shown-message.ts';

export const pagerdutySection = z
  .strictObject({
    name: channelName,
    type: z.literal('pagerduty'),
    ...secretPlace('routingKey'),
    url: namedUrl
      .default('https://events.pagerduty.com/v2/enqueue')
      .describe('In Europe https://events.eu.pagerduty.com/v2/enqueue.'),
  })
  .superRefine(onePlace('routingKey'));
export type PagerdutyConfig = z.output<typeof pagerdutySection>;

/** PagerDuty's limits change with the traffic; 120 events a minute were once the limit. */
const PACE_MS = 1_000;
const SUMMARY_MAX = 1_024;
const TEXT_MAX = 2_000;
const VALUE_MAX = 500;
const VALUES_MAX = 50;
const RATE_WAIT_MS = 120_000;
/** No event is sent later than this after the first; a message has at most 100. */
const TIMEOUT_MS: Ms = 40_000;

/**
 * Opens a channel to a service of PagerDuty.
 *
 * @throws SidecarError `secret_invalid` if the routing key has another form.
 */
export function openPagerduty(config: PagerdutyConfig, deps: ChannelDeps): Channel {
  const receiver = 'PagerDuty';
  const privateHosts = [hostOf(config.url) ?? ''];
  const routingKey = (): string => routingKeyOf(deps.secret('routingKey'));
  checkSecret(config, routingKey);
  let taken = { messageId: '', events: 0 };
  return {
    name: config.name,
    type: 'pagerduty',
    paceMs: PACE_MS,
    takesEach: true,
    async send(message) {
      const startedAt = deps.clock.monotonic();
      if (taken.messageId !== message.id) taken = { messageId: message.id, events: 0 };
      for (const event of pagerdutyEvents(message).slice(taken.events)) {
        if (deps.clock.monotonic() - startedAt > TIMEOUT_MS) {
          throw new ChannelError(`${receiver} is slow: the remaining events follow`, {
            retryAfterMs: PACE_MS,
          });
        }
        const body = JSON.stringify({ routing_key: routingKey(), ...event });
        const { status } = await deps.post({ url: config.url, body, receiver, privateHosts, explain });
        if (status !== 202) {
          throw new ChannelError(
            `${receiver} answered ${status}, not 202: something else may be at that address`,
          );
        }
        taken.events += 1;
      }
      return {};
    },
    close: () => Promise.resolve(),
  };
}

function routingKeyOf(secret: Secret): string {
  const key = secret.reveal().trim();
  if (/^[\x21-\x7e]{32}$/.test(key)) return key;
  throw new ChannelError('The routing key is not the 32 characters of an Events API v2 integration', {
    isFinal: true,
  });
}

function explain({ status, headers }: PostAnswer): Explanation | null {
  if (status === 429) {
    const reason = 'too many events';
    return headers['retry-after'] === undefined ? { reason, retryAfterMs: RATE_WAIT_MS } : { reason };
  }
  if (status !== 400) return null;
  return {
    reason: 'it takes no such event: the routing key is the 32 characters of an Events API v2 integration',
  };
}

/** Makes the events of a message, in its order, without the routing key. */
export function pagerdutyEvents(message: AlertMessage): object[] {
  const shown = shownMessage(message, { textMax: TEXT_MAX });
  return shown.alerts.map((alert) => eventOf(shown, alert));
}

const SEVERITIES: Readonly<Record<Severity, string>> = { page: 'critical', ticket: 'warning', info: 'info' };

function eventOf(message: ShownMessage, alert: WordedAlert): object {
  const { environment, frame } = message;
  return {
    event_action: alert.status === 'resolved' ? 'resolve' : 'trigger',
    dedup_key: referenceKey(alert),
    client: SENDER,
    links: alert.runbookUrl === '' ? [] : [{ href: alert.runbookUrl, text: frame.runbook }],
    payload: {
      summary: cutText(`[${environment}] ${alert.title}`, SUMMARY_MAX),
      source: `${SENDER} ${environment}`,
      severity: SEVERITIES[alert.severity],
      timestamp: new Date(alert.startedAt).toISOString(),
      component: SENDER,
      group: environment,
      class: alert.rule,
      custom_details: detailsOf(message, alert),
    },
  };
}

function detailsOf({ environment, account }: ShownMessage, alert: WordedAlert): object {
  return {
    finding: alert.finding,
    advice: alert.advice,
    runbook: alert.runbookUrl,
    environment,
    account,
    rule: alert.rule,
    labels: shortValues(alert.labels),
    values: shortValues(alert.values),
    since: new Date(alert.startedAt).toISOString(),
    until: alert.endedAt === null ? null : new Date(alert.endedAt).toISOString(),
  };
}

function shortValues(values: AlertValues): AlertValues {
  const short = Object.entries(values)
    .slice(0, VALUES_MAX)
    .map(([name, value]) => [
      shownText(name, VALUE_MAX),
      typeof value === 'string' ? shownText(value, VALUE_MAX) : value,
    ]);
  return Object.fromEntries(short) as AlertValues;
}
