/** Counted things and durations in Chinese: values within sentences. */
import type { Phrase } from '../../../phrase-book.ts';

/** A noun that is counted, in English and with its measure word in Chinese. */
const COUNTED: readonly Phrase[] = [
  ['task', '个任务'],
  ['open task', '个进行中的任务'],
  ['create', '个创建请求'],
  ['hold', '笔预扣'],
  ['open hold', '笔未结束的预扣'],
  ['charge', '笔扣减'],
  ['check', '项检查'],
  ['budget', '个预算'],
  ['counter', '个计数'],
  ['pack', '个资源包'],
  ['alert', '个告警'],
  ['alert channel', '个告警渠道'],
  ['event', '个事件'],
  ['message', '条消息'],
  ['job', '个计划任务'],
  ['window', '个窗口'],
  ['attempt', '次尝试'],
];

export const UNITS: readonly Phrase[] = [
  ...COUNTED.flatMap(([noun, said]): Phrase[] => [
    [`{n} ${noun}`, `{n} ${said}`],
    [`{n} ${noun}s`, `{n} ${said}`],
  ]),
  ['{n} day', '{n} 天'],
  ['{n} days', '{n} 天'],
  ['{n} hour', '{n} 小时'],
  ['{n} hours', '{n} 小时'],
  ['{n} minute', '{n} 分钟'],
  ['{n} minutes', '{n} 分钟'],
  ['less than a minute', '不到一分钟'],
  ['in the last 31 days', '最近 31 天内'],
  ['among the newest creates', '最新的创建请求中'],
];
