import { afterEach, describe, expect, it } from 'vitest';
import { make, parse, shutDownAll } from './telling.ts';

afterEach(shutDownAll);

const ALERT = { rule: 'disk_low', labels: { place: 'store' }, title: 'The disk is nearly full', since: 0 };

describe('alerts at the edge', () => {
  it('have series of every rule, channel and result from the start, at 0', async () => {
    const { telemetry } = make();
    telemetry.setChannels([
      { name: 'ops', rules: ['disk_low', 'clock_wrong'] },
      { name: 'pager', rules: ['disk_low'] },
    ]);
    const series = parse(await telemetry.metricsText()).series.filter(
      ({ name }) => name === 'kling_alerts_total',
    );
    expect(series).toHaveLength(3 * 4);
    expect(series.every(({ value }) => value === 0)).toBe(true);
    telemetry.alertSent('disk_low', 'pager', 'undelivered');
    const counted = parse(await telemetry.metricsText()).series.filter(
      ({ name, value }) => name === 'kling_alerts_total' && value > 0,
    );
    expect(counted).toEqual([
      {
        name: 'kling_alerts_total',
        labels: { rule: 'disk_low', channel: 'pager', result: 'undelivered' },
        value: 1,
      },
    ]);
  });

  it('have a bounded number of series, with any number of channels after reloads', async () => {
    const { telemetry } = make();
    for (let i = 0; i < 200; i += 1) {
      telemetry.setChannels([{ name: `channel ${i}`, rules: ['disk_low'] }]);
      telemetry.alertSent('disk_low', `channel ${i}`, 'delivered');
    }
    const { series } = parse(await telemetry.metricsText());
    const channels = new Set(
      series.filter(({ name }) => name === 'kling_alerts_total').map(({ labels }) => labels['channel']),
    );
    expect(channels.size).toBeLessThanOrEqual(65);
    expect(channels).toContain('other');
  });

  it('are lines whose level says how urgent they are', () => {
    const { telemetry, logged } = make('info');
    for (const severity of ['page', 'ticket', 'info'] as const) telemetry.alertBegan({ ...ALERT, severity });
    telemetry.alertEnded({ ...ALERT, severity: 'page' });
    telemetry.channelFailed('ops', 'Slack answered 503');
    telemetry.channelWorks('ops');
    expect(logged().map(({ level, event }) => [level, event])).toEqual([
      ['error', 'alert_firing'],
      ['warn', 'alert_firing'],
      ['info', 'alert_firing'],
      ['info', 'alert_over'],
      ['warn', 'channel_failing'],
      ['info', 'channel_works'],
    ]);
    expect(logged()[0]).toMatchObject({
      msg: 'alert: The disk is nearly full',
      rule: 'disk_low',
      labels: { place: 'store' },
      since: '1970-01-01T00:00:00.000Z',
    });
    expect(logged()[4]).toMatchObject({ channel: 'ops', why: 'Slack answered 503' });
  });
});
