/** The words for a budget that reached a share of its limit. */
import type { MilliCredits, Ms } from '../../units.ts';
import type { AlertEvent } from '../alert.ts';
import type { Format, Rule, RuleText } from '../rule.ts';
import { budgetName, raiseCommand } from '../words/phrases.ts';
import { numberOf, numberOrNull, textOf, wordsOf } from '../words/values.ts';

/** The values of both rules. */
export interface ReachedValues {
  counterId: string;
  /** The share that was reached. */
  share: number;
  usedCredits: MilliCredits;
  limitCredits: MilliCredits;
  windowKey: string;
  resetsAt: Ms | null;
  /** Whether creates are refused at the limit. */
  refuses: boolean;
}

/** Why a budget is no longer used up. */
export type UsedUpEnd =
  | { why: 'removed' }
  | { why: 'window_ended' }
  | { why: 'limit_raised'; endUsedCredits: MilliCredits; endLimitCredits: MilliCredits };

function valuesOf({ values }: AlertEvent): ReachedValues {
  return {
    counterId: textOf(values, 'counterId'),
    share: numberOf(values, 'share'),
    usedCredits: numberOf(values, 'usedCredits'),
    limitCredits: numberOf(values, 'limitCredits'),
    windowKey: textOf(values, 'windowKey'),
    resetsAt: numberOrNull(values, 'resetsAt'),
    refuses: values['refuses'] === true,
  };
}

function usedPercent({ usedCredits, limitCredits }: ReachedValues, format: Format): string {
  return format.percent(limitCredits === 0 ? 1 : usedCredits / limitCredits);
}

function usedNumber({ usedCredits }: ReachedValues, format: Format): string {
  return format.number(usedCredits / 1000);
}

const USAGE = 'kling-sidecar usage --by app,model';

export const thresholdWords: Rule['words'] = {
  en: (event, format) => {
    const values = valuesOf(event);
    const { limitCredits, share, resetsAt, refuses } = values;
    const until = resetsAt === null ? 'until it is raised' : `until ${format.time(resetsAt)}`;
    const then = refuses
      ? `At 100 % its creates are refused ${until}.`
      : 'It refuses nothing: it only counts.';
    return {
      title: `${budgetName(event.labels, 'en')} is used to ${usedPercent(values, format)}`,
      finding:
        `${usedNumber(values, format)} of ${format.credits(limitCredits)} are settled or held, past the ` +
        `${format.percent(share)} of its alertAt. ${then}`,
      advice:
        `See who spends: ${USAGE}. If it is wanted, raise the budget: ${raiseCommand(event.labels, resetsAt)}. ` +
        'If an app loops, stop all spending: kling-sidecar freeze --reason TEXT.',
    };
  },
  zh: (event, format) => {
    const values = valuesOf(event);
    const { limitCredits, share, resetsAt, refuses } = values;
    const until = resetsAt === null ? '直到上调预算' : `直到 ${format.time(resetsAt)}`;
    const then = refuses
      ? `用到 100% 后，相应的创建请求会被拒绝，${until}。`
      : '该预算只统计，不拒绝任何请求。';
    return {
      title: `${budgetName(event.labels, 'zh')}已使用 ${usedPercent(values, format)}`,
      finding:
        `已结算和预扣共 ${usedNumber(values, format)} / ${format.credits(limitCredits)}，` +
        `超过 alertAt 设定的 ${format.percent(share)}。${then}`,
      advice:
        `查看消耗来源：${USAGE}。如属正常用量，请上调预算：${raiseCommand(event.labels, resetsAt)}。` +
        '如是程序死循环，可停止全部消费：kling-sidecar freeze --reason TEXT。',
    };
  },
};

export const usedUpWords: Rule['words'] = {
  en: wordsOf({ firing: usedUpEn, resolved: endedEn }),
  zh: wordsOf({ firing: usedUpZh, resolved: endedZh }),
};

function usedUpEn(event: AlertEvent, format: Format): ReturnType<RuleText> {
  const values = valuesOf(event);
  const { limitCredits, resetsAt, refuses } = values;
  const until =
    resetsAt === null
      ? 'until it is raised: it never resets'
      : `until ${format.time(resetsAt)}, in ${format.duration(resetsAt - event.at)}`;
  const effect = refuses
    ? `Creates that match it are refused with 403 budget_exceeded ${until}; reads go on.`
    : 'It refuses nothing: it only counts.';
  return {
    title: `${budgetName(event.labels, 'en')} is used up`,
    finding:
      `${usedNumber(values, format)} of ${format.credits(limitCredits)} are settled or held ` +
      `(${usedPercent(values, format)}). ${effect}`,
    advice: `Raise it: ${raiseCommand(event.labels, resetsAt)}; or wait. See who spent it: ${USAGE}.`,
  };
}

function usedUpZh(event: AlertEvent, format: Format): ReturnType<RuleText> {
  const values = valuesOf(event);
  const { limitCredits, resetsAt, refuses } = values;
  const until =
    resetsAt === null
      ? '直到上调预算（该预算不会自动重置）'
      : `直到 ${format.time(resetsAt)}（${format.duration(resetsAt - event.at)}后）`;
  const effect = refuses
    ? `相应的创建请求会被拒绝（403 budget_exceeded），${until}；读取请求不受影响。`
    : '该预算只统计，不拒绝任何请求。';
  return {
    title: `${budgetName(event.labels, 'zh')}已用完`,
    finding:
      `已结算和预扣共 ${usedNumber(values, format)} / ${format.credits(limitCredits)}` +
      `（${usedPercent(values, format)}）。${effect}`,
    advice: `上调预算：${raiseCommand(event.labels, resetsAt)}；或等待重置。查看消耗来源：${USAGE}。`,
  };
}

function endedEn(event: AlertEvent, format: Format): ReturnType<RuleText> {
  const name = budgetName(event.labels, 'en');
  const { values } = event;
  switch (values['why']) {
    case 'limit_raised':
      return {
        title: `${name} has room again`,
        finding: `Its limit is now ${format.credits(numberOf(values, 'endLimitCredits'))}, of which ${format.credits(numberOf(values, 'endUsedCredits'))} are used.`,
        advice: '',
      };
    case 'removed':
      return {
        title: `${name} is no longer in force`,
        finding: 'The config does not name it any more, so it refuses nothing.',
        advice: '',
      };
    default:
      return {
        title: `${name} has a new window`,
        finding: `Its window ${valuesOf(event).windowKey} is over; the new one has its whole limit.`,
        advice: '',
      };
  }
}

function endedZh(event: AlertEvent, format: Format): ReturnType<RuleText> {
  const name = budgetName(event.labels, 'zh');
  const { values } = event;
  switch (values['why']) {
    case 'limit_raised':
      return {
        title: `${name}已恢复可用额度`,
        finding: `上限现为 ${format.credits(numberOf(values, 'endLimitCredits'))}，已使用 ${format.credits(numberOf(values, 'endUsedCredits'))}。`,
        advice: '',
      };
    case 'removed':
      return { title: `${name}已停用`, finding: '配置中已没有该预算，它不再拒绝任何请求。', advice: '' };
    default:
      return {
        title: `${name}已进入新周期`,
        finding: `周期 ${valuesOf(event).windowKey} 已结束，新周期的额度可全部使用。`,
        advice: '',
      };
  }
}
