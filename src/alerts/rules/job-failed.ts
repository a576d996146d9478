/** A job of the schedule failed, until it succeeds; or some of its runs were missed. */
import { dayOf } from '../../sla/period.ts';
import type { Rule } from '../rule.ts';
import { quoted } from '../words/phrases.ts';
import { counted, lasted, numberOf, textOf, textOrNull, wordsOf } from '../words/values.ts';

export const jobFailed: Rule = {
  word: 'job_failed',
  ofFact: (fact) => {
    if (fact.kind !== 'job_ended') return {};
    const { job, error, at } = fact;
    const key = { rule: 'job_failed', labels: { job }, period: null } as const;
    if (fact.result === 'ok') return { over: [key] };
    return { found: [{ ...key, values: { error }, since: at }] };
  },
  words: {
    en: wordsOf({
      firing: ({ labels, values }) => ({
        title: `The job ${textOf(labels, 'job')} failed`,
        finding: `It is tried again by itself. ${englishError(textOrNull(values, 'error'))}`,
        advice: `kling-sidecar jobs shows all jobs with their last runs; kling-sidecar jobs run ${textOf(labels, 'job')} tries it now.`,
      }),
      resolved: (event, format) => ({
        title: `The job ${textOf(event.labels, 'job')} runs well again`,
        finding: `It had failed for ${lasted(event, format)}.`,
        advice: '',
      }),
    }),
    zh: wordsOf({
      firing: ({ labels, values }) => ({
        title: `定时任务 ${textOf(labels, 'job')} 运行失败`,
        finding: `系统会自动重试。${chineseError(textOrNull(values, 'error'))}`,
        advice: `运行 kling-sidecar jobs 查看所有定时任务及最近运行；运行 kling-sidecar jobs run ${textOf(labels, 'job')} 可立即重试。`,
      }),
      resolved: (event, format) => ({
        title: `定时任务 ${textOf(event.labels, 'job')} 已恢复正常`,
        finding: `此前失败持续了 ${lasted(event, format)}。`,
        advice: '',
      }),
    }),
  },
};

export const jobMissed: Rule = {
  word: 'job_missed',
  ofFact: (fact, _rule, { timeZone }) => {
    if (fact.kind !== 'job_ended' || fact.missed === 0) return {};
    const { job, missed, at } = fact;
    const period = dayOf(at, timeZone);
    return { found: [{ rule: 'job_missed', labels: { job }, period, values: { missed }, since: at }] };
  },
  words: {
    en: ({ labels, values }, format) => ({
      title: `The job ${textOf(labels, 'job')} missed ${counted(format, numberOf(values, 'missed'), 'run')}`,
      finding:
        'The sidecar or this machine was not running, or was asleep. The job runs once for all of them.',
      advice:
        'Nothing, if the machine was meant to be off. Else see that the sidecar runs all the time: kling-sidecar jobs shows the last runs.',
    }),
    zh: ({ labels, values }, format) => ({
      title: `定时任务 ${textOf(labels, 'job')} 错过了 ${format.number(numberOf(values, 'missed'))} 次运行`,
      finding: 'sidecar 或本机当时没有运行，或处于休眠。该定时任务只补运行一次。',
      advice:
        '如果本机本就应当关机，无需处理。否则请确保 sidecar 持续运行：运行 kling-sidecar jobs 查看最近运行。',
    }),
  },
};

function englishError(error: string | null): string {
  return error === null ? 'It gave no error.' : `Its error is ${quoted(error, 'en')}.`;
}

function chineseError(error: string | null): string {
  return error === null ? '没有给出错误信息。' : `错误信息为${quoted(error, 'zh')}。`;
}
