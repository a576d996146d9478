/** An app asks for one open task very often: reported once for each app and day, with the most queried task. */
import { dayOf } from '../../sla/period.ts';
import type { Finding } from '../alert.ts';
import type { Rule } from '../rule.ts';
import { RULES } from '../rule-words.ts';
import type { Signals } from '../signals.ts';
import { counted, numberOf, textOf } from '../words/values.ts';

export const pollLoop: Rule = {
  word: 'poll_loop',
  look: async ({ at, signals }, { threshold }, { timeZone }) => {
    const limit = threshold ?? RULES.poll_loop.threshold;
    const often = signals.polledTasks.filter(({ reads }) => reads > limit);
    const byApp = Map.groupBy(often, ({ app }) => app);
    return [...byApp].map(([app, tasks]) => findingOf(app, tasks, { period: dayOf(at, timeZone), limit }));
  },
  words: {
    en: ({ labels, values, at }, format) => ({
      title: `App ${textOf(labels, 'app')} asked for one task ${counted(format, numberOf(values, 'reads'), 'time')}`,
      finding:
        `Task ${textOf(values, 'taskId')} is still open after ${format.duration(at - numberOf(values, 'firstAt'))} of reads; ` +
        `${counted(format, numberOf(values, 'tasks'), 'task')} of this app passed ${format.number(numberOf(values, 'limit'))} reads. ` +
        'Each read goes to Kling, and its answer is the same until the task ends.',
      advice:
        'Let the app ask every 5 seconds or more, or give Kling a callback_url. The sidecar asks for open tasks by itself: ' +
        'GET /v1/tasks/ID of the control plane answers without asking Kling.',
    }),
    zh: ({ labels, values, at }, format) => ({
      title: `应用 ${textOf(labels, 'app')} 对同一任务查询了 ${format.number(numberOf(values, 'reads'))} 次`,
      finding:
        `任务 ${textOf(values, 'taskId')} 在 ${format.duration(at - numberOf(values, 'firstAt'))}内被反复查询，至今未结束；` +
        `该应用有 ${format.number(numberOf(values, 'tasks'))} 个任务的查询次数超过 ${format.number(numberOf(values, 'limit'))} 次。` +
        '每次查询都会发到可灵，而任务结束之前结果不会变化。',
      advice:
        '请让应用至少间隔 5 秒查询一次，或向可灵提供 callback_url。sidecar 会自动查询未结束的任务：' +
        '查询控制面的 GET /v1/tasks/ID 不会请求可灵。',
    }),
  },
};

function findingOf(
  app: string,
  tasks: Signals['polledTasks'],
  { period, limit }: { period: string; limit: number },
): Finding {
  const [most] = tasks.toSorted((a, b) => b.reads - a.reads);
  const { taskId = '', reads = 0, since = 0 } = most ?? {};
  const values = { taskId, reads, tasks: tasks.length, firstAt: since, limit };
  return { rule: 'poll_loop', labels: { app }, period, values, since };
}
