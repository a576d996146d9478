import { webcrypto } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import {
  dingtalkBody,
  dingtalkSection,
  escapeDingtalk,
  openDingtalk,
} from '../../../src/alerts/channels/dingtalk.ts';
import { startReceiver, type Answer, type Arrival, type Receiver } from '../receiver.ts';
import { failureOf, refusalOf } from './failure.ts';
import { alertOf, anyMessage, brokenTexts, channelRig, messageOf, NASTY, overOf } from './sample-message.ts';

const SUCCESS = { status: 200, body: '{"errcode":0,"errmsg":"ok"}' };
const TOKEN = 'token-5b7f';
const SECRET = 'SECtop secret';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

interface Dingtalk {
  receiver: Receiver;
  send(message?: ReturnType<typeof messageOf>): Promise<unknown>;
}

async function dingtalk(answer: Answer = SUCCESS, { isSigned = false } = {}): Promise<Dingtalk> {
  const receiver = await startReceiver((arrival) => {
    checkRequest(arrival);
    return answer;
  });
  const secrets = { webhookUrl: `${receiver.url}/robot/send?access_token=${TOKEN}`, secret: SECRET };
  const rig = channelRig(secrets);
  stops.push(
    () => receiver.stop(),
    () => rig.stop(),
  );
  const config = dingtalkSection.parse({
    name: 'ops',
    type: 'dingtalk',
    webhookUrlEnv: 'DINGTALK_URL',
    ...(isSigned ? { secretFile: '/run/secrets/dingtalk' } : {}),
    hosts: ['127.0.0.1'],
  });
  const channel = openDingtalk(config, rig.deps);
  return { receiver, send: (message = messageOf()) => channel.send(message, {}) };
}

/** What the bot's documentation asks of a request. */
function checkRequest({ method, path, headers, body }: Arrival): void {
  expect(method).toBe('POST');
  const url = new URL(path, 'http://bot');
  expect(url.pathname).toBe('/robot/send');
  expect(url.searchParams.get('access_token')).toBe(TOKEN);
  expect(headers['content-type']).toBe('application/json; charset=utf-8');
  checkBody(body);
}

function checkBody(body: string): void {
  expect(Buffer.byteLength(body)).toBeLessThan(20_000);
  const { msgtype, markdown, at } = JSON.parse(body) as Body;
  expect(msgtype).toBe('markdown');
  expect(markdown.title).not.toBe('');
  expect(markdown.text).not.toBe('');
  expect(at).toEqual({ isAtAll: false });
}

interface Body {
  msgtype: string;
  markdown: { title: string; text: string };
  at: unknown;
}

function textOf(body: string | undefined): string {
  return (JSON.parse(body ?? '{}') as Body).markdown.text;
}

test('sends Markdown with the problem, its start and the next step', async () => {
  const { receiver, send } = await dingtalk();
  expect(await send()).toEqual({});
  expect(JSON.parse(receiver.arrived[0]?.body ?? '{}')).toEqual({
    msgtype: 'markdown',
    markdown: {
      title: 'Alert · Urgent: Kling fails 12 % of requests',
      text: [
        '### Alert · Urgent: Kling fails 12 % of requests',
        '12 % of 240 requests failed in the last 10 minutes, above 5 %.',
        'What to do: Look at the errors of Kling. Nothing is charged for a create that failed.',
        'Since: 2020-09-06 02:37 UTC',
        '[Runbook](https://docs.example/runbooks/failure_rate.md)',
        '> kling-sidecar · Environment: production · Account: studio-7',
      ].join('\n\n'),
    },
    at: { isAtAll: false },
  });
});

test('titles each of several alerts', async () => {
  const { receiver, send } = await dingtalk();
  await send(messageOf({ alerts: [alertOf(), overOf({ fingerprint: 'f'.repeat(16) })] }));
  const text = textOf(receiver.arrived[0]?.body);
  expect(text).toContain('### 2 alerts: Kling fails 12 % of requests');
  expect(text).toContain('**Alert · Urgent: Kling fails 12 % of requests**');
  expect(text).toContain('**Over: Kling fails 12 % of requests**');
  expect(text).toContain('Until: 2020-09-06 02:42 UTC');
});

test('signs the URL as the bot checks it, and leaves its token in place', async () => {
  const { receiver, send } = await dingtalk(SUCCESS, { isSigned: true });
  await send();
  const { searchParams } = new URL(receiver.arrived[0]?.path ?? '/', 'http://bot');
  const timestamp = searchParams.get('timestamp') ?? '';
  const sign = searchParams.get('sign') ?? '';
  expect(timestamp).toBe('1599360473123');
  // printf '1599360473123\nSECtop secret' | openssl dgst -sha256 -hmac 'SECtop secret' -binary | base64
  expect(sign).toBe('6q6A+pZUdD1l18u2VDtHMw/OLPlnC6veHv4Gks+a5lA=');
  const { subtle } = webcrypto;
  const bytes = new TextEncoder();
  const hmac = { name: 'HMAC', hash: 'SHA-256' };
  const key = await subtle.importKey('raw', bytes.encode(SECRET), hmac, false, ['verify']);
  const signed = bytes.encode(`${timestamp}\n${SECRET}`);
  expect(await subtle.verify('HMAC', key, Buffer.from(sign, 'base64'), signed)).toBe(true);
  // A plus sign that is not percent-encoded is a space to the bot.
  expect(receiver.arrived[0]?.path).toContain('sign=6q6A%2BpZU');
});

test('keeps every message within the size, with whole characters, and with no link but runbooks', () => {
  fc.assert(
    fc.property(anyMessage, (message) => {
      const body = dingtalkBody(message);
      checkBody(body);
      expect(Buffer.byteLength(body)).toBeLessThanOrEqual(18_000);
      expect(brokenTexts(JSON.parse(body))).toEqual([]);
      const text = textOf(body);
      const links = [...text.matchAll(/\[[^\]]*\]\([^)]*\)/g)].map(([link]) => link);
      for (const link of links)
        expect(link).toMatch(/\]\(https:\/\/docs\.example\/runbooks\/failure_rate\.md\)$/);
      const rest = text.replaceAll(/\[[^\]]*\]\(https:\/\/docs\.example[^)]*\)/g, '');
      expect(rest).not.toMatch(/:\/\/|@(?!\u200b)|[[\]<`~|\\]|\bwww\./);
      expect(text).toContain('kling-sidecar');
    }),
    { numRuns: 60 },
  );
});

test('shows marks of Markdown as full-width signs, and leaves words unchanged', () => {
  expect(escapeDingtalk('# a *b* `c` [d](e) <f>')).toBe('＃ a ＊b＊ ＇c＇ ［d］(e) ＜f＞');
  expect(escapeDingtalk('budget_used_up of app_1 at 10:30, 5 %')).toBe(
    'budget_used_up of app_1 at 10:30, 5 %',
  );
  expect(escapeDingtalk('_a_ - b')).toBe('＿a＿ - b');
  expect(escapeDingtalk('1. first')).toBe('\u200b1. first');
});

test('makes no link and mentions nobody for a text that tries to', async () => {
  const { receiver, send } = await dingtalk();
  await send(messageOf({ alerts: [alertOf({ title: NASTY, finding: NASTY, advice: NASTY })] }));
  const text = textOf(receiver.arrived[0]?.body);
  expect(text).toContain('［pay］(https:\u200b//evil.example/x)');
  expect(text).toContain('@\u200ball');
});

const WRONG_ADDRESS = /webhook address/;
test.each([
  [{ errcode: -1, errmsg: '系统繁忙' }, false, null, /busy/],
  [{ errcode: 130101, errmsg: 'send too fast, exceed 20 times per minute' }, false, 600_000, /too many/],
  [{ errcode: 410100, errmsg: '发送速度太快而限流' }, false, 600_000, /too many/],
  [{ errcode: 310000, errmsg: 'keywords not in content' }, true, null, /"kling-sidecar"/],
  [
    { errcode: 310000, errmsg: 'sign not match, more: [https://ding-doc.dingtalk.com]' },
    true,
    null,
    /check the secret/,
  ],
  [{ errcode: 310000, errmsg: 'invalid timestamp' }, true, null, /clock/],
  [{ errcode: 310000, errmsg: 'ip 203.0.113.9 not in whitelist' }, true, null, /bot's list/],
  [{ errcode: 310000, errmsg: 'something new' }, true, null, /security settings/],
  [{ errcode: 300005, errmsg: 'token is not exist' }, true, null, WRONG_ADDRESS],
  [{ errcode: 400101, errmsg: 'access_token不存在' }, true, null, WRONG_ADDRESS],
  [{ errcode: 400102, errmsg: '机器人已停用' }, true, null, /stopped/],
  [{ errcode: 400013, errmsg: '群已被解散' }, true, null, /dissolved/],
  [{ errcode: 460101, errmsg: 'message too long, exceed 20000 bytes' }, true, null, /too long/],
  [{ errcode: 123456, errmsg: 'news' }, false, null, /its meaning is not known/],
])('reads the result of a message from the code of a 200: %j', async (body, isFinal, retryAfterMs, words) => {
  const { send } = await dingtalk({ status: 200, body: JSON.stringify(body) }, { isSigned: true });
  const error = await failureOf(send());
  expect(error).toMatchObject({ isFinal, retryAfterMs });
  expect(error.message).toMatch(words);
  expect(error.message).not.toMatch(/token-5b7f|SEC|203\.0\.113/);
});

test.each([
  [{ status: 200, body: 'ok' }, false],
  [{ status: 200, body: '{"errcode":"0"}' }, false],
  [{ status: 502 }, false],
  [{ status: 403 }, true],
  ['cut', false],
] as const)('takes %j for no success', async (answer, isFinal) => {
  const { send } = await dingtalk(answer);
  expect(await failureOf(send())).toMatchObject({ isFinal });
});

test('does not open with an address on another host', () => {
  const config = dingtalkSection.parse({ name: 'ops', type: 'dingtalk', webhookUrlEnv: 'DINGTALK_URL' });
  const rig = channelRig({ webhookUrl: `https://open.feishu.cn/hook/${TOKEN}` });
  const words = refusalOf(() => openDingtalk(config, rig.deps));
  expect(words).toMatch(/^alerts\.channels "ops" \(dingtalk\): .* is not on oapi\.dingtalk\.com/);
  expect(words).not.toContain(TOKEN);
});

test('keeps below 20 messages a minute, since one more costs ten minutes', () => {
  const config = dingtalkSection.parse({ name: 'ops', type: 'dingtalk', webhookUrlEnv: 'DINGTALK_URL' });
  const rig = channelRig({ webhookUrl: 'https://oapi.dingtalk.com/robot/send?access_token=x' });
  expect(60_000 / openDingtalk(config, rig.deps).paceMs).toBeLessThan(20);
});
