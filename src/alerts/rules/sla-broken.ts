/**
 * The month broke Kling's commitment, and its compensation became larger: both by the reading of a claim.
 */
import { numberOf, textOf, wordsOf } from '../words/values.ts';
import type { AlertValues } from '../alert.ts';
import type { Rule } from '../rule.ts';
import type { MonthProgress } from '../../sla/progress-table.ts';
import { claimReading, progressOf } from './sla-month.ts';

export const slaBroken: Rule = {
  word: 'sla_broken',
  look: async (look) => {
    const progress = await progressOf(look);
    if (!progress.contract.breached) return [];
    const values = valuesOf(progress);
    return [{ rule: 'sla_broken', labels: {}, period: progress.month, values, since: look.at }];
  },
  words: {
    en: wordsOf({
      firing: ({ values }, format) => ({
        title: `Kling broke its commitment for ${textOf(values, 'month')}: availability is ${textOf(values, 'availability')} %`,
        finding:
          `The commitment is ${textOf(values, 'commitment')} %. As it is now, Kling owes a voucher of ` +
          `${format.number(numberOf(values, 'percent'))} % of the month’s fee.`,
        advice:
          `Nothing now: the claim is drafted when the month has closed. Meanwhile record what is not Kling’s fault ` +
          '(sla exclude, sla blame local), so that the claim counts Kling’s errors alone.',
      }),
      resolved: ({ values }) => ({
        title: `The alert about Kling’s broken commitment for ${textOf(values, 'month')} has ended`,
        finding: 'The month is over, or what was recorded since brought it back above the commitment.',
        advice: `kling-sidecar sla report ${textOf(values, 'month')} shows which; claim list shows the draft once there is one.`,
      }),
    }),
    zh: wordsOf({
      firing: ({ values }, format) => ({
        title: `可灵违反了 ${textOf(values, 'month')} 的可用性承诺：可用性为 ${textOf(values, 'availability')}%`,
        finding:
          `承诺为 ${textOf(values, 'commitment')}%。按目前情况，可灵应赔偿当月费用 ` +
          `${format.number(numberOf(values, 'percent'))}% 的代金券。`,
        advice:
          '现在无需处理：当月关闭后会自动起草赔偿申请。在此期间请登记不属于可灵责任的错误' +
          '（sla exclude、sla blame local），以便申请只计入可灵的错误。',
      }),
      resolved: ({ values }) => ({
        title: `关于可灵违反 ${textOf(values, 'month')} 可用性承诺的告警已结束`,
        finding: '当月已结束，或者之后登记的内容使可用性回到承诺以上。',
        advice: `运行 kling-sidecar sla report ${textOf(values, 'month')} 查看原因；有草稿后可用 claim list 查看。`,
      }),
    }),
  },
};

export const slaTierWorse: Rule = {
  word: 'sla_tier_worse',
  look: async (look) => {
    const progress = await progressOf(look);
    const percent = claimReading(progress).compensationPercent;
    // The first tier is the broken commitment itself.
    if (percent <= (progress.tierPercents[0] ?? 0)) return [];
    const values = valuesOf(progress);
    const period = `${progress.month}/${percent}`;
    return [{ rule: 'sla_tier_worse', labels: {}, period, values, since: look.at }];
  },
  words: {
    en: ({ values }, format) => ({
      title: `Kling’s compensation for ${textOf(values, 'month')} is now ${format.number(numberOf(values, 'percent'))} % of the fee`,
      finding: `Availability is ${textOf(values, 'availability')} %; the commitment is ${textOf(values, 'commitment')} %. This is more than the first tier.`,
      advice:
        'Keep the sidecar running, so that the journal has every call. The claim is drafted when the month has closed.',
    }),
    zh: ({ values }, format) => ({
      title: `可灵 ${textOf(values, 'month')} 的赔偿比例现为费用的 ${format.number(numberOf(values, 'percent'))}%`,
      finding: `可用性为 ${textOf(values, 'availability')}%，承诺为 ${textOf(values, 'commitment')}%，已超过第一档。`,
      advice: '请保持 sidecar 运行，让日志记录每一次调用。当月关闭后会自动起草赔偿申请。',
    }),
  },
};

function valuesOf(progress: MonthProgress): AlertValues {
  const { name, availability, compensationPercent: percent } = claimReading(progress);
  return { month: progress.month, commitment: progress.commitment, availability, percent, reading: name };
}
