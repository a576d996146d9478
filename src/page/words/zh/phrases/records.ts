/** What the checks of `doctor` find of the account, prices and availability, in Chinese. */
import type { Phrase } from '../../../phrase-book.ts';

export const RECORDS_SAID: readonly Phrase[] = [
  // Account
  [
    'account.poll is off: packs and Kling’s ledgers are not read.',
    'account.poll 已关闭：不读取资源包和可灵的账目。',
  ],
  [
    'Set account.poll to true: the reads are free, and show spending that budgets do not see.',
    '请将 account.poll 设为 `true`：读取免费，并能显示预算之外的消费。',
  ],
  ['Kling has not been asked yet for {what}.', '尚未向可灵读取{what}。'],
  ['the list of packs, the ledger of units, and the ledger of money', '资源包列表、用量账目和资金账目'],
  ['the ledger of units and the ledger of money', '用量账目和资金账目'],
  ['the list of packs and the ledger of units', '资源包列表和用量账目'],
  ['the list of packs and the ledger of money', '资源包列表和资金账目'],
  ['the list of packs', '资源包列表'],
  ['the ledger of units', '用量账目'],
  ['the ledger of money', '资金账目'],
  [
    'A running sidecar reads the account within a minute of its start.',
    '运行中的 sidecar 在启动后一分钟内读取账号。',
  ],
  ['Packs and both ledgers were read, the oldest {age} ago.', '资源包和两本账目均已读取，最早的在 {age}前。'],
  ['Kling did not give {what} (never read): {problem}', '可灵没有给出{what}（从未读取）：{problem}'],
  [
    'Kling did not give {what} (last read {age} ago): {problem}',
    '可灵没有给出{what}（上次读取在 {age}前）：{problem}',
  ],
  [
    'It is tried again within the hour; see whether the key may read the account.',
    '一小时内会重试；请确认密钥是否有权读取账号。',
  ],
  ['What is known of {what} is old: it was last read {age} ago.', '{what}的数据较旧：上次读取在 {age}前。'],
  ['Look at the sidecar’s log.', '请查看 sidecar 的日志。'],
  ['Start the sidecar: it reads the account.', '请启动 sidecar：它会读取账号。'],
  ['They are not known: Kling’s list was never read.', '未知：从未读取可灵的列表。'],
  ['See the lines on the account.', '请查看账号各项。'],
  [
    'The account has no pack: creates are paid from the balance, or refused by Kling with code 1102.',
    '账号没有资源包：创建请求从余额支付，或被可灵以代码 1102 拒绝。',
  ],
  [
    'No pack is valid any more: creates are paid from the balance, or refused by Kling with code 1102.',
    '没有有效的资源包：创建请求从余额支付，或被可灵以代码 1102 拒绝。',
  ],
  ['Buy a pack, or see that the balance is meant to pay.', '请购买资源包，或确认由余额支付。'],
  ['{packs} with units left: {names}.', '{packs}有余量：{names}。'],
  ['{name} with {n1} of {n2} units', '{name}（剩余 {n1} / {n2} 单位）'],
  ['{name} with {n} units', '{name}（剩余 {n} 单位）'],
  [
    '{a} with {n1} of {n2} units, {b} with {n3} of {n4} units',
    '{a}（剩余 {n1} / {n2} 单位）、{b}（剩余 {n3} / {n4} 单位）',
  ],
  ['{name} with an unknown rest', '{name}（余量未知）'],
  ['{name} has run out.', '{name} 已用完。'],
  ['Buy another, or see what pays in its place.', '请再购买，或确认由什么支付。'],
  ['{pack}, which expire in {time} ({day}).', '{pack}，将在 {time}后到期（{day}）。'],
  ['Use them before, or buy the next pack in time.', '请在到期前使用，或及时购买下一个资源包。'],
  [
    'Every charge from {from} to {to} is of a task that this store knows.',
    '从 {from} 到 {to} 的每笔扣减都属于此存储已知的任务。',
  ],
  [
    'Whether others spend is not known: Kling has not given {what}.',
    '是否有其他程序消费未知：可灵没有给出{what}。',
  ],
  [
    'Whether others spend is not known: no sidecar has run on this store.',
    '是否有其他程序消费未知：尚无 sidecar 在此存储上运行过。',
  ],
  [
    'Whether others spend is not known: the store is too young.',
    '是否有其他程序消费未知：存储建立时间太短。',
  ],
  ['Run doctor again when the sidecar has run for a day.', '请在 sidecar 运行一天后再运行 doctor。'],
  [
    'Another program or another sidecar spends from this account: budgets do not see it.',
    '有其他程序或其他 sidecar 在使用此账号消费：预算看不到。',
  ],
  [
    'Kling charged {sum} for {tasks} from {from} to {to} that this store does not know (such as {ids}).',
    '从 {from} 到 {to}，可灵为此存储不知道的 {tasks}扣减了 {sum}（例如 {ids}）。',
  ],
  [
    'Find the program whose key made them and point it at this sidecar; until then lower the budgets by what it spends.',
    '请找到使用该密钥的程序并改为经由本 sidecar；在此之前请按其消费调低预算。',
  ],
  [
    'The store is new, and what the account spends is not known: {why}',
    '存储是新建的，账号的消费未知：{why}',
  ],
  ['Kling’s books were not read yet', '尚未读取可灵的账目'],
  [
    'Creates wait for it, at most 15 minutes from the start; see status.',
    '创建请求会等待，启动后最长 15 分钟；请查看 kling-sidecar status。',
  ],
  [
    'The store was new, and not all that the account spent was taken over: {problem}',
    '存储是新建的，账号的消费未能全部接管：{problem}',
  ],
  [
    'Compare budgets with Kling’s own records, or let the key read the account.',
    '请将预算与可灵的记录对比，或允许密钥读取账号。',
  ],
  [
    'The store was new and took over {tasks} ({n1} credits held) and {charges} ({n2} credits) from Kling’s books.',
    '存储是新建的，从可灵账目接管了 {tasks}（预扣 {n1} 积分）和 {charges}（{n2} 积分）。',
  ],
  // Prices
  [
    'No model of the last 31 days has a price that is assumed as a whole.',
    '最近 31 天使用的模型，价格都不是完全假定的。',
  ],
  [
    'Some models are not in the price list: {creates} was held at the dearest price that fits.',
    '有模型不在价目表中：{creates}按适用的最高价预扣。',
  ],
  [
    'Some models are not in the price list: {creates} were held at the dearest price that fits.',
    '有模型不在价目表中：{creates}按适用的最高价预扣。',
  ],
  [
    '{model} is not in the price list: {creates} was held at the dearest price that fits.',
    '{model} 不在价目表中：{creates}按适用的最高价预扣。',
  ],
  [
    '{model} is not in the price list: {creates} were held at the dearest price that fits.',
    '{model} 不在价目表中：{creates}按适用的最高价预扣。',
  ],
  [
    'The price of {model} is assumed ({source}): {creates} was held at it.',
    '{model} 的价格是假定的（{source}）：{creates}按此预扣。',
  ],
  [
    'The price of {model} is assumed ({source}): {creates} were held at it.',
    '{model} 的价格是假定的（{source}）：{creates}按此预扣。',
  ],
  [
    'When you know its price, name it in pricing.overrides; holds are settled to what Kling deducts.',
    '得知价格后请在 pricing.overrides 中填写；预扣按可灵的实际扣减结算。',
  ],
  // Availability
  ['No window of {month} within the contract’s terms is over.', '{month} 合同期内还没有结束的窗口。'],
  ['sla report shows the terms that count.', '计入的合同期可用 kling-sidecar sla report 查看。'],
  ['Each of the {n} windows of {month} so far saw a request.', '{month} 至今的 {n} 个窗口都有请求。'],
  [
    '{n1} % of the {n2} windows of {month} so far saw no valid request and count as free of errors; sla.probeIdleWindows is on.',
    '{month} 至今的 {n2} 个窗口中 {n1}% 没有有效请求，按无错误计；sla.probeIdleWindows 已开启。',
  ],
  [
    '{n1} % of the {n2} windows of {month} so far saw no valid request and count as free of errors; sla.probeIdleWindows is off.',
    '{month} 至今的 {n2} 个窗口中 {n1}% 没有有效请求，按无错误计；sla.probeIdleWindows 未开启。',
  ],
  [
    'Switched on, it makes one free read in each idle window, so that an outage shows though nobody calls.',
    '开启后，每个空闲窗口会进行一次免费读取，即使没有调用也能发现故障。',
  ],
  ['A sidecar ran in every window of this month so far.', '本月至今每个窗口都有 sidecar 运行。'],
  [
    'In {windows} of this month no sidecar ran, the last time from {from} to {to}.',
    '本月有 {windows}没有 sidecar 运行，最近一次从 {from} 到 {to}。',
  ],
  ['Keep it running: an outage within them cannot be claimed.', '请保持运行：这些窗口内的故障无法申请赔偿。'],
  [
    'No sidecar has run on this store: {windows} of this month are not observed.',
    '尚无 sidecar 在此存储上运行：本月有 {windows}未观测。',
  ],
  [
    'The sidecar was first started on {day}: {windows} of this month before it are not observed.',
    'sidecar 于 {day} 首次启动：此前本月的 {windows}未观测。',
  ],
  [
    'Calls that another program recorded then can be added with import.',
    '其他程序当时记录的调用可用 kling-sidecar import 导入。',
  ],
  [
    'Whose month counts matters (reading {reading@readings}): in UTC availability is {n1} % ({n2} % of the fee), in UTC+8 it is {n3} % ({n4} % of the fee).',
    '按哪个时区计月会影响结果（解读：{reading}）：按 UTC 可用性为 {n1}%（费用的 {n2}%），按 UTC+8 为 {n3}%（费用的 {n4}%）。',
  ],
];
