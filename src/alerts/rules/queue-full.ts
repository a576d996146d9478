/** Creates get 429 `queue_full`: they waited for a slot without success, or came when the queue was full. */
import { sumRefusals } from '../../calls/refusal-sums.ts';
import type { Ms } from '../../units.ts';
import type { Finding } from '../alert.ts';
import type { Look, Rule } from '../rule.ts';
import { RULES } from '../rule-words.ts';
import type { RuleSettings } from '../settings.ts';
import { counted, lasted, numberOf, textOrNull, wordsOf } from '../words/values.ts';

const SPAN_MS: Ms = 600_000;

export const queueFull: Rule = {
  word: 'queue_full',
  look: refusedCreates,
  words: {
    en: wordsOf({
      firing: ({ values }, format) => ({
        title: `${counted(format, numberOf(values, 'creates'), 'create')} found no slot in 10 minutes`,
        finding:
          'They waited in the queue without success, or the queue was full, and got 429 queue_full: nothing was sent or held. ' +
          `The alert fires at ${format.number(numberOf(values, 'threshold'))} of them.${pools(textOrNull(values, 'pools'), 'en')}`,
        advice:
          'kling-sidecar status shows the pools, and kling-sidecar queue who waits. Send fewer creates at once, let them wait longer ' +
          '(limits.queueWaitMsMax), or buy a pack that allows more tasks at once.',
      }),
      resolved: (event, format) => ({
        title: 'Creates find a slot again',
        finding: `They found none for ${lasted(event, format)}.`,
        advice: '',
      }),
    }),
    zh: wordsOf({
      firing: ({ values }, format) => ({
        title: `10 分钟内有 ${format.number(numberOf(values, 'creates'))} 个创建请求没有等到并发位`,
        finding:
          '它们在队列中等待超时，或队列已满，收到 429 queue_full；没有发送，也没有预扣积分。' +
          `达到 ${format.number(numberOf(values, 'threshold'))} 个即告警。${pools(textOrNull(values, 'pools'), 'zh')}`,
        advice:
          '运行 kling-sidecar status 查看各并发池，运行 kling-sidecar queue 查看谁在等待。请减少同时发送的创建请求，' +
          '延长等待时间（limits.queueWaitMsMax），或购买并发数更高的资源包。',
      }),
      resolved: (event, format) => ({
        title: '创建请求已恢复正常获得并发位',
        finding: `此前持续了 ${lasted(event, format)}。`,
        advice: '',
      }),
    }),
  },
};

async function refusedCreates({ at, store, signals }: Look, rule: RuleSettings): Promise<readonly Finding[]> {
  const threshold = rule.threshold ?? RULES.queue_full.threshold;
  const sums = await store.read(sumRefusals, { from: at - SPAN_MS, to: at + 1 });
  const creates = sums.find(({ word }) => word === 'queue_full')?.refusals ?? 0;
  if (creates < threshold) return [];
  const full = signals.pools.filter(({ limit, inUse }) => limit !== null && inUse >= limit);
  const names = full.map(({ name, inUse, limit }) => `${name} ${inUse}/${limit}`).join(', ');
  const values = { creates, threshold, pools: names === '' ? null : names };
  return [{ rule: 'queue_full', labels: {}, period: null, values, since: at }];
}

/** Names the pools whose slots are all in use now. */
function pools(full: string | null, language: 'en' | 'zh'): string {
  if (full === null) return '';
  return language === 'en' ? ` Slots in use now: ${full}.` : `目前已占用的并发位：${full}。`;
}
