/** Creates of a pool fill much of the queue: they wait for Kling's concurrency limit, and may soon get 429 `queue_full`. */
import type { Format, Rule } from '../rule.ts';
import { RULES } from '../rule-words.ts';
import { lasted, numberOf, numberOrNull, textOf, wordsOf } from '../words/values.ts';

export const queueSaturated: Rule = {
  word: 'queue_saturated',
  look: async ({ at, signals }, { threshold }) => {
    const share = threshold ?? RULES.queue_saturated.threshold;
    return signals.pools
      .filter(({ queued, queueMax }) => queueMax > 0 && queued > share * queueMax)
      .map(({ name, inUse, limit, queued, queueMax }) => ({
        rule: 'queue_saturated',
        labels: { pool: name },
        period: null,
        values: { queued, queueMax, inUse, limit, threshold: share },
        since: at,
      }));
  },
  words: {
    en: wordsOf({
      firing: ({ labels, values }, format) => ({
        title: `${format.number(numberOf(values, 'queued'))} creates wait in the queue of pool ${textOf(labels, 'pool')}`,
        finding:
          `The queue holds at most ${format.number(numberOf(values, 'queueMax'))}; the alert fires above ` +
          `${format.percent(numberOf(values, 'threshold'))} of it. ${format.number(numberOf(values, 'inUse'))} slots are in use` +
          `${limitText(numberOrNull(values, 'limit'), format, ' of ')}. ` +
          'Creates that wait too long, or come when it is full, get 429 queue_full.',
        advice:
          'kling-sidecar queue shows who waits. Send fewer creates at once, or raise limits.concurrency if Kling allows the account more.',
      }),
      resolved: (event, format) => ({
        title: `The queue of pool ${textOf(event.labels, 'pool')} is short again`,
        finding: `It was long for ${lasted(event, format)}.`,
        advice: '',
      }),
    }),
    zh: wordsOf({
      firing: ({ labels, values }, format) => ({
        title: `${format.number(numberOf(values, 'queued'))} 个创建请求在 ${textOf(labels, 'pool')} 的队列中等待`,
        finding:
          `队列最多容纳 ${format.number(numberOf(values, 'queueMax'))} 个，超过 ${format.percent(numberOf(values, 'threshold'))} 即告警。` +
          `已占用 ${format.number(numberOf(values, 'inUse'))} 个并发位` +
          `${limitText(numberOrNull(values, 'limit'), format, '，上限 ')}。` +
          '等待过久或队列已满时，请求会收到 429 queue_full。',
        advice:
          '运行 kling-sidecar queue 查看谁在等待。请减少同时发送的创建请求；如果可灵允许更高并发，可调大 limits.concurrency。',
      }),
      resolved: (event, format) => ({
        title: `${textOf(event.labels, 'pool')} 的队列已恢复正常`,
        finding: `拥堵持续了 ${lasted(event, format)}。`,
        advice: '',
      }),
    }),
  },
};

function limitText(limit: number | null, format: Format, before: string): string {
  return limit === null ? '' : `${before}${format.number(limit)}`;
}
