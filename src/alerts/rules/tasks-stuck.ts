/** Tasks are open for longer than is usual, or than `tasks.stuckAfterMs`: one alert for each product. */
import { readStuckTasks } from '../../tasks/troubled-table.ts';
import type { AlertLabels } from '../alert.ts';
import type { Format, Rule } from '../rule.ts';
import { counted, lasted, numberOf, textOf, wordsOf } from '../words/values.ts';

export const tasksStuck: Rule = {
  word: 'tasks_stuck',
  look: async ({ at, store, config }) => {
    const stuck = await store.read(readStuckTasks, { at, limits: config.stuck });
    return stuck.map(({ product, tasks, heldCredits, oldestAt, since, afterMs: stuckAfterMs }) => ({
      rule: 'tasks_stuck',
      labels: { product },
      period: null,
      values: { tasks, heldCredits, oldestAt, stuckAfterMs },
      since,
    }));
  },
  words: {
    en: wordsOf({
      firing: ({ labels, values }, format) => ({
        title: `${stuckTasks(numberOf(values, 'tasks'), textOf(labels, 'product'), format)} stuck`,
        finding:
          `Open for longer than ${format.duration(numberOf(values, 'stuckAfterMs'))}, the oldest since ` +
          `${format.time(numberOf(values, 'oldestAt'))}. ${format.credits(numberOf(values, 'heldCredits'))} stay held.`,
        advice:
          'kling-sidecar tasks --stuck lists them. Kling ends most of them by itself and none can be cancelled; ' +
          'ask Kling with the task ids about those that are open for a day.',
      }),
      resolved: (event, format) => ({
        title: `No ${textOf(event.labels, 'product')} task is stuck any more`,
        finding: `It lasted ${lasted(event, format)}. A task that failed gave its credits back.`,
        advice: '',
      }),
    }),
    zh: wordsOf({
      firing: ({ labels, values }, format) => ({
        title: `${format.number(numberOf(values, 'tasks'))} 个${chineseProduct(labels)}任务卡住`,
        finding:
          `未结束的时间已超过 ${format.duration(numberOf(values, 'stuckAfterMs'))}，最早的任务创建于 ` +
          `${format.time(numberOf(values, 'oldestAt'))}。仍预扣 ${format.credits(numberOf(values, 'heldCredits'))}。`,
        advice:
          '运行 kling-sidecar tasks --stuck 查看列表。大多数任务会由可灵自行结束，任务无法取消；' +
          '超过一天的任务，请携带任务 ID 联系可灵。',
      }),
      resolved: (event, format) => ({
        title: `已没有卡住的${chineseProduct(event.labels)}任务`,
        finding: `持续了 ${lasted(event, format)}。失败的任务已退回预扣的积分。`,
        advice: '',
      }),
    }),
  },
};

function stuckTasks(tasks: number, product: string, format: Format): string {
  return counted(format, tasks, `${product} task is`, `${product} tasks are`);
}

function chineseProduct(labels: AlertLabels): string {
  return textOf(labels, 'product') === 'image' ? '图片' : '视频';
}
