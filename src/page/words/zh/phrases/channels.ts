/** Why channels of alerts took no message, in Chinese. */
import type { Phrase } from '../../../phrase-book.ts';

export const CHANNELS_SAID: readonly Phrase[] = [
  ['{who@receivers} answered {n}', '{who}返回 {n}'],
  ['{who@receivers} answered {n} ({reason})', '{who}返回 {n}（{reason}）'],
  ['a redirect, which is not followed: write the address itself', '重定向，不会跟随：请填写最终地址'],
  [
    '{who@receivers} answered {n} without a code: something else may be at that address',
    '{who}返回 {n}，但没有代码：该地址可能是其他程序',
  ],
  [
    '{who@receivers} answered {n}, not 202: something else may be at that address',
    '{who}返回 {n}，而非 202：该地址可能是其他程序',
  ],
  [
    'Slack answered {n} without the fields of Slack’s answers: something else may have answered',
    'Slack 返回 {n}，但没有 Slack 应答的字段：可能是其他程序应答',
  ],
  ['{who@receivers} gave no answer within {n} s', '{who}在 {n} 秒内没有应答'],
  ['{who@receivers} gave no answer in time', '{who}没有及时应答'],
  ['{who@receivers} cannot be found: its name has no address', '找不到{who}：域名没有地址'],
  ['{who@receivers} cannot be found: the name server gives no answer', '找不到{who}：域名服务器没有应答'],
  ['{who@receivers} refuses connections', '{who}拒绝连接'],
  ['{who@receivers} closed the connection', '{who}关闭了连接'],
  ['{who@receivers} took no connection in time', '{who}没有及时接受连接'],
  ['{who@receivers} was not reached', '无法连接{who}'],
  ['{who@receivers} was not reached: the channel is closed', '未连接{who}：渠道已关闭'],
  [
    '{who@receivers} leads to a private address, or for http to a public one: if that is meant, list its host under "hosts" of the channel',
    '{who}指向内网地址，或以 http 指向公网地址：如属有意，请将其主机列入该渠道的 `hosts`',
  ],
  ['{who@receivers} did not take the message', '{who}没有接收消息'],
  [
    '{who@receivers} did not take the message (its endpoint answered {n})',
    '{who}没有接收消息（其端点返回 {n}）',
  ],
  [
    '{who@receivers} offers no TLS that can be trusted: STARTTLS is needed except on this machine',
    '{who}不提供可信的 TLS：除本机外都需要 STARTTLS',
  ],
  ['{who@receivers} refuses the user or the password', '{who}拒绝了用户名或密码'],
  ['{who@receivers} takes no user and password', '{who}不接受用户名和密码'],
  ['{who@receivers} refuses the sender or every recipient', '{who}拒绝了发件人或所有收件人'],
  ['{who@receivers} refuses the message', '{who}拒绝了该消息'],
  ['{who@receivers} does not speak SMTP', '{who}不支持 SMTP'],
  ['{reason} (answered {n})', '{reason}（返回 {n}）'],
];
