/** Why the sidecar refused a request, in Chinese. */
import type { Phrase } from '../../../phrase-book.ts';

const BODIES: readonly Phrase[] = [
  ['The body {why} (at {place}).', '请求体{why}（位于 {place}）。'],
  ['begins with a byte order mark; send UTF-8 without one', '以字节顺序标记开头；请发送不带标记的 UTF-8'],
  ['is not one JSON object', '不是一个 JSON 对象'],
  ['has bytes behind its closing brace', '在结束括号之后还有内容'],
  ['is not valid UTF-8', '不是有效的 UTF-8'],
  ['holds more than {n} values', '包含超过 {n} 个值'],
  ['is nested deeper than {n} levels', '嵌套超过 {n} 层'],
  ['has this key twice; send each key once', '中同一个键出现了两次；每个键只能发送一次'],
  ['has a key without a colon', '中有键缺少冒号'],
  ['has something else where a comma or a closing bracket belongs', '在应为逗号或结束括号处有其他内容'],
  ['has something else where a key belongs', '在应为键处有其他内容'],
  ['has an escape inside a key; write keys plainly', '的键中有转义；请直接书写键名'],
  ['has a raw control character inside a key', '的键中有控制字符'],
  ['ends inside a key', '在键中间结束'],
  ['has a key longer than {n} bytes', '中有超过 {n} 字节的键'],
  ['has a key that changes objects themselves', '中有会改变对象本身的键'],
  ['has a key that may be read as {key}; write {other}', '中有可能被读作 {key} 的键；请写作 {other}'],
  [
    'has a key other than 1 to 64 of a-z, 0-9 and _',
    '中有不符合规则的键：应为 1 到 64 个 `a-z`、`0-9` 和 `_`',
  ],
  ['ends inside a string', '在字符串中间结束'],
  ['has an escape that JSON does not know', '中有 JSON 不支持的转义'],
  ['has U+0000 in a value that is priced or a name', '在计价的值或名称中有 `U+0000`'],
  ['has half of a surrogate pair in a value that is priced', '在计价的值中有不完整的代理对'],
  ['has a value that is not JSON', '中有不是 JSON 的值'],
  ['has a number that ends in its point', '中有以小数点结尾的数字'],
  ['has a number with an empty exponent', '中有指数为空的数字'],
  ['has a raw control character inside a string; escape it', '的字符串中有控制字符；请转义'],
  ['"{key}", byte {n}', '`"{key}"`，第 {n} 字节'],
  ['byte {n}', '第 {n} 字节'],
  ['The body has {n} bytes; {rule}.', '请求体为 {n} 字节；{rule}。'],
  [
    'The body changes its price or meaning when fields of ours are added to it.',
    '加入我们的字段后，请求体的价格或含义会改变。',
  ],
  [
    'The body of a POST must be application/json in UTF-8; it came with {type}.',
    'POST 请求体必须是 UTF-8 的 application/json；收到的是 {type}。',
  ],
  [
    'The body of a POST may not be compressed; it came with Content-Encoding {coding}.',
    'POST 请求体不能压缩；收到的 Content-Encoding 为 {coding}。',
  ],
  [
    'The bodies of other requests take all the room that listen.bodiesMiBTotal allows, and none was free in time.',
    '其他请求的请求体占满了 listen.bodiesMiBTotal 允许的空间，且没有及时空出。',
  ],
  [
    'Nothing was sent and nothing is held: send it again, fewer at once, or send media by URL.',
    '未发送，也未预扣：请减少并发后重发，或用 URL 发送素材。',
  ],
];

const MONEY: readonly Phrase[] = [
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
];

const KLING: readonly Phrase[] = [
  [
    '{path} takes only an API key, and this sidecar has an access key and secret key: Kling would answer 401/1002.',
    '{path} 只接受 API 密钥，而本 sidecar 使用密钥对：可灵会返回 401/1002。',
  ],
  [
    'Make an API key in the console and set KLING_API_KEY_FILE.',
    '请在控制台创建 API 密钥并设置 KLING_API_KEY_FILE。',
  ],
  [
    "Kling refused this account's {product@products} creates moments ago with {n} ({message}).",
    '可灵刚刚以 {n} 拒绝了此账号的{product}创建请求（“{message}”）。',
  ],
  ['Nothing was sent; the next create is sent in {n} s.', '未发送；下一个创建请求在 {n} 秒后发送。'],
  [
    'Nothing was sent; one create is at Kling to see whether this has changed.',
    '未发送；正在用一个创建请求试探是否已恢复。',
  ],
  [
    'The last {n} creates in a row failed at Kling ({cause}), so this one was not sent: nothing is held, and {next}.',
    '最近连续 {n} 个创建请求在可灵失败（{cause}），因此此请求未发送，也未预扣；{next}。',
  ],
  ['the next create is sent in {n} s', '下一个创建请求在 {n} 秒后发送'],
  ['one create is at Kling to see whether it is back', '正在用一个创建请求试探可灵是否恢复'],
  [
    'Kling could not be reached ({cause}); nothing was sent and nothing is held.',
    '无法连接可灵（{cause}）；未发送，也未预扣。',
  ],
  ['Kling brought no answer to this read ({cause}).', '可灵没有应答此读取（{cause}）。'],
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
  ['it answered with HTTP {n}', '返回了 HTTP {n}'],
  ['no complete answer came', '没有收到完整的应答'],
  [
    'The sidecar failed after this create was sent; its credits stay held and it is looked up.',
    'sidecar 在发送此创建请求之后出错；其积分继续预扣并会核查。',
  ],
  ['Do not send it again.', '请勿再次发送。'],
  ['The sidecar failed on this request; nothing was sent.', 'sidecar 处理此请求时出错；未发送。'],
  ['The sidecar is shutting down; nothing was sent or held.', 'sidecar 正在停止；未发送，也未预扣。'],
];

const QUEUE: readonly Phrase[] = [
  ['{what}: waited {n} ms.', '{what}：已等待 {n} ms。'],
  ['{what}: it may not wait.', '{what}：该请求不允许等待。'],
  ['{what}: the queue is full.', '{what}：队列已满。'],
  ['Nothing was sent or held; try again later.', '未发送，也未预扣；请稍后再试。'],
  ['The requests of this minute are used up', '本分钟的请求数已用完'],
  ['The requests of this minute of the app {app} are used up', '应用 {app} 本分钟的请求数已用完'],
  [
    'Creates of {pool@products} pause, since Kling refused several with 429',
    '因可灵多次返回 429，{pool}创建请求暂停',
  ],
  [
    'Creates of {pool} pause, since Kling refused several with 429',
    '因可灵多次返回 429，{pool} 的创建请求暂停',
  ],
  ['No slot of {pool@products} (limit {n}) is free', '没有空闲的{pool}并发位（上限 {n}）'],
  ['No slot of {pool} (limit {n}) is free', '{pool} 没有空闲的并发位（上限 {n}）'],
];

const CALLERS: readonly Phrase[] = [
  [
    'The bearer is none of the configured apps; send the key of one of them.',
    '令牌不属于任何已配置的应用；请使用其中一个应用的密钥。',
  ],
  ['The app {app} of this create is no longer configured.', '此创建请求的应用 {app} 已不在配置中。'],
  [
    'The Host {host} is not a name of this sidecar; add it to listen.allowedHosts if it should be.',
    '主机名 {host} 不属于本 sidecar；如应允许，请加入 listen.allowedHosts。',
  ],
  [
    'Requests from web pages are refused ({origin}); call from a server, or add its origin to listen.allowedOrigins.',
    '不接受来自网页的请求（{origin}）；请从服务器调用，或将其来源加入 listen.allowedOrigins。',
  ],
  ['There is no {path}; did you mean {other}?', '没有 {path}；您是否要用 {other}？'],
  ['Nothing was sent or held.', '未发送，也未预扣。'],
  [
    "There is no {path} here: this is the data plane, which takes Kling's paths such as {example}.",
    '此处没有 {path}：这里是数据平面，只接受可灵的路径，例如 {example}。',
  ],
  ['Health, metrics and the API are on the control plane, {url}.', '健康检查、指标和 API 在控制平面 {url}。'],
  ['The request target {path} {rule}', '请求地址 {path} 有误：{rule}'],
];

const REPEATS: readonly Phrase[] = [
  [
    'This idempotency-key was used for another request; use a new one for a new create.',
    '此幂等键已用于另一个请求；新的创建请求请使用新的幂等键。',
  ],
  [
    'The first request with this key has no answer yet (external task id {id}); ask again with the same key, do not send it as new.',
    '使用此键的首个请求尚无应答（外部任务 ID {id}）；请用同一个键再次询问，不要作为新请求发送。',
  ],
  [
    'The first request with this key has no answer yet; ask again with the same key, do not send it as new.',
    '使用此键的首个请求尚无应答；请用同一个键再次询问，不要作为新请求发送。',
  ],
  [
    'The first request with this key may have reached Kling (external task id {id}): {next}.',
    '使用此键的首个请求可能已到达可灵（外部任务 ID {id}）：{next}。',
  ],
  ['Ask later with the same key, do not send it as new.', '请稍后用同一个键询问，不要作为新请求发送。'],
  [
    'An equal create of this app may have reached Kling (external task id {id}), and its answer was lost: {next}.',
    '此应用的一个相同创建请求可能已到达可灵（外部任务 ID {id}），其应答丢失：{next}。',
  ],
  ['it waits for an operator (kling-sidecar holds list)', '等待操作者处理（`kling-sidecar holds list`）'],
  ['its look-up goes on', '核查仍在进行'],
  ['it is still being sent', '仍在发送'],
  ['This one was not sent.', '此请求未发送。'],
  [
    'Send it again later to get that answer; with an idempotency-key it is a create of its own.',
    '稍后重发可得到该应答；如带幂等键则为独立的创建请求。',
  ],
];

export const REFUSALS_SAID: readonly Phrase[] = [
  ...BODIES,
  ...MONEY,
  ...KLING,
  ...QUEUE,
  ...CALLERS,
  ...REPEATS,
];
