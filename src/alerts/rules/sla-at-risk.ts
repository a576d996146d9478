/**
 * The month may break Kling's commitment: much of its error budget is used, or the burn is so fast that the month breaks it
 * before its end. Once it is broken, `sla_broken` reports it.
 *
 * A burn is fast if the pace of the last hour and of the last six hours both use up the rest within the month, and the last
 * six hours alone used a twentieth of the budget; one bad request in a quiet night is not fast.
 */
import { dayOf } from '../../sla/period.ts';
import type { MonthProgress } from '../../sla/progress-table.ts';
import { WINDOW_MS } from '../../sla/window.ts';
import type { Ms } from '../../units.ts';
import type { AlertEvent, AlertValues, Finding } from '../alert.ts';
import type { Format, Rule } from '../rule.ts';
import { RULES } from '../rule-words.ts';
import { numberOf, textOf, wordsOf } from '../words/values.ts';
import { progressOf } from './sla-month.ts';

const WINDOWS_OF_HOUR = 12;
const WINDOWS_OF_SIX_HOURS = 72;
/** The share of the month's budget that six hours must use up for a fast burn. */
const FAST_SHARE_MIN = 0.05;

export const slaAtRisk: Rule = {
  word: 'sla_at_risk',
  look: async (look, { threshold }) => {
    const progress = await progressOf(look);
    const { recorded, contract, month, budget } = progress;
    if (!recorded || contract.breached || Number(budget.allowed) <= 0) return [];
    const values = valuesOf(progress);
    const found: Finding[] = [];
    const note = (cause: string, period: string, more: AlertValues): void =>
      void found.push({
        rule: 'sla_at_risk',
        labels: { cause },
        period,
        values: { ...values, ...more },
        since: look.at,
      });
    const limit = threshold ?? RULES.sla_at_risk.threshold;
    if (Number(budget.used) >= limit * Number(budget.allowed)) note('used', month, {});
    const breaksInMs = breaksIn(progress);
    if (breaksInMs !== null) note('burn', dayOf(look.at, look.config.sla.timeZone), { breaksInMs });
    return found;
  },
  words: {
    en: wordsOf({
      firing: (event, format) => ({
        title: isBurn(event)
          ? `At the pace of the last hour Kling breaks its commitment for ${textOf(event.values, 'month')} in ${breaksText(event, format)}`
          : `${shareText(event, format)} of Kling’s error budget for ${textOf(event.values, 'month')} is used`,
        finding: englishFinding(event, format),
        advice:
          `kling-sidecar sla report ${textOf(event.values, 'month')} shows the worst windows. Record what is not Kling’s fault ` +
          '(sla exclude, sla blame local), and set claims.claimant, so that a claim needs nothing more.',
      }),
      resolved: ({ values }) => ({
        title: `The alert about Kling’s error budget for ${textOf(values, 'month')} has ended`,
        finding:
          'Errors have become fewer, errors were excluded, the month is over, or its commitment is broken: ' +
          'a separate alert reports that.',
        advice: '',
      }),
    }),
    zh: wordsOf({
      firing: (event, format) => ({
        title: isBurn(event)
          ? `按最近一小时的速度，可灵将在 ${breaksText(event, format)}后违反 ${textOf(event.values, 'month')} 的可用性承诺`
          : `可灵 ${textOf(event.values, 'month')} 的错误预算已用掉 ${shareText(event, format)}`,
        finding: chineseFinding(event, format),
        advice:
          `运行 kling-sidecar sla report ${textOf(event.values, 'month')} 查看最差的时间窗口。请登记不属于可灵责任的错误` +
          '（sla exclude、sla blame local），并设置 claims.claimant，以便随时生成赔偿申请。',
      }),
      resolved: ({ values }) => ({
        title: `关于可灵 ${textOf(values, 'month')} 错误预算的告警已结束`,
        finding: '错误减少、部分错误已被排除、当月已结束，或者承诺已被违反（后者另有告警）。',
        advice: '',
      }),
    }),
  },
};

/** Gives the time until the commitment is broken at the pace of the last hour; null if errors are few or the month ends first. */
function breaksIn({ burnt, budget, windowsLeft }: MonthProgress): Ms | null {
  const { lastHour, lastSixHours } = burnt;
  if (lastSixHours < FAST_SHARE_MIN * Number(budget.allowed)) return null;
  const ofHour = lastHour / WINDOWS_OF_HOUR;
  const slower = Math.min(ofHour, lastSixHours / WINDOWS_OF_SIX_HOURS);
  const left = Math.max(0, Number(budget.left));
  return slower > 0 && slower * windowsLeft >= left ? (left / ofHour) * WINDOW_MS : null;
}

function valuesOf({ month, budget, contract, commitment, burnt }: MonthProgress): AlertValues {
  return {
    month,
    commitment,
    availability: contract.availability,
    usedWindows: Number(budget.used),
    allowedWindows: Number(budget.allowed),
    share: Number(budget.used) / Number(budget.allowed),
    burntSixHours: burnt.lastSixHours,
  };
}

function isBurn({ labels }: AlertEvent): boolean {
  return labels['cause'] === 'burn';
}

function breaksText({ values }: AlertEvent, format: Format): string {
  return format.duration(numberOf(values, 'breaksInMs'));
}

function shareText({ values }: AlertEvent, format: Format): string {
  return format.percent(numberOf(values, 'share'));
}

function englishFinding(event: AlertEvent, format: Format): string {
  const { values } = event;
  const number = (name: string): string => format.number(numberOf(values, name));
  const burn = isBurn(event) ? ` The last six hours alone used ${number('burntSixHours')}.` : '';
  return (
    `The commitment of ${textOf(values, 'commitment')} % allows ${number('allowedWindows')} failed windows of 5 minutes in the month, ` +
    `and ${number('usedWindows')} are used.${burn} Availability so far is ${textOf(values, 'availability')} %.`
  );
}

function chineseFinding(event: AlertEvent, format: Format): string {
  const { values } = event;
  const number = (name: string): string => format.number(numberOf(values, name));
  const burn = isBurn(event) ? `，其中最近六小时用掉 ${number('burntSixHours')} 个` : '';
  return (
    `${textOf(values, 'commitment')}% 的承诺允许当月有 ${number('allowedWindows')} 个 5 分钟窗口失败，` +
    `现已用掉 ${number('usedWindows')} 个${burn}。目前可用性为 ${textOf(values, 'availability')}%。`
  );
}
