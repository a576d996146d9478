/** Words in Chinese: config and checklist. */
import type { Words } from '../en.ts';

export const CONFIG: Pick<Words, 'config'> = {
  config: {
    file: '文件',
    noFile: '无：所有值均为默认值或来自环境变量',
    readAt: '读取时间',
    shown: '显示',
    shownOf: (shown, total) => `${total} 个值中的 ${shown} 个`,
    title: '正在使用的值',
    restart: '等待重启',
    restartWhy: '这些值是在启动之后读取的，下次重启后才会生效。',
    key: '键',
    value: '值',
    now: '当前使用',
    after: '重启之后',
    origin: '来源',
    search: '查找',
    searchExample: 'budgets、5564、KLING_',
    origins: { file: '文件', env: '环境变量', default: '默认值' },
    fromEnv: (name) => `环境变量 ${name}`,
    empty: '没有匹配的值。清空输入框可查看全部。',
  },
};
