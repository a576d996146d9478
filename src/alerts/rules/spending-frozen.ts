/** All spending is stopped by an operator's order, until another order. */
import type { AlertEvent, AlertKey } from '../alert.ts';
import type { Format, Rule, RuleText } from '../rule.ts';
import { quoted } from '../words/phrases.ts';
import { lasted, textOf, wordsOf } from '../words/values.ts';

const KEY: AlertKey = { rule: 'spending_frozen', labels: {}, period: null };

export const spendingFrozen: Rule = {
  word: 'spending_frozen',
  ofFact(fact) {
    if (fact.kind === 'spending_frozen') {
      const { reason, actor, at } = fact;
      return { found: [{ ...KEY, values: { reason, actor }, since: at }] };
    }
    if (fact.kind !== 'spending_resumed') return {};
    return { over: [{ ...KEY, values: { endReason: fact.reason, endActor: fact.actor } }] };
  },
  words: {
    en: wordsOf({ firing: frozenEn, resolved: resumedEn }),
    zh: wordsOf({ firing: frozenZh, resolved: resumedZh }),
  },
};

function frozenEn({ values }: AlertEvent): ReturnType<RuleText> {
  const actor = textOf(values, 'actor');
  const reason = textOf(values, 'reason');
  return {
    title: `All spending is frozen by ${actor}`,
    finding: `${actor} gave the reason ${quoted(reason, 'en')}. Creates of every app are refused with 403 spending_frozen; reads go on.`,
    advice:
      'When the reason is gone: kling-sidecar unfreeze --reason TEXT. Who spent: kling-sidecar usage --by app,model.',
  };
}

function frozenZh({ values }: AlertEvent): ReturnType<RuleText> {
  const actor = textOf(values, 'actor');
  const reason = textOf(values, 'reason');
  return {
    title: `全部消费已被 ${actor} 冻结`,
    finding: `${actor} 给出的原因：${quoted(reason, 'zh')}。所有应用的创建请求都会被拒绝（403 spending_frozen），读取请求不受影响。`,
    advice:
      '原因消除后请执行：kling-sidecar unfreeze --reason TEXT。查看消耗来源：kling-sidecar usage --by app,model。',
  };
}

function resumedEn(event: AlertEvent, format: Format): ReturnType<RuleText> {
  const actor = textOf(event.values, 'endActor');
  const reason = textOf(event.values, 'endReason');
  return {
    title: `Spending goes on: ${actor} ended the freeze`,
    finding: `It lasted ${lasted(event, format)}. ${actor} gave the reason ${quoted(reason, 'en')}.`,
    advice: '',
  };
}

function resumedZh(event: AlertEvent, format: Format): ReturnType<RuleText> {
  const actor = textOf(event.values, 'endActor');
  const reason = textOf(event.values, 'endReason');
  return {
    title: `消费已恢复：${actor} 解除了冻结`,
    finding: `冻结持续了 ${lasted(event, format)}。${actor} 给出的原因：${quoted(reason, 'zh')}。`,
    advice: '',
  };
}
