/**
 * The user's own webhook: messages in the shape of Alertmanager 0.27 (version "4" of its webhook; prometheus.io
 * docs/alerting/latest/configuration, webhook_config, and notify/webhook/webhook.go, read 2026-11-28), so that receivers of
 * Alertmanager's messages can receive ours. With a secret, each request is signed by Standard Webhooks.
 *
 * Each alert is in a message once, in its last state. The end of a firing alert is Alertmanager's zero time.
 */
import { z } from 'zod';
import type { AlertMessage, WordedAlert } from '../alert.ts';
import { referenceKey, type Channel } from '../channel.ts';
import type { Ms } from '../../units.ts';
import { annotationsOf, labelsOf, type Labels } from './alert-labels.ts';
import type { ChannelDeps } from './channel-deps.ts';
import { channelHosts, channelName, hasSecret, onePlace, secretPlace } from './channel-fields.ts';
import { hostOf, isPostable } from './post-target.ts';
import { shownMessage } from './shown-message.ts';
import { readSigningKeys, signatureHeaders } from '../../standard-webhooks.ts';

export const webhookSection = z
  .strictObject({
    name: channelName,
    type: z.literal('webhook'),
    url: z.string().max(2_000),
    hosts: channelHosts,
    ...secretPlace('secret'),
  })
  .superRefine(onePlace('secret', { isNeeded: false }))
  .superRefine(({ url, hosts }, context) => {
    if (isPostable(url, hosts)) return;
    context.addIssue({
      code: 'custom',
      path: ['url'],
      message: 'an https URL, or an http one to loopback, a private address or a host listed under "hosts"',
      params: { suggestion: suggestionFor(url) },
    });
  });
export type WebhookConfig = z.output<typeof webhookSection>;

function suggestionFor(url: string): string {
  const host = hostOf(url);
  return host === null
    ? 'write one such as "https://alerts.example.com/hook"'
    : `use https, or add "hosts": ["${host}"] if it is on your own network`;
}

/** The user's own receivers have their own limits; this only slows down very many alerts at once. */
const PACE_MS: Ms = 100;
const TEXT_MAX = 2_000;
/** Alertmanager's `endsAt` of an alert that has not ended. */
const NO_END = '0001-01-01T00:00:00Z';

/**
 * Opens a channel to the user's own webhook.
 *
 * @throws SidecarError `secret_invalid` if the secret cannot sign.
 */
export function openWebhook(config: WebhookConfig, deps: ChannelDeps): Channel {
  const place = `alerts.channels "${config.name}" (webhook): the secret`;
  const keys = hasSecret(config, 'secret') ? readSigningKeys(place, deps.secret('secret')) : [];
  return {
    name: config.name,
    type: 'webhook',
    paceMs: PACE_MS,
    takesEach: true,
    async send(message) {
      const body = JSON.stringify(webhookBody(message, config.name));
      const signed = { id: message.id, at: deps.clock.now(), body };
      const headers = keys.length === 0 ? { 'webhook-id': message.id } : signatureHeaders(keys, signed);
      await deps.post({
        url: config.url,
        headers,
        body,
        receiver: 'the webhook',
        privateHosts: config.hosts,
      });
      return {};
    },
    close: () => Promise.resolve(),
  };
}

type Status = 'firing' | 'resolved';

interface WebhookAlert {
  status: Status;
  labels: Labels;
  annotations: Labels;
  startsAt: string;
  endsAt: string;
  generatorURL: string;
  fingerprint: string;
}

export interface WebhookBody {
  version: '4';
  groupKey: string;
  truncatedAlerts: number;
  status: Status;
  receiver: string;
  groupLabels: Labels;
  commonLabels: Labels;
  commonAnnotations: Labels;
  externalURL: string;
  alerts: WebhookAlert[];
}

/** Makes the body of a message. */
export function webhookBody(message: AlertMessage, receiver: string): WebhookBody {
  const shown = shownMessage(message, { textMax: TEXT_MAX });
  const last = new Map(shown.alerts.map((alert) => [referenceKey(alert), alert]));
  const alerts = [...last.values()].map((alert) => webhookAlert(shown, alert));
  const commonLabels = common(alerts.map(({ labels }) => labels));
  const groupLabels = only(commonLabels, ['alertname', 'environment', 'account']);
  return {
    version: '4',
    groupKey: `{}:${groupText(groupLabels)}`,
    truncatedAlerts: message.more,
    status: alerts.some(({ status }) => status === 'firing') ? 'firing' : 'resolved',
    receiver,
    groupLabels,
    commonLabels,
    commonAnnotations: common(alerts.map(({ annotations }) => annotations)),
    // Alertmanager gives its own page here; we have none that a receiver could open.
    externalURL: '',
    alerts,
  };
}

function webhookAlert(message: AlertMessage, alert: WordedAlert): WebhookAlert {
  const isOver = alert.status === 'resolved';
  return {
    status: isOver ? 'resolved' : 'firing',
    labels: labelsOf(message, alert),
    annotations: annotationsOf(alert),
    startsAt: isoTime(alert.startedAt),
    endsAt: isOver ? isoTime(alert.endedAt ?? alert.at) : NO_END,
    generatorURL: alert.runbookUrl,
    fingerprint: alert.fingerprint,
  };
}

function isoTime(at: Ms): string {
  return new Date(at).toISOString();
}

/** Gives the labels that all have with the same value. */
function common(all: readonly Labels[]): Labels {
  const [first = {}, ...others] = all;
  return Object.fromEntries(
    Object.entries(first).filter(([name, value]) => others.every((each) => each[name] === value)),
  );
}

function only(labels: Labels, names: readonly string[]): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => names.includes(name)));
}

/** Writes labels in the form of Alertmanager's group keys. */
function groupText(labels: Labels): string {
  const names = Object.keys(labels).toSorted();
  return `{${names.map((name) => `${name}=${JSON.stringify(labels[name])}`).join(', ')}}`;
}
