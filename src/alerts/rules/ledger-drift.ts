/** Our ledger and Kling's differ for creates of ours, by the last scheduled comparison. */
import { lastReconciliation } from '../../reconcile/last-reconciliation.ts';
import type { AlertEvent, Finding } from '../alert.ts';
import type { Format, Look, Rule, RuleText } from '../rule.ts';
import type { RuleSettings } from '../settings.ts';
import { counted, numberOf, textOf, wordsOf } from '../words/values.ts';

const MILLI = 1000;

export const ledgerDrift: Rule = {
  word: 'ledger_drift',
  look: drift,
  words: {
    en: wordsOf({ firing: driftsEn, resolved: agreesEn }),
    zh: wordsOf({ firing: driftsZh, resolved: agreesZh }),
  },
};

async function drift({ store }: Look, { threshold }: RuleSettings): Promise<readonly Finding[]> {
  const last = await store.read(lastReconciliation, {});
  const thresholdCredits = Math.round((threshold ?? 0) * MILLI);
  if (last === null || last.driftCredits < thresholdCredits || last.driftCredits === 0) return [];
  const { driftCredits, oursOnlyTasks, differentTasks, from, examples } = last;
  const values = {
    driftCredits,
    oursOnly: oursOnlyTasks,
    different: differentTasks,
    from,
    examples: examples.join(', '),
    threshold: thresholdCredits,
  };
  return [{ rule: 'ledger_drift', labels: {}, period: null, values, since: last.at }];
}

function driftsEn({ values }: AlertEvent, format: Format): ReturnType<RuleText> {
  const oursOnly = counted(format, numberOf(values, 'oursOnly'), 'create');
  const different = counted(format, numberOf(values, 'different'), 'create');
  return {
    title: `Our ledger and Kling’s differ by ${format.credits(numberOf(values, 'driftCredits'))}`,
    finding:
      `Since ${format.time(numberOf(values, 'from'))}: ${oursOnly} without a deduction of Kling’s, ${different} with another ` +
      `amount (such as ${textOf(values, 'examples')}). Budgets count our amounts.`,
    advice:
      'kling-sidecar reconcile shows the days and the tasks. Compare some of them with Kling’s console; ' +
      'if Kling is wrong, write to Kling with the task ids.',
  };
}

function driftsZh({ values }: AlertEvent, format: Format): ReturnType<RuleText> {
  return {
    title: `本账本与可灵账单相差 ${format.credits(numberOf(values, 'driftCredits'))}`,
    finding:
      `自 ${format.time(numberOf(values, 'from'))} 起：${format.number(numberOf(values, 'oursOnly'))} 个创建请求没有可灵的扣减记录，` +
      `${format.number(numberOf(values, 'different'))} 个金额不同（例如 ${textOf(values, 'examples')}）。预算按本账本的金额计算。`,
    advice:
      '运行 kling-sidecar reconcile 查看日期和任务。请与可灵控制台核对其中几个；如果是可灵有误，请附上任务 ID 联系可灵。',
  };
}

function agreesEn({ values }: AlertEvent, format: Format): ReturnType<RuleText> {
  return {
    title: 'Our ledger and Kling’s agree again',
    finding: `By the last comparison they differ by less than ${format.credits(numberOf(values, 'threshold'))}.`,
    advice: '',
  };
}

function agreesZh({ values }: AlertEvent, format: Format): ReturnType<RuleText> {
  return {
    title: '本账本与可灵账单已恢复一致',
    finding: `最近一次核对的差异小于 ${format.credits(numberOf(values, 'threshold'))}。`,
    advice: '',
  };
}
