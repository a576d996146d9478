/** The texts around the alerts of a message, in each language. */
import type { FrameWords } from '../alert.ts';
import type { Format } from '../rule.ts';
import type { AlertLanguage } from '../settings.ts';

type Words = Omit<FrameWords, 'more' | 'time'>;

const WORDS: Readonly<Record<AlertLanguage, Words>> = {
  en: {
    firing: 'Alert',
    repeat: 'Still firing',
    resolved: 'Over',
    severities: { page: 'Urgent', ticket: 'Soon', info: 'For information' },
    since: 'Since',
    until: 'Until',
    whatToDo: 'What to do',
    runbook: 'Runbook',
    environment: 'Environment',
    account: 'Account',
  },
  zh: {
    firing: '告警',
    repeat: '告警仍在持续',
    resolved: '已恢复',
    severities: { page: '紧急', ticket: '需尽快处理', info: '供参考' },
    since: '开始时间',
    until: '恢复时间',
    whatToDo: '处理建议',
    runbook: '处理手册',
    environment: '环境',
    account: '账号',
  },
};

/** Gives the texts of a message with `more` further events. */
export function frameWords(language: AlertLanguage, format: Format, more: number): FrameWords {
  return { ...WORDS[language], more: more === 0 ? '' : moreText(language, format, more), time: format.time };
}

function moreText(language: AlertLanguage, format: Format, more: number): string {
  const count = format.number(more);
  if (language === 'zh') return `另有 ${count} 条告警，请运行 kling-sidecar alert list 查看`;
  return `and ${count} more ${more === 1 ? 'event' : 'events'}, see kling-sidecar alert list`;
}

/** Gives one line over several events: how many, and the title of the first. */
export function headlineOf(
  language: AlertLanguage,
  format: Format,
  { count, first, isOver }: { count: number; first: string; isOver: boolean },
): { before: string; first: string; after: string } {
  const all = format.number(count);
  const others = format.number(count - 1);
  if (language === 'zh') {
    return {
      before: isOver ? `${all} 条告警已恢复：` : `${all} 条告警：`,
      first,
      after: `，另有 ${others} 条`,
    };
  }
  return {
    before: isOver ? `${all} alerts are over: ` : `${all} alerts: `,
    first,
    after: `, and ${others} more`,
  };
}
