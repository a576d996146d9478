/** Kling gave two answers about one task that cannot both be true: reported once for each task and state. */
import type { Rule } from '../rule.ts';
import { textOf } from '../words/values.ts';

export const taskContradicted: Rule = {
  word: 'task_contradicted',
  ofFact: (fact) => {
    if (fact.kind !== 'task_contradicted') return {};
    const { taskId, known, seen, app, at } = fact;
    const period = `${taskId}/${seen}`;
    return {
      found: [
        { rule: 'task_contradicted', labels: { app }, period, values: { taskId, known, seen }, since: at },
      ],
    };
  },
  words: {
    en: ({ labels, values }) => ({
      title: `Kling contradicts itself about a task of app ${textOf(labels, 'app')}`,
      finding:
        `Task ${textOf(values, 'taskId')} had ended as ${textOf(values, 'known')}, and a later answer shows it as ` +
        `${textOf(values, 'seen')}. The first end stays, and so does what was settled.`,
      advice:
        'kling-sidecar tasks ID shows both answers. Compare the deduction in Kling’s bill, and ask Kling with the task id.',
    }),
    zh: ({ labels, values }) => ({
      title: `可灵对应用 ${textOf(labels, 'app')} 的任务给出了相互矛盾的结果`,
      finding:
        `任务 ${textOf(values, 'taskId')} 已以 ${textOf(values, 'known')} 结束，之后的响应却显示为 ` +
        `${textOf(values, 'seen')}。以第一次的结果为准，结算不变。`,
      advice: '运行 kling-sidecar tasks ID 查看两次响应。请核对可灵账单中的扣费，并携带任务 ID 联系可灵。',
    }),
  },
};
