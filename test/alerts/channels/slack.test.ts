import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openSlack, slackSection, type SlackConfig } from '../../../src/alerts/channels/slack.ts';
import { failureOf } from './failure.ts';
import { channelRig, messageOf, type Rig } from './sample-message.ts';
import { refusedBySlack } from './slack-rules.ts';
import { startSlack, type SlackReceiver } from './slack-receiver.ts';

let rig: Rig;
let slack: SlackReceiver;

beforeEach(async () => {
  rig = channelRig({});
  slack = await startSlack(rig.clock);
});

afterEach(async () => {
  await rig.stop();
  await slack.stop();
});

const WEBHOOK = { name: 'ops', type: 'slack', webhookUrlFile: 'url' };
const BOT = { name: 'ops', type: 'slack', tokenEnv: 'SLACK_TOKEN', channel: 'C0123456789' };

function open(url = `${slack.url}/services/T0/B0/SECRET`, hosts = ['127.0.0.1']) {
  const { deps, stop } = channelRig({ webhookUrl: `${url}\n` });
  const config: SlackConfig = slackSection.parse({ ...WEBHOOK, hosts });
  return { channel: openSlack(config, deps), stop };
}

describe('an incoming webhook', () => {
  test('is sent one message with its fallback, at most one a second, which refers to nothing later', async () => {
    const { channel } = open();
    expect(await channel.send(messageOf(), {})).toEqual({});
    expect(channel.paceMs).toBe(1_000);
    const [arrival] = slack.arrived;
    expect(arrival).toMatchObject({ method: 'POST', path: '/services/T0/B0/SECRET' });
    expect(arrival?.headers['content-type']).toBe('application/json; charset=utf-8');
    const body = JSON.parse(arrival?.body ?? '') as Record<string, unknown>;
    expect(refusedBySlack(body)).toBeNull();
    expect(Object.keys(body).toSorted()).toEqual(['blocks', 'text', 'unfurl_links', 'unfurl_media']);
  });

  test.each([
    [400, 'invalid_payload', true],
    [400, 'invalid_blocks', true],
    [403, 'action_prohibited', true],
    [403, 'invalid_token', true],
    [404, 'no_service', true],
    [404, 'channel_not_found', true],
    [410, 'channel_is_archived', true],
    [429, 'rate_limited', false],
    [500, 'rollup_error', false],
    [503, 'invalid_payload', false],
  ])('that answers %i %s is given up: %s', async (status, body, isFinal) => {
    slack.next.push({ status, body });
    const error = await failureOf(open().channel.send(messageOf(), {}));
    expect(error.isFinal).toBe(isFinal);
    expect(error.message).toContain(`Slack answered ${status} (${body}`);
    expect(error.message).not.toMatch(/SECRET|127\.0\.0\.1/);
  });

  test('whose answer is no word of Slack’s is judged by the status, and the answer is not shown', async () => {
    slack.next.push({ status: 404, body: '<html>SECRET</html>' });
    const error = await failureOf(open().channel.send(messageOf(), {}));
    expect(error).toMatchObject({ message: 'Slack answered 404', isFinal: true });
  });

  test('that redirects is not followed, and may be tried again', async () => {
    slack.next.push({ status: 302, headers: { location: `${slack.url}/elsewhere` } });
    const error = await failureOf(open().channel.send(messageOf(), {}));
    expect(error).toMatchObject({ isFinal: false });
    expect(slack.arrived).toHaveLength(1);
  });

  test('of Slack’s own says ok, or something else took the message', async () => {
    // No server of ours can be hooks.slack.com.
    const { deps } = channelRig({ webhookUrl: 'https://hooks.slack.com/services/T0/B0/SECRET' });
    const answers = ['ok', '<html>Sign in to the guest network</html>'];
    const post = () => Promise.resolve({ status: 200, headers: {}, body: answers.shift() ?? '' });
    const channel = openSlack(slackSection.parse(WEBHOOK), { ...deps, post });
    await channel.send(messageOf(), {});
    expect(await failureOf(channel.send(messageOf(), {}))).toMatchObject({
      message: 'Slack answered 200 without its "ok": something else may have answered',
      isFinal: false,
    });
  });

  test.each([
    'https://hooks.slack.com.evil.example/services/SECRET',
    'https://evil.example/hooks.slack.com/SECRET',
    'https://hooks.slack.com@evil.example/SECRET',
    'no address SECRET',
  ])('is refused at once if its address is not Slack’s: %s', (url) => {
    expect(() => open(url, [])).toThrow(/^alerts\.channels "ops" \(slack\): The webhook address of Slack is/);
    expect(() => open(url, [])).not.toThrow(/SECRET/);
  });

  test.each(['https://hooks.slack.com/services/T/B/X', 'https://hooks.slack-gov.com/services/T/B/X'])(
    'is taken on Slack’s own hosts: %s',
    (url) => expect(open(url, []).channel.type).toBe('slack'),
  );
});

describe('the config of a channel to Slack', () => {
  test('is a webhook’s address or a token with a channel', () => {
    expect(slackSection.safeParse(WEBHOOK).success).toBe(true);
    expect(slackSection.safeParse(BOT).success).toBe(true);
    expect(slackSection.safeParse({ ...BOT, apiUrl: 'https://slack-gov.com/api' }).success).toBe(true);
    const own = { ...BOT, apiUrl: 'http://chat.internal/api', hosts: ['chat.internal'] };
    expect(slackSection.safeParse(own).success).toBe(true);
  });

  test.each([
    ['nothing to send by', { name: 'ops', type: 'slack' }, 'webhookUrlFile'],
    ['both', { ...BOT, webhookUrlFile: 'url' }, 'tokenFile'],
    ['two places of a token', { ...BOT, tokenFile: 'token' }, 'tokenFile'],
    ['a token without a channel', { ...BOT, channel: undefined }, 'channel'],
    ['a channel beside a webhook', { ...WEBHOOK, channel: 'C1' }, 'channel'],
    ['an API that is not Slack’s', { ...BOT, apiUrl: 'https://evil.example/api' }, 'apiUrl'],
    ['an API without TLS', { ...BOT, apiUrl: 'http://slack.com/api' }, 'apiUrl'],
    ['a mention as a channel', { ...BOT, channel: '<!here>' }, 'channel'],
    ['a key that does not exist', { ...WEBHOOK, webhookUrl: 'x' }, undefined],
  ])('is refused with %s', (_what, config, path) => {
    const { error } = slackSection.safeParse(config);
    expect(error?.issues[0]?.path[0]).toBe(path);
  });
});
