/** Messages as channels are handed them, and what channels are opened with. */
import fc from 'fast-check';
import type { AlertMessage, FrameWords, WordedAlert } from '../../../src/alerts/alert.ts';
import type { ChannelDeps } from '../../../src/alerts/channels/channel-deps.ts';
import { openPost, type OpenPost } from '../../../src/alerts/channels/post-undici.ts';
import { createManualClock, type ManualClock } from '../../../src/clock.ts';
import type { AlertLanguage } from '../../../src/alerts/settings.ts';
import { makeFormat } from '../../../src/alerts/words/format.ts';
import { frameWords } from '../../../src/alerts/words/frame.ts';
import { Secret } from '../../../src/secret.ts';

/** 2020-09-06T02:47:53.123Z. */
export const NOW = 1_599_360_473_123;

/** The words around alerts, as the composer gives them. */
export function frameOf(language: AlertLanguage, more = 0): FrameWords {
  return frameWords(language, makeFormat(language, 'UTC'), more);
}

export function alertOf(over: Partial<WordedAlert> = {}): WordedAlert {
  return {
    id: 1,
    rule: 'failure_rate',
    labels: { operation: 'text-to-video' },
    period: null,
    fingerprint: '0123456789abcdef',
    status: 'firing',
    severity: 'page',
    values: { rate: 0.12, threshold: 0.05 },
    startedAt: NOW - 600_000,
    endedAt: null,
    at: NOW - 30_000,
    title: 'Kling fails 12 % of requests',
    finding: '12 % of 240 requests failed in the last 10 minutes, above 5 %.',
    advice: 'Look at the errors of Kling. Nothing is charged for a create that failed.',
    runbookUrl: 'https://docs.example/runbooks/failure_rate.md',
    ...over,
  };
}

/** The same alert when it was over, 5 minutes after it began. */
export function overOf(over: Partial<WordedAlert> = {}): WordedAlert {
  return alertOf({ id: 2, status: 'resolved', endedAt: NOW - 300_000, advice: '', ...over });
}

export function messageOf(over: Partial<AlertMessage> = {}): AlertMessage {
  const alerts = over.alerts ?? [alertOf()];
  const language = over.language ?? 'en';
  const headline =
    alerts.length === 1 ? (alerts[0]?.title ?? '') : `${alerts.length} alerts: ${alerts[0]?.title}`;
  const isOver = alerts.every(({ status }) => status === 'resolved');
  return {
    id: 'msg_0123456789abcdef0123456789abcdef',
    at: NOW,
    environment: 'production',
    account: 'studio-7',
    language,
    headline,
    severity: isOver ? 'info' : 'page',
    alerts,
    more: 0,
    frame: frameOf(language, over.more),
    ...over,
  };
}

/** A text that tries to be more than text in every format that channels write. */
export const NASTY =
  '@everyone <@123> <!channel> [pay](https://evil.example/x) https://evil.example www.evil.example **b** `c` # h\n> q <b>&amp;</b> |t| ~~s~~ \u202e\u200bx @all';

/** Any text at all, also halves of surrogate pairs, and long ones in scripts of several bytes. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 400 }),
  fc.string({ unit: 'grapheme', maxLength: 1_200 }),
  fc.constantFrom(NASTY, '', '额度用尽'.repeat(250), '😀'.repeat(500), '\\'.repeat(800), '*_`['.repeat(200)),
);

const anyAlert: fc.Arbitrary<WordedAlert> = fc
  .record({
    title: fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 150 }),
      fc.constantFrom(NASTY, '预'.repeat(150)),
    ),
    finding: anyText,
    advice: anyText,
    status: fc.constantFrom('firing', 'repeat', 'resolved'),
    severity: fc.constantFrom('page', 'ticket', 'info'),
    fingerprint: fc.constantFrom('0123456789abcdef', 'fedcba9876543210'),
    labels: fc.dictionary(fc.string({ maxLength: 10 }), anyText, { maxKeys: 3 }),
    values: fc.dictionary(fc.string({ maxLength: 10 }), anyText, { maxKeys: 3 }),
    runbookUrl: fc.constantFrom('https://docs.example/runbooks/failure_rate.md', 'javascript:alert(1)', ''),
  })
  .map(
    (over) => alertOf({ ...over, ...(over.status === 'resolved' ? { endedAt: NOW } : {}) }) as WordedAlert,
  );

/** Messages of up to 60 alerts. */
export const anyMessage: fc.Arbitrary<AlertMessage> = fc
  .record({
    alerts: fc.oneof(
      fc.array(anyAlert, { minLength: 1, maxLength: 4 }),
      fc.array(anyAlert, { minLength: 10, maxLength: 60 }),
    ),
    headline: fc.oneof(fc.string({ unit: 'grapheme', maxLength: 150 }), fc.constant(NASTY)),
    environment: fc.constantFrom('production', '预发布'),
    account: fc.constantFrom(null, 'studio-7'),
    language: fc.constantFrom('en', 'zh'),
    more: fc.constantFrom(0, 12),
  })
  .map((over) => messageOf(over));

/** Names every text of a value that holds half a surrogate pair. */
export function brokenTexts(value: unknown): string[] {
  if (typeof value === 'string') return value.isWellFormed() ? [] : [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) => [...brokenTexts(key), ...brokenTexts(each)]);
}

export interface Rig {
  clock: ManualClock;
  deps: ChannelDeps;
  stop(): Promise<void>;
}

/** What a channel is opened with: the POST over real sockets, a clock moved by hand, and these secrets. */
export function channelRig(secrets: Readonly<Record<string, string>>): Rig {
  const clock = createManualClock(NOW);
  const post: OpenPost = openPost({ clock });
  const secret = (key: string): Secret => {
    const value = secrets[key];
    if (value === undefined) throw new Error(`asked for ${key}, which the config does not have`);
    return new Secret(value);
  };
  return { clock, deps: { post, clock, secret }, stop: () => post.close() };
}
