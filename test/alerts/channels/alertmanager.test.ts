import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import type { AlertMessage, WordedAlert } from '../../../src/alerts/alert.ts';
import type { References } from '../../../src/alerts/channel.ts';
import { alertmanagerSection, openAlertmanager, pushOf } from '../../../src/alerts/channels/alertmanager.ts';
import { startReceiver, type Answer, type Arrival, type Receiver } from '../receiver.ts';
import { failureOf } from './failure.ts';
import {
  alertOf,
  anyMessage,
  brokenTexts,
  channelRig,
  messageOf,
  NOW,
  overOf,
  type Rig,
} from './sample-message.ts';

const HOUR = 3_600_000;
const REPEAT = 4 * HOUR;

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

interface Alertmanager {
  rig: Rig;
  receiver: Receiver;
  send(message?: AlertMessage, references?: References): Promise<References>;
}

async function alertmanager(
  answer: Answer = { status: 200 },
  { path = '', token = false }: { path?: string; token?: boolean } = {},
): Promise<Alertmanager> {
  const receiver = await startReceiver((arrival) => {
    checkRequest(arrival);
    return answer;
  });
  const rig = channelRig(token ? { token: 'token-1f6d\n' } : {});
  stops.push(
    () => receiver.stop(),
    () => rig.stop(),
  );
  const config = alertmanagerSection.parse({
    name: 'am',
    type: 'alertmanager',
    url: `${receiver.url}${path}`,
    ...(token ? { tokenEnv: 'AM_TOKEN' } : {}),
  });
  const channel = openAlertmanager(config, { ...rig.deps, repeatMs: () => REPEAT });
  return {
    rig,
    receiver,
    send: (message = messageOf(), references = {}) => channel.send(message, references),
  };
}

interface Pushed {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  startsAt: string;
  endsAt: string;
}

/** What api/v2/openapi.yaml and Alertmanager's validation ask of a request. */
function checkRequest({ method, path, headers, body }: Arrival): void {
  expect(method).toBe('POST');
  expect(path).toMatch(/(^|\/am)\/api\/v2\/alerts$/);
  expect(headers['content-type']).toMatch(/^application\/json/);
  checkAlerts(JSON.parse(body) as Pushed[]);
}

function checkAlerts(alerts: readonly Pushed[]): void {
  expect(alerts.length).toBeGreaterThan(0);
  for (const { labels, annotations, startsAt, endsAt } of alerts) {
    expect(Object.keys(labels)).toContain('alertname');
    for (const [name, value] of [...Object.entries(labels), ...Object.entries(annotations)]) {
      expect(name).toMatch(/^[a-zA-Z_][a-zA-Z0-9_]*$/);
      expect(value).not.toBe('');
    }
    expect(new Date(startsAt).toISOString()).toBe(startsAt);
    expect(Date.parse(endsAt)).toBeGreaterThanOrEqual(Date.parse(startsAt));
  }
}

function pushedTo(receiver: Receiver, index = 0): Pushed[] {
  return JSON.parse(receiver.arrived[index]?.body ?? '[]') as Pushed[];
}

function endOf(alert: WordedAlert, now = NOW): number {
  const { alerts } = pushOf(messageOf({ alerts: [alert] }), { references: {}, now, repeatMs: REPEAT });
  return Date.parse(alerts[0]?.endsAt ?? '');
}

test('pushes an alert with its labels, its words and the time that it lasts', async () => {
  const { receiver, send } = await alertmanager();
  await send();
  expect(receiver.arrived[0]?.path).toBe('/api/v2/alerts');
  expect(pushedTo(receiver)).toEqual([
    {
      labels: {
        alertname: 'failure_rate',
        severity: 'page',
        environment: 'production',
        account: 'studio-7',
        source: 'kling-sidecar',
        operation: 'text-to-video',
      },
      annotations: {
        summary: 'Kling fails 12 % of requests',
        description: '12 % of 240 requests failed in the last 10 minutes, above 5 %.',
        advice: 'Look at the errors of Kling. Nothing is charged for a create that failed.',
        runbook_url: 'https://docs.example/runbooks/failure_rate.md',
      },
      startsAt: '2020-09-06T02:37:53.123Z',
      endsAt: '2020-09-06T07:02:53.123Z',
    },
  ]);
});

test('lets a condition last until after its next repeat, even if the message is late', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 24 * HOUR }), (late) => {
      const left = endOf(alertOf({ status: 'repeat' }), NOW + late) - (NOW + late);
      expect(left).toBeGreaterThanOrEqual(REPEAT + 600_000);
      expect(left).toBeLessThanOrEqual(REPEAT + HOUR);
    }),
  );
});

test('shows a notice for an hour, and an alert about a month until its end is sent', () => {
  expect(endOf(alertOf({ rule: 'claim_due', period: '2026-10/3' })) - NOW).toBe(HOUR);
  const used = alertOf({ rule: 'budget_used_up', period: 'c1/1', startedAt: NOW - HOUR });
  expect(endOf(used) - NOW).toBeGreaterThan(31 * 24 * HOUR);
});

test('ends an alert when it was over, a little earlier, and never before it began', () => {
  expect(endOf(overOf())).toBe(NOW - 300_000 - 60_000);
  expect(endOf(overOf({ startedAt: NOW - 1_000, endedAt: NOW }))).toBe(NOW - 1_000);
});

test('pushes each alert of a message only in its last state', () => {
  const alerts = [
    alertOf(),
    overOf(),
    alertOf({ fingerprint: 'f'.repeat(16), labels: { operation: 'avatar' } }),
  ];
  const pushed = pushOf(messageOf({ alerts }), { references: {}, now: NOW, repeatMs: REPEAT }).alerts;
  expect(pushed.map(({ labels, endsAt }) => [labels['operation'], Date.parse(endsAt) > NOW])).toEqual([
    ['text-to-video', false],
    ['avatar', true],
  ]);
});

test('ends an alert under its first labels if the severity or the account has changed since', async () => {
  const { receiver, send } = await alertmanager();
  const first = await send(messageOf({ alerts: [alertOf({ severity: 'ticket' })], account: null }));
  const second = await send(messageOf({ alerts: [alertOf({ status: 'repeat', severity: 'page' })] }), first);
  const states = pushedTo(receiver, 1).map(({ labels, endsAt }) => [
    labels['severity'],
    labels['account'],
    Date.parse(endsAt) > NOW,
  ]);
  expect(states).toEqual([
    ['ticket', undefined, false],
    ['page', 'studio-7', true],
  ]);
  await send(messageOf({ alerts: [overOf({ severity: 'ticket' })] }), second);
  expect(
    pushedTo(receiver, 2).map(({ labels, endsAt }) => [labels['severity'], Date.parse(endsAt) > NOW]),
  ).toEqual([['page', false]]);
});

test('pushes the same again if nothing changed, so that a repeat is no second alert', async () => {
  const { receiver, send } = await alertmanager();
  const references = await send();
  await send(messageOf({ alerts: [alertOf({ status: 'repeat' })] }), references);
  const [before, after] = [pushedTo(receiver, 0), pushedTo(receiver, 1)];
  expect(after.map(({ labels, startsAt }) => [labels, startsAt])).toEqual(
    before.map(({ labels, startsAt }) => [labels, startsAt]),
  );
});

test('ignores a reference that it cannot read', async () => {
  const { receiver, send } = await alertmanager();
  const key = `0123456789abcdef/${NOW - 600_000}`;
  await send(messageOf(), { [key]: 'not JSON' });
  expect(pushedTo(receiver)).toHaveLength(1);
});

test('keeps a rule’s label in addition to one of ours with the same name', () => {
  const alert = alertOf({ labels: { source: 'x', 'app-name': 'studio', '9th': 'y', empty: '' } });
  const { alerts } = pushOf(messageOf({ alerts: [alert] }), { references: {}, now: NOW, repeatMs: REPEAT });
  expect(alerts[0]?.labels).toEqual({
    alertname: 'failure_rate',
    severity: 'page',
    environment: 'production',
    account: 'studio-7',
    source: 'kling-sidecar',
    rule_source: 'x',
    app_name: 'studio',
    _9th: 'y',
  });
});

test('pushes a form that Alertmanager accepts, for any message', () => {
  fc.assert(
    fc.property(anyMessage, (message) => {
      const { alerts } = pushOf(message, { references: {}, now: NOW, repeatMs: REPEAT });
      checkAlerts(alerts as Pushed[]);
      expect(brokenTexts(alerts)).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

test('finds the API below the path of a proxy, and takes its whole address too', async () => {
  for (const path of ['/am', '/am/', '/am/api/v2/alerts']) {
    const { receiver, send } = await alertmanager(undefined, { path });
    await send();
    expect(receiver.arrived[0]?.path).toBe('/am/api/v2/alerts');
  }
});

test('sends its token if the config has one, and no header without', async () => {
  const withToken = await alertmanager(undefined, { token: true });
  await withToken.send();
  expect(withToken.receiver.arrived[0]?.headers.authorization).toBe('Bearer token-1f6d');
  const without = await alertmanager();
  await without.send();
  expect(without.receiver.arrived[0]?.headers.authorization).toBeUndefined();
});

test.each([
  [{ status: 500 }, false],
  [{ status: 503 }, false],
  [{ status: 400, body: '"invalid label set"' }, true],
  [{ status: 401 }, true],
  ['cut', false],
] as const)('tells by the answer whether to try again: %j', async (answer, isFinal) => {
  const { send } = await alertmanager(answer, { token: true });
  const error = await failureOf(send());
  expect(error).toMatchObject({ isFinal });
  expect(error.message).not.toMatch(/token-1f6d|127\.0\.0\.1/);
});

test('refuses an address that is none', () => {
  const base = { name: 'am', type: 'alertmanager' };
  const isTaken = (url: string): boolean => alertmanagerSection.safeParse({ ...base, url }).success;
  for (const url of ['alertmanager:9093', 'http://93.184.215.14:9093', 'https://u:p@am.example']) {
    expect([url, isTaken(url)]).toEqual([url, false]);
  }
  for (const url of ['http://alertmanager:9093', 'http://[::1]:9093', 'https://am.example/path']) {
    expect([url, isTaken(url)]).toEqual([url, true]);
  }
  expect(alertmanagerSection.safeParse(base).success).toBe(false);
});
