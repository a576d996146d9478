/** What the lines of the production checklist find and advise of credentials, errors and costs, in Chinese. */
import type { Phrase } from '../../../phrase-book.ts';

export const CHECKLIST_SAID: readonly Phrase[] = [
  // Authentication
  ['Where the credentials come from is not known: this command has none.', '凭证来源未知：此命令没有凭证。'],
  ['Run it with the variables that the sidecar has.', '请使用与 sidecar 相同的环境变量运行。'],
  [
    'auth.command prints the credentials: no file or variable holds them.',
    '凭证由 auth.command 输出，不保存在文件或变量中。',
  ],
  [
    '{origin} names {path}, whose mode is checked at each start.',
    '{origin} 指向 {path}，每次启动都会检查其权限。',
  ],
  [
    '{origin} holds the credentials: every program that the same service starts can read a variable.',
    '{origin} 中保存着凭证：同一服务启动的任何程序都能读取环境变量。',
  ],
  [
    'Name a private file in {variable}, or a program of your secrets manager in auth.command.',
    '请在 {variable} 中指定仅本用户可读的文件，或在 auth.command 中指定密钥管理程序。',
  ],
  [
    'A secret of this sidecar is in {places}, which git tracks.',
    '本 sidecar 的密钥出现在 git 跟踪的 {places} 中。',
  ],
  ['git tracks {places}, which holds secrets.', 'git 跟踪的 {places} 中含有密钥。'],
  ['git tracks {places}, which hold secrets.', 'git 跟踪的 {places} 中含有密钥。'],
  [
    'Make a new key in Kling’s console, put it in place, reload, then delete the old one: git keeps what was once committed.',
    '请在可灵控制台新建密钥，替换后重新加载，再删除旧密钥：git 会保留曾经提交的内容。',
  ],
  [
    '{places} holds secrets, and git does not ignore it: the next git add takes it.',
    '{places} 中含有密钥，且未被 git 忽略：下次 `git add` 就会加入。',
  ],
  [
    '{places} hold secrets, and git does not ignore them: the next git add takes them.',
    '{places} 中含有密钥，且未被 git 忽略：下次 `git add` 就会加入。',
  ],
  [
    'Add the name to .gitignore, or keep the file outside the repository.',
    '请将其加入 .gitignore，或把文件移到仓库之外。',
  ],
  ['{places} holds credentials of Kling’s.', '{places} 中含有可灵的凭证。'],
  ['{places} hold credentials of Kling’s.', '{places} 中含有可灵的凭证。'],
  [
    'Move them to a secrets manager (auth.command), or to a private file outside the repository (KLING_API_KEY_FILE).',
    '请移到密钥管理服务（auth.command），或仓库之外仅本用户可读的文件（KLING_API_KEY_FILE）。',
  ],
  ['What is written in {places} looks like a secret.', '{places} 中的内容像是密钥。'],
  [
    'If it is one, take it out and replace the key; if not, nothing is to be done.',
    '如果是，请移除并更换密钥；如果不是，无需处理。',
  ],
  ['A repository could not be searched: {problem}', '有仓库无法检查：{problem}'],
  ['Run it where git may read the repository.', '请在 git 可读取该仓库的位置运行。'],
  [
    'Not every tracked file was searched: there are too many, or large ones.',
    '并未检查所有被跟踪的文件：数量过多或文件过大。',
  ],
  ['Search the rest with a scanner such as gitleaks.', '其余文件请用 gitleaks 等工具扫描。'],
  ['The folders are in no git repository.', '这些目录不在任何 git 仓库中。'],
  ['No secret is in git: {tops} was searched.', 'git 中没有密钥：已检查 {tops}。'],
  ['No secret is in git: {tops} were searched.', 'git 中没有密钥：已检查 {tops}。'],
  [
    'An API key is in use: Kling takes it as it is, and no token expires.',
    '使用的是 API 密钥：可灵直接接受，没有会过期的令牌。',
  ],
  ['Which kind of credentials is in use is not known here.', '此处不知道使用的是哪种凭证。'],
  [
    'Tokens live {n1} min and are renewed {n2} min before they end; one that Kling calls early or expired is signed anew, once.',
    '令牌有效期 {n1} 分钟，到期前 {n2} 分钟更新；可灵判定过早或过期时会重新签名一次。',
  ],
  ['The fingerprint of the key is not known here.', '此处不知道密钥的指纹。'],
  [
    'Make a key of its own for each environment in Kling’s console.',
    '请在可灵控制台为每个环境分别创建密钥。',
  ],
  ['This environment has no name.', '此环境没有名称。'],
  ['Set environment to dev, staging or prod.', '请将 `environment` 设为 `dev`、`staging` 或 `prod`。'],
  ['The key {key} was used on this store as {names} too.', '密钥 {key} 在此存储上也曾用于 {names}。'],
  ['The key {key} is that of {names} too.', '密钥 {key} 也是 {names} 的密钥。'],
  [
    'The key {key} of {environment} was compared with no other environment.',
    '{environment} 的密钥 {key} 尚未与其他环境比较。',
  ],
  [
    'Run it there with --compare {key}, or here with --compare and the other config or fingerprint.',
    '请在其他环境用 `--compare {key}` 运行，或在此用 `--compare` 加上对方的配置或指纹运行。',
  ],
  [
    'The key {key} of {environment} is none of {names}.',
    '{environment} 的密钥 {key} 与 {names} 的均不相同。',
  ],
  [
    'How old the key is, is not known: no sidecar has run with it on this store.',
    '密钥的使用时长未知：尚无 sidecar 用它在此存储上运行过。',
  ],
  ['Run it again after the first start; rotate each quarter.', '请在首次启动后再次运行；每季度轮换一次。'],
  [
    'The key {key} has been here since {day}, {age}: longer than a quarter.',
    '密钥 {key} 自 {day} 起使用，已有 {age}：超过一个季度。',
  ],
  [
    'Make a new key in Kling’s console, put it in place, reload, then delete the old one; name the account in auth.account first.',
    '请先在 auth.account 中填写账号名，再在可灵控制台新建密钥，替换后重新加载，然后删除旧密钥。',
  ],
  [
    'The key {key} has been here since {day}, {age}: rotate it by {by}.',
    '密钥 {key} 自 {day} 起使用，已有 {age}：请在 {by} 前轮换。',
  ],
  ['{host} answered a code that Kling does not document: {n}.', '{host} 返回了可灵文档中没有的代码：{n}。'],
  ['See Kling’s table of codes.', '请查看可灵的错误码表。'],
  [
    'Kling took Authorization: Bearer at {host}, on a free read.',
    '可灵在 {host} 通过一次免费读取接受了 `Authorization: Bearer`。',
  ],
  [
    'Kling refused the credentials at {host} with code {n}: {message}',
    '可灵在 {host} 以代码 {n} 拒绝了凭证：“{message}”',
  ],
  ['Run it where Kling can be reached.', '请在可以连接可灵的位置运行。'],
  ['Kling was not asked (--without-kling).', '未询问可灵（`--without-kling`）。'],
  [
    'No sidecar runs, and there are no credentials here to ask with.',
    '没有 sidecar 在运行，此处也没有可用于询问的凭证。',
  ],
  // Error handling
  [
    'All {n1} codes of Kling’s table are judged by code and not by status: of its 429s only {n2} and {n3} pass by waiting.',
    '可灵错误码表中的 {n1} 个代码均按代码而非状态码处理：429 中只有 {n2} 和 {n3} 可以靠等待解决。',
  ],
  ['An answer that is not understood leaves the hold in doubt.', '无法理解的应答会使预扣待确认。'],
  ['Kling has no 402.', '可灵没有 402。'],
  [
    'Where a limit is known (config, packs, tier, or Kling’s own refusals), creates wait here for a slot, up to {n} s.',
    '已知上限时（来自配置、资源包、账号等级或可灵的拒绝），创建请求在此等待并发位，最长 {n} 秒。',
  ],
  [
    'The sidecar sends each create once; look-ups and polls wait longer each time.',
    'sidecar 对每个创建请求只发送一次；核查和轮询的间隔逐次加长。',
  ],
  [
    'Let the app back off with jitter on codes 1302 and 1303 alone, or set creates.resend to "auto".',
    '请让应用仅对代码 1302 和 1303 采用带抖动的退避，或将 creates.resend 设为 `"auto"`。',
  ],
  [
    'The sidecar sends a create again after 1302 and 1303, with full jitter and at most {n} tries; look-ups and polls wait longer each time.',
    '遇到 1302 和 1303 时，sidecar 以完全抖动重新发送创建请求，最多 {n} 次；核查和轮询的间隔逐次加长。',
  ],
  ['A create is sent once.', '创建请求只发送一次。'],
  ['What is in doubt is looked up.', '待确认的请求会被核查。'],
  [
    'A create is sent at most {n} times, after {codes}, 1302, 1303 and failed connections, which prove that nothing was made.',
    '创建请求最多发送 {n} 次，仅在 {codes}、1302、1303 和连接失败之后：它们证明没有创建任何内容。',
  ],
  ['1004 and 1003', '1004、1003'],
  ['1003 and 1004', '1003、1004'],
  [
    'After 5000 and 5001 it is sent again with the same external task id, once two look-ups found no task.',
    '遇到 5000 和 5001 时，在两次核查都没有找到任务后，以相同的外部任务 ID 再次发送。',
  ],
  [
    'Each task that ends is a line of the log (task_changed) with Kling’s message, and kling-sidecar tasks ID shows it.',
    '每个结束的任务都有一行日志（task_changed），含可灵的说明，可用 kling-sidecar tasks ID 查看。',
  ],
  ['{tasks} failed {span}.', '{span}有 {tasks}失败。'],
  [
    'Connecting takes at most {n1} s, Kling’s answer {n2} s, a create with queue and look-ups {n3} s.',
    '连接最长 {n1} 秒，可灵应答最长 {n2} 秒，创建请求连同排队和核查最长 {n3} 秒。',
  ],
  ['Set upstream.timeoutMs to 30000 or less.', '请将 upstream.timeoutMs 设为 30000 或更小。'],
  [
    'Set creates.deadlineMs below 30000: a client that gives up at 30 s sends the create again.',
    '请将 creates.deadlineMs 设为小于 30000：在 30 秒放弃的客户端会再次发送创建请求。',
  ],
  ['A create’s bytes go to Kling as the app wrote them.', '创建请求的内容按应用所写原样发给可灵。'],
  ['The sidecar prices 5 and "5" alike.', 'sidecar 对 5 和 "5" 的计价相同。'],
  [
    'Send duration as a string ("5") below /v1, and as a number (5) on the paths without it.',
    '在 /v1 路径下请以字符串（`"5"`）发送 `duration`，在其他路径下以数字（5）发送。',
  ],
  // Cost controls
  [
    'The app chooses the mode of each create; none was made in the last 31 days.',
    '每个创建请求的模式由应用选择；最近 31 天没有创建请求。',
  ],
  [
    'Let the app send mode std (720p) for drafts; kling-sidecar estimate says what std would cost.',
    '请让应用在草稿阶段使用 `std` 模式（720p）；`std` 的费用可用 kling-sidecar estimate 估算。',
  ],
  ['Each of the {tasks} of the last 31 days was made in mode std.', '最近 31 天的 {tasks}均为 `std` 模式。'],
  [
    'The app chooses the mode: {n} % of the {tasks} of the last 31 days were std.',
    '模式由应用选择：最近 31 天的 {tasks}中 {n}% 为 `std`。',
  ],
  [
    'tasks.poll is off: a task that the app no longer asks for is never settled.',
    'tasks.poll 已关闭：应用不再查询的任务永远不会结算。',
  ],
  ['Set tasks.poll to true.', '请将 tasks.poll 设为 `true`。'],
  [
    'The sidecar asks for each open task until Kling says how it ended, since its credits are held till then: each {n} s at first and each minute at last, twenty in one request; {tasks} is open.',
    'sidecar 会查询每个进行中的任务，直到可灵给出结局，因为在此之前积分一直预扣：起初每 {n} 秒一次，最后每分钟一次，一次请求查询二十个；目前有 {tasks}在进行。',
  ],
  [
    'The sidecar asks for each open task until Kling says how it ended, since its credits are held till then: each {n} s at first and each minute at last, twenty in one request; {tasks} are open.',
    'sidecar 会查询每个进行中的任务，直到可灵给出结局，因为在此之前积分一直预扣：起初每 {n} 秒一次，最后每分钟一次，一次请求查询二十个；目前有 {tasks}在进行。',
  ],
  [
    'An app may ask the sidecar (GET /v1/tasks/ID) as often as it likes.',
    '应用可以随时向 sidecar 查询（GET /v1/tasks/ID），次数不限。',
  ],
  [
    'kling-sidecar estimate FILE and POST /v1/estimate price a batch against the budgets, and every create is held before it is sent.',
    '可用 kling-sidecar estimate FILE 或 POST /v1/estimate 按预算为一批请求估价；每个创建请求在发送前都会预扣。',
  ],
  ['But no budget refuses what is too much.', '但没有预算会拒绝超出的请求。'],
  ['See the line on the daily budget.', '请查看每日预算一项。'],
  ['The rule {rule} is off: nobody hears of {what}.', '规则 {rule} 已关闭：{what}时没有人会知道。'],
  ['Set alerts.rules.{rule} to true.', '请将 alerts.rules.{rule} 设为 `true`。'],
  ['a budget that is nearly used', '预算即将用完'],
  ['a stuck task', '任务卡住'],
  ['a failure rate above 5 %', '失败率超过 5%'],
  [
    'No alert channel is configured: {what} is only in the log and the metrics.',
    '未配置告警渠道：{what}时只记录在日志和指标中。',
  ],
  [
    'Add a channel to alerts.channels (docs/alerts.md), or let Prometheus alert: kling-sidecar export prometheus.',
    '请在 alerts.channels 中添加渠道（见 `docs/alerts.md`），或由 Prometheus 告警：kling-sidecar export prometheus。',
  ],
  [
    'What the channel {name} took is not known: the sidecar has not run with it.',
    '渠道 {name} 收到过什么未知：sidecar 尚未使用它运行过。',
  ],
  ['Start it, then: alert test {name}.', '请启动 sidecar，然后运行：kling-sidecar alert test {name}。'],
];
