/** What doctor and the checklist find of callbacks, failed tasks and files of results, in Chinese. */
import type { Phrase } from '../../../phrase-book.ts';

export const DELIVERY_SAID: readonly Phrase[] = [
  // Callbacks
  [
    'callbacks is null: the sidecar asks Kling for each task.',
    '`callbacks` 为 `null`：由 sidecar 向可灵查询每个任务。',
  ],
  ['The last one came to {url} {age} ago.', '最近一次回调在 {age}前到达 {url}。'],
  [
    '{n1} of {n2} end among the newest creates came by callback.',
    '最新的创建请求中，{n2} 个结束的任务有 {n1} 个由回调通知。',
  ],
  [
    '{n1} of {n2} ends among the newest creates came by callback.',
    '最新的创建请求中，{n2} 个结束的任务有 {n1} 个由回调通知。',
  ],
  ['None came to {url} yet.', '尚未有回调到达 {url}。'],
  ['Look again after some tasks.', '请在完成一些任务后再看。'],
  [
    'None came to {url}, and {tasks} ended: polls do their work.',
    '没有回调到达 {url}，而已有 {tasks}结束：由轮询完成。',
  ],
  [
    'Ask this address from outside: a proxy before callbacks.port, its certificate, a firewall.',
    '请从外部访问此地址：检查 callbacks.port 前的代理、其证书以及防火墙。',
  ],
  // Files of results
  ['results.keep is false: no file of a result is saved.', 'results.keep 为 `false`：不保存结果文件。'],
  [
    'Set it to true, or let the app save each file: Kling deletes them after 30 days.',
    '请设为 `true`，或让应用自行保存每个文件：可灵在 30 天后删除。',
  ],
  ['Files are saved in {place}.', '文件保存在 {place}。'],
  ['None is saved yet.', '尚未保存任何文件。'],
  ['None is saved yet, and none waits.', '尚未保存任何文件，也没有待保存的文件。'],
  ['The last one was saved {age} ago.', '最近一个文件于 {age}前保存。'],
  ['The last one was saved {age} ago, and none waits.', '最近一个文件于 {age}前保存，没有待保存的文件。'],
  ['{n} file of results waits to be saved in {place}.', '有 {n} 个结果文件等待保存到 {place}。'],
  ['{n} files of results wait to be saved in {place}.', '有 {n} 个结果文件等待保存到 {place}。'],
  ['The last try failed ({reason}).', '最近一次尝试失败（`{reason}`）。'],
  ['Kling keeps the first for {time}.', '可灵对最早的文件还保留 {time}。'],
  [
    'Look whether the place is reachable and has room: results.dir, results.s3, results.quotaGiB.',
    '请检查保存位置是否可达且有空间：results.dir、results.s3、results.quotaGiB。',
  ],
  ['Each result is saved as soon as its task has succeeded.', '任务成功后立即保存每个结果。'],
  [
    'results.keep is false: addresses of results are kept and not the files, and Kling deletes them after 30 days.',
    'results.keep 为 `false`：只保存结果的地址而不保存文件，可灵在 30 天后删除文件。',
  ],
  [
    'Set results.keep to true, or let the app download each result as soon as its task has succeeded, to storage of its own.',
    '请将 results.keep 设为 `true`，或让应用在任务成功后立即把结果下载到自己的存储。',
  ],
  [
    'Results are downloaded in the background, {n} at a time (results.concurrency): each into a part file that goes on where it broke off.',
    '结果在后台下载，同时 {n} 个（results.concurrency）：先写入临时文件，中断后可续传。',
  ],
  [
    'results.keep is false: the sidecar downloads no results.',
    'results.keep 为 `false`：sidecar 不下载结果。',
  ],
  [
    'The control plane serves kept results on this network, and is no CDN.',
    '控制面在本网络内提供已保存的结果，但它不是 CDN。',
  ],
  [
    'results.keep is false: the sidecar serves no results.',
    'results.keep 为 `false`：sidecar 不提供结果文件。',
  ],
  [
    'Files of results are kept, and apps read addresses of ours in place of Kling’s.',
    '结果文件已保存，应用读到的是 sidecar 的地址而不是可灵的地址。',
  ],
  [
    'Files of results are kept, and apps still read Kling’s addresses, which end after 30 days.',
    '结果文件已保存，但应用读到的仍是可灵的地址，30 天后失效。',
  ],
  [
    'Set results.rewriteUrls to true, or let the app give out addresses of its own storage alone.',
    '请将 results.rewriteUrls 设为 `true`，或让应用只提供自己存储的地址。',
  ],
  [
    'Addresses of results are signed by Kling and end after 30 days; results.keep is false, and none of the files is stored.',
    '结果地址由可灵签名，30 天后失效；results.keep 为 `false`，不保存文件。',
  ],
  [
    'Set results.keep to true, or let the app store each result itself, and give out addresses of its own storage alone.',
    '请将 results.keep 设为 `true`，或让应用自行保存每个结果，只提供自己存储的地址。',
  ],
  // Failed tasks
  [
    '{n} rule of tasks.retryFailed says which failed tasks are made again; those that content rules stopped never are.',
    'tasks.retryFailed 的 {n} 条规则决定哪些失败的任务会重新创建；被内容规则拦截的任务不会。',
  ],
  [
    '{n} rules of tasks.retryFailed say which failed tasks are made again; those that content rules stopped never are.',
    'tasks.retryFailed 的 {n} 条规则决定哪些失败的任务会重新创建；被内容规则拦截的任务不会。',
  ],
  [
    'Without a rule of tasks.retryFailed the sidecar makes no failed task again.',
    'tasks.retryFailed 没有规则，sidecar 不会重新创建失败的任务。',
  ],
  [
    'In mode observe the sidecar makes no failed task again.',
    '在 observe 模式下，sidecar 不会重新创建失败的任务。',
  ],
];
