/** The message of `kling-sidecar alert test`: no rule finds it, an operator orders it. */
import type { Rule } from '../rule.ts';

export const channelTest: Rule = {
  word: 'channel_test',
  words: {
    en: ({ labels }) => ({
      title: `Test of the alert channel${nameOf(labels, ' ')}`,
      finding: 'An operator sent this with kling-sidecar alert test. Nothing is wrong.',
      advice: 'Nothing: that you read this shows that alerts arrive here.',
    }),
    zh: ({ labels }) => ({
      title: `告警通道${nameOf(labels, ' ')} 测试消息`,
      finding: '这是运维人员用 kling-sidecar alert test 发送的测试消息，系统没有异常。',
      advice: '无需处理：能看到这条消息，说明告警可以送达这里。',
    }),
  },
};

function nameOf({ channel }: Readonly<Record<string, string>>, gap: string): string {
  return channel === undefined ? '' : `${gap}${channel}`;
}
