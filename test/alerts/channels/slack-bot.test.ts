import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AlertMessage, WordedAlert } from '../../../src/alerts/alert.ts';
import { referenceKey, type Channel, type References } from '../../../src/alerts/channel.ts';
import { openSlack, slackSection, type SlackConfig } from '../../../src/alerts/channels/slack.ts';
import type { Clock } from '../../../src/clock.ts';
import { Secret } from '../../../src/secret.ts';
import { failureOf } from './failure.ts';
import { alertOf, channelRig, messageOf, NOW, overOf, type Rig } from './sample-message.ts';
import { CHANNEL_ID, no, startSlack, TOKEN, type SlackReceiver } from './slack-receiver.ts';

let rig: Rig;
let slack: SlackReceiver;
let channel: Channel;
/** Called when the channel begins to wait for its next call. */
let onPause: () => void;

beforeEach(async () => {
  rig = channelRig({ token: `${TOKEN}\n` });
  slack = await startSlack(rig.clock);
  channel = open();
});

afterEach(async () => {
  await channel.close();
  await rig.stop();
  await slack.stop();
});

function open(name = '#video-alerts'): Channel {
  const clock: Clock = {
    ...rig.clock,
    after(delayMs, callback) {
      const timer = rig.clock.after(delayMs, callback);
      onPause();
      return timer;
    },
  };
  return openSlack(botConfig({ channel: name }), { ...rig.deps, clock });
}

function botConfig(over: Record<string, unknown> = {}): SlackConfig {
  return slackSection.parse({
    name: 'ops',
    type: 'slack',
    tokenFile: 'token',
    channel: CHANNEL_ID,
    apiUrl: `${slack.url}/api/`,
    hosts: ['127.0.0.1'],
    ...over,
  });
}

/** Sends a message; whenever the channel waits, the clock is moved a second. The next message may follow at once. */
async function send(message: AlertMessage, references: References = {}): Promise<References> {
  let pause = Promise.withResolvers<'pause'>();
  onPause = () => pause.resolve('pause');
  const sent = channel.send(message, references);
  for (;;) {
    const what = await Promise.race([pause.promise, sent.catch(() => 'failed')]);
    if (what !== 'pause') break;
    pause = Promise.withResolvers<'pause'>();
    await rig.clock.advance(1_000);
  }
  await rig.clock.advance(1_000);
  return sent;
}

/** Some alerts that begin. */
function alertsOf(count: number): WordedAlert[] {
  return Array.from({ length: count }, (_, index) =>
    alertOf({ id: index + 1, fingerprint: `f${index}`, title: `Alert ${index}` }),
  );
}

function endOf(alert: WordedAlert): WordedAlert {
  return overOf({ ...alert, id: alert.id + 100, status: 'resolved', endedAt: NOW, advice: '' });
}

function headers(): string[] {
  return slack.shown.map(({ header }) => header);
}

describe('an alert by a bot', () => {
  test('is a message of its own, and later events are in its thread', async () => {
    const alert = alertOf({ title: 'Kling is down' });
    const first = await send(messageOf({ id: 'm1', alerts: [alert] }));
    expect(first).toEqual({ [referenceKey(alert)]: `${CHANNEL_ID}:${slack.shown[0]?.ts}` });
    const repeat = { ...alert, id: 2, status: 'repeat' } as const;
    const second = await send(messageOf({ id: 'm2', alerts: [repeat] }), first);
    const third = await send(messageOf({ id: 'm3', alerts: [endOf(alert)] }), second);
    expect(second).toEqual(first);
    expect(third).toEqual(first);
    const [{ ts: thread } = { ts: '' }] = slack.shown;
    expect(slack.shown).toMatchObject([
      { header: '✅ Over: Kling is down', isEdited: true },
      { header: '🔴 Still firing: Kling is down', thread, isInChannelToo: true },
      { header: '✅ Over: Kling is down', thread, isInChannelToo: false },
    ]);
    expect(slack.calls).toEqual(['chat.postMessage', 'chat.postMessage', 'chat.update', 'chat.postMessage']);
  });

  test('that is not urgent repeats only in its thread', async () => {
    const alert = alertOf({ severity: 'ticket' });
    const known = await send(messageOf({ id: 'm1', alerts: [alert] }));
    await send(messageOf({ id: 'm2', alerts: [{ ...alert, status: 'repeat' }] }), known);
    expect(slack.shown[1]).toMatchObject({ thread: slack.shown[0]?.ts, isInChannelToo: false });
  });

  test('has its own message and thread if others come with it', async () => {
    const alerts = alertsOf(3);
    const known = await send(messageOf({ id: 'm1', alerts, headline: '3 alerts' }));
    expect(headers()).toEqual(['🔴 Alert 0', '🔴 Alert 1', '🔴 Alert 2']);
    const [, second = alertOf()] = alerts;
    await send(messageOf({ id: 'm2', alerts: [endOf(second)] }), known);
    expect(slack.shown.map(({ isEdited }) => isEdited)).toEqual([false, true, false, false]);
    expect(slack.shown[3]?.thread).toBe(slack.shown[1]?.ts);
  });

  test('that began and ended in one message is a message that is over, with its end below', async () => {
    const alert = alertOf({ title: 'Short' });
    await send(messageOf({ alerts: [alert, endOf(alert)] }));
    expect(slack.shown).toMatchObject([
      { header: '✅ Over: Short', isEdited: true },
      { header: '✅ Over: Short', thread: slack.shown[0]?.ts },
    ]);
  });

  test('of which no message is known says at the top of the channel that it is over', async () => {
    await send(messageOf({ alerts: [overOf()] }), { 'other/1': 'C1:1.1', 'broken/2': 'x' });
    expect(slack.shown).toMatchObject([{ header: '✅ Over: Kling fails 12 % of requests', isEdited: false }]);
  });

  test('whose message was deleted continues at the top of the channel', async () => {
    const alert = alertOf();
    const known = { [referenceKey(alert)]: `${CHANNEL_ID}:1599000000.000001` };
    const repeated = await send(messageOf({ id: 'm1', alerts: [{ ...alert, status: 'repeat' }] }), known);
    expect(repeated).toEqual({ [referenceKey(alert)]: `${CHANNEL_ID}:${slack.shown[0]?.ts}` });
    slack.next.push(no('edit_window_closed'));
    await send(messageOf({ id: 'm2', alerts: [endOf(alert)] }), repeated);
    expect(slack.shown.map(({ thread }) => thread)).toEqual([undefined, undefined]);
  });
});

describe('a storm by a bot', () => {
  test('is one digest at the top of the channel, which no thread follows', async () => {
    const alerts = alertsOf(6);
    expect(await send(messageOf({ alerts, headline: '6 alerts: Alert 0, and 5 more' }))).toEqual({});
    expect(headers()).toEqual(['🔴 6 alerts: Alert 0, and 5 more']);
  });

  test('is a message with more events than it shows', async () => {
    await send(messageOf({ alerts: alertsOf(2), headline: '40 alerts', more: 38 }));
    expect(headers()).toEqual(['🔴 40 alerts']);
  });

  test('of ends marks each message that is known, and says it once', async () => {
    const alerts = alertsOf(5);
    const known = await send(messageOf({ id: 'm1', alerts }));
    const ends = [...alerts, alertOf({ id: 9, fingerprint: 'unknown' })].map(endOf);
    await send(messageOf({ id: 'm2', alerts: ends, headline: '6 alerts are over' }), known);
    expect(slack.shown.map(({ isEdited }) => isEdited)).toEqual([true, true, true, true, true, false]);
    expect(headers().at(-1)).toBe('✅ 6 alerts are over');
  });
});

describe('a message that is sent again', () => {
  test('continues with the failed call and makes no post twice', async () => {
    const message = messageOf({ id: 'm1', alerts: alertsOf(3) });
    slack.next.push(undefined, { status: 503 });
    const error = await failureOf(send(message));
    expect(error).toMatchObject({ message: 'Slack answered 503', isFinal: false });
    expect(headers()).toEqual(['🔴 Alert 0']);
    const references = await send(message);
    expect(headers()).toEqual(['🔴 Alert 0', '🔴 Alert 1', '🔴 Alert 2']);
    expect(Object.values(references)).toEqual(slack.shown.map(({ ts }) => `${CHANNEL_ID}:${ts}`));
  });

  test('continues although another was sent in between, such as a test', async () => {
    const message = messageOf({ id: 'm1', alerts: alertsOf(2) });
    slack.next.push(undefined, 'cut');
    await failureOf(send(message));
    await send(messageOf({ id: 'test', alerts: [alertOf({ title: 'Test' })] }));
    await send(message);
    expect(headers()).toEqual(['🔴 Alert 0', '🔴 Test', '🔴 Alert 1']);
  });

  test('makes no post twice if the sender could not mark it', async () => {
    const message = messageOf({ id: 'm1', alerts: alertsOf(2) });
    const references = await send(message);
    expect(await send(message)).toEqual(references);
    expect(slack.calls).toHaveLength(2);
  });

  test('waits as long as Slack asks', async () => {
    slack.next.push({ status: 429, headers: { 'retry-after': '30' } });
    expect(await failureOf(send(messageOf()))).toMatchObject({ retryAfterMs: 30_000, isFinal: false });
  });

  test('begins no call after 30 s, and continues the next time', async () => {
    const message = messageOf({ id: 'm1', alerts: alertsOf(5) });
    slack.slowness.ms = 10_000;
    expect(await failureOf(send(message))).toMatchObject({
      message: 'Slack is slow: the rest of the message follows',
      isFinal: false,
      retryAfterMs: 1_000,
    });
    expect(headers()).toHaveLength(3);
    slack.slowness.ms = 0;
    await send(message);
    expect(headers()).toEqual(['🔴 Alert 0', '🔴 Alert 1', '🔴 Alert 2', '🔴 Alert 3', '🔴 Alert 4']);
  });

  test('waits no longer once the channel is closed', async () => {
    const sent = Promise.withResolvers<void>();
    onPause = () => sent.resolve();
    const failed = failureOf(channel.send(messageOf({ alerts: alertsOf(2) }), {}));
    await sent.promise;
    await channel.close();
    expect((await failed).message).toBe('Slack was not reached: the channel is closed');
  });
});

describe('a refusal of Slack’s methods', () => {
  test.each([
    ['invalid_auth', true],
    ['token_revoked', true],
    ['missing_scope', true],
    ['channel_not_found', true],
    ['not_in_channel', true],
    ['is_archived', true],
    ['invalid_blocks', true],
    ['ratelimited', false],
    ['internal_error', false],
    ['service_unavailable', false],
    ['team_added_to_org', false],
    ['a_word_that_is_new', false],
  ])('%s is final: %s', async (word, isFinal) => {
    slack.next.push(no(word));
    const error = await failureOf(send(messageOf()));
    expect(error.isFinal).toBe(isFinal);
    expect(error.message).toContain(`Slack did not take the message (${word}`);
    expect(error.message).not.toContain('SECRET');
  });

  test('about another message is one of the message itself if it refers to none', async () => {
    slack.next.push(no('message_not_found'));
    const error = await failureOf(send(messageOf()));
    expect(error.message).toBe('Slack did not take the message (message_not_found)');
    expect(slack.calls).toHaveLength(1);
  });

  test('that is no word is not repeated, since it could be anything', async () => {
    slack.next.push(
      no(`xoxb-SECRET`),
      { status: 200, body: '<html>SECRET' },
      { status: 200, body: '{"ok":true}' },
    );
    for (let i = 0; i < 3; i += 1) {
      const error = await failureOf(send(messageOf({ id: `m${i}` })));
      expect(error).toMatchObject({ isFinal: false });
      expect(error.message).toBe(
        'Slack answered 200 without the fields of Slack’s answers: something else may have answered',
      );
    }
  });

  test('of a token that is not the workspace’s names no token', async () => {
    const other = openSlack(botConfig(), { ...rig.deps, secret: () => new Secret('xoxb-SECRET-other') });
    const error = await failureOf(other.send(messageOf(), {}));
    expect(error.message).toBe(
      'Slack did not take the message (invalid_auth: the token is not valid here: put the app’s bot token into its place)',
    );
  });
});

test('a token of the wrong form is refused when the channel is opened', () => {
  const deps = { ...rig.deps, secret: () => new Secret('xoxb SECRET\nx') };
  expect(() => openSlack(botConfig(), deps)).toThrow(
    /^alerts\.channels "ops" \(slack\): The token has the wrong form/,
  );
});
