import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { literal, type SlackBlock } from '../../../src/alerts/channels/block-kit.ts';
import { slackMessage } from '../../../src/alerts/channels/slack-message.ts';
import { alertOf, anyMessage, brokenTexts, messageOf, NASTY, overOf } from './sample-message.ts';
import { refusedBySlack } from './slack-rules.ts';

/** Every text of blocks in the order in which it is read. */
function textsOf(blocks: readonly SlackBlock[]): string[] {
  return blocks.flatMap((block) => {
    if (block.type === 'header') return [block.text.text];
    if (block.type === 'context') return block.elements.map(({ text }) => text);
    if (block.type === 'divider') return ['---'];
    return block.text === undefined ? (block.fields ?? []).map(({ text }) => text) : [block.text.text];
  });
}

describe('a message in Slack', () => {
  test('shows the problem, its urgency and the next step, in this order', () => {
    const { text, blocks } = slackMessage(messageOf());
    expect(textsOf(blocks)).toEqual([
      '🔴 Kling fails 12 % of requests',
      '*Urgent · production*',
      'Since: 2020-09-06 02:37 UTC',
      '12 % of 240 requests failed in the last 10 minutes, above 5 %.',
      '*What to do:* Look at the errors of Kling. Nothing is charged for a create that failed.',
      'Environment: production',
      'Account: studio-7',
      '<https://docs.example/runbooks/failure_rate.md|Runbook: failure_rate>',
    ]);
    expect(text).toMatch(/^🔴 Alert · Urgent: Kling fails 12 % of requests\n/);
    expect(text).toContain('What to do: Look at the errors of Kling.');
    expect(text).toContain('production');
  });

  test('says that it still lasts, or is over and until when, without what nobody needs then', () => {
    const repeat = slackMessage(messageOf({ alerts: [alertOf({ status: 'repeat', severity: 'ticket' })] }));
    expect(textsOf(repeat.blocks)[0]).toBe('🟠 Still firing: Kling fails 12 % of requests');
    const over = slackMessage(messageOf({ alerts: [overOf()] }));
    expect(textsOf(over.blocks)).toEqual([
      '✅ Over: Kling fails 12 % of requests',
      'Since: 2020-09-06 02:37 UTC',
      'Until: 2020-09-06 02:42 UTC',
      '12 % of 240 requests failed in the last 10 minutes, above 5 %.',
      'Environment: production',
      'Account: studio-7',
      '<https://docs.example/runbooks/failure_rate.md|Runbook: failure_rate>',
    ]);
    expect(over.text).toMatch(/^✅ Over: Kling fails/);
    expect(over.text).not.toContain('Urgent');
  });

  test('speaks Chinese', () => {
    const { blocks } = slackMessage(messageOf({ language: 'zh' }));
    expect(textsOf(blocks).slice(1, 5)).toEqual([
      '*紧急 · production*',
      '开始时间：2020-09-06 02:37 UTC',
      expect.stringMatching(/^12 %/),
      expect.stringMatching(/^\*处理建议：\* Look/),
    ]);
  });

  test('of several alerts has each with its own sign and advice, and counts the others', () => {
    const alerts = [alertOf(), alertOf({ id: 3, severity: 'info', title: 'Price list is old' }), overOf()];
    const texts = textsOf(slackMessage(messageOf({ alerts, headline: '12 alerts', more: 9 })).blocks);
    expect(texts).toEqual([
      '🔴 12 alerts',
      'kling-sidecar · Environment: production · Account: studio-7',
      expect.stringMatching(
        /^🔴 \*Kling fails 12 % of requests\*\n12 %.*\n\*What to do:\* Look.*\nUrgent · Since/,
      ),
      '---',
      expect.stringMatching(/^🔵 \*Price list is old\*\n/),
      '---',
      expect.stringMatching(/^✅ \*Over: Kling fails 12 % of requests\*\n/),
      'and 9 more events, see kling-sidecar alert list',
    ]);
  });

  test('of any texts is one that Slack takes', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        const made = slackMessage(message);
        expect(refusedBySlack({ ...made })).toBeNull();
        expect(brokenTexts(made)).toEqual([]);
        expect(made.blocks[0]).toMatchObject({ type: 'header' });
      }),
      { numRuns: 150 },
    );
  });

  test('of more alerts than Slack takes keeps the first ones and counts the rest', () => {
    const alerts = Array.from({ length: 120 }, (_, id) =>
      alertOf({ id, title: `${id} ${'界'.repeat(140)}` }),
    );
    const { blocks } = slackMessage(messageOf({ alerts }));
    const texts = textsOf(blocks);
    expect(texts.join('\n')).toContain('*0 界');
    const shown = texts.filter((text) => text.startsWith('🔴 *')).length;
    expect(texts.at(-1)).toBe(`+${120 - shown}`);
  });

  test('keeps a title of emoji whole at the limit of a header', () => {
    const { blocks } = slackMessage(messageOf({ alerts: [alertOf({ title: '😀'.repeat(100) })] }));
    expect(textsOf(blocks)[0]).toBe(`🔴 ${'😀'.repeat(73)}…`);
  });
});

describe('text of others', () => {
  test('mentions nobody, links nothing and keeps its looks', () => {
    const alert = alertOf({ title: NASTY.slice(0, 140), finding: NASTY, advice: NASTY });
    const made = slackMessage(messageOf({ alerts: [alert] }));
    expect(refusedBySlack({ ...made })).toBeNull();
    const finding = textsOf(made.blocks)[3]?.replaceAll('\u200b', '');
    expect(finding).toContain('&lt;@123&gt; &lt;!channel&gt; [pay](https://evil.example/x)');
  });

  test.each([
    ['a bold word', '*x*', '\u200b*\u200bx\u200b*\u200b'],
    ['code', '`x`', '\u200b`\u200bx\u200b`\u200b'],
    ['a quote', '> x', '&gt; x'],
    ['an escape', '&lt;', '&amp;lt;'],
    ['an emoji by name', 'a :fire: b', 'a :\u200bfire: b'],
    ['everybody', 'ask @here', 'ask @\u200bhere'],
  ])('has no format: %s', (_what, text, written) => expect(literal(text)).toBe(written));

  test.each([
    'KLING_SIDECAR__LISTEN__PORT=5564',
    'budget_used_up',
    'kling-sidecar alert silence failure_rate --for 2h',
    'https://docs.example/a_b~c',
    'at 14:05:30',
    'ops@example.com',
  ])('can be copied unchanged if nothing is markup: %s', (text) => expect(literal(text)).toBe(text));
});
