/** The breaker is open: creates fail one after the other at Kling, so they are refused at once. */
import type { Ms } from '../../units.ts';
import type { Rule } from '../rule.ts';
import { RULES } from '../rule-words.ts';
import { quoted } from '../words/phrases.ts';
import { lasted, numberOf, textOf, wordsOf } from '../words/values.ts';

const MINUTE_MS: Ms = 60_000;

export const breakerOpen: Rule = {
  word: 'breaker_open',
  look: async ({ at, signals }, { threshold }) => {
    const { isOpen, failures, since, cause } = signals.breaker;
    const allowedMs = (threshold ?? RULES.breaker_open.threshold) * MINUTE_MS;
    if (!isOpen || since === null || at - since < allowedMs) return [];
    const values = { failures, cause: cause ?? 'unknown' };
    return [{ rule: 'breaker_open', labels: {}, period: null, values, since }];
  },
  words: {
    en: wordsOf({
      firing: ({ values, startedAt }, format) => ({
        title: `Creates are refused at once: ${format.number(numberOf(values, 'failures'))} failed one after the other at Kling`,
        finding:
          `No create has succeeded since ${format.time(startedAt)}; the last one ended with ${quoted(textOf(values, 'cause'), 'en')}. ` +
          'The breaker is open: creates get 502 upstream_unreachable and hold nothing, and one is sent every 30 seconds. Reads go on.',
        advice:
          'Run kling-sidecar doctor: it says whether the name, the connection or Kling fails. The breaker closes by itself with the ' +
          'first create that Kling answers; kling-sidecar status shows when the next one is sent.',
      }),
      resolved: (event, format) => ({
        title: 'Kling takes creates again',
        finding: `The breaker is closed. Creates failed for ${lasted(event, format)}.`,
        advice: '',
      }),
    }),
    zh: wordsOf({
      firing: ({ values, startedAt }, format) => ({
        title: `创建请求被立即拒绝：可灵已连续 ${format.number(numberOf(values, 'failures'))} 次未能受理`,
        finding:
          `自 ${format.time(startedAt)} 起没有一个创建请求成功；最后一次的错误为${quoted(textOf(values, 'cause'), 'zh')}。` +
          '熔断器已打开：创建请求立即收到 502 upstream_unreachable，不预扣积分；每 30 秒放行一个用于试探。读取请求不受影响。',
        advice:
          '请运行 kling-sidecar doctor，查看是域名解析、网络连接还是可灵本身的问题。可灵受理第一个创建请求后，熔断器会自动关闭；' +
          '运行 kling-sidecar status 可查看下一次试探的时间。',
      }),
      resolved: (event, format) => ({
        title: '可灵已恢复受理创建请求',
        finding: `熔断器已关闭。创建请求此前失败了 ${lasted(event, format)}。`,
        advice: '',
      }),
    }),
  },
};
