/** Findings on one side, Slack over real sockets on the other, and everything between them as it is. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openPost, type OpenPost } from '../../src/alerts/channels/post-undici.ts';
import { openSlack, slackSection } from '../../src/alerts/channels/slack.ts';
import { compose } from '../../src/alerts/words/compose.ts';
import { Secret } from '../../src/secret.ts';
import { advanceUntil } from '../money/hand-clock.ts';
import { no, startSlack, TOKEN, type SlackReceiver } from './channels/slack-receiver.ts';
import { DAY_MS, finding, HOUR_MS, key, settings } from './engine-making.ts';
import { openEngine, type Engine } from './engine-store.ts';

let engine: Engine;
let slack: SlackReceiver;
let post: OpenPost;

beforeEach(async () => {
  engine = openEngine([], { compose });
  slack = await startSlack(engine.clock);
  // The clock goes on while sockets are slow, so no limit of time is of use here.
  post = openPost({ clock: engine.clock, timeoutMs: DAY_MS });
  const config = slackSection.parse({
    name: 'ops',
    type: 'slack',
    tokenFile: 'token',
    channel: '#video-alerts',
    apiUrl: `${slack.url}/api`,
    hosts: ['127.0.0.1'],
  });
  const deps = { post, clock: engine.clock, secret: () => new Secret(TOKEN) };
  engine.channels = [openSlack(config, deps)];
  engine.settings = { ...settings(['ops']), runbookBaseUrl: 'https://docs.example/runbooks/' };
});

afterEach(async () => {
  for (const channel of engine.channels) await channel.close();
  await engine.alerting.stop();
  await post.close();
  await slack.stop();
});

/** Moves the clock until Slack shows so many messages and the sender has nothing left to do. */
async function until(shown: number): Promise<void> {
  await advanceUntil(
    engine.clock,
    async () => {
      if (slack.shown.length < shown) return false;
      const { channels } = await engine.overview();
      return channels.every(({ waiting }) => waiting === 0);
    },
    { stepMs: 250, stepsMax: 2_000 },
  );
}

test('an alert begins, lasts and ends as one message with its thread, although Slack fails in between', async () => {
  await engine.take([
    finding('disk_low', { values: { share: 0.03, freeBytes: 3e9, totalBytes: 1e11, threshold: 0.05 } }),
  ]);
  slack.next.push({ status: 503 }, no('internal_error'));
  await until(1);
  expect(slack.calls).toHaveLength(3);
  expect(slack.shown).toMatchObject([{ header: '🔴 Only 3 % of the store’s disk is free', isEdited: false }]);

  await engine.clock.advance(4 * HOUR_MS);
  await engine.take([
    finding('disk_low', { values: { share: 0.02, freeBytes: 2e9, totalBytes: 1e11, threshold: 0.05 } }),
  ]);
  await until(2);

  await engine.take([], [key('disk_low')]);
  slack.next.push(undefined, { status: 500 });
  await until(3);
  const [{ ts: thread } = { ts: '' }] = slack.shown;
  expect(slack.shown).toMatchObject([
    { header: '✅ Over: The store’s disk has room again', isEdited: true },
    { header: expect.stringMatching(/^🔴 Still firing: /) as string, thread, isInChannelToo: true },
    { header: '✅ Over: The store’s disk has room again', thread },
  ]);
  expect(engine.errors).toEqual([]);
});

test('a storm is one digest, and what comes after it has messages of its own again', async () => {
  await engine.take(Array.from({ length: 30 }, (_, index) => finding('tasks_stuck', { of: `p${index}` })));
  await until(1);
  expect(slack.shown[0]?.header).toMatch(/^🟠 30 alerts: /);
  expect(JSON.stringify(slack.shown[0]?.blocks)).toContain(
    'and 20 more events, see kling-sidecar alert list',
  );

  await engine.take([finding('upstream_down', { values: { failures: 9, cause: 'timeout' } })]);
  await until(2);
  expect(slack.shown[1]?.header).toBe('🔴 Kling is down: 9 attempts failed one after the other');
  expect(slack.shown).toHaveLength(2);
});

test('a test message arrives in Slack, and a wrong channel is named as the reason', async () => {
  expect(await engine.alerting.test('ops')).toEqual([{ channel: 'ops', ok: true, error: null }]);
  expect(slack.shown).toMatchObject([{ header: expect.stringMatching(/^🔵 Test of/) as string }]);
  slack.next.push(no('channel_not_found'));
  const [result] = await engine.alerting.test('ops');
  expect(result?.error).toBe(
    'Slack did not take the message (channel_not_found: no such channel for this app: write the channel’s ID and invite the app to it)',
  );
});
