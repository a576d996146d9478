/** Words in Chinese: the page *Spending*. */
import type { Words } from '../en.ts';

export const SPENDING: Pick<Words, 'spending'> = {
  spending: {
    title: '消费',
    empty: '本月没有消费。',
    month: '月份',
    zone: '时区',
    by: '按',
    tasks: '创建数',
    settled: '已结算',
    held: '已预留',
    total: '合计',
    csv: '下载 CSV',
    packs: '资源包',
    noPacks: 'Kling 未列出资源包，或尚未读取账户。',
    pack: '资源包',
    left: '剩余单位',
    perDay: '每日单位',
    daysLeft: '剩余天数',
    expires: '到期',
    unused: '将过期未用',
    chart: '每日积分',
    others: '其他',
    keys: {
      day: '日期',
      app: '应用',
      model: '模型',
      operation: '操作',
      mode: '模式',
      tag: '标签',
      month: '月份',
    },
  },
};
