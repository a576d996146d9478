/** Words in Chinese: the frame of every page. */
import type { Words } from '../en.ts';

export const FRAME: Pick<
  Words,
  | 'language'
  | 'otherLanguage'
  | 'skip'
  | 'pages'
  | 'live'
  | 'token'
  | 'problem'
  | 'credits'
  | 'none'
  | 'all'
  | 'more'
  | 'first'
  | 'filter'
  | 'showAll'
  | 'moreFilters'
  | 'searched'
  | 'keptCalls'
  | 'from'
  | 'until'
  | 'exampleTime'
  | 'timesIn'
  | 'time'
> = {
  language: '中文',
  otherLanguage: 'English',
  skip: '跳到内容',
  pages: {
    now: '总览',
    tasks: '任务',
    task: '任务',
    spending: '消费',
    calls: '调用',
    queue: '队列',
    alerts: '告警',
    audit: '审计',
    holds: '预扣',
    availability: '可用性',
    claims: '赔偿申请',
    config: '配置',
    checklist: '检查清单',
  },
  live: {
    on: '实时',
    off: '连接已断开，正在重试',
    paused: '未实时更新：此浏览器未运行脚本，请重新加载页面查看变化。',
  },
  token: {
    title: '控制令牌',
    why: '此操作需要控制令牌：它在存储旁的 control.token 文件中。令牌只保存在本标签页的内存里。',
    label: '控制令牌',
    use: '使用',
    wrong: '令牌未被接受。',
    forget: '清除令牌',
  },
  problem: {
    title: '无法显示此页',
    kind: (kind) => `${kind}：`,
    notFound: '此地址没有内容。',
    back: '返回“总览”',
  },
  credits: '积分',
  none: '–',
  all: '全部',
  more: '下一页',
  first: '第一页',
  moreFilters: '更多筛选',
  showAll: '清除筛选',
  filter: '显示',
  searched: (rows, backTo) => `已查看 ${rows} 行，至 ${backTo}。下一页从此处继续。`,
  keptCalls: (from, days) =>
    `${from} 之前的调用记录已删除：只保留 ${days} 天。更早各窗口的统计数字仍在，但其调用已无法列出。`,
  from: '从',
  until: '至',
  exampleTime: '2026-11-28T08:00:00Z',
  timesIn: (zone) => `时间按 ${zone} 显示`,
  time: {
    days: (count) => `${count} 天`,
    hours: (count) => `${count} 小时`,
    minutes: (count) => `${count} 分`,
    seconds: (count) => `${count} 秒`,
  },
};
