/**
 * Alertmanager: alerts are pushed to `/api/v2/alerts`, the same as Prometheus does.
 *
 * Its rules (prometheus/alertmanager api/v2/openapi.yaml and types.Alert.Merge, read 2026-11-28): an alert is its set of labels;
 * one without `endsAt` ends after `resolve_timeout`, so each has an `endsAt` some time after the next repeat; an `endsAt` in
 * the past ends it. Label names are `[a-zA-Z_][a-zA-Z0-9_]*`, and an empty value is no label. Alertmanager keeps alerts in
 * memory: after its restart it gets ours again with their next repeat.
 *
 * The labels of the first push are an alert's reference, so that an alert whose severity changed ends under its first labels.
 */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { AlertEvent, AlertMessage, WordedAlert } from '../alert.ts';
import { referenceKey, type Channel, type References } from '../channel.ts';
import { ruleDefault } from '../rule-words.ts';
import type { Ms } from '../../units.ts';
import { annotationsOf, labelsOf, type Labels } from './alert-labels.ts';
import { channelName, hasSecret, namedUrl, onePlace, secretPlace } from './channel-fields.ts';
import type { ChannelDeps } from './channel-deps.ts';
import { jsonObject } from './coded-answer.ts';
import { hostOf } from './post-target.ts';
import { shownMessage } from './shown-message.ts';

export const alertmanagerSection = z
  .strictObject({
    name: channelName,
    type: z.literal('alertmanager'),
    url: namedUrl.describe('Such as "http://127.0.0.1:9093"; the path of a proxy may follow.'),
    ...secretPlace('token'),
  })
  .superRefine(onePlace('token', { isNeeded: false }));
export type AlertmanagerConfig = z.output<typeof alertmanagerSection>;

/** Alertmanager has no limit. */
const PACE_MS = 100;
const TEXT_MAX = 2_000;
/** Time added after the next repeat: for grouping, retries and clocks that differ. */
const MARGIN_MS: Ms = 900_000;
/** A notice has no end: it is shown for this time. */
const NOTICE_MS: Ms = 3_600_000;
/** An end is dated a little earlier, in case Alertmanager's clock is behind: an end in its future ends nothing. */
const CLOCKS_DIFFER_MS: Ms = 60_000;
/** A period is at most a month; its end is sent. */
const PERIOD_MS: Ms = 32 * 86_400_000;

export interface AlertmanagerDeps extends ChannelDeps {
  /** The shortest time between two messages of an alert while it fires; read for each message, since a reload may change it. */
  repeatMs(): Ms;
}

/** Opens a channel to an Alertmanager. */
export function openAlertmanager(config: AlertmanagerConfig, deps: AlertmanagerDeps): Channel {
  const { url, host } = apiAddress(config.url);
  return {
    name: config.name,
    type: 'alertmanager',
    paceMs: PACE_MS,
    takesEach: true,
    async send(message, references) {
      const headers = hasSecret(config, 'token')
        ? { authorization: `Bearer ${deps.secret('token').reveal().trim()}` }
        : {};
      const pushed = pushOf(message, { references, now: deps.clock.now(), repeatMs: deps.repeatMs() });
      await deps.post({
        url,
        headers,
        body: JSON.stringify(pushed.alerts),
        receiver: 'Alertmanager',
        privateHosts: [host],
      });
      return pushed.references;
    },
    close: () => Promise.resolve(),
  };
}

function apiAddress(text: string): { url: string; host: string } {
  const url = new URL(text);
  const base = url.pathname.replace(/\/+$/, '');
  url.pathname = base.endsWith('/api/v2/alerts') ? base : `${base}/api/v2/alerts`;
  return { url: url.href, host: hostOf(text) ?? '' };
}

interface PushedAlert {
  labels: Labels;
  annotations: Labels;
  startsAt: string;
  endsAt: string;
}

interface PushTime {
  now: Ms;
  repeatMs: Ms;
}

/** Makes the push of a message: each of its alerts in its last state, and the references to keep. */
export function pushOf(
  message: AlertMessage,
  { references, ...time }: PushTime & { references: References },
): { alerts: PushedAlert[]; references: References } {
  const shown = shownMessage(message, { textMax: TEXT_MAX });
  const last = new Map(shown.alerts.map((alert) => [referenceKey(alert), alert]));
  const alerts: PushedAlert[] = [];
  const kept: Record<string, string> = {};
  for (const [key, alert] of last) {
    const labels = labelsOf(shown, alert);
    const before = labelsBefore(references[key]);
    const hasMoved = before !== null && !isDeepStrictEqual(before, labels);
    if (hasMoved) alerts.push({ ...pushedAlert(alert, before), endsAt: endOf(alert) });
    const isOver = alert.status === 'resolved';
    if (!hasMoved || !isOver) {
      const endsAt = isOver ? endOf(alert) : isoTime(lastsUntil(alert, time));
      alerts.push({ ...pushedAlert(alert, labels), endsAt });
    }
    kept[key] = JSON.stringify(labels);
  }
  return { alerts, references: kept };
}

function pushedAlert(alert: WordedAlert, labels: Labels): Omit<PushedAlert, 'endsAt'> {
  return { labels, annotations: annotationsOf(alert), startsAt: isoTime(alert.startedAt) };
}

function labelsBefore(reference: string | undefined): Labels | null {
  if (reference === undefined) return null;
  const labels = Object.entries(jsonObject(reference)).filter(([, value]) => typeof value === 'string');
  return labels.length === 0 ? null : (Object.fromEntries(labels) as Labels);
}

/** Gives the end of an alert without further pushes; counted from now, since a message may have waited long. */
function lastsUntil({ rule, startedAt }: AlertEvent, { now, repeatMs }: PushTime): Ms {
  switch (ruleDefault(rule).kind) {
    case 'condition':
      return now + repeatMs + MARGIN_MS;
    case 'notice':
      return now + NOTICE_MS;
    case 'period':
      return Math.max(now + NOTICE_MS, startedAt + PERIOD_MS);
  }
}

function endOf({ startedAt, endedAt, at }: AlertEvent): string {
  return isoTime(Math.max(startedAt, (endedAt ?? at) - CLOCKS_DIFFER_MS));
}

function isoTime(at: Ms): string {
  return new Date(at).toISOString();
}
