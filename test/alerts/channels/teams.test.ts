import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { openTeams, teamsBody, teamsSection } from '../../../src/alerts/channels/teams.ts';
import { startReceiver, type Answer, type Arrival, type Receiver } from '../receiver.ts';
import { failureOf, refusalOf } from './failure.ts';
import { alertOf, anyMessage, brokenTexts, channelRig, messageOf, NASTY, overOf } from './sample-message.ts';

const TRIGGER = '/workflows/7f3a/triggers/manual/paths/invoke?api-version=1&sig=signature-8d2c';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

interface Teams {
  receiver: Receiver;
  send(message?: ReturnType<typeof messageOf>): Promise<unknown>;
}

async function teams(answer: Answer = { status: 202 }): Promise<Teams> {
  const receiver = await startReceiver((arrival) => {
    checkRequest(arrival);
    return answer;
  });
  const rig = channelRig({ webhookUrl: `${receiver.url}${TRIGGER}\n` });
  stops.push(
    () => receiver.stop(),
    () => rig.stop(),
  );
  const config = teamsSection.parse({ name: 'ops', type: 'teams', webhookUrlFile: '/run/secrets/teams' });
  const channel = openTeams(config, rig.deps);
  return { receiver, send: (message = messageOf()) => channel.send(message, {}) };
}

function checkRequest({ method, path, headers, body }: Arrival): void {
  expect(method).toBe('POST');
  expect(path).toBe(TRIGGER);
  expect(headers['content-type']).toMatch(/^application\/json/);
  checkBody(body);
}

interface Item {
  type: string;
  text?: string;
  inlines?: Item[];
  items?: Item[];
  actions?: { type: string; title: string; url: string }[];
}

/** What a workflow with the template "Post to a channel when a webhook request is received" and Teams ask of a card. */
function checkBody(body: string): void {
  expect(Buffer.byteLength(body)).toBeLessThan(28_000);
  const { type, attachments } = JSON.parse(body) as { type: string; attachments: Record<string, unknown>[] };
  expect(type).toBe('message');
  expect(attachments).toHaveLength(1);
  const [{ contentType, contentUrl, content } = {}] = attachments;
  expect(contentType).toBe('application/vnd.microsoft.card.adaptive');
  expect(contentUrl).toBeNull();
  const card = content as { type: string; version: string; body: Item[] };
  expect(card.type).toBe('AdaptiveCard');
  expect(Number(card.version)).toBeLessThanOrEqual(1.5);
  for (const item of card.body) checkItem(item);
}

function checkItem({ type, inlines = [], items = [], actions = [] }: Item): void {
  // A text block or a fact would be read as Markdown.
  expect(type).toMatch(/^(RichTextBlock|Container|ActionSet)$/);
  for (const { type: inline, text } of inlines) {
    expect(inline).toBe('TextRun');
    expect(text).toMatch(/./);
  }
  for (const { type: action, url, title } of actions) {
    expect(action).toBe('Action.OpenUrl');
    expect(title).not.toBe('');
    expect(url).toMatch(/^https:\/\/docs\.example\//);
  }
  for (const item of items) checkItem(item);
}

function texts(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const { type, text } = value as Item;
  const own = type === 'TextRun' && text !== undefined ? [text] : [];
  return [...own, ...Object.values(value).flatMap(texts)];
}

test('sends an Adaptive Card with the problem, its start and the next step', async () => {
  const { receiver, send } = await teams();
  expect(await send()).toEqual({});
  const body = receiver.arrived[0]?.body ?? '';
  expect(texts(JSON.parse(body))).toEqual([
    'Alert · Urgent: Kling fails 12 % of requests',
    '12 % of 240 requests failed in the last 10 minutes, above 5 %.',
    'What to do: Look at the errors of Kling. Nothing is charged for a create that failed.',
    'Since: 2020-09-06 02:37 UTC',
    'kling-sidecar · Environment: production · Account: studio-7',
  ]);
  expect(body).toContain('"color":"attention"');
  expect(body).toContain('"url":"https://docs.example/runbooks/failure_rate.md"');
  expect(body).toContain('"summary":"Alert · Urgent: Kling fails 12 % of requests"');
});

test('titles each of several alerts in the colour of its state', async () => {
  const { receiver, send } = await teams({ status: 200, body: '1' });
  await send(messageOf({ alerts: [alertOf(), overOf({ fingerprint: 'f'.repeat(16) })] }));
  const body = receiver.arrived[0]?.body ?? '';
  expect(body).toContain('"text":"Over: Kling fails 12 % of requests","weight":"bolder","color":"good"');
  expect(body).toContain('"text":"2 alerts: Kling fails 12 % of requests"');
});

test('keeps every message within the size, with whole characters and without Markdown', () => {
  fc.assert(
    fc.property(anyMessage, (message) => {
      const body = teamsBody(message);
      checkBody(body);
      expect(Buffer.byteLength(body)).toBeLessThanOrEqual(24_000);
      expect(brokenTexts(JSON.parse(body))).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

test('shows a text with markup unchanged', async () => {
  const { receiver, send } = await teams();
  await send(messageOf({ alerts: [alertOf({ finding: NASTY })] }));
  expect(texts(JSON.parse(receiver.arrived[0]?.body ?? ''))[1]).toMatch(
    /^@everyone .*\[pay\]\(https:\/\/evil/,
  );
});

test.each([
  [{ status: 429, headers: { 'retry-after': '30' } }, false, 30_000, /too many/],
  [{ status: 500 }, false, null, /500/],
  [{ status: 502 }, false, null, /502/],
  [{ status: 401 }, true, null, /off, deleted or has a new address/],
  [{ status: 404 }, true, null, /off, deleted or has a new address/],
  [{ status: 413 }, true, null, /too large/],
  [{ status: 307, headers: { location: 'http://127.0.0.1/' } }, false, null, /redirect/],
  [
    {
      status: 200,
      body: 'Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429',
    },
    false,
    null,
    /429/,
  ],
  [
    { status: 200, body: 'Microsoft Teams endpoint returned HTTP error 413 with ContextId' },
    true,
    null,
    /413/,
  ],
  ['cut', false, null, /closed the connection/],
] as const)('tells by the answer whether to try again: %j', async (answer, isFinal, retryAfterMs, words) => {
  const { send } = await teams(answer);
  const error = await failureOf(send());
  expect(error).toMatchObject({ isFinal, retryAfterMs });
  expect(error.message).toMatch(words);
  expect(error.message).not.toMatch(/signature-8d2c|127\.0\.0\.1/);
});

test('does not open with an address that is no https URL, and names no part of it', () => {
  const config = teamsSection.parse({ name: 'ops', type: 'teams', webhookUrlEnv: 'TEAMS_URL' });
  for (const webhookUrl of [
    'signature-8d2c',
    `http://prod.example${TRIGGER}`,
    `https://u:p@prod.example${TRIGGER}`,
  ]) {
    expect(refusalOf(() => openTeams(config, channelRig({ webhookUrl }).deps))).toBe(
      'alerts.channels "ops" (teams): The webhook address of Microsoft Teams is no https URL.',
    );
  }
});

test('keeps to the 25 cards in 5 minutes that a flow bot may post', () => {
  const config = teamsSection.parse({ name: 'ops', type: 'teams', webhookUrlEnv: 'TEAMS_URL' });
  const rig = channelRig({ webhookUrl: `https://prod.example${TRIGGER}` });
  expect(300_000 / openTeams(config, rig.deps).paceMs).toBeLessThanOrEqual(25);
});
