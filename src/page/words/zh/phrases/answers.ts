/** Refusals, problems and audited changes in Chinese. */
import type { Phrase } from '../../../phrase-book.ts';

const REFUSALS: readonly Phrase[] = [
  [
    'The budget {name} allows {n1} credits in {window}; {n2} are used and this create needs {n3}.',
    '预算 {name} 在 {window} 内允许 {n1} 积分；已用 {n2}，此创建请求需要 {n3}。',
  ],
  ['It never resets.', '该预算不会重置。'],
  ['It resets at {time}.', '将于 {time} 重置。'],
  [
    'This create costs {n1} credits ({rule}); one may cost at most {n2}.',
    '此创建请求需要 {n1} 积分（{rule}）；单个最多 {n2}。',
  ],
  ['Spending is frozen since {time} by {actor}: {reason}.', '消费自 {time} 起由 {actor} 冻结：{reason}。'],
  ['Resume it with kling-sidecar unfreeze.', '可用 kling-sidecar unfreeze 恢复。'],
  [
    'There is no price for POST {path}; add one to pricing.overrides, or set creates.unknownRoute to "hold".',
    'POST {path} 没有价格；请在 pricing.overrides 中添加，或将 creates.unknownRoute 设为 `"hold"`。',
  ],
  [
    '{path} takes only an API key, and this sidecar has an access key and secret key: Kling would answer 401/1002.',
    '{path} 只接受 API 密钥，而本 sidecar 使用密钥对：可灵会返回 401/1002。',
  ],
  [
    'Make an API key in the console and set KLING_API_KEY_FILE.',
    '请在控制台创建 API 密钥并设置 KLING_API_KEY_FILE。',
  ],
  [
    'Less than {n} ms of the deadline were left; nothing was sent and nothing is held.',
    '距截止时间不足 {n} ms；未发送，也未预扣。',
  ],
  [
    'The create may have reached Kling ({why}); its external task id is {id}.',
    '创建请求可能已到达可灵（{why}）；其外部任务 ID 为 {id}。',
  ],
  [
    'The create may have reached Kling ({why}); it carries no external task id.',
    '创建请求可能已到达可灵（{why}）；没有外部任务 ID。',
  ],
  [
    'Its credits stay held and the look-up goes on: do not send it again as new.',
    '其积分继续预扣，核查仍在进行：请勿作为新请求再次发送。',
  ],
  [
    'The bearer is none of the configured apps; send the key of one of them.',
    '令牌不属于任何已配置的应用；请使用其中一个应用的密钥。',
  ],
  [
    'The body of a POST must be application/json in UTF-8; it came with {type}.',
    'POST 请求体必须是 UTF-8 的 application/json；收到的是 {type}。',
  ],
  ['The sidecar is shutting down; nothing was sent or held.', 'sidecar 正在停止；未发送，也未预扣。'],
  ['The request target {path} {rule}', '请求地址 {path} 有误：{rule}'],
  [
    'This idempotency-key was used for another request; use a new one for a new create.',
    '此幂等键已用于另一个请求；新的创建请求请使用新的幂等键。',
  ],
];

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

export const ANSWERS_SAID: readonly Phrase[] = [...REFUSALS, ...PROBLEMS, ...AUDIT];
