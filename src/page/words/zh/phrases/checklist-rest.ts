/** What the last lines of the production checklist find and advise, in Chinese. */
import type { Phrase } from '../../../phrase-book.ts';

export const CHECKLIST_REST_SAID: readonly Phrase[] = [
  // Monitoring
  [
    'kling_request_duration_seconds has the latency of each route, method and status.',
    'kling_request_duration_seconds 统计每个路由、方法和状态码的延迟。',
  ],
  [
    'kling_requests_total and kling_task_failures_total count what succeeds and fails; whether the boards are imported cannot be seen from here.',
    'kling_requests_total 和 kling_task_failures_total 统计成功与失败；看板是否已导入无法从此处得知。',
  ],
  [
    'kling_credits_total counts credits by app, operation, model and mode, and kling-sidecar usage lists each create.',
    'kling_credits_total 按应用、操作、模型和模式统计积分；每个创建请求可用 kling-sidecar usage 列出。',
  ],
  ['Metrics are sent by OTLP.', '指标通过 OTLP 发送。'],
  ['No sidecar runs, so nobody reads its metrics.', '没有 sidecar 在运行，因此没有人读取指标。'],
  ['Nobody has read /metrics since the start.', '启动以来没有人读取 /metrics。'],
  ['/metrics was read {age} ago.', '/metrics 在 {age}前被读取。'],
  [
    'Let Prometheus read /metrics of the control plane (docs/telemetry.md), or set telemetry.otlp.',
    '请让 Prometheus 读取控制平面的 /metrics（见 `docs/telemetry.md`），或设置 telemetry.otlp。',
  ],
  [
    'Then import the boards: kling-sidecar export grafana DIR.',
    '然后导入看板：kling-sidecar export grafana DIR。',
  ],
  ['The rule failure_rate fires above {n} % only.', '规则 failure_rate 在超过 {n}% 时才触发。'],
  ['Set its threshold to 0.05.', '请将其阈值设为 0.05。'],
  [
    'Each line of the log is one JSON object (readable text on a terminal).',
    '每行日志是一个 JSON 对象（在终端上为可读文本）。',
  ],
  ['Every attempt at Kling has one.', '每次对可灵的调用都有一行。'],
  [
    'Of requests, {left} have one (telemetry.accessLog); the journal has all: kling-sidecar calls list.',
    '只有{left}的请求有日志（telemetry.accessLog）；全部调用在日志表中：kling-sidecar calls list。',
  ],
  ['none', '无'],
  ['those that failed or were refused', '失败或被拒绝'],
  ['{n} % of those that succeeded, and all others', ' {n}% 成功的和其余全部'],
  [
    'Set telemetry.accessLog to all, if the log itself must have every call.',
    '如需日志包含每次调用，请将 telemetry.accessLog 设为 `all`。',
  ],
  // Performance
  [
    'Connections to Kling are kept and used again: up to {n} for creates and as many for reads (upstream.connections).',
    '到可灵的连接会保持并复用：创建请求最多 {n} 个，读取同样多（upstream.connections）。',
  ],
  [
    'At most {n} {product@products} tasks run at once ({source}); {by}.',
    '最多同时运行 {n} 个{product}任务（{source}）；{by}。',
  ],
  ['the account’s packs', '账号的资源包'],
  ['a refusal of Kling’s', '可灵的拒绝'],
  ['what the pack allows is not known', '资源包允许的数量未知'],
  ['the pack allows {n}', '资源包允许 {n} 个'],
  [
    'Nothing limits how many tasks run at once before Kling refuses one with code 1303, and what the packs allow is not known.',
    '在可灵以代码 1303 拒绝之前，没有限制同时运行的任务数；资源包允许的数量未知。',
  ],
  [
    'See the concurrency rules of your pack in Kling’s console, and set limits.concurrency.video and .image, or limits.tier.',
    '请在可灵控制台查看资源包的并发规则，并设置 limits.concurrency.video 和 .image，或 limits.tier。',
  ],
  ['Set limits.concurrency.{product} to {n}.', '请将 limits.concurrency.{product} 设为 {n}。'],
  ['{key} is {n1}, and the pack allows {n2}.', '{key} 为 {n1}，而资源包允许 {n2}。'],
  [
    'The pack allows {n} {product@products} tasks at once, and nothing here waits for a free one: account.poll is false, so packs are not read.',
    '资源包允许同时运行 {n} 个{product}任务，但此处不会等待空位：account.poll 为 `false`，因此不读取资源包。',
  ],
  ['Kling refuses more with code 1303.', '可灵会以代码 1303 拒绝更多任务。'],
  [
    'Set account.poll to true, or limits.concurrency.{product} to {n}.',
    '请将 account.poll 设为 `true`，或将 limits.concurrency.{product} 设为 {n}。',
  ],
  [
    'Let the app download in the background, with a time limit, a part file and a check of its length.',
    '请让应用在后台下载，设置时限，先写入临时文件，并校验长度。',
  ],
  [
    'Put the app’s own storage behind a CDN, and serve no address of Kling’s.',
    '请在应用自己的存储前放置 CDN，不要直接提供可灵的地址。',
  ],
  // Smoke test and beyond
  ['No smoke test succeeded on this store {span}.', '此存储{span}没有成功的冒烟测试。'],
  ['Run it: kling-sidecar smoke, then with --yes.', '请运行 kling-sidecar smoke，然后加上 `--yes` 再运行。'],
  ['The task of the last smoke test succeeded on {day}.', '最近一次冒烟测试的任务于 {day} 成功。'],
  ['See doctor, and whether this machine reaches Kling.', '请查看 doctor，以及本机能否连接可灵。'],
  ['They are not known: there is no store, and Kling was not asked.', '未知：没有存储，也未询问可灵。'],
  ['Start the sidecar: it reads them each hour.', '请启动 sidecar：它每小时读取一次。'],
  ['It was not looked at.', '未检查。'],
  ['Run doctor.', '请运行 kling-sidecar doctor。'],
  ['See doctor.', '请查看 doctor。'],
  ['{checks} of doctor, none of which warns or fails.', 'doctor 的 {checks}，均无警告或失败。'],
];
