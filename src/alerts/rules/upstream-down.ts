/** Kling is down: attempts fail one after the other, for at least a minute. */
import { quoted } from '../words/phrases.ts';
import { numberOf, textOf, lasted, wordsOf } from '../words/values.ts';
import type { Rule } from '../rule.ts';
import type { Ms } from '../../units.ts';

/** Fewer failures may be a short disturbance. */
const FAILURES_MIN = 5;
const LASTS_MS_MIN: Ms = 60_000;

export const upstreamDown: Rule = {
  word: 'upstream_down',
  look: async ({ at, signals }) => {
    const seen = signals.upstreamDown;
    if (seen === 'unknown') return null;
    if (seen === null) return [];
    const { failures, since, cause } = seen;
    if (failures < FAILURES_MIN || at - since < LASTS_MS_MIN) return [];
    return [{ rule: 'upstream_down', labels: {}, period: null, values: { failures, cause }, since }];
  },
  words: {
    en: wordsOf({
      firing: ({ values, startedAt }, format) => ({
        title: `Kling is down: ${format.number(numberOf(values, 'failures'))} attempts failed one after the other`,
        finding:
          `No attempt has succeeded since ${format.time(startedAt)}; the last one ended with ${quoted(textOf(values, 'cause'), 'en')}. ` +
          'Creates fail, or are in doubt and keep their credits held.',
        advice:
          'Run kling-sidecar doctor: it says whether the name, the connection or Kling fails. ' +
          'If it is Kling, wait, and do not send creates in doubt again as new.',
      }),
      resolved: (event, format) => ({
        title: 'Kling answers again',
        finding: `It was down for ${lasted(event, format)}. Creates in doubt are looked up now.`,
        advice: '',
      }),
    }),
    zh: wordsOf({
      firing: ({ values, startedAt }, format) => ({
        title: `可灵无法使用：连续 ${format.number(numberOf(values, 'failures'))} 次请求失败`,
        finding:
          `自 ${format.time(startedAt)} 起没有一次请求成功；最后一次的错误为${quoted(textOf(values, 'cause'), 'zh')}。` +
          '创建请求会失败，或处于待确认状态并继续预扣积分。',
        advice:
          '请运行 kling-sidecar doctor，查看是域名解析、网络连接还是可灵本身的问题。' +
          '如果是可灵的问题，请等待恢复，不要把待确认的创建请求当作新请求重发。',
      }),
      resolved: (event, format) => ({
        title: '可灵已恢复响应',
        finding: `中断持续了 ${lasted(event, format)}。正在查询待确认的创建请求。`,
        advice: '',
      }),
    }),
  },
};
