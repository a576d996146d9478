/** Callbacks: those without a valid signature that were refused, and those that an app's own address did not take for three days. */
import { readGivenUp } from '../../tasks/relay-table.ts';
import type { Ms } from '../../units.ts';
import type { Rule } from '../rule.ts';
import { RULES } from '../rule-words.ts';
import { counted, lasted, numberOf, textOf, wordsOf } from '../words/values.ts';

const DAY_MS: Ms = 86_400_000;

export const callbacksRefused: Rule = {
  word: 'callbacks_refused',
  look: ({ at, signals: { unsignedCallbacks: count } }, rule) => {
    const limit = rule.threshold ?? RULES.callbacks_refused.threshold;
    if (count < limit) return Promise.resolve([]);
    return Promise.resolve([
      { rule: 'callbacks_refused', labels: {}, period: null, values: { count }, since: at },
    ]);
  },
  words: {
    en: wordsOf({
      firing: ({ values }, format) => ({
        title: `${counted(format, numberOf(values, 'count'), 'callback', 'callbacks')} without a valid signature refused in an hour`,
        finding:
          'They came at addresses that only Kling and the sidecar know, and changed nothing. KLING_WEBHOOK_SECRET is not Kling’s any more, Kling ' +
          'does not sign callbacks of these paths, or somebody else knows addresses.',
        advice:
          'Compare the secret with Kling’s console. If only creates on /v1 paths are concerned, set callbacks.requireSignature to false. ' +
          'Tasks are still asked for by the poller.',
      }),
      resolved: (event, format) => ({
        title: 'No callback is refused for its signature any more',
        finding: `It lasted ${lasted(event, format)}.`,
        advice: '',
      }),
    }),
    zh: wordsOf({
      firing: ({ values }, format) => ({
        title: `一小时内拒绝了 ${format.number(numberOf(values, 'count'))} 个签名无效的回调`,
        finding:
          '这些回调发到只有可灵和 sidecar 知道的地址，未改变任何内容。可能是 KLING_WEBHOOK_SECRET 已失效、可灵不对这些路径的回调签名，或地址已泄露。',
        advice:
          '请与可灵控制台中的密钥核对。如果只涉及 /v1 路径的创建请求，请将 callbacks.requireSignature 设为 false。任务仍由轮询查询。',
      }),
      resolved: (event, format) => ({
        title: '已没有因签名被拒绝的回调',
        finding: `持续了 ${lasted(event, format)}。`,
        advice: '',
      }),
    }),
  },
};

export const callbacksUndelivered: Rule = {
  word: 'callbacks_undelivered',
  look: async ({ at, store }) => {
    const givenUp = await store.read(readGivenUp, { from: at - DAY_MS });
    if (givenUp === null) return [];
    const { count, firstAt, error } = givenUp;
    return [
      { rule: 'callbacks_undelivered', labels: {}, period: null, values: { count, error }, since: firstAt },
    ];
  },
  words: {
    en: wordsOf({
      firing: ({ values }, format) => ({
        title: `${counted(format, numberOf(values, 'count'), 'relayed callback', 'relayed callbacks')} given up in a day`,
        finding: `The address in the create took none of the attempts, or answered 410. The last one: ${textOf(values, 'error')}.`,
        advice:
          'tasks ID shows what was sent. Correct the address that the app gives in callback_url, or its receiver; the app can read its tasks meanwhile.',
      }),
      resolved: (event, format) => ({
        title: 'No relayed callback was given up for a day',
        finding: `It lasted ${lasted(event, format)}.`,
        advice: '',
      }),
    }),
    zh: wordsOf({
      firing: ({ values }, format) => ({
        title: `一天内放弃了 ${format.number(numberOf(values, 'count'))} 个转发的回调`,
        finding: `创建请求中的地址未接收任何一次尝试，或返回了 410。最近一次：${textOf(values, 'error')}。`,
        advice:
          'tasks ID 显示发送情况。请更正应用在 callback_url 中给出的地址或其接收端；其间应用可自行查询任务。',
      }),
      resolved: (event, format) => ({
        title: '一天内没有放弃转发的回调',
        finding: `持续了 ${lasted(event, format)}。`,
        advice: '',
      }),
    }),
  },
};
