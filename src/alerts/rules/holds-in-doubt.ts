/** Creates are in doubt for longer than so many minutes: nobody knows whether Kling took them, and their credits stay held. */
import { readOldDoubts } from '../../budget/old-doubts.ts';
import type { Ms } from '../../units.ts';
import type { AlertValues } from '../alert.ts';
import type { Format, Rule } from '../rule.ts';
import { RULES } from '../rule-words.ts';
import { counted, lasted, numberOf, wordsOf } from '../words/values.ts';

const MINUTE_MS: Ms = 60_000;

export const holdsInDoubt: Rule = {
  word: 'holds_in_doubt',
  look: async ({ at, store }, { threshold }) => {
    const allowedMs = (threshold ?? RULES.holds_in_doubt.threshold) * MINUTE_MS;
    const { holds, credits, oldestAt, forOperator } = await store.read(readOldDoubts, {
      before: at - allowedMs,
    });
    if (oldestAt === null) return [];
    const values = { holds, credits, oldestAt, forOperator, allowedMs };
    return [{ rule: 'holds_in_doubt', labels: {}, period: null, values, since: oldestAt + allowedMs }];
  },
  words: {
    en: wordsOf({
      firing: ({ values }, format) => ({
        title: `${counted(format, numberOf(values, 'holds'), 'create is', 'creates are')} in doubt for more than ${allowed(values, format)}`,
        finding:
          `Nobody knows whether Kling took them: ${format.credits(numberOf(values, 'credits'))} stay held, the oldest since ` +
          `${format.time(numberOf(values, 'oldestAt'))}.${englishWaiting(values, format)}`,
        advice:
          numberOf(values, 'forOperator') > 0
            ? 'kling-sidecar holds list --in-doubt shows them. Look for the task in Kling’s console, then run holds release or ' +
              'holds write-off with --reason. Do not send the create again before that.'
            : 'They end by themselves when Kling answers look-ups; kling-sidecar holds list --in-doubt shows them. ' +
              'Do not send them again as new.',
      }),
      resolved: (event, format) => ({
        title: `No create is in doubt for more than ${allowed(event.values, format)} any more`,
        finding: `It lasted ${lasted(event, format)}.`,
        advice: '',
      }),
    }),
    zh: wordsOf({
      firing: ({ values }, format) => ({
        title: `${format.number(numberOf(values, 'holds'))} 个创建请求待确认超过 ${allowed(values, format)}`,
        finding:
          `不知道可灵是否已受理，仍预扣 ${format.credits(numberOf(values, 'credits'))}，最早的始于 ` +
          `${format.time(numberOf(values, 'oldestAt'))}。${chineseWaiting(values, format)}`,
        advice:
          numberOf(values, 'forOperator') > 0
            ? '运行 kling-sidecar holds list --in-doubt 查看。请在可灵控制台确认是否有对应任务，再用 holds release 或 ' +
              'holds write-off（附 --reason）处理；在此之前不要重发。'
            : '可灵恢复响应查询后会自动确认；可用 kling-sidecar holds list --in-doubt 查看。请不要当作新请求重发。',
      }),
      resolved: (event, format) => ({
        title: `已没有待确认超过 ${allowed(event.values, format)} 的创建请求`,
        finding: `持续了 ${lasted(event, format)}。`,
        advice: '',
      }),
    }),
  },
};

function allowed(values: AlertValues, format: Format): string {
  return format.duration(numberOf(values, 'allowedMs'));
}

function englishWaiting(values: AlertValues, format: Format): string {
  const waiting = numberOf(values, 'forOperator');
  if (waiting === 0) return '';
  return ` No look-up can end ${format.number(waiting)} of them: ${waiting === 1 ? 'it waits' : 'they wait'} for you.`;
}

function chineseWaiting(values: AlertValues, format: Format): string {
  const waiting = numberOf(values, 'forOperator');
  return waiting === 0 ? '' : `其中 ${format.number(waiting)} 个无法通过查询确认，需要人工处理。`;
}
