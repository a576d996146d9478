/** Creates without a price of their own, and an old price list. */
import { pricesReadOn } from '../../kling/price-rows.ts';
import { DAY_MS, dateOf } from '../../zone.ts';
import type { AlertEvent } from '../alert.ts';
import type { Format, Rule, RuleText } from '../rule.ts';
import { numberOf, textOf } from '../words/values.ts';

/** The outbox reports each route and model only once. */
export const routeUnpriced: Rule = {
  word: 'route_unpriced',
  ofFact(fact) {
    if (fact.kind !== 'create_unpriced') return {};
    const { route, model, app, heldCredits, isUnknown, at } = fact;
    const labels = model === null ? { route } : { route, model };
    const values = { app, heldCredits, isUnknown };
    return { found: [{ rule: 'route_unpriced', labels, period: null, values, since: at }] };
  },
  words: { en: unpricedEn, zh: unpricedZh },
};

/** Reported once a month while it lasts: nobody can correct it at once. */
export const priceStale: Rule = {
  word: 'price_stale',
  async look({ at }, rule, { timeZone }) {
    const readOn = pricesReadOn();
    const ageDays = Math.floor((at - Date.parse(`${readOn}T00:00:00Z`)) / DAY_MS);
    const thresholdDays = rule.threshold ?? 0;
    if (ageDays <= thresholdDays) return [];
    const { year, month } = dateOf(timeZone, at);
    const period = `${year}-${String(month).padStart(2, '0')}`;
    const values = { readOn, ageDays, thresholdDays };
    return [{ rule: 'price_stale', labels: {}, period, values, since: at }];
  },
  words: { en: staleEn, zh: staleZh },
};

function unpricedEn({ labels, values }: AlertEvent, format: Format): ReturnType<RuleText> {
  const route = textOf(labels, 'route');
  const held = format.credits(numberOf(values, 'heldCredits'));
  const isUnknown = values['isUnknown'] === true;
  const amount = isUnknown
    ? `at ${held} (creates.unknownRouteCredits)`
    : `at ${held}, the dearest price that fits`;
  return {
    title: isUnknown ? `Creates of ${route} have no price` : `A model of ${route} is not in the price list`,
    finding:
      `The first one, of app ${textOf(values, 'app')}, was held ${amount}. It is settled to what Kling deducts; until then ` +
      'a budget may refuse too early, or be passed.',
    advice:
      (isUnknown ? '' : 'Ask the owner of the app which model it sends. ') +
      'Name the price in pricing.overrides, then: kling-sidecar reload. What it cost: kling-sidecar usage --by operation,model.',
  };
}

function unpricedZh({ labels, values }: AlertEvent, format: Format): ReturnType<RuleText> {
  const route = textOf(labels, 'route');
  const held = format.credits(numberOf(values, 'heldCredits'));
  const isUnknown = values['isUnknown'] === true;
  const amount = isUnknown ? `按 creates.unknownRouteCredits 预扣 ${held}` : `按可能的最高价预扣 ${held}`;
  return {
    title: isUnknown ? `接口 ${route} 的创建请求没有价格` : `接口 ${route} 使用了价目表中没有的模型`,
    finding: `首个请求来自应用 ${textOf(values, 'app')}，${amount}，之后按可灵实际扣减结算；在此之前，预算可能过早拒绝或被突破。`,
    advice:
      (isUnknown ? '' : '请向该应用的负责人确认所用模型。') +
      '请在 pricing.overrides 中填写价格，然后执行：kling-sidecar reload。查看实际费用：kling-sidecar usage --by operation,model。',
  };
}

const PRICE_PAGE = 'https://kling.ai/document-api/pricing/base/video';

function staleEn({ values }: AlertEvent, format: Format): ReturnType<RuleText> {
  const threshold = format.number(numberOf(values, 'thresholdDays'));
  return {
    title: `The price list is ${format.number(numberOf(values, 'ageDays'))} days old`,
    finding:
      `It was read from Kling’s pages on ${textOf(values, 'readOn')}, more than ${threshold} days ago. ` +
      'If Kling changed a price since, budgets are checked with the old one.',
    advice: `Install the newest version of kling-sidecar, or compare with ${PRICE_PAGE} and set what changed in pricing.overrides.`,
  };
}

function staleZh({ values }: AlertEvent, format: Format): ReturnType<RuleText> {
  const threshold = format.number(numberOf(values, 'thresholdDays'));
  return {
    title: `价目表已有 ${format.number(numberOf(values, 'ageDays'))} 天未更新`,
    finding:
      `价目表于 ${textOf(values, 'readOn')} 取自可灵官网，已超过 ${threshold} 天。` +
      '如果此后可灵调整过价格，预算仍按旧价校验。',
    advice: `请升级到最新版本的 kling-sidecar，或对照 ${PRICE_PAGE}，在 pricing.overrides 中填写变动的价格。`,
  };
}
