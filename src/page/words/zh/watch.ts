/** Words in Chinese: alerts and audit. */
import type { Words } from '../en.ts';

export const WATCH: Pick<Words, 'alerts' | 'audit'> = {
  alerts: {
    title: '告警',
    empty: '还没有告警。',
    rule: '规则',
    severity: '级别',
    what: '内容',
    began: '开始',
    ended: '结束',
  },
  audit: {
    title: '审计',
    empty: '还没有人做过更改。',
    at: '时间',
    actor: '操作人',
    action: '操作',
    subject: '对象',
    before: '之前',
    after: '之后',
    reason: '原因',
  },
};
