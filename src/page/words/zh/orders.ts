/** Words in Chinese: orders. */
import type { Words } from '../en.ts';

export const ORDERS: Pick<Words, 'orders'> = {
  orders: {
    reason: '原因',
    source: '来源',
    raise: '提高',
    byCredits: '提高积分',
    until: '截止（日，UTC）',
    silence: '静默规则',
    silenceFor: '时长（如 2h）',
    rule: '规则',
    end: '结束静默',
    actor: '您的姓名',
    done: '已完成。',
    freeze: '冻结消费',
    unfreeze: '恢复消费',
    frozenBy: (actor, since, reason) => `由 ${actor} 冻结，自 ${since}：${reason}`,
    open: '操作',
  },
};
