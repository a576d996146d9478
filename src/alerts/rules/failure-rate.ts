/**
 * Requests fail at Kling: more than a share of them in each of the last two complete 5-minute windows, each with enough
 * requests for a result. While Kling is down its alerts are kept back (`inhibition.ts`).
 */
import { readWindowRates } from '../../sla/progress-table.ts';
import type { WindowRate } from '../../sla/reading.ts';
import { WINDOW_MS, windowStart } from '../../sla/window.ts';
import type { Ms } from '../../units.ts';
import type { Format, Look, Rule } from '../rule.ts';
import { RULES } from '../rule-words.ts';
import type { RuleSettings } from '../settings.ts';
import { lasted, numberOf, wordsOf } from '../words/values.ts';
import type { AlertEvent } from '../alert.ts';

/** With fewer valid requests the share of a window is no result. */
const REQUESTS_MIN = 10;
/** After an hour of windows without a result, the alert ends. */
const WINDOWS_LOOKED_AT = 12;
/** A tolerance, so that a share of exactly the threshold is not above it because of rounding. */
const TOLERANCE = 1e-9;

export const failureRate: Rule = {
  word: 'failure_rate',
  look: async (look, rule) => {
    const [last, before, ...older] = await closedWindows(look);
    const threshold = limitOf(rule);
    if (!isTelling(last)) return null;
    if (!isAbove(last, threshold)) return [];
    if (!isTelling(before) || !isAbove(before, threshold)) return null;
    let since = before.windowStart;
    for (const window of older) {
      if (!isTelling(window) || !isAbove(window, threshold)) break;
      since = window.windowStart;
    }
    const { errors, valid, windowStart: start } = last;
    const shares = { share: errors / valid, shareBefore: before.errors / before.valid, threshold };
    const values = { ...shares, errors, valid, windowStart: start };
    return [{ rule: 'failure_rate', labels: {}, period: null, values, since }];
  },
  ended: async (look, open) => {
    const windows = await closedWindows(look);
    return windows.some(isTelling) ? [] : open.map((one) => ({ ...one, values: { isQuiet: true } }));
  },
  words: {
    en: wordsOf({
      firing: (event, format) => ({
        title: `${sharesOf(event, format).share} of the requests to Kling fail`,
        finding: `${englishFinding(event, format)} The alert fires above ${sharesOf(event, format).threshold}.`,
        advice:
          'Run kling-sidecar doctor to see whether Kling or this machine fails, and the board Upstream and SLA for routes and codes. ' +
          'Creates in doubt are looked up by themselves: do not send them again as new.',
      }),
      resolved: (event, format) =>
        event.values['isQuiet'] === true
          ? {
              title: 'Requests to Kling: too few now to say whether they fail',
              finding: `For an hour fewer than ${REQUESTS_MIN} requests were made in each 5 minutes, so the alert has ended.`,
              advice: '',
            }
          : {
              title: `At most ${sharesOf(event, format).threshold} of the requests to Kling fail now`,
              finding: `It lasted ${lasted(event, format)}. The windows with errors count in the month’s availability.`,
              advice: '',
            },
    }),
    zh: wordsOf({
      firing: (event, format) => ({
        title: `发往可灵的请求中有 ${sharesOf(event, format).share} 失败`,
        finding: `${chineseFinding(event, format)}告警阈值为 ${sharesOf(event, format).threshold}。`,
        advice:
          '请运行 kling-sidecar doctor 判断是可灵还是本机的问题，并在 Upstream and SLA 看板上查看路由和错误码。' +
          '待确认的创建请求会自动查询，请不要当作新请求重发。',
      }),
      resolved: (event, format) =>
        event.values['isQuiet'] === true
          ? {
              title: '发往可灵的请求太少，无法判断失败率',
              finding: `最近一小时内，每 5 分钟的请求都少于 ${REQUESTS_MIN} 次，告警因此结束。`,
              advice: '',
            }
          : {
              title: `发往可灵的请求失败率已回到 ${sharesOf(event, format).threshold} 以内`,
              finding: `持续了 ${lasted(event, format)}。出错的时间窗口会计入当月可用性。`,
              advice: '',
            },
    }),
  },
};

/** Gives the complete windows, newest first; undefined for one without valid requests. */
async function closedWindows({ at, store }: Pick<Look, 'at' | 'store'>): Promise<(WindowRate | undefined)[]> {
  const end = windowStart(at);
  const from = end - WINDOWS_LOOKED_AT * WINDOW_MS;
  const rates = await store.read(readWindowRates, { from, to: end });
  const byStart = new Map<Ms, WindowRate>(rates.map((rate) => [rate.windowStart, rate]));
  return Array.from({ length: WINDOWS_LOOKED_AT }, (_, back) => byStart.get(end - (back + 1) * WINDOW_MS));
}

function isTelling(window: WindowRate | undefined): window is WindowRate {
  return window !== undefined && window.valid >= REQUESTS_MIN;
}

function isAbove({ errors, valid }: WindowRate, threshold: number): boolean {
  return errors - threshold * valid > TOLERANCE;
}

function limitOf({ threshold }: RuleSettings): number {
  return threshold ?? RULES.failure_rate.threshold;
}

function sharesOf(
  { values }: AlertEvent,
  format: Format,
): { share: string; before: string; threshold: string } {
  return {
    share: format.percent(numberOf(values, 'share')),
    before: format.percent(numberOf(values, 'shareBefore')),
    threshold: format.percent(numberOf(values, 'threshold')),
  };
}

function englishFinding(event: AlertEvent, format: Format): string {
  const [errors, valid] = countsOf(event, format);
  return (
    `${errors} of ${valid} requests in the 5 minutes from ${format.time(numberOf(event.values, 'windowStart'))} were answered with 5xx ` +
    `or did not reach Kling; in the 5 minutes before it was ${sharesOf(event, format).before}.`
  );
}

function chineseFinding(event: AlertEvent, format: Format): string {
  const [errors, valid] = countsOf(event, format);
  return (
    `从 ${format.time(numberOf(event.values, 'windowStart'))} 起的 5 分钟内，${valid} 次请求中有 ${errors} 次返回 5xx 或未能到达可灵；` +
    `再往前 5 分钟的失败率为 ${sharesOf(event, format).before}。`
  );
}

function countsOf({ values }: AlertEvent, format: Format): [errors: string, valid: string] {
  return [format.number(numberOf(values, 'errors')), format.number(numberOf(values, 'valid'))];
}
