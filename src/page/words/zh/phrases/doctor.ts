/** What the checks of `doctor` find of this machine, the sidecar and its store, in Chinese. */
import type { Phrase } from '../../../phrase-book.ts';

export const DOCTOR_SAID: readonly Phrase[] = [
  ['{check@checks}: {finding}', '{check}：{finding}'],
  ['Mend this, and run doctor again.', '请修复后重新运行 doctor。'],
  ['Node {version} runs kling-sidecar {own}.', 'Node {version} 正在运行 kling-sidecar，版本 {own}。'],
  ['No config file: every value is its default.', '没有配置文件：所有值均为默认值。'],
  ['{path} is valid.', '{path} 有效。'],
  ['A start is refused until it is mended.', '修复之前无法启动。'],
  [
    'See whether it is meant so; config print shows every value.',
    '请确认是否有意为之；可用 kling-sidecar config print 查看所有值。',
  ],
  ['The data plane listens beyond loopback ({hosts}).', '数据平面监听本机以外的地址（{hosts}）。'],
  [
    'The control plane listens beyond loopback ({hosts}): reads need the token too.',
    '控制平面监听本机以外的地址（{hosts}）：读取也需要令牌。',
  ],
  [
    'No budget refuses anything: budgets has none in mode enforce.',
    '没有预算会拒绝请求：`budgets` 中没有 `enforce` 模式的预算。',
  ],
  [
    'Make it writable for the user of the sidecar, and run doctor as that user.',
    '请使 sidecar 的用户可写，并以该用户运行 doctor。',
  ],
  ['A file could be created in {folders@list}.', '可在 {folders} 中创建文件。'],
  ['Mend the control token, and run doctor again.', '请修复控制令牌后重新运行 doctor。'],
  ['They were not looked at.', '未检查。'],
  ['It comes from {variable}.', '来自 {variable}。'],
  ['There is none yet at {path}.', '{path} 处还没有。'],
  ['Nothing to do: start makes it.', '无需处理：启动时会创建。'],
  [
    'A sidecar runs, and its token is not at {path}: commands that change something are refused.',
    'sidecar 正在运行，但其令牌不在 {path}：更改类命令会被拒绝。',
  ],
  [
    'Run commands with the config and the variables that the sidecar was started with.',
    '请使用 sidecar 启动时的配置和环境变量运行命令。',
  ],
  ['Others may use {path} (mode {n}).', '其他用户可以使用 {path}（权限 {n}）。'],
  ['Run chmod 600 {path}.', '请运行 `chmod 600 {path}`。'],
  ['{path} is private (mode {n}).', '{path} 仅本用户可用（权限 {n}）。'],
  [
    'Set one source alone, private to the user of the sidecar.',
    '请只设置一个来源，且仅 sidecar 的用户可读。',
  ],
  ['None are set: a start would be refused.', '未设置：无法启动。'],
  [
    'Set KLING_API_KEY_FILE, or KLING_ACCESS_KEY and KLING_SECRET_KEY, or auth.command.',
    '请设置 KLING_API_KEY_FILE，或 KLING_ACCESS_KEY 和 KLING_SECRET_KEY，或 auth.command。',
  ],
  [
    'None are set where this command runs; the running sidecar has its own.',
    '此命令的环境中未设置；运行中的 sidecar 有自己的凭证。',
  ],
  [
    'To check them too, run doctor with the sidecar’s variables.',
    '如需一并检查，请使用 sidecar 的环境变量运行 doctor。',
  ],
  [
    'auth.command prints them; doctor does not run it, so their kind is not known here.',
    '凭证由 auth.command 输出；doctor 不运行它，因此此处不知道其类型。',
  ],
  ['Run the command yourself to see that it answers.', '请自行运行该命令，确认有输出。'],
  ['An API key, from {origin}.', 'API 密钥，来自 {origin}。'],
  ['An access key and secret key, from {origin}.', '密钥对，来自 {origin}。'],
  [
    'A key pair opens the legacy generation only: creates on paths of the new one are refused, and tasks are looked up one by one.',
    '密钥对只能用于旧版接口：新版路径上的创建请求会被拒绝，任务只能逐个查询。',
  ],
  [
    'An API key (KLING_API_KEY_FILE) opens both, with look-ups in batches.',
    'API 密钥（KLING_API_KEY_FILE）两者皆可用，并可批量查询。',
  ],
  ['There is none at {path} yet.', '{path} 处还没有。'],
  [
    'Nothing to do before the first start; else correct store.path.',
    '首次启动前无需处理；否则请更正 store.path。',
  ],
  ['An older version wrote {path}: its ledger was not verified.', '{path} 由旧版本写入：其账本未经核对。'],
  [
    'Start the sidecar once: it makes a copy beside the store and migrates it.',
    '请启动一次 sidecar：它会在存储旁保留副本并升级。',
  ],
  ['Then run doctor again.', '然后重新运行 doctor。'],
  ['Stop the sidecar before you change the place of its store.', '更改存储位置前请先停止 sidecar。'],
  ['Others may write {path} (mode {n}).', '其他用户可以写入 {path}（权限 {n}）。'],
  [
    'Run chmod 600 {path}, then ledger verify.',
    '请运行 `chmod 600 {path}`，然后运行 kling-sidecar ledger verify。',
  ],
  [
    'Others may read {path} (mode {n}): it holds previews of prompts.',
    '其他用户可以读取 {path}（权限 {n}）：其中有提示词预览。',
  ],
  ['Others may replace what is in {path} (mode {n}).', '其他用户可以替换 {path} 中的内容（权限 {n}）。'],
  ['Run chmod 700 {path}.', '请运行 `chmod 700 {path}`。'],
  ['{path} is private, {n} MiB.', '{path} 仅本用户可用，{n} MiB。'],
  ['{n} GiB are free at {path}.', '{path} 处可用空间 {n} GiB。'],
  [
    'Make room: on a full disk no hold can be written, and creates are refused.',
    '请腾出空间：磁盘写满后无法写入预扣，创建请求会被拒绝。',
  ],
  ['The free space at {path} is not known ({code}).', '{path} 处的可用空间未知（{code}）。'],
  ['Look yourself: the ledger needs room to grow.', '请自行查看：账本需要增长空间。'],
  ['{holds}, {n} entries and {counters} agree.', '{holds}、{n} 条分录和 {counters}相符。'],
  [
    '{holds}, {n} entries and {counters} do not agree: {problem}.',
    '{holds}、{n} 条分录和 {counters}不相符：{problem}。',
  ],
  [
    'Freeze spending, see ledger verify, and restore the last backup that agrees.',
    '请冻结消费，查看 kling-sidecar ledger verify，并恢复最近一份相符的备份。',
  ],
  [
    'None answers at {address}: nothing is signed, held or recorded now.',
    '{address} 无应答：目前不签名、不预扣、不记录。',
  ],
  ['Start it: kling-sidecar start.', '请启动：kling-sidecar start。'],
  ['Version {version} runs at {url}, for {age}.', '版本 {version} 在 {url} 运行，已有 {age}。'],
  [
    'Version {version} runs at {url}, and this command is {own}.',
    '在 {url} 运行的版本为 {version}，而此命令为 {own}。',
  ],
  [
    'Restart the sidecar from this checkout, or run the command of its own.',
    '请用此版本重启 sidecar，或运行与其版本一致的命令。',
  ],
  ['It can do its work.', '可以正常工作。'],
  ['It is not: {why}', '未就绪：{why}'],
  ['Look at the log, and at the disk.', '请查看日志和磁盘。'],
  ['It writes to {path}, and the config here names {own}.', '它写入 {path}，而此处配置为 {own}。'],
  ['Run doctor with the config the sidecar was started with.', '请使用 sidecar 启动时的配置运行 doctor。'],
  ['It forwards to {url}, and the config here says {own}.', '它转发到 {url}，而此处配置为 {own}。'],
  [
    'Reload it (SIGHUP), or run doctor with its own config.',
    '请重新加载（SIGHUP），或用它的配置运行 doctor。',
  ],
  ['protect: what passes a budget is refused.', '保护模式：超出预算的请求会被拒绝。'],
  ['observe: nothing is refused for money.', '观察模式：不因金额拒绝任何请求。'],
  [
    'When status --would-have shows what you expect, set mode to protect.',
    '当 kling-sidecar status --would-have 显示的结果符合预期后，请将 `mode` 设为 `protect`。',
  ],
  ['Nothing limits spending: no budget is in mode enforce.', '消费没有限制：没有 `enforce` 模式的预算。'],
  [
    'Add one to budgets with mode enforce, and reload.',
    '请在 `budgets` 中添加 `enforce` 模式的预算并重新加载。',
  ],
  ['{budgets} in mode enforce: {names}.', '{budgets}为 `enforce` 模式：{names}。'],
  [
    'Every budget in mode enforce is for a part of the creates ({names}): nothing limits their sum.',
    '`enforce` 模式的预算都只针对部分创建请求（{names}）：总额没有限制。',
  ],
  ['Add a budget without match and per.', '请添加一个没有 `match` 和 `per` 的预算。'],
  ['The mode is observe: nothing is refused for money.', '当前为观察模式：不因金额拒绝任何请求。'],
  ['Set mode to protect, and reload.', '请将 `mode` 设为 `protect` 并重新加载。'],
  [
    'No budget in mode enforce limits all creates together.',
    '没有 `enforce` 模式的预算限制全部创建请求的总额。',
  ],
  ['Add one to budgets: {example}.', '请在 `budgets` 中添加：{example}。'],
  [
    'What limits all creates together has no window of a day: {names}.',
    '限制总额的预算都不是按天计算：{names}。',
  ],
  [
    'Add a budget with window day: a month can be gone in an hour.',
    '请添加 `window` 为 `day` 的预算：一个月的额度可能在一小时内用完。',
  ],
  [
    '{budgets}: a create that would pass it is refused before it is sent.',
    '{budgets}：超出的创建请求在发送前就被拒绝。',
  ],
  ['{name}, {n} credits a day', '{name}，每天 {n} 积分'],
  ['{name}, {n} credits a hour', '{name}，每小时 {n} 积分'],
  ['There is no budget to report.', '没有可提醒的预算。'],
  ['Add a budget, with "alertAt": [0.8].', '请添加预算，并设置 `"alertAt": [0.8]`。'],
  ['alertAt of {names} has no share of {n} or less.', '{names} 的 alertAt 中没有不大于 {n} 的比例。'],
  ['Add 0.8 to its alertAt.', '请在其 alertAt 中添加 0.8。'],
  ['{names}: alerts at {n} %, once in each window.', '{names}：用到 {n}% 时告警，每个周期一次。'],
  ['Spending is not frozen.', '消费未冻结。'],
  ['Spending is frozen since {time} by {actor}: {reason}', '消费自 {time} 起由 {actor} 冻结：{reason}'],
  [
    'When its reason is gone: unfreeze --reason TEXT.',
    '原因消除后请运行 kling-sidecar unfreeze --reason TEXT。',
  ],
  ['No hold is in doubt.', '没有待确认的预扣。'],
  [
    '{holds} of {n} credits: nobody knows whether Kling took the create.',
    '{holds}共 {n} 积分：不知道可灵是否收到了创建请求。',
  ],
  [
    '{holds} of {n} credits: nobody knows whether Kling took the create, the oldest for {age}.',
    '{holds}共 {n} 积分：不知道可灵是否收到了创建请求，最早的已有 {age}。',
  ],
  [
    'They are looked up while a sidecar runs; holds list --in-doubt shows those that wait for holds release or write-off.',
    'sidecar 运行时会持续核查；可用 kling-sidecar holds list --in-doubt 查看等待释放或核销的预扣。',
  ],
  [
    '{holds} of {n} credits belongs to {upstream}, which is not in use: nobody asks there for what became of them.',
    '{holds}共 {n} 积分属于未使用的 {upstream}：没有人在那里查询其结局。',
  ],
  [
    '{holds} of {n} credits belong to {upstream}, which is not in use: nobody asks there for what became of them.',
    '{holds}共 {n} 积分属于未使用的 {upstream}：没有人在那里查询其结局。',
  ],
  [
    'Put that upstream or key back, or look into its console: then holds release or write-off.',
    '请恢复该上游或密钥，或查看其控制台，然后释放或核销预扣。',
  ],
  [
    'Where only the key of the same account changed, put the old one back, name the account in auth.account, reload, and change the key again.',
    '如果只是同一账号更换了密钥，请恢复旧密钥，在 auth.account 中填写账号名，重新加载，然后再更换密钥。',
  ],
  ['{url} is this machine: this is no Kling.', '{url} 是本机：不是可灵。'],
  ['For Kling set upstream.baseUrl.', '要使用可灵，请设置 upstream.baseUrl。'],
  ['Kling cannot be reached since {time}: {cause}', '自 {time} 起无法连接可灵：{cause}'],
  [
    'See whether this machine’s name server works, and upstream.baseUrl.',
    '请检查本机的域名解析和 upstream.baseUrl。',
  ],
  [
    'See upstream.caFile, and whether a proxy replaces certificates.',
    '请检查 upstream.caFile，以及是否有代理替换证书。',
  ],
  ['See upstream.proxy, and whether that proxy works.', '请检查 upstream.proxy 以及该代理是否正常。'],
  [
    'See whether there is a firewall or a proxy in between: upstream.proxy names one.',
    '请检查中间是否有防火墙或代理：代理用 upstream.proxy 指定。',
  ],
  [
    'Kling refuses the credentials since {time}: code {n} ({message}).',
    '可灵自 {time} 起拒绝凭证：代码 {n}（“{message}”）。',
  ],
  ['Check the credentials.', '请检查凭证。'],
  ['Kling takes the credentials.', '可灵接受凭证。'],
  [
    'Whether Kling takes the credentials is not known: it has answered nothing since the start.',
    '可灵是否接受凭证未知：启动以来没有应答。',
  ],
  ['Run doctor after a call.', '请在有调用之后运行 doctor。'],
  [
    'The difference to Kling’s clock is not known: Kling has not answered since the start.',
    '与可灵的时钟差未知：可灵自启动以来没有应答。',
  ],
  [
    'The difference to Kling’s clock is not known: no sidecar runs.',
    '与可灵的时钟差未知：没有 sidecar 在运行。',
  ],
  ['Kling’s clock is {n} s behind ours.', '可灵的时钟比本机慢 {n} 秒。'],
  ['Kling’s clock is {n} s ahead of ours.', '可灵的时钟比本机快 {n} 秒。'],
  ['Kling’s clock agrees with ours.', '可灵的时钟与本机一致。'],
  ['Creates are refused beyond 5 minutes.', '相差超过 5 分钟时拒绝创建请求。'],
  ['Set this machine’s clock right, and keep it so with NTP.', '请校准本机时钟，并用 NTP 保持同步。'],
];
