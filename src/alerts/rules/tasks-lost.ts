/** Tasks were open for 30 days without an end: nobody asks for them any more, and their credits stay held. */
import { readLostTasks } from '../../tasks/lost-table.ts';
import type { Rule } from '../rule.ts';
import { counted, numberOf, wordsOf } from '../words/values.ts';

export const tasksLost: Rule = {
  word: 'tasks_lost',
  look: async ({ at, store }) => {
    const { tasks, heldCredits, oldestAt } = await store.read(readLostTasks, {});
    if (oldestAt === null) return [];
    return [
      {
        rule: 'tasks_lost',
        labels: {},
        period: null,
        values: { tasks, heldCredits, oldestAt },
        since: at,
      },
    ];
  },
  words: {
    en: wordsOf({
      firing: ({ values }, format) => ({
        title: `${counted(format, numberOf(values, 'tasks'), 'task is', 'tasks are')} lost`,
        finding:
          `Kling reported no end for 30 days, the oldest was made ${format.time(numberOf(values, 'oldestAt'))}. ` +
          `${format.credits(numberOf(values, 'heldCredits'))} stay held.`,
        advice:
          'kling-sidecar tasks --state lost lists them. Look for each in Kling’s console and its bill, then run holds release or ' +
          'holds write-off with --reason.',
      }),
      resolved: () => ({
        title: 'No lost task holds credits any more',
        finding: 'Their holds have ended.',
        advice: '',
      }),
    }),
    zh: wordsOf({
      firing: ({ values }, format) => ({
        title: `${format.number(numberOf(values, 'tasks'))} 个任务已丢失`,
        finding:
          `可灵在 30 天内未报告其结束，最早的任务创建于 ${format.time(numberOf(values, 'oldestAt'))}。` +
          `仍预扣 ${format.credits(numberOf(values, 'heldCredits'))}。`,
        advice:
          '运行 kling-sidecar tasks --state lost 查看列表。请在可灵控制台和账单中核对每个任务，再用 holds release 或 ' +
          'holds write-off（附 --reason）处理。',
      }),
      resolved: () => ({
        title: '已没有丢失的任务占用积分',
        finding: '这些任务的预扣均已结束。',
        advice: '',
      }),
    }),
  },
};
