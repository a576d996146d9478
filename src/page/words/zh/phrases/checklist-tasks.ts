/** What the lines of the production checklist find and advise of tasks, content and security, in Chinese. */
import type { Phrase } from '../../../phrase-book.ts';

export const CHECKLIST_TASKS_SAID: readonly Phrase[] = [
  // Tasks
  [
    'Each task id is in the store before the app gets it, with the times of all its states: kling-sidecar tasks, usage.',
    '任务 ID 在应用收到之前就已写入存储，并保存每个状态的时间：`kling-sidecar tasks`、`kling-sidecar usage`。',
  ],
  ['There is no store yet.', '还没有存储。'],
  ['Start the sidecar once.', '请启动一次 sidecar。'],
  ['A task counts as stuck after {time} only.', '任务要超过 {time}才算卡住。'],
  ['Set tasks.stuckAfterMs to null or 600000.', '请将 tasks.stuckAfterMs 设为 `null` 或 `600000`。'],
  [
    'A task counts as stuck after {time}: kling-sidecar tasks --stuck, kling_tasks_stuck.',
    '任务超过 {time}算作卡住：kling-sidecar tasks --stuck，kling_tasks_stuck。',
  ],
  ['twice the time that 99 % of its kind take', '同类任务 99% 用时的两倍'],
  ['{n} min', ' {n} 分钟'],
  ['{tasks} is stuck now.', '目前有 {tasks}卡住。'],
  ['{tasks} are stuck now.', '目前有 {tasks}卡住。'],
  [
    'See kling-sidecar tasks --stuck, and ask Kling.',
    '请运行 kling-sidecar tasks --stuck 查看，并询问可灵。',
  ],
  [
    'Kling reports changes at {url}; each is believed only after a query.',
    '可灵通过 {url} 通知变化；每次通知都在查询确认后才采信。',
  ],
  [
    'Kling reports changes at {url}; each is believed only after a query, and relayed to the address in the create.',
    '可灵通过 {url} 通知变化；每次通知都在查询确认后才采信，并转发到创建请求中的地址。',
  ],
  [
    'tasks.poll is off, and callbacks is null: what a task cost is learnt only if the app asks.',
    'tasks.poll 已关闭，`callbacks` 为 `null`：只有应用查询时才能得知任务的费用。',
  ],
  [
    'callbacks is null: the sidecar polls in the app’s place.',
    '`callbacks` 为 `null`：由 sidecar 代替应用轮询。',
  ],
  [
    'A callback_url in a create goes to Kling as it is, and Kling calls the app itself.',
    '创建请求中的 callback_url 原样发给可灵，由可灵直接回调应用。',
  ],
  [
    'Where the app wants callbacks: an https address, their signature checked (Standard Webhooks), and the task asked for before anything is believed.',
    '如果应用需要回调：使用 HTTPS 地址，校验签名（`Standard Webhooks`），并在采信之前查询任务。',
  ],
  ['A failed task gives its credits back.', '失败的任务会退回积分。'],
  ['A failed task ({n} {span}) gives its credits back.', '失败的任务（{span}有 {n} 个）会退回积分。'],
  [
    'Let the app queue failed tasks and send them anew, at most a few times, and never those that content rules stopped: kling-sidecar tasks --state failed.',
    '请让应用将失败的任务排队重发，次数不要多，被内容规则拦截的不要重发：kling-sidecar tasks --state failed。',
  ],
  // Content
  [
    'The sidecar checks that a create can be priced without doubt; it judges no prompt.',
    'sidecar 只检查创建请求能否准确计价，不判断提示词。',
  ],
  [
    'Check prompts before the create: present, at most 2500 characters (3072 for the 3.0 family), in a language that you support.',
    '请在创建前检查提示词：不为空，最多 2500 个字符（3.0 系列为 3072），且为您支持的语言。',
  ],
  ['Prompts go to Kling as the app wrote them.', '提示词按应用所写原样发给可灵。'],
  [
    'Take control characters and mark-up out of what users write, and never let it choose model, mode or length.',
    '请去除用户输入中的控制字符和标记，且不要让它决定模型、模式或时长。',
  ],
  [
    'The sidecar adds nothing to a create but an external task id.',
    '除外部任务 ID 外，sidecar 不向创建请求添加任何内容。',
  ],
  [
    'Send a negative_prompt with your safety terms on the /v1 paths; the paths without /v1 have no such field, so put them into the prompt.',
    '请在 /v1 路径上用 negative_prompt 发送安全词；其他路径没有此字段，请写入提示词。',
  ],
  [
    'The sidecar judges no result, whether it keeps the file or not.',
    '无论是否保存文件，sidecar 都不审核结果。',
  ],
  [
    'Let the app moderate what users ask for, and what it shows them.',
    '请由应用审核用户的请求以及展示给用户的内容。',
  ],
  [
    'Kling’s codes 1300 and 1301 reach the app as they came, are not sent again, and give the hold back; a task that content rules end later is failed with Kling’s message.',
    '可灵的代码 1300 和 1301 原样返回给应用，不会重发，并退回预扣；之后被内容规则终止的任务记为失败，并附可灵的说明。',
  ],
  // Security
  ['The log’s filter lets a key through.', '日志过滤器会漏出密钥。'],
  ['Do not run this version.', '请勿运行此版本。'],
  [
    'Every line of the log passes a filter, tried just now: it takes out each secret in force in its plain, escaped and base64 forms, and every JWT.',
    '每行日志都经过过滤器（刚刚已测试）：去除所有在用密钥的原文、转义和 `base64` 形式，以及所有 JWT。',
  ],
  [
    'NODE_OPTIONS opens Node’s debugger, which shows every key.',
    'NODE_OPTIONS 打开了 Node 调试器，它会暴露所有密钥。',
  ],
  ['Take --inspect out of it.', '请从中去掉 `--inspect`。'],
  ['Alerts go without TLS to {names}.', '发往 {names} 的告警没有 TLS。'],
  [
    'Give the channel an https address, unless the network between is yours alone.',
    '请为该渠道配置 HTTPS 地址，除非中间的网络完全由您控制。',
  ],
  ['No alert channel is configured.', '未配置告警渠道。'],
  ['{channels}, none without TLS beyond loopback.', '{channels}，除本机外均使用 TLS。'],
  [
    'callbacks is null; a callback_url of the app’s is Kling’s to call.',
    '`callbacks` 为 `null`；应用的 callback_url 由可灵直接调用。',
  ],
  ['Callbacks arrive at {url}.', '回调地址为 {url}。'],
  ['Callbacks arrive at {url}: without TLS, on this machine.', '回调地址为 {url}：在本机上，没有 TLS。'],
  [
    'In production give callbacks.publicUrl an https address, with a proxy before the receiver.',
    '生产环境请将 callbacks.publicUrl 设为 HTTPS 地址，并在接收端前放置代理。',
  ],
  [
    'At most {n} requests leave in a minute, or creates wait (limits.requestsPerMinute).',
    '每分钟最多发出 {n} 个请求，超出的创建请求会等待（limits.requestsPerMinute）。',
  ],
  ['Limiting each user is the app’s.', '对单个用户的限流由应用负责。'],
  ['Each app has a requestsPerMinute of its own.', '每个应用都有各自的 requestsPerMinute。'],
  [
    'Nothing limits how many creates {who} may send in a minute; budgets alone do.',
    '没有限制 {who} 每分钟可发送的创建请求数，只有预算。',
  ],
  ['the callers', '调用方'],
  [
    'Set limits.requestsPerMinute, or requestsPerMinute of each app; and limit each user in the app itself.',
    '请设置 limits.requestsPerMinute 或每个应用的 requestsPerMinute，并在应用内对每个用户限流。',
  ],
  ['The store keeps no prompt.', '存储不保存提示词。'],
  [
    'The store keeps the first {n1} characters of a prompt for {n2} days, with addresses and long numbers masked.',
    '存储保留提示词的前 {n1} 个字符 {n2} 天，地址和长数字会遮盖。',
  ],
  ['Kling gets the prompt as it is.', '可灵收到的是原样的提示词。'],
  [
    'Keep names, addresses and secrets of people out of prompts; store.promptPreviewChars 0 keeps nothing here.',
    '提示词中不要包含个人姓名、地址或机密；store.promptPreviewChars 设为 0 则此处不保存。',
  ],
];
