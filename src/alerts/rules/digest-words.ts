/** The words of a digest, in each language. */
import type { FailureReason } from '../../kling/task-failures.ts';

/** The words of a digest in one language; numbers are already texts. */
export interface DigestWords {
  title(
    kind: 'day' | 'week',
    period: string,
    what: { creates: string; isOne: boolean; settled: string },
  ): string;
  credits(what: { settled: string; held: string; refused: string }): string;
  kling(
    what: { failed: string; valid: string },
    month: { month: string; availability: string; used: string } | null,
  ): string;
  present(what: { stuck: string; doubts: string }): string;
  money(credits: string, cost: string): string;
  share(used: string, of: string): string;
  pack(product: 'video' | 'image', days: string | null): string;
  claim(kind: 'claim' | 'voucher', month: string, days: string): string;
  reasons: Readonly<Record<FailureReason, string>>;
  names: Readonly<Record<'budgets' | 'apps' | 'models' | 'refused' | 'failed' | 'packs' | 'claims', string>>;
  advice: string;
  /** Between a name and its list, between two entries, between two sentences, and at the end of a sentence. */
  marks: { colon: string; comma: string; space: string; stop: string };
}

export const ENGLISH_DIGEST: DigestWords = {
  title: (kind, period, { creates, isOne, settled }) =>
    `${kind === 'day' ? 'Digest of' : 'Report of week'} ${period}: ${creates} ${isOne ? 'create' : 'creates'}, ${settled} settled`,
  credits: ({ settled, held, refused }) =>
    `Credits: ${settled} settled, ${held} still held, ${refused} refused.`,
  kling: ({ failed, valid }, month) =>
    `Kling: ${failed} of ${valid} requests failed` +
    (month === null
      ? '.'
      : `; availability of ${month.month} is ${month.availability} %, with ${month.used} of its error budget used.`),
  present: ({ stuck, doubts }) => `Now: tasks stuck ${stuck}, creates in doubt ${doubts}.`,
  money: (amount, cost) => `${amount} (${cost})`,
  share: (used, of) => `${used} of ${of}`,
  pack: (product, days) => `${product} ${days === null ? 'for an unknown time' : `for ${days} days`}`,
  claim: (kind, month, days) =>
    `${kind === 'claim' ? `file that of ${month}` : `use the voucher of ${month}`} (days left: ${days})`,
  reasons: {
    unstated: 'no reason given',
    concurrency: 'too many at once',
    content: 'content',
    timeout: 'time-out',
    input: 'input',
    internal: 'internal',
    other: 'other',
  },
  names: {
    budgets: 'Budgets',
    apps: 'Apps',
    models: 'Models',
    refused: 'Refused by the sidecar',
    failed: 'Failed tasks',
    packs: 'Packs last',
    claims: 'Claims',
  },
  advice: 'kling-sidecar usage --by app,day and kling-sidecar status have the details.',
  marks: { colon: ': ', comma: ', ', space: ' ', stop: '.' },
};

export const CHINESE_DIGEST: DigestWords = {
  title: (kind, period, { creates, settled }) =>
    `${period} ${kind === 'day' ? '日报' : '周报'}：${creates} 个创建请求，已结算 ${settled}`,
  credits: ({ settled, held, refused }) => `积分：已结算 ${settled}，仍预扣 ${held}，被拒绝 ${refused}。`,
  kling: ({ failed, valid }, month) =>
    `可灵：${valid} 次请求中有 ${failed} 次失败` +
    (month === null
      ? '。'
      : `；${month.month} 的可用性为 ${month.availability}%，错误预算已用 ${month.used}。`),
  present: ({ stuck, doubts }) => `当前：卡住的任务 ${stuck} 个，待确认的创建请求 ${doubts} 个。`,
  money: (amount, cost) => `${amount}（${cost}）`,
  share: (used, of) => `已用 ${of} 的 ${used}`,
  pack: (product, days) =>
    `${product === 'video' ? '视频' : '图片'}${days === null ? '可用天数未知' : `还可用 ${days} 天`}`,
  claim: (kind, month, days) =>
    `${kind === 'claim' ? `提交 ${month} 的赔偿申请` : `使用 ${month} 的代金券`}还剩 ${days} 天`,
  reasons: {
    unstated: '未说明原因',
    concurrency: '并发超限',
    content: '内容审核',
    timeout: '超时',
    input: '输入素材',
    internal: '可灵内部错误',
    other: '其他',
  },
  names: {
    budgets: '预算',
    apps: '应用',
    models: '模型',
    refused: 'sidecar 拒绝',
    failed: '失败的任务',
    packs: '资源包',
    claims: '赔偿',
  },
  advice: '运行 kling-sidecar usage --by app,day 和 kling-sidecar status 查看详情。',
  marks: { colon: '：', comma: '，', space: '', stop: '。' },
};
