import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { feishuCard, feishuSection, openFeishu } from '../../../src/alerts/channels/feishu.ts';
import { failureOf, refusalOf } from './failure.ts';
import { startReceiver, type Answer, type Arrival, type Receiver } from '../receiver.ts';
import { alertOf, anyMessage, brokenTexts, channelRig, messageOf, NASTY, overOf } from './sample-message.ts';

const SUCCESS = { status: 200, body: '{"code":0,"msg":"success","data":{}}' };
const TOKEN = 'hook-token-9c1e';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

interface Feishu {
  receiver: Receiver;
  send(message?: ReturnType<typeof messageOf>): Promise<unknown>;
}

async function feishu(
  answer: Answer = SUCCESS,
  { isSigned = false }: { isSigned?: boolean } = {},
): Promise<Feishu> {
  const receiver = await startReceiver((arrival) => {
    checkRequest(arrival);
    return answer;
  });
  const rig = channelRig({
    webhookUrl: `${receiver.url}/open-apis/bot/v2/hook/${TOKEN}\n`,
    ...(isSigned ? { secret: 'top secret' } : {}),
  });
  stops.push(
    () => receiver.stop(),
    () => rig.stop(),
  );
  const config = feishuSection.parse({
    name: 'ops',
    type: 'feishu',
    webhookUrlFile: '/run/secrets/feishu',
    ...(isSigned ? { secretEnv: 'FEISHU_SECRET' } : {}),
    hosts: ['127.0.0.1'],
  });
  const channel = openFeishu(config, rig.deps);
  return { receiver, send: (message = messageOf()) => channel.send(message, {}) };
}

/** What the bot's documentation asks of a request. */
function checkRequest({ method, path, headers, body }: Arrival): void {
  expect(method).toBe('POST');
  expect(path).toBe(`/open-apis/bot/v2/hook/${TOKEN}`);
  expect(headers['content-type']).toMatch(/^application\/json/);
  expect(Buffer.byteLength(body)).toBeLessThan(20_000);
  const { msg_type: type, card } = JSON.parse(body) as { msg_type: string; card: unknown };
  expect(type).toBe('interactive');
  checkCard(card);
}

interface Element {
  tag: string;
  text?: { tag: string; content: string };
  actions?: { tag: string; text: { tag: string; content: string }; url: string }[];
  elements?: { tag: string; content: string }[];
}

function checkCard(card: unknown): void {
  const { header, elements } = card as {
    header: { template: string; title: { tag: string; content: string } };
    elements: Element[];
  };
  expect(header.template).toMatch(/^(red|orange|blue|green)$/);
  expect(header.title.tag).toBe('plain_text');
  expect(header.title.content).not.toBe('');
  for (const { tag, text, actions, elements: notes } of elements) {
    expect(tag).toMatch(/^(div|hr|action|note)$/);
    for (const each of [text, ...(actions ?? []).map((action) => action.text), ...(notes ?? [])]) {
      if (each !== undefined)
        expect(each).toEqual({ tag: 'plain_text', content: expect.stringMatching(/./) as string });
    }
    for (const { tag: action, url } of actions ?? []) {
      expect(action).toBe('button');
      expect(url).toMatch(/^https:\/\/docs\.example\//);
    }
  }
}

function cardOf(receiver: Receiver): string {
  return JSON.stringify((JSON.parse(receiver.arrived[0]?.body ?? '{}') as { card: unknown }).card);
}

test('sends a card with the problem, its urgency, its start and the next step', async () => {
  const { receiver, send } = await feishu();
  expect(await send()).toEqual({});
  const card = JSON.parse(cardOf(receiver)) as { header: unknown; elements: Element[] };
  expect(card.header).toEqual({
    template: 'red',
    title: { tag: 'plain_text', content: 'Alert · Urgent: Kling fails 12 % of requests' },
  });
  expect(card.elements).toEqual([
    {
      tag: 'div',
      text: {
        tag: 'plain_text',
        content: [
          '12 % of 240 requests failed in the last 10 minutes, above 5 %.',
          'What to do: Look at the errors of Kling. Nothing is charged for a create that failed.',
          'Since: 2020-09-06 02:37 UTC',
        ].join('\n'),
      },
    },
    {
      tag: 'action',
      actions: [
        {
          tag: 'button',
          type: 'default',
          text: { tag: 'plain_text', content: 'Runbook' },
          url: 'https://docs.example/runbooks/failure_rate.md',
        },
      ],
    },
    {
      tag: 'note',
      elements: [
        { tag: 'plain_text', content: 'kling-sidecar · Environment: production · Account: studio-7' },
      ],
    },
  ]);
});

test('says in green when it is over, and in Chinese if the config asks for it', async () => {
  const { receiver, send } = await feishu();
  await send(messageOf({ alerts: [overOf({ title: '失败率已恢复' })], language: 'zh' }));
  const card = cardOf(receiver);
  expect(card).toContain('"template":"green"');
  expect(card).toContain('已恢复：失败率已恢复');
  expect(card).toContain('开始时间：2020-09-06 02:37 UTC · 恢复时间：2020-09-06 02:42 UTC');
});

test('titles each of several alerts, and counts the further events', async () => {
  const { receiver, send } = await feishu();
  const frame = { ...messageOf().frame, more: 'and 12 more events, see kling-sidecar alert list' };
  await send(messageOf({ alerts: [alertOf(), overOf({ fingerprint: 'f'.repeat(16) })], more: 12, frame }));
  const card = cardOf(receiver);
  expect(card).toContain('2 alerts: Kling fails 12 % of requests');
  expect(card).toContain('Alert · Urgent: Kling fails');
  expect(card).toContain('Over: Kling fails');
  expect(card).toContain('and 12 more events');
});

test('signs with the second of the clock and the secret, in the way that the bot checks', async () => {
  const { receiver, send } = await feishu(SUCCESS, { isSigned: true });
  await send();
  const { timestamp, sign } = JSON.parse(receiver.arrived[0]?.body ?? '{}') as Record<string, string>;
  expect(timestamp).toBe('1599360473');
  // printf '' | openssl dgst -sha256 -hmac $'1599360473\ntop secret' -binary | base64
  expect(sign).toBe('K1iQDCnrHXrvhFD7W2lBmbvwEnxTxNcApmOiX2vL7KM=');
});

test('signs nothing without a secret', async () => {
  const { receiver, send } = await feishu();
  await send();
  expect(receiver.arrived[0]?.body).not.toMatch(/timestamp|sign"/);
});

test('keeps every message within the size of a request, with whole characters and plain text only', () => {
  fc.assert(
    fc.property(anyMessage, (message) => {
      const card = feishuCard(message);
      expect(Buffer.byteLength(JSON.stringify(card))).toBeLessThanOrEqual(19_000);
      expect(brokenTexts(card)).toEqual([]);
      checkCard(card);
      expect(JSON.stringify(card)).toContain('kling-sidecar');
    }),
    { numRuns: 60 },
  );
});

test('says how many alerts a card has no room for', () => {
  const alerts = Array.from({ length: 200 }, (_, index) =>
    alertOf({ title: '预'.repeat(150), fingerprint: `${index}` }),
  );
  const card = JSON.stringify(feishuCard(messageOf({ alerts })));
  const shown = card.match(/Alert · Urgent: 预/g)?.length ?? 0;
  expect(shown).toBeGreaterThan(20);
  expect(card).toContain(`+${200 - shown}`);
});

test('shows a text with markup as plain text', async () => {
  const { receiver, send } = await feishu();
  await send(messageOf({ alerts: [alertOf({ title: NASTY, finding: NASTY, advice: NASTY })] }));
  expect(cardOf(receiver)).toContain('@everyone <@123>');
});

test.each([
  [{ code: 11232, msg: 'frequency limited psm' }, false, 60_000, /too many messages/],
  [{ code: 9499, msg: 'too many request' }, false, 60_000, /too many messages/],
  [{ code: 9499, msg: 'Bad Request' }, true, null, /wrong shape/],
  [
    { code: 19001, msg: 'param invalid: incoming webhook access token invalid' },
    true,
    null,
    /webhook address/,
  ],
  [{ code: 19007, msg: 'Bot Not Enabled' }, true, null, /not enabled/],
  [
    { code: 19021, msg: 'sign match fail or timestamp is not within one hour' },
    true,
    null,
    /secret, and the clock/,
  ],
  [{ code: 19022, msg: 'Ip Not Allowed' }, true, null, /bot's list/],
  [{ code: 19024, msg: 'Key Words Not Found' }, true, null, /"kling-sidecar"/],
  [{ code: 1500, msg: 'internal error' }, false, null, /its meaning is not known/],
  [{ StatusCode: 19024, StatusMessage: 'Key Words Not Found' }, true, null, /keywords/],
])('reads the result of a message from the code of a 200: %j', async (body, isFinal, retryAfterMs, words) => {
  const { send } = await feishu({ status: 200, body: JSON.stringify(body) });
  const error = await failureOf(send());
  expect(error).toMatchObject({ isFinal, retryAfterMs });
  expect(error.message).toMatch(words);
  expect(error.message).not.toContain(TOKEN);
});

test('takes the older form of success', async () => {
  const { send } = await feishu({ status: 200, body: '{"StatusCode":0,"StatusMessage":"success"}' });
  expect(await send()).toEqual({});
});

test('tries again if a 400 only means too many, and not if it means the shape', async () => {
  const many = await feishu({ status: 400, body: '{"code":9499,"msg":"too many request","data":{}}' });
  expect(await failureOf(many.send())).toMatchObject({ isFinal: false, retryAfterMs: 60_000 });
  const shape = await feishu({ status: 400, body: '{"code":9499,"msg":"Bad Request","data":{}}' });
  expect(await failureOf(shape.send())).toMatchObject({ isFinal: true });
});

test.each([
  [{ status: 200, body: '<html>sign in</html>' }, false],
  [{ status: 200, body: '' }, false],
  [{ status: 500 }, false],
  [{ status: 404 }, true],
  [{ status: 302, headers: { location: 'https://evil.example/' } }, false],
  ['cut', false],
] as const)('takes %j for no success', async (answer, isFinal) => {
  const { send } = await feishu(answer);
  expect(await failureOf(send())).toMatchObject({ isFinal });
});

test('does not open with an address on a host that is not the receiver’s and not in the config', () => {
  const config = feishuSection.parse({ name: 'ops', type: 'feishu', webhookUrlEnv: 'FEISHU' });
  const open = (webhookUrl: string): unknown => openFeishu(config, channelRig({ webhookUrl }).deps);
  expect(refusalOf(() => open(`https://evil.example/hook/${TOKEN}`))).toBe(
    'alerts.channels "ops" (feishu): The webhook address of Feishu is not on open.feishu.cn or open.larksuite.com: list its host under "hosts" of the channel if it is meant.',
  );
  expect(refusalOf(() => open(TOKEN))).toBe(
    'alerts.channels "ops" (feishu): The webhook address of Feishu is no URL.',
  );
  expect(refusalOf(() => open(`http://open.feishu.cn/hook/${TOKEN}`))).toMatch(/no https URL\.$/);
  open(`https://open.larksuite.com/open-apis/bot/v2/hook/${TOKEN}`);
});

test('keeps to 100 messages a minute and 5 a second', () => {
  const config = feishuSection.parse({ name: 'ops', type: 'feishu', webhookUrlEnv: 'FEISHU' });
  const rig = channelRig({ webhookUrl: 'https://open.feishu.cn/open-apis/bot/v2/hook/x' });
  const { paceMs } = openFeishu(config, rig.deps);
  expect(60_000 / paceMs).toBeLessThanOrEqual(100);
  expect(1_000 / paceMs).toBeLessThanOrEqual(5);
});
