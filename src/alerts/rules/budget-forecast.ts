/** A budget that will be used up soon, and before its window ends, by the forecast of the gauges (telemetry/forecast.ts). */
import { listBudgets } from '../../budget/budget-table.ts';
import { burningBudget } from '../../telemetry/forecast.ts';
import type { MilliCredits, Ms } from '../../units.ts';
import type { AlertEvent, Finding } from '../alert.ts';
import type { Format, Look, Rule, RuleText } from '../rule.ts';
import type { AlertSettings, RuleSettings } from '../settings.ts';
import { budgetLabels, budgetName, raiseCommand } from '../words/phrases.ts';
import { numberOf, numberOrNull, wordsOf } from '../words/values.ts';

const HOUR_MS: Ms = 3_600_000;
/** A pace over less time is no trend: the Prometheus rule waits 15 minutes too. */
const SPAN_MS_MIN: Ms = 900_000;

interface Values {
  usedCredits: MilliCredits;
  limitCredits: MilliCredits;
  /** At the present pace, when the alert began. */
  leftMs: Ms;
  resetsAt: Ms | null;
  thresholdHours: number;
  refuses: boolean;
}

export const budgetForecast: Rule = {
  word: 'budget_forecast',
  look: foreseen,
  words: {
    en: wordsOf({ firing: firingEn, resolved: overEn }),
    zh: wordsOf({ firing: firingZh, resolved: overZh }),
  },
};

/** Null until this process has notes over a long enough time: a restart ends no alert. */
async function foreseen(
  { at, store, signals }: Look,
  rule: RuleSettings,
  { mode }: AlertSettings,
): Promise<readonly Finding[] | null> {
  const { budgets } = await store.read(listBudgets, { at });
  const seconds = signals.budgetForecast.note(budgets.map(burningBudget), at, SPAN_MS_MIN);
  if (!signals.budgetForecast.reachesBack(at, SPAN_MS_MIN)) return null;
  const thresholdHours = rule.threshold ?? 0;
  return budgets.flatMap((row, index): Finding[] => {
    const leftMs = Math.round((seconds[index] ?? 0) * 1000);
    if (leftMs <= 0 || leftMs >= thresholdHours * HOUR_MS || row.mode === 'shadow') return [];
    const { name, per, perValue, limitCredits, settledCredits, heldCredits, resetsAt } = row;
    const usedCredits = settledCredits + heldCredits;
    const values: Values = {
      usedCredits,
      limitCredits,
      leftMs,
      resetsAt,
      thresholdHours,
      refuses: mode === 'protect',
    };
    const labels = budgetLabels(name, per, perValue ?? '');
    return [{ rule: 'budget_forecast', labels, period: null, values: { ...values }, since: at }];
  });
}

function valuesOf({ values }: AlertEvent): Values {
  return {
    usedCredits: numberOf(values, 'usedCredits'),
    limitCredits: numberOf(values, 'limitCredits'),
    leftMs: numberOf(values, 'leftMs'),
    resetsAt: numberOrNull(values, 'resetsAt'),
    thresholdHours: numberOf(values, 'thresholdHours'),
    refuses: values['refuses'] === true,
  };
}

function firingEn(event: AlertEvent, format: Format): ReturnType<RuleText> {
  const { usedCredits, limitCredits, leftMs, resetsAt, thresholdHours, refuses } = valuesOf(event);
  const window =
    resetsAt === null ? 'It never resets.' : `Its window ends later, at ${format.time(resetsAt)}.`;
  const then = refuses ? ' From its limit on, the creates that match it are refused.' : '';
  return {
    title: `${budgetName(event.labels, 'en')} runs out in ${format.duration(leftMs)} at the present pace`,
    finding:
      `${format.number(usedCredits / 1000)} of ${format.credits(limitCredits)} are used, and the rest lasts less than ` +
      `${format.duration(thresholdHours * HOUR_MS)} at the pace of the last hour. ${window}${then}`,
    advice:
      `See who spends: kling-sidecar usage --by app,model. If it is wanted: ${raiseCommand(event.labels, resetsAt)}. If not, slow the app ` +
      'down (apps[].requestsPerMinute), or let the budget refuse.',
  };
}

function firingZh(event: AlertEvent, format: Format): ReturnType<RuleText> {
  const { usedCredits, limitCredits, leftMs, resetsAt, thresholdHours, refuses } = valuesOf(event);
  const window = resetsAt === null ? '该预算不会自动重置。' : `本周期要到 ${format.time(resetsAt)} 才结束。`;
  const then = refuses ? '达到上限后，相应的创建请求会被拒绝。' : '';
  return {
    title: `${budgetName(event.labels, 'zh')}按当前速度将在 ${format.duration(leftMs)}后用完`,
    finding:
      `已使用 ${format.number(usedCredits / 1000)} / ${format.credits(limitCredits)}，按最近一小时的速度，` +
      `剩余额度不足以支撑 ${format.duration(thresholdHours * HOUR_MS)}。${window}${then}`,
    advice:
      `查看消耗来源：kling-sidecar usage --by app,model。如属正常用量：${raiseCommand(event.labels, resetsAt)}。` +
      '否则可限制该应用的速率（apps[].requestsPerMinute），或由预算自行拦截。',
  };
}

function overEn(event: AlertEvent, format: Format): ReturnType<RuleText> {
  const { thresholdHours } = valuesOf(event);
  return {
    title: `${budgetName(event.labels, 'en')} no longer runs out soon`,
    finding:
      `At the present pace it lasts longer than ${format.duration(thresholdHours * HOUR_MS)} or to the end of its window, ` +
      'or it is used up already.',
    advice: '',
  };
}

function overZh(event: AlertEvent, format: Format): ReturnType<RuleText> {
  const { thresholdHours } = valuesOf(event);
  return {
    title: `${budgetName(event.labels, 'zh')}短期内不再有用完的风险`,
    finding:
      `按当前速度，剩余额度可支撑 ${format.duration(thresholdHours * HOUR_MS)}以上或到本周期结束；` +
      '若已用完，会另有告警。',
    advice: '',
  };
}
