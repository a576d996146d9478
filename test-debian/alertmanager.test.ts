import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AlertMessage, WordedAlert } from '../src/alerts/alert.ts';
import type { Channel } from '../src/alerts/channel.ts';
import { alertmanagerSection, openAlertmanager } from '../src/alerts/channels/alertmanager.ts';
import { openPost, type OpenPost } from '../src/alerts/channels/post-undici.ts';
import { systemClock } from '../src/clock.ts';
import { Secret } from '../src/secret.ts';
import { alertOf, messageOf } from '../test/alerts/channels/sample-message.ts';
import { startAlertmanager, type Alertmanager } from './alertmanager.ts';

const MINUTE = 60_000;
const REPEAT = 240 * MINUTE;

let alertmanager: Alertmanager;
let post: OpenPost;
let channel: Channel;

beforeAll(async () => {
  alertmanager = await startAlertmanager();
  post = openPost({ clock: systemClock });
  const config = alertmanagerSection.parse({ name: 'am', type: 'alertmanager', url: alertmanager.url });
  const secret = (): Secret => new Secret('');
  channel = openAlertmanager(config, { post, clock: systemClock, secret, repeatMs: () => REPEAT });
});

afterAll(async () => {
  await post.close();
  await alertmanager.stop();
});

function now(): number {
  return systemClock.now();
}

function firing(over: Partial<WordedAlert>): AlertMessage {
  const at = now();
  return messageOf({ at, alerts: [alertOf({ at, startedAt: at - 10 * MINUTE, ...over })] });
}

function queried(fingerprint: string): ReturnType<Alertmanager['query']> {
  return alertmanager.query().filter(({ labels }) => labels['test'] === fingerprint);
}

test('amtool reads the labels, the words and the times of an alert that was pushed', async () => {
  const startedAt = now() - 10 * MINUTE;
  await channel.send(firing({ fingerprint: 'a', labels: { test: 'a', operation: 'avatar' }, startedAt }), {});
  const [alert, ...others] = queried('a');
  expect(others).toEqual([]);
  expect(alert?.labels).toEqual({
    alertname: 'failure_rate',
    severity: 'page',
    environment: 'production',
    account: 'studio-7',
    source: 'kling-sidecar',
    operation: 'avatar',
    test: 'a',
  });
  expect(alert?.annotations).toEqual({
    summary: 'Kling fails 12 % of requests',
    description: '12 % of 240 requests failed in the last 10 minutes, above 5 %.',
    advice: 'Look at the errors of Kling. Nothing is charged for a create that failed.',
    runbook_url: 'https://docs.example/runbooks/failure_rate.md',
  });
  expect(Date.parse(alert?.startsAt ?? '')).toBe(startedAt);
  // Longer than its resolve_timeout of 5 minutes: until after the next repeat.
  expect(Date.parse(alert?.endsAt ?? '') - now()).toBeGreaterThan(REPEAT);
});

test('a repeat is the same alert, and it is gone once it is over', async () => {
  const one = firing({ fingerprint: 'b', labels: { test: 'b' } });
  const [alert] = one.alerts;
  const references = await channel.send(one, {});
  const again = await channel.send({ ...one, alerts: [alertOf({ ...alert, status: 'repeat' })] }, references);
  expect(queried('b')).toHaveLength(1);
  const over = alertOf({ ...alert, status: 'resolved', endedAt: now(), at: now() });
  await channel.send({ ...one, alerts: [over] }, again);
  expect(queried('b')).toEqual([]);
});

test('one whose severity changed is one alert, under its new severity', async () => {
  const one = firing({ fingerprint: 'c', labels: { test: 'c' }, severity: 'ticket' });
  const [alert] = one.alerts;
  const references = await channel.send(one, {});
  const page = await channel.send({ ...one, alerts: [alertOf({ ...alert, severity: 'page' })] }, references);
  expect(queried('c').map(({ labels }) => labels['severity'])).toEqual(['page']);
  const over = alertOf({ ...alert, status: 'resolved', endedAt: now(), at: now() });
  await channel.send({ ...one, alerts: [over] }, page);
  expect(queried('c')).toEqual([]);
});

test('a hundred alerts of one message are a hundred alerts', async () => {
  const at = now();
  const alerts = Array.from({ length: 100 }, (_, index) =>
    alertOf({ at, startedAt: at, fingerprint: `d${index}`, labels: { test: 'd', tag: `标签 ${index}` } }),
  );
  await channel.send(messageOf({ at, alerts }), {});
  expect(new Set(queried('d').map(({ labels }) => labels['tag'])).size).toBe(100);
});

test('a notice and a used-up budget last', async () => {
  const at = now();
  const alerts = [
    alertOf({
      at,
      startedAt: at,
      rule: 'claim_due',
      fingerprint: 'e',
      labels: { test: 'e' },
      period: '2026-10/3',
    }),
    alertOf({
      at,
      startedAt: at,
      rule: 'budget_used_up',
      fingerprint: 'f',
      labels: { test: 'e' },
      period: 'c1/1',
    }),
  ];
  await channel.send(messageOf({ at, alerts }), {});
  const left = queried('e').map(({ endsAt }) => Math.round((Date.parse(endsAt) - at) / MINUTE / 60));
  expect(left.toSorted((a, b) => a - b)).toEqual([1, 32 * 24]);
});
