import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AlertEvent } from '../../../src/alerts/alert.ts';
import type { Severity } from '../../../src/alerts/rule-words.ts';
import { compose } from '../../../src/alerts/words/compose.ts';
import { eventOf, NIGHT, settingsOf } from '../making.ts';

const settings = settingsOf({ account: 'studio' });
const test = (id: number, channel: string, over: Partial<AlertEvent> = {}): AlertEvent =>
  eventOf({ id, labels: { channel }, fingerprint: `f${channel}`, startedAt: NIGHT + id, ...over });

describe('a message', () => {
  it('says environment, account, zone and runbook, and its one alert in the headline', () => {
    const message = compose([test(1, 'ops')], NIGHT, settingsOf({ timeZone: 'Asia/Shanghai' }), 0);
    expect(message).toMatchObject({
      at: NIGHT,
      environment: 'production',
      account: null,
      language: 'en',
      headline: 'Test of the alert channel ops',
      severity: 'ticket',
      more: 0,
      frame: { more: '', whatToDo: 'What to do' },
    });
    expect(message.alerts[0]?.runbookUrl).toBe('https://docs.example/runbooks/channel_test.md');
    expect(message.frame.time(NIGHT)).toBe('2026-11-28 11:00 UTC+8');
    expect(compose([test(1, 'ops')], NIGHT, settings, 0).account).toBe('studio');
  });

  it('lists the most severe first, then the oldest, and resolved ones last', () => {
    const events = [
      test(1, 'over', { status: 'resolved', severity: 'page', endedAt: NIGHT }),
      test(2, 'info', { severity: 'info' }),
      test(3, 'ticket', { severity: 'ticket' }),
      test(4, 'second page', { severity: 'page', status: 'repeat' }),
      test(5, 'first page', { severity: 'page', startedAt: NIGHT }),
    ];
    const message = compose(events, NIGHT, settings, 7);
    expect(message.alerts.map(({ labels }) => labels['channel'])).toEqual([
      'first page',
      'second page',
      'ticket',
      'info',
      'over',
    ]);
    expect(message.headline).toBe('12 alerts: Test of the alert channel first page, and 11 more');
    expect(message.frame.more).toBe('and 7 more events, see kling-sidecar alert list');
    expect(message.severity).toBe('page');
  });

  it('keeps the events of one alert in the order in which they happened', () => {
    const events = [
      test(4, 'a', { status: 'firing', severity: 'page', startedAt: NIGHT + 9 }),
      test(3, 'a', { status: 'resolved', severity: 'page', startedAt: NIGHT, endedAt: NIGHT + 3 }),
      test(2, 'b', { severity: 'page' }),
      test(1, 'a', { status: 'firing', severity: 'page', startedAt: NIGHT }),
    ];
    const order = compose(events, NIGHT, settings, 0).alerts.map(({ id }) => id);
    expect(order).toEqual([1, 3, 4, 2]);
  });

  it('is of no urgency, and says so, if all of its alerts are over', () => {
    const over = { status: 'resolved', severity: 'page', endedAt: NIGHT } as const;
    const message = compose([test(1, 'a', over), test(2, 'b', over)], NIGHT, settings, 0);
    expect(message.severity).toBe('info');
    expect(message.headline).toBe('2 alerts are over: Test of the alert channel a, and 1 more');
    const chinese = compose(
      [test(1, 'a', over), test(2, 'b', over)],
      NIGHT,
      settingsOf({ language: 'zh' }),
      0,
    );
    expect(chinese.headline).toBe('2 条告警已恢复：告警通道 a 测试消息，另有 1 条');
  });

  it('has the same id for the same events, and another one for others', () => {
    const [one, two] = [test(1, 'a'), test(2, 'b')];
    const id = compose([one, two], NIGHT, settings, 0).id;
    expect(id).toMatch(/^msg_[0-9a-f]{32}$/);
    expect(compose([one, two], NIGHT + 60_000, settings, 0).id).toBe(id);
    expect(compose([one], NIGHT, settings, 0).id).not.toBe(id);
    expect(compose([{ ...one, startedAt: 0 }, two], NIGHT, settings, 0).id).not.toBe(id);
  });

  it('says an event of a rule that this version does not know by its name and labels', () => {
    const unknown = eventOf({ rule: 'moon_phase' as never, labels: { budget: 'daily' } });
    const [alert] = compose([unknown], NIGHT, settings, 0).alerts;
    expect(alert).toMatchObject({ title: 'moon_phase, budget daily', finding: '', advice: '' });
  });

  it('keeps its lines within 150 characters, for any labels', () => {
    const event = fc.record({
      id: fc.integer({ min: 1, max: 50 }),
      channel: fc.string({ unit: 'binary', maxLength: 300 }),
      severity: fc.constantFrom<Severity>('page', 'ticket', 'info'),
      status: fc.constantFrom<AlertEvent['status']>('firing', 'repeat', 'resolved'),
    });
    fc.assert(
      fc.property(
        fc.array(event, { minLength: 1, maxLength: 8 }),
        fc.nat({ max: 10_000 }),
        fc.constantFrom<'en' | 'zh'>('en', 'zh'),
        (given, more, language) => {
          const events = given.map(({ id, channel, ...rest }) => test(id, channel, rest));
          const message = compose(events, NIGHT, settingsOf({ language }), more);
          expect(message.alerts).toHaveLength(events.length);
          for (const line of [message.headline, ...message.alerts.map(({ title }) => title)]) {
            expect(line.length).toBeLessThanOrEqual(150);
            expect(line).not.toMatch(/[\p{Cc}]|undefined|NaN/u);
            expect(line.isWellFormed()).toBe(true);
          }
        },
      ),
    );
  });
});
