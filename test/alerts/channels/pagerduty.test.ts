import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { openPagerduty, pagerdutyEvents, pagerdutySection } from '../../../src/alerts/channels/pagerduty.ts';
import type { AlertMessage } from '../../../src/alerts/alert.ts';
import { startReceiver, type Answer, type Arrival, type Receiver } from '../receiver.ts';
import { failureOf, refusalOf } from './failure.ts';
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

const KEY = '0123456789abcdef0123456789abcdef';
const TAKEN = { status: 202, body: '{"status":"success","message":"Event processed"}' };

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

interface Event {
  routing_key: string;
  event_action: string;
  dedup_key: string;
  client: string;
  links: { href: string; text: string }[];
  payload: {
    summary: string;
    source: string;
    severity: string;
    timestamp: string;
    component: string;
    group: string;
    class: string;
    custom_details: Record<string, unknown>;
  };
}

/** PagerDuty as its documentation describes it: takes events that are right, and keeps incidents by their keys. */
class Incidents {
  readonly open = new Set<string>();
  readonly events: string[] = [];
  opened = 0;

  take({ method, path, headers, body }: Arrival): Answer {
    expect(method).toBe('POST');
    expect(path).toBe('/v2/enqueue');
    expect(headers['content-type']).toMatch(/^application\/json/);
    expect(Buffer.byteLength(body)).toBeLessThan(512 * 1_024);
    const { routing_key: key, ...event } = JSON.parse(body) as Event;
    if (key !== KEY)
      return { status: 400, body: '{"status":"invalid event","errors":["Length of routing_key"]}' };
    checkEvent(event);
    const { event_action: action, dedup_key: dedup } = event;
    this.events.push(`${action} ${dedup}`);
    if (action === 'resolve') {
      this.open.delete(dedup);
    } else if (!this.open.has(dedup)) {
      this.open.add(dedup);
      this.opened += 1;
    }
    return TAKEN;
  }
}

function checkEvent(event: Omit<Event, 'routing_key'>): void {
  expect(event.event_action).toMatch(/^(trigger|resolve)$/);
  expect(event.dedup_key.length).toBeLessThanOrEqual(255);
  expect(event.payload.summary.length).toBeGreaterThan(0);
  expect(event.payload.summary.length).toBeLessThanOrEqual(1_024);
  expect(event.payload.source).not.toBe('');
  expect(event.payload.severity).toMatch(/^(critical|error|warning|info)$/);
  expect(new Date(event.payload.timestamp).toISOString()).toBe(event.payload.timestamp);
  for (const { href } of event.links) expect(href).toMatch(/^https:\/\//);
}

interface Pagerduty {
  rig: Rig;
  receiver: Receiver;
  incidents: Incidents;
  send(message?: AlertMessage): Promise<unknown>;
}

async function pagerduty(
  answer: (taken: Answer, index: number) => Answer = (taken) => taken,
  key = KEY,
): Promise<Pagerduty> {
  const incidents = new Incidents();
  const receiver = await startReceiver((arrival, index) => {
    const instead = answer(null, index);
    return instead === null ? incidents.take(arrival) : instead;
  });
  const rig = channelRig({ routingKey: `${key}\n` });
  stops.push(
    () => receiver.stop(),
    () => rig.stop(),
  );
  const config = pagerdutySection.parse({
    name: 'oncall',
    type: 'pagerduty',
    routingKeyFile: '/run/secrets/pagerduty',
    url: `${receiver.url}/v2/enqueue`,
  });
  const channel = openPagerduty(config, rig.deps);
  return { rig, receiver, incidents, send: (message = messageOf()) => channel.send(message, {}) };
}

test('triggers an incident with the problem, its urgency and the next step', async () => {
  const { receiver, send } = await pagerduty();
  expect(await send()).toEqual({});
  expect(JSON.parse(receiver.arrived[0]?.body ?? '')).toEqual({
    routing_key: KEY,
    event_action: 'trigger',
    dedup_key: `0123456789abcdef/${NOW - 600_000}`,
    client: 'kling-sidecar',
    links: [{ href: 'https://docs.example/runbooks/failure_rate.md', text: 'Runbook' }],
    payload: {
      summary: '[production] Kling fails 12 % of requests',
      source: 'kling-sidecar production',
      severity: 'critical',
      timestamp: '2020-09-06T02:37:53.123Z',
      component: 'kling-sidecar',
      group: 'production',
      class: 'failure_rate',
      custom_details: {
        finding: '12 % of 240 requests failed in the last 10 minutes, above 5 %.',
        advice: 'Look at the errors of Kling. Nothing is charged for a create that failed.',
        runbook: 'https://docs.example/runbooks/failure_rate.md',
        environment: 'production',
        account: 'studio-7',
        rule: 'failure_rate',
        labels: { operation: 'text-to-video' },
        values: { rate: 0.12, threshold: 0.05 },
        since: '2020-09-06T02:37:53.123Z',
        until: null,
      },
    },
  });
});

test('keeps one incident for all repeats of an alert, and closes it when the alert is over', async () => {
  const { incidents, send } = await pagerduty();
  await send();
  await send(messageOf({ id: 'b', alerts: [alertOf({ status: 'repeat' })] }));
  expect([...incidents.open]).toHaveLength(1);
  expect(incidents.opened).toBe(1);
  await send(messageOf({ id: 'c', alerts: [overOf()] }));
  expect([...incidents.open]).toEqual([]);
});

test('opens another incident when the same alert begins again', async () => {
  const { incidents, send } = await pagerduty();
  await send(messageOf({ id: 'a', alerts: [alertOf(), overOf()] }));
  await send(messageOf({ id: 'b', alerts: [alertOf({ startedAt: NOW })] }));
  expect(incidents.opened).toBe(2);
  expect([...incidents.open]).toEqual([`0123456789abcdef/${NOW}`]);
});

test.each([
  ['page', 'critical'],
  ['ticket', 'warning'],
  ['info', 'info'],
] as const)('sends %s as %s', (severity, theirs) => {
  const [event] = pagerdutyEvents(messageOf({ alerts: [alertOf({ severity })] }));
  expect((event as Event).payload.severity).toBe(theirs);
});

test('continues after the event that was not taken, and opens no incident twice', async () => {
  const alerts = ['a', 'b', 'c'].flatMap((fingerprint) => [
    alertOf({ fingerprint, status: 'firing' }),
    overOf({ fingerprint }),
  ]);
  const { incidents, send } = await pagerduty((_, index) => (index === 3 ? { status: 429 } : null));
  const error = await failureOf(send(messageOf({ alerts })));
  expect(error).toMatchObject({ isFinal: false, retryAfterMs: 120_000 });
  await send(messageOf({ alerts }));
  expect(incidents.events.map((event) => event.replace(/\/\d+$/, ''))).toEqual([
    'trigger a',
    'resolve a',
    'trigger b',
    'resolve b',
    'trigger c',
    'resolve c',
  ]);
  expect(incidents.opened).toBe(3);
});

test('leaves the events that a slow PagerDuty has not taken for the next attempt, within its time', async () => {
  const alerts = Array.from({ length: 8 }, (_, index) => alertOf({ fingerprint: `${index}` }));
  const slow = await pagerduty(() => {
    void slow.rig.clock.advance(9_000);
    return null;
  });
  const error = await failureOf(slow.send(messageOf({ alerts })));
  expect(error).toMatchObject({ isFinal: false, retryAfterMs: 1_000 });
  expect(slow.incidents.events).toHaveLength(5);
  await slow.send(messageOf({ alerts }));
  expect(slow.incidents.events).toHaveLength(8);
  expect(slow.incidents.opened).toBe(8);
});

test('keeps every event within the limits, with whole characters', () => {
  fc.assert(
    fc.property(anyMessage, (message) => {
      for (const event of pagerdutyEvents(message)) {
        checkEvent(event as Event);
        expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThan(100_000);
        expect(brokenTexts(event)).toEqual([]);
      }
    }),
    { numRuns: 60 },
  );
});

test('says on one line what a text has on several', () => {
  const [event] = pagerdutyEvents(messageOf({ alerts: [alertOf({ title: NASTY })] }));
  expect((event as Event).payload.summary).not.toMatch(/[\n\u200b\u202e]/);
});

test.each([
  [{ status: 429, headers: { 'retry-after': '7' } }, false, 7_000, /too many/],
  [{ status: 429 }, false, 120_000, /too many/],
  [{ status: 500 }, false, null, /500/],
  [{ status: 503 }, false, null, /503/],
  [{ status: 200, body: 'OK' }, false, null, /not 202/],
  [{ status: 403 }, true, null, /403/],
  [{ status: 301, headers: { location: 'https://evil.example/' } }, false, null, /redirect/],
  ['cut', false, null, /closed the connection/],
] as const)(
  'tells by the answer whether and when to try again: %j',
  async (answer, isFinal, retryAfterMs, words) => {
    const { send } = await pagerduty(() => answer);
    const error = await failureOf(send());
    expect(error).toMatchObject({ isFinal, retryAfterMs });
    expect(error.message).toMatch(words);
    expect(error.message).not.toContain(KEY);
  },
);

test('says what to check if the routing key is not known, without the key', async () => {
  const { send } = await pagerduty(undefined, 'f'.repeat(32));
  const error = await failureOf(send());
  expect(error).toMatchObject({ isFinal: true });
  expect(error.message).toMatch(/400 .*32 characters of an Events API v2 integration/);
  expect(error.message).not.toContain('ffff');
});

test('does not open with a routing key of the wrong form', () => {
  const config = pagerdutySection.parse({ name: 'oncall', type: 'pagerduty', routingKeyEnv: 'PD_KEY' });
  expect(refusalOf(() => openPagerduty(config, channelRig({ routingKey: 'u+notakey' }).deps))).toBe(
    'alerts.channels "oncall" (pagerduty): The routing key is not the 32 characters of an Events API v2 integration.',
  );
});

test('goes to PagerDuty’s own address unless the config has another, and asks for one place of its key', () => {
  const base = { name: 'oncall', type: 'pagerduty' };
  expect(pagerdutySection.parse({ ...base, routingKeyEnv: 'PD_KEY' }).url).toBe(
    'https://events.pagerduty.com/v2/enqueue',
  );
  expect(pagerdutySection.safeParse(base).success).toBe(false);
  expect(pagerdutySection.safeParse({ ...base, routingKeyEnv: 'A', routingKeyFile: 'b' }).success).toBe(
    false,
  );
  expect(pagerdutySection.safeParse({ ...base, routingKeyEnv: 'A', url: 'ftp://x' }).success).toBe(false);
});
