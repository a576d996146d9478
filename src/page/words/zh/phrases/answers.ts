/** Problems of questions to the API and audited changes, in Chinese. */
import type { Phrase } from '../../../phrase-book.ts';

const PROBLEMS: readonly Phrase[] = [
  [
    'There is no task "{id}" in this store; GET /v1/tasks lists them.',
    '此存储中没有任务“{id}”；可在“任务”页查看全部任务。',
  ],
  [
    'There is no claim for {month}; claim draft {other} makes one.',
    '{month} 没有赔偿申请；可运行 kling-sidecar claim draft {other} 起草。',
  ],
  [
    'There is no channel "{name}": alerts.channels has {known}.',
    '没有渠道“{name}”：alerts.channels 中有 {known}。',
  ],
  ['The rule {rule} is not silenced.', '规则 {rule} 未被静默。'],
  ['There is no budget "{name}" in force.', '没有生效的预算“{name}”。'],
  ['Budgets in force: {names}.', '生效的预算：{names}。'],
  ['The {where@places} is not as expected: {issues}.', '{where}有误：{issues}。'],
  ['{field}: a month such as {example}', '`{field}`：请填写月份，例如 `{example}`'],
  [
    '{field}: an instant: ISO 8601 such as {example}, or milliseconds',
    '`{field}`：请填写时间，ISO 8601 格式，例如 `{example}`，或毫秒数',
  ],
  ['{field}: an IANA zone such as {example}', '`{field}`：请填写 IANA 时区，例如 `{example}`'],
  ['{n1} of {n2} took the test.', '{n2} 个渠道中 {n1} 个接收了测试。'],
  ['{n1} of {n2} took the test; {errors}.', '{n2} 个渠道中 {n1} 个接收了测试；{errors}。'],
];

const AUDIT: readonly Phrase[] = [
  ['not frozen', '未冻结'],
  ['frozen since {time}: {reason}', '自 {time} 起冻结：{reason}'],
  ['not silenced', '未静默'],
  ['silenced until {time}: {reason}', '静默至 {time}：{reason}'],
  ['{n} credits until {time}', '{n} 积分，至 {time}'],
  ['{n} credits, enforce, alertAt {shares}', '{n} 积分，`enforce`，alertAt {shares}'],
  ['{n} credits, shadow, alertAt {shares}', '{n} 积分，`shadow`，alertAt {shares}'],
  ['held, {n} credits', '预扣中，{n} 积分'],
  ['held in doubt, {n} credits', '预扣中（待确认），{n} 积分'],
  ['released, {n} credits', '已释放，{n} 积分'],
  ['written_off, {n} credits', '已核销，{n} 积分'],
  ['{state@claimStates}, {n} % by {reading@readings}', '{state}，{n}%（{reading}）'],
  ['draft', '草稿'],
  ['withdrawn', '已撤回'],
  ['superseded', '已被新版取代'],
  ['upstream {n1}, local {n2}, unknown {n3}', '可灵 {n1}，我方 {n2}，未知 {n3}'],
  ['local {n}', '我方 {n}'],
  ['upstream {n}', '可灵 {n}'],
  ['{name}: took it', '{name}：已接收'],
  ['{n} new calls', '{n} 个新调用'],
  ['{n} new call', '{n} 个新调用'],
  ['begun', '已开始'],
  ['exclusion {id} was entered', '登记了排除项 {id}'],
  ['exclusion {id} was withdrawn', '撤回了排除项 {id}'],
  ['import of {file}', '导入 {file}'],
  ['the month was closed', '该月已关闭'],
  ['the month or its fee changed', '该月或其费用有变化'],
  ['no longer in the config', '已不在配置中'],
  ['the config in force', '生效的配置'],
  ['asked for', '人工要求'],
  ['noted by hand', '人工登记'],
  ['none given', '未说明'],
  ['a test', '测试'],
  ['{from}Z/{to}Z {clause}', '{from}Z/{to}Z，{clause}'],
  ['{upstream}; open holds of others: {n}', '{upstream}；其他上游未结束的预扣：{n}'],
];

export const ANSWERS_SAID: readonly Phrase[] = [...PROBLEMS, ...AUDIT];
