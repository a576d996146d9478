import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import {
  discordBody,
  discordSection,
  escapeDiscord,
  openDiscord,
} from '../../../src/alerts/channels/discord.ts';
import { oneLine } from '../../../src/markup.ts';
import { startReceiver, type Answer, type Arrival, type Receiver } from '../receiver.ts';
import { failureOf, refusalOf } from './failure.ts';
import { alertOf, anyMessage, brokenTexts, channelRig, messageOf, NASTY, overOf } from './sample-message.ts';

const HOOK = '/api/webhooks/1234/token-4e8b';
const CREATED = { status: 200, body: '{"id":"999"}' };

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

interface Discord {
  receiver: Receiver;
  send(message?: ReturnType<typeof messageOf>): Promise<unknown>;
}

async function discord(answer: Answer = CREATED, query = ''): Promise<Discord> {
  const receiver = await startReceiver((arrival) => {
    checkRequest(arrival);
    return answer;
  });
  const rig = channelRig({ webhookUrl: `${receiver.url}${HOOK}${query}` });
  stops.push(
    () => receiver.stop(),
    () => rig.stop(),
  );
  const config = discordSection.parse({ name: 'ops', type: 'discord', webhookUrlEnv: 'DISCORD_URL' });
  const channel = openDiscord(config, rig.deps);
  return { receiver, send: (message = messageOf()) => channel.send(message, {}) };
}

function checkRequest({ method, path, headers, body }: Arrival): void {
  expect(method).toBe('POST');
  expect(path.startsWith(`${HOOK}?`)).toBe(true);
  // Without it a message that is not kept is no error.
  expect(new URL(path, 'http://discord').searchParams.get('wait')).toBe('true');
  expect(headers['content-type']).toMatch(/^application\/json/);
  checkBody(JSON.parse(body) as Body);
}

interface Body {
  content: string;
  embeds: {
    title?: string;
    description?: string;
    url?: string;
    color: number;
    timestamp: string;
    fields: { name: string; value: string }[];
    footer: { text: string };
  }[];
  allowed_mentions: unknown;
}

/** Discord's documented limits. */
function checkBody({ content, embeds, allowed_mentions: mentions }: Body): void {
  expect(mentions).toEqual({ parse: [] });
  expect(content.length).toBeGreaterThan(0);
  expect(content.length).toBeLessThanOrEqual(2_000);
  expect(embeds.length).toBeGreaterThan(0);
  expect(embeds.length).toBeLessThanOrEqual(10);
  let characters = 0;
  for (const { title, description, url, color, timestamp, fields, footer } of embeds) {
    // Embeds of one URL are shown once.
    expect(url).toBeUndefined();
    for (const [text, max] of [
      [title, 256],
      [description, 4_096],
      [footer.text, 2_048],
    ] as const) {
      if (text === undefined) continue;
      expect(text.length).toBeGreaterThan(0);
      expect(text.length).toBeLessThanOrEqual(max);
      characters += text.length;
    }
    expect(color).toBeLessThanOrEqual(0xffffff);
    expect(new Date(timestamp).toISOString()).toBe(timestamp);
    expect(fields.length).toBeLessThanOrEqual(25);
    for (const { name, value } of fields) {
      expect(name.length).toBeGreaterThan(0);
      expect(name.length).toBeLessThanOrEqual(256);
      expect(value.length).toBeGreaterThan(0);
      expect(value.length).toBeLessThanOrEqual(1_024);
      characters += name.length + value.length;
    }
  }
  expect(characters).toBeLessThanOrEqual(6_000);
}

function bodyOf(receiver: Receiver): Body {
  return JSON.parse(receiver.arrived[0]?.body ?? '{}') as Body;
}

test('sends an embed with the problem, its start and the next step', async () => {
  const { receiver, send } = await discord();
  expect(await send()).toEqual({});
  expect(bodyOf(receiver)).toEqual({
    content: 'Alert · Urgent: Kling fails 12 % of requests',
    embeds: [
      {
        description:
          '12 % of 240 requests failed in the last 10 minutes, above 5 %.\n\nWhat to do: Look at the errors of Kling. Nothing is charged for a create that failed.',
        color: 0xd92d20,
        timestamp: '2020-09-06T02:47:23.123Z',
        fields: [
          { name: 'Since', value: '2020-09-06 02:37 UTC', inline: true },
          {
            name: 'Runbook',
            value: '[failure_rate](https://docs.example/runbooks/failure_rate.md)',
            inline: true,
          },
        ],
        footer: { text: 'kling-sidecar · Environment: production · Account: studio-7' },
      },
    ],
    allowed_mentions: { parse: [] },
  });
});

test('gives each of several alerts an embed of its own, green if it is over', async () => {
  const { receiver, send } = await discord();
  await send(messageOf({ alerts: [alertOf(), overOf({ fingerprint: 'f'.repeat(16) })] }));
  const { content, embeds } = bodyOf(receiver);
  expect(content).toBe('2 alerts: Kling fails 12 % of requests');
  expect(embeds.map(({ title, color }) => [title, color])).toEqual([
    ['Alert · Urgent: Kling fails 12 % of requests', 0xd92d20],
    ['Over: Kling fails 12 % of requests', 0x12b76a],
  ]);
});

test('keeps the thread that the address names', async () => {
  const { receiver, send } = await discord(CREATED, '?thread_id=77');
  await send();
  expect(new URL(receiver.arrived[0]?.path ?? '', 'http://discord').searchParams.get('thread_id')).toBe('77');
});

test('keeps every message within the limits, with whole characters', () => {
  fc.assert(
    fc.property(anyMessage, (message) => {
      const body = discordBody(message) as unknown as Body;
      checkBody(body);
      expect(brokenTexts(body)).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

test('escapes what would be read as a mark, and nothing else', () => {
  expect(escapeDiscord('budget_used_up of app_1 at 10:30, 5 % (2020-09-06)')).toBe(
    'budget_used_up of app_1 at 10:30, 5 % (2020-09-06)',
  );
  expect(escapeDiscord('# a _b_ :smile: <@1> [c](https://d)')).toBe(
    '\\# a \\_b\\_ \\:smile: \\<@\u200b1> \\[c\\](https:\u200b//d)',
  );
  expect(escapeDiscord('- a\n\n1. b')).toBe('\\- a\n\n1\\. b');
});

test('shows every text unchanged: nothing in it is a style, a link or a mention', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'grapheme' }), fc.constant(NASTY)), (each) => {
      const text = oneLine(each);
      const escaped = escapeDiscord(text);
      const unescaped = escaped.replaceAll(/\\([^0-9A-Za-z\s])/g, '$1').replaceAll('\u200b', '');
      expect(unescaped).toBe(text.replaceAll('\u200b', ''));
      // An escaped sign is a sign of the text like any other.
      expect(escaped.replaceAll(/\\./g, '·')).not.toMatch(
        /[*~`|<[\]]|@(?!\u200b)|:\/\/|:\w+:|^\s*([-+#>]|\d+\. )/,
      );
    }),
  );
});

test.each([
  [
    { status: 429, headers: { 'retry-after': '65' }, body: '{"retry_after":64.57,"global":false}' },
    false,
    64_570,
    /too many/,
  ],
  [{ status: 429, headers: { 'retry-after': '65' }, body: 'error code: 1015' }, false, 65_000, /too many/],
  [{ status: 429, body: '{"retry_after":1e9}' }, false, null, /too many/],
  [{ status: 404, body: '{"message":"Unknown Webhook","code":10015}' }, true, null, /deleted/],
  [{ status: 401 }, true, null, /401/],
  [{ status: 400, body: '{"code":50035}' }, true, null, /400/],
  [{ status: 503 }, false, null, /503/],
  ['cut', false, null, /closed the connection/],
] as const)(
  'tells by the answer whether and when to try again: %j',
  async (answer, isFinal, retryAfterMs, words) => {
    const { send } = await discord(answer);
    const error = await failureOf(send());
    expect(error).toMatchObject({ isFinal, retryAfterMs });
    expect(error.message).toMatch(words);
    expect(error.message).not.toMatch(/token-4e8b/);
  },
);

test('does not open with an address that is no URL, and names no part of it', () => {
  const config = discordSection.parse({ name: 'ops', type: 'discord', webhookUrlEnv: 'DISCORD_URL' });
  const rig = channelRig({ webhookUrl: 'token-4e8b without a scheme' });
  expect(refusalOf(() => openDiscord(config, rig.deps))).toBe(
    'alerts.channels "ops" (discord): The webhook address of Discord is no https URL.',
  );
});

test('keeps to 5 messages in 2 seconds and 30 a minute', () => {
  const config = discordSection.parse({ name: 'ops', type: 'discord', webhookUrlEnv: 'DISCORD_URL' });
  const { paceMs } = openDiscord(config, channelRig({ webhookUrl: `https://discord.com${HOOK}` }).deps);
  expect(60_000 / paceMs).toBeLessThanOrEqual(30);
});
