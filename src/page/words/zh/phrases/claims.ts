/** What the checks of `doctor` find of claims, alerts and jobs, and notes of claims, in Chinese. */
import type { Phrase } from '../../../phrase-book.ts';

export const CLAIMS_SAID: readonly Phrase[] = [
  // Claims
  ['No claim waits to be filed.', '没有待提交的赔偿申请。'],
  ['claims.claimant is complete.', 'claims.claimant 已填写完整。'],
  ['A claim’s letter would have blanks: {names}.', '赔偿申请信函会有空白：{names}。'],
  ['Enter them.', '请填写。'],
  ['claims.fees has the invoice of {months}.', 'claims.fees 中有 {months} 的账单。'],
  ['claims.packs has the price of every pack.', 'claims.packs 中有每个资源包的价格。'],
  [
    'There is no invoice of {months} in claims.fees, and {why}: a claim’s fee would be reckoned at {price} a credit.',
    'claims.fees 中没有 {months} 的账单，且{why}：赔偿申请的费用将按每积分 {price} 计算。',
  ],
  ['no price was entered for {names}', '没有填写 {names} 的价格'],
  ['no pack is known', '没有已知的资源包'],
  [
    'Enter the invoice in claims.fees, or what the packs cost in claims.packs.',
    '请在 claims.fees 中填写账单，或在 claims.packs 中填写资源包的价格。',
  ],
  [
    '{month} is closed and worth {n} % of its fee, and no claim was drafted: it can be filed until {day}.',
    '{month} 已关闭，可获当月费用 {n}% 的赔偿，但没有起草赔偿申请：可在 {day} 前提交。',
  ],
  [
    'Write it: claim draft {month}; then see why the sidecar did not (folders, above, and its log).',
    '请运行 kling-sidecar claim draft {month} 起草，然后查看 sidecar 为何没有起草（见上方目录一项和日志）。',
  ],
  ['Working days are Monday to Friday: no data can run out.', '工作日为周一至周五：数据不会用尽。'],
  ['The calendar {name} has working days until {day}.', '日历 {name} 的工作日数据到 {day} 为止。'],
  [
    'The calendar {name} has data until {day} only: filing dates after it are estimates, rather too late than too early.',
    '日历 {name} 的数据只到 {day}：之后的提交日期为估算，宁晚勿早。',
  ],
  [
    'The calendar {name} has had no data since {day}: filing dates after it are estimates, rather too late than too early.',
    '日历 {name} 自 {day} 起没有数据：之后的提交日期为估算，宁晚勿早。',
  ],
  [
    'When the yearly notice is public, enter it as claims.calendarFile (docs/sla-and-claims.md), or update.',
    '年度放假通知公布后，请填入 claims.calendarFile（见 `docs/sla-and-claims.md`），或更新版本。',
  ],
  [
    'The claim of {month} ({sum}) may be filed from {from} to {to}.',
    '{month} 的赔偿申请（{sum}）可在 {from} 至 {to} 提交。',
  ],
  ['Read it before: claim show {month}.', '请先阅读：kling-sidecar claim show {month}。'],
  [
    'The claim of {month} ({sum}) could be filed until {to}, and never was.',
    '{month} 的赔偿申请（{sum}）可在 {to} 前提交，但一直未提交。',
  ],
  ['Close it: claim mark {month} expired.', '请了结：kling-sidecar claim mark {month} expired。'],
  [
    'The claim of {month} ({sum}) may be filed until {to}: today is the last day.',
    '{month} 的赔偿申请（{sum}）可在 {to} 前提交：今天是最后一天。',
  ],
  [
    'The claim of {month} ({sum}) may be filed until {to}: {days} left.',
    '{month} 的赔偿申请（{sum}）可在 {to} 前提交：还剩 {days}。',
  ],
  [
    'Read it (claim show {month}), send it to Kling, then claim mark {other} filed --ticket NUMBER.',
    '请阅读（kling-sidecar claim show {month}），发给可灵，然后运行 kling-sidecar claim mark {other} filed --ticket NUMBER。',
  ],
  ['revision {n} replaced it', '已被第 {n} 版取代'],
  ['revision {n} was granted', '第 {n} 版已获批'],
  [
    'Nothing is due for {month}: no term covers it, so it has no service period.',
    '{month} 没有应付的赔偿：没有合同期覆盖该月。',
  ],
  ['Nothing is due for {month}: nothing was recorded.', '{month} 没有应付的赔偿：没有记录。'],
  [
    'Nothing is due for {month}: availability was {n1} % (answers only) and {n2} % (with requests that never arrived), not below the committed {n3} %.',
    '{month} 没有应付的赔偿：可用性为 {n1}%（仅计应答）和 {n2}%（含未送达的请求），不低于承诺的 {n3}%。',
  ],
  [
    'Sum of error rates {n1}, divided by {n2}; of {n3} windows {n4} with traffic, {n5} with errors, {n6} in which no sidecar ran.',
    '错误率之和 {n1}，除以 {n2}；{n3} 个窗口中 {n4} 个有请求，{n5} 个有错误，{n6} 个没有 sidecar 运行。',
  ],
  // Alerts
  [
    'No channel is configured: alerts are only in status, alert list, the log and the metrics.',
    '未配置渠道：告警只出现在 `kling-sidecar status`、`kling-sidecar alert list`、日志和指标中。',
  ],
  [
    'Add one to alerts.channels: docs/alerts.md sets up Slack in three steps.',
    '请在 alerts.channels 中添加：`docs/alerts.md` 以三步说明如何设置 Slack。',
  ],
  ['{alerts} fires.', '有 {alerts}正在触发。'],
  ['{alerts} fire.', '有 {alerts}正在触发。'],
  [
    'See alert list: it says what to do about each.',
    '请运行 kling-sidecar alert list 查看，其中有每个告警的处理方法。',
  ],
  ['See what it says, then: alert test {name}.', '请查看其说明，然后运行 kling-sidecar alert test {name}。'],
  ['The channel {name} ({type}) takes no messages: {error}', '渠道 {name}（{type}）不接收消息：{error}'],
  [
    'The channel {name} ({type}) takes no messages, and {events} wait for it: {error}',
    '渠道 {name}（{type}）不接收消息，有 {events}在等待：{error}',
  ],
  [
    'The channel {name} ({type}) did not take the last test: {error}',
    '渠道 {name}（{type}）没有接收最近一次测试：{error}',
  ],
  [
    'The channel {name} ({type}) was not sent {messages}, which were given up.',
    '渠道 {name}（{type}）有 {messages}未能送达，已放弃。',
  ],
  [
    'It works by now? alert test {name} shows it.',
    '现在恢复了吗？可用 kling-sidecar alert test {name} 验证。',
  ],
  ['The channel {name} ({type}) was never sent anything.', '渠道 {name}（{type}）还没有发送过消息。'],
  ['Try it: alert test {name}.', '请测试：kling-sidecar alert test {name}。'],
  ['The channel {name} ({type}) took a message {age} ago.', '渠道 {name}（{type}）在 {age}前接收了消息。'],
  // Jobs
  ['None of the {n} jobs that are on has run yet.', '已开启的 {n} 个计划任务都还没有运行过。'],
  [
    '{n1} of the {n2} jobs that are on have run, each well the last time.',
    '已开启的 {n2} 个计划任务中 {n1} 个运行过，最近一次均正常。',
  ],
  ['The job {name} failed {age} ago: {error}', '计划任务 {name} 在 {age}前失败：{error}'],
  [
    'The job {name} failed {n} times in a row, the last time {age} ago: {error}',
    '计划任务 {name} 连续失败 {n} 次，最近一次在 {age}前：{error}',
  ],
  [
    'It is tried again by itself; jobs run {name} tries it now.',
    '会自动重试；也可立即运行 kling-sidecar jobs run {name}。',
  ],
  [
    '{jobs} should have run and did not, the oldest {age} ago: {names}.',
    '{jobs}应运行而未运行，最早的在 {age}前：{names}。',
  ],
  ['Start the sidecar: each of them then runs once.', '请启动 sidecar：每个会各运行一次。'],
  ['A sidecar runs: see its log, and restart it.', 'sidecar 正在运行：请查看日志并重启。'],
  [
    'Runs were missed while no sidecar ran or the machine was asleep ({names}).',
    '在 sidecar 未运行或机器休眠期间错过了运行（{names}）。',
  ],
  [
    'Nothing, if the machine was meant to be off; else see that the sidecar runs all the time.',
    '如果机器本应关闭则无需处理；否则请保持 sidecar 一直运行。',
  ],
  ['There is no verified backup in {path}.', '{path} 中没有经过验证的备份。'],
  ['The newest verified backup is from {age} ago, in {path}.', '最新的已验证备份在 {age}前，位于 {path}。'],
  ['The job backup is off.', '备份任务已关闭。'],
  [
    'Set jobs.backup, unless something else calls kling-sidecar backup.',
    '请设置 jobs.backup，除非有其他程序调用 kling-sidecar backup。',
  ],
  ['Later ones were due.', '之后应有的备份没有完成。'],
  [
    'See jobs for what keeps it from running, then: jobs run backup.',
    '请查看 kling-sidecar jobs 了解原因，然后运行 kling-sidecar jobs run backup。',
  ],
  [
    'The job backup makes one at its next time; jobs run backup makes it now.',
    '备份任务会在下次运行时生成；也可立即运行 kling-sidecar jobs run backup。',
  ],
];
