import { createHmac, timingSafeEqual } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import type { Channel } from '../../../src/alerts/channel.ts';
import { openWebhook, webhookBody, webhookSection } from '../../../src/alerts/channels/webhook.ts';
import { startReceiver, type Answer, type Arrival, type Receiver } from '../receiver.ts';
import { failureOf } from './failure.ts';
import {
  alertOf,
  anyMessage,
  brokenTexts,
  channelRig,
  messageOf,
  NASTY,
  NOW,
  overOf,
  type Rig,
} from './sample-message.ts';

const KEY = Buffer.alloc(32, 1);
const OLD_KEY = Buffer.alloc(24, 2);
const secretOf = (key: Buffer): string => `whsec_${key.toString('base64')}`;

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

interface Opened {
  rig: Rig;
  receiver: Receiver;
  channel: Channel;
}

async function open({
  secret,
  answer,
}: { secret?: string; answer?: (arrival: Arrival, index: number) => Answer } = {}): Promise<Opened> {
  const rig = channelRig(secret === undefined ? {} : { secret });
  const receiver = await startReceiver(answer);
  stops.push(
    () => rig.stop(),
    () => receiver.stop(),
  );
  const config = webhookSection.parse({
    name: 'own',
    type: 'webhook',
    url: `${receiver.url}/hook?a=b`,
    ...(secret === undefined ? {} : { secretFile: 'secret' }),
  });
  return { rig, receiver, channel: openWebhook(config, rig.deps) };
}

/** Verifies as a receiver does, by the specification: one of the signatures, and a clock not more than 5 minutes off. */
function isSigned({ headers, body }: Arrival, key: Buffer, now: number): boolean {
  const [id, seconds, signatures] = ['id', 'timestamp', 'signature'].map((name) =>
    String(headers[`webhook-${name}`]),
  );
  if (Math.abs(now / 1_000 - Number(seconds)) > 300) return false;
  const expected = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest();
  return (signatures ?? '').split(' ').some((each) => {
    const [version, value = ''] = each.split(',');
    const given = Buffer.from(value, 'base64');
    return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected);
  });
}

describe('the user’s own webhook', () => {
  test('gets the same form as from Alertmanager', async () => {
    const { receiver, channel } = await open();
    expect(await channel.send(messageOf({ alerts: [alertOf({ period: '2020-09-06' })] }), {})).toEqual({});
    const [arrival] = receiver.arrived;
    expect(arrival).toMatchObject({ method: 'POST', path: '/hook?a=b' });
    const labels = {
      operation: 'text-to-video',
      period: '2020-09-06',
      alertname: 'failure_rate',
      severity: 'page',
      environment: 'production',
      account: 'studio-7',
      source: 'kling-sidecar',
    };
    const annotations = {
      summary: 'Kling fails 12 % of requests',
      description: '12 % of 240 requests failed in the last 10 minutes, above 5 %.',
      advice: 'Look at the errors of Kling. Nothing is charged for a create that failed.',
      runbook_url: 'https://docs.example/runbooks/failure_rate.md',
    };
    expect(JSON.parse(arrival?.body ?? '')).toEqual({
      version: '4',
      groupKey: '{}:{account="studio-7", alertname="failure_rate", environment="production"}',
      truncatedAlerts: 0,
      status: 'firing',
      receiver: 'own',
      groupLabels: { alertname: 'failure_rate', environment: 'production', account: 'studio-7' },
      commonLabels: labels,
      commonAnnotations: annotations,
      externalURL: '',
      alerts: [
        {
          status: 'firing',
          labels,
          annotations,
          startsAt: new Date(NOW - 600_000).toISOString(),
          endsAt: '0001-01-01T00:00:00Z',
          generatorURL: 'https://docs.example/runbooks/failure_rate.md',
          fingerprint: '0123456789abcdef',
        },
      ],
    });
  });

  test('gets each alert once, in its last state, with the common labels', () => {
    const other = alertOf({
      id: 5,
      rule: 'disk_low',
      labels: { mount: '/' },
      fingerprint: 'f2',
      title: 'Disk',
    });
    const body = webhookBody(messageOf({ alerts: [alertOf(), overOf(), other] }), 'own');
    expect(body.alerts.map(({ status, fingerprint }) => [status, fingerprint])).toEqual([
      ['resolved', '0123456789abcdef'],
      ['firing', 'f2'],
    ]);
    expect(body.alerts[0]?.endsAt).toBe(new Date(NOW - 300_000).toISOString());
    expect(body.status).toBe('firing');
    expect(body.commonLabels).toEqual({
      severity: 'page',
      environment: 'production',
      account: 'studio-7',
      source: 'kling-sidecar',
    });
    expect(body.groupLabels).toEqual({ environment: 'production', account: 'studio-7' });
    expect(webhookBody(messageOf({ alerts: [overOf()] }), 'own').status).toBe('resolved');
  });

  test('gets valid labels: the rule’s own in addition to ours', () => {
    const labels = { 'a-b': '1', severity: 'none', '9': 'x', empty: '' };
    const [alert] = webhookBody(messageOf({ alerts: [alertOf({ labels, title: NASTY })] }), 'own').alerts;
    expect(alert?.labels).toMatchObject({ a_b: '1', severity: 'page', rule_severity: 'none', _9: 'x' });
    expect(Object.keys(alert?.labels ?? {})).not.toContain('empty');
    expect(alert?.annotations['summary']).toContain('@everyone <@123> <!channel>');
  });

  test('of any texts is JSON of whole characters with labels that Prometheus knows', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        const body = webhookBody(message, 'own');
        expect(brokenTexts(body)).toEqual([]);
        expect(JSON.parse(JSON.stringify(body))).toEqual(body);
        for (const { labels } of body.alerts) {
          for (const [name, value] of Object.entries(labels)) {
            expect(name).toMatch(/^[a-zA-Z_][a-zA-Z0-9_]*$/);
            expect(value).not.toBe('');
          }
        }
      }),
    );
  });

  test('takes every event, since it is a program', async () => {
    expect((await open()).channel.takesEach).toBe(true);
  });
});

describe('a signed webhook', () => {
  test('carries a signature that its receiver can verify', async () => {
    const { receiver, channel } = await open({ secret: secretOf(KEY) });
    await channel.send(messageOf({ id: 'alr_1', alerts: [alertOf({ title: '额度 😀' })] }), {});
    const [arrival] = receiver.arrived;
    expect(arrival?.headers['webhook-id']).toBe('alr_1');
    expect(arrival !== undefined && isSigned(arrival, KEY, NOW)).toBe(true);
    expect(arrival !== undefined && isSigned({ ...arrival, body: `${arrival.body} ` }, KEY, NOW)).toBe(false);
  });

  test('is the same message with a new time when it is sent again', async () => {
    const answer = (_arrival: Arrival, index: number): Answer => ({ status: index === 0 ? 503 : 204 });
    const { rig, receiver, channel } = await open({ secret: secretOf(KEY), answer });
    const message = messageOf({ id: 'alr_1' });
    expect((await failureOf(channel.send(message, {}))).isFinal).toBe(false);
    await rig.clock.advance(3_600_000);
    await channel.send(message, {});
    const [first, second] = receiver.arrived;
    expect(second?.body).toBe(first?.body);
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    expect(second !== undefined && isSigned(second, KEY, rig.clock.now())).toBe(true);
    expect(first !== undefined && isSigned(first, KEY, rig.clock.now())).toBe(false);
  });

  test('can be verified with the old and with the new secret while they change', async () => {
    const { receiver, channel } = await open({ secret: `${secretOf(KEY)}\n${secretOf(OLD_KEY)}` });
    await channel.send(messageOf(), {});
    const [arrival] = receiver.arrived;
    for (const key of [KEY, OLD_KEY]) expect(arrival !== undefined && isSigned(arrival, key, NOW)).toBe(true);
    expect(arrival !== undefined && isSigned(arrival, Buffer.alloc(32, 3), NOW)).toBe(false);
  });

  test('has only the id without a secret', async () => {
    const { receiver, channel } = await open();
    await channel.send(messageOf({ id: 'alr_1' }), {});
    const names = Object.keys(receiver.arrived[0]?.headers ?? {}).filter((name) =>
      name.startsWith('webhook-'),
    );
    expect(names).toEqual(['webhook-id']);
  });

  test('with a wrong secret is refused when it is opened', async () => {
    await expect(open({ secret: 'whsec_SECRET' })).rejects.toThrow(/^alerts\.channels "own" \(webhook\): /);
    await expect(open({ secret: 'whsec_SECRET' })).rejects.not.toThrow(/SECRET/);
  });
});

describe('the config of a webhook', () => {
  const config = { name: 'own', type: 'webhook' };

  test.each([
    [{ url: 'https://alerts.example/hook' }],
    [{ url: 'http://127.0.0.1:8080/hook' }],
    [{ url: 'http://[::1]:8080/hook' }],
    [{ url: 'http://localhost/hook' }],
    [{ url: 'http://10.1.2.3/hook' }],
    [{ url: 'http://alerts.internal/hook', hosts: ['alerts.internal'] }],
  ])('takes %j', (values) => expect(webhookSection.safeParse({ ...config, ...values }).success).toBe(true));

  test.each([
    [{ url: 'http://alerts.example/hook' }, 'url'],
    [{ url: 'http://8.8.8.8/hook' }, 'url'],
    [{ url: 'ftp://localhost/hook' }, 'url'],
    [{ url: 'https://user:key@alerts.example/hook' }, 'url'],
    [{ url: 'alerts.example' }, 'url'],
    [{ url: 'https://alerts.example/hook', secretFile: 'a', secretEnv: 'B' }, 'secretFile'],
    [{ url: 'https://alerts.example/hook', hosts: ['http://x'] }, 'hosts'],
  ])('refuses %j', (values, path) => {
    const { error } = webhookSection.safeParse({ ...config, ...values });
    expect(error?.issues[0]?.path[0]).toBe(path);
  });
});
