/** The words about packs. */
import { DAY_MS } from '../../zone.ts';
import type { AlertEvent } from '../alert.ts';
import type { Format, Rule, RuleText } from '../rule.ts';
import { titleName } from '../words/phrases.ts';
import { numberOf, textOf, wordsOf } from '../words/values.ts';

const MILLION = 1_000_000;

/** Whole units from millionths: a part of a unit does not matter here. */
function units(millionths: number, format: Format): string {
  return format.number(Math.floor(millionths / MILLION));
}

const PRODUCTS_ZH: Readonly<Record<string, string>> = { video: '视频', image: '图片' };

function productZh(word: string): string {
  return PRODUCTS_ZH[word] ?? word;
}

function capital(word: string): string {
  return `${word.charAt(0).toUpperCase()}${word.slice(1)}`;
}

export const emptyWords: Rule['words'] = {
  en: wordsOf({ firing: emptyEn, resolved: supplyEn }),
  zh: wordsOf({ firing: emptyZh, resolved: supplyZh }),
};

function emptyEn({ labels, values }: AlertEvent, format: Format): ReturnType<RuleText> {
  const product = textOf(labels, 'product');
  const leftMs = numberOf(values, 'daysLeft') * DAY_MS;
  const title =
    leftMs <= 0
      ? `${capital(product)} packs are empty`
      : `${capital(product)} packs are empty in ${format.duration(leftMs)} at the pace of the last week`;
  const remaining = units(numberOf(values, 'remaining'), format);
  const perDay = units(numberOf(values, 'perDay'), format);
  return {
    title,
    finding:
      `${remaining} units are left and ${perDay} a day are deducted: less than ${format.number(numberOf(values, 'thresholdDays'))} ` +
      'days. Then Kling refuses creates with code 1102, unless the balance pays.',
    advice:
      `Buy the next ${product} pack in Kling’s console; kling-sidecar doctor lists the packs. ` +
      'To stretch what is left, lower budgets or set creates.maxCreditsEach.',
  };
}

function emptyZh({ labels, values }: AlertEvent, format: Format): ReturnType<RuleText> {
  const product = productZh(textOf(labels, 'product'));
  const leftMs = numberOf(values, 'daysLeft') * DAY_MS;
  const title =
    leftMs <= 0
      ? `${product}资源包已用完`
      : `按最近一周的速度，${product}资源包将在 ${format.duration(leftMs)}后用完`;
  const remaining = units(numberOf(values, 'remaining'), format);
  const perDay = units(numberOf(values, 'perDay'), format);
  return {
    title,
    finding:
      `剩余 ${remaining} 单位，每天扣减 ${perDay} 单位，不足 ${format.number(numberOf(values, 'thresholdDays'))} 天。` +
      '用完后，除非由余额付费，可灵会以错误码 1102 拒绝创建请求。',
    advice:
      `请在可灵控制台购买新的${product}资源包；kling-sidecar doctor 可列出各资源包。` +
      '如需延长使用时间，可调低预算或设置 creates.maxCreditsEach。',
  };
}

function supplyEn({ labels, values }: AlertEvent, format: Format): ReturnType<RuleText> {
  return {
    title: `${capital(textOf(labels, 'product'))} packs are no longer nearly empty`,
    finding: `They last for ${format.number(numberOf(values, 'thresholdDays'))} days or more at the pace of the last week, or another pack was bought.`,
    advice: '',
  };
}

function supplyZh({ labels, values }: AlertEvent, format: Format): ReturnType<RuleText> {
  return {
    title: `${productZh(textOf(labels, 'product'))}资源包已不再面临用完`,
    finding: `按最近一周的速度可用 ${format.number(numberOf(values, 'thresholdDays'))} 天以上，或已购买新的资源包。`,
    advice: '',
  };
}

export const expiresWords: Rule['words'] = {
  en: ({ labels, values, at }, format) => {
    const endsAt = numberOf(values, 'endsAt');
    const remaining = units(numberOf(values, 'remaining'), format);
    const lost = units(numberOf(values, 'lost'), format);
    const name = titleName(textOf(labels, 'pack'));
    return {
      title: `Pack ${name} ends in ${format.duration(endsAt - at)}, and ${lost} units will be lost`,
      finding:
        `It has ${remaining} ${textOf(values, 'product')} units and ends at ${format.time(endsAt)}. At the pace of the last ` +
        `week ${lost} of them are left then; Kling carries nothing over.`,
      advice:
        'Bring planned work forward, or ask Kling to extend the pack. Do not buy more of this kind before it ends. ' +
        'All packs: kling-sidecar doctor.',
    };
  },
  zh: ({ labels, values, at }, format) => {
    const endsAt = numberOf(values, 'endsAt');
    const remaining = units(numberOf(values, 'remaining'), format);
    const lost = units(numberOf(values, 'lost'), format);
    const name = titleName(textOf(labels, 'pack'));
    return {
      title: `资源包 ${name} 将在 ${format.duration(endsAt - at)}后到期，预计浪费 ${lost} 单位`,
      finding:
        `剩余 ${remaining} 个${productZh(textOf(values, 'product'))}单位，到期时间 ${format.time(endsAt)}。` +
        `按最近一周的速度，到期时还剩 ${lost} 单位，可灵不会结转。`,
      advice:
        '请提前安排计划中的任务，或向可灵申请延期；到期前不要再购买同类资源包。查看全部资源包：kling-sidecar doctor。',
    };
  },
};
