import { describe, expect, it } from 'vitest';
import { checked, durationText } from '../../src/cli/doctor-check.ts';
import { checkPrices } from '../../src/cli/doctor-prices.ts';
import { checkKling } from '../../src/cli/doctor-sidecar.ts';
import { checkAvailability } from '../../src/cli/doctor-sla.ts';
import type { StatusAnswer } from '../../src/control/schemas.ts';
import { SidecarError } from '../../src/errors.ts';
import type { SlaMonth } from '../../src/sla/month.ts';
import { load } from '../config/load-text.ts';

const KLING = 'https://api-singapore.klingai.com';
const clockAt = (clockOffsetMs: number | null): string => {
  const status = { upstream: KLING, clockOffsetMs } as StatusAnswer;
  const [upstream, clock] = checkKling(status, true);
  expect(upstream).toMatchObject({ level: 'ok' });
  return `${clock?.level}: ${clock?.finding}`;
};

const HOUR = 3_600_000;
const DAY_1 = Date.UTC(2025, 9, 1);
const gap = (startHour: number, endHour: number): SlaMonth['gaps'][number] => ({
  start: new Date(DAY_1 + startHour * HOUR).toISOString(),
  end: new Date(DAY_1 + endHour * HOUR).toISOString(),
  windows: (endHour - startHour) * 12,
});
const gapsOf = (gaps: SlaMonth['gaps'], firstRunAt: number | null): string => {
  const windows = {
    total: 8928,
    withTraffic: 100,
    withErrors: 0,
    notObserved: 0,
    elapsed: 100,
    idle: 0,
    divisor: 8928,
  };
  const measured = { month: '2025-10', windows, gaps } as SlaMonth;
  const [idle, found] = checkAvailability(load({}).config, measured, firstRunAt);
  expect(idle).toMatchObject({
    level: 'ok',
    finding: expect.stringMatching(/^Each of the 100 windows/) as string,
  });
  return `${found?.level}: ${found?.finding}`;
};

describe('the rules of doctor', () => {
  it('bear a clock to a minute, warn of it to five, and fail beyond', () => {
    expect(clockAt(400)).toBe('ok: Kling’s clock agrees with ours.');
    expect(clockAt(-60_000)).toBe('ok: Kling’s clock is 60 s behind ours.');
    expect(clockAt(61_000)).toBe('warn: Kling’s clock is 61 s ahead of ours.');
    expect(clockAt(-300_000)).toMatch(/^warn: /);
    expect(clockAt(-300_001)).toMatch(/^fail: Kling’s clock is 300 s behind ours\. Creates are refused/);
    expect(clockAt(null)).toMatch(/^note: .* is not known: Kling has not answered since the start\.$/);
  });

  it('say nothing of Kling that a sidecar of an earlier version does not tell', () => {
    const status = { upstream: KLING, clockOffsetMs: 0 } as StatusAnswer;
    const [, , key, ...rest] = checkKling(status, true);
    expect(key).toMatchObject({ name: 'key', level: 'note' });
    expect(rest).toEqual([]);
    expect(checkKling(status, false)).toHaveLength(2);
  });

  it('hold against a sidecar only the windows since its first start', () => {
    expect(gapsOf([], DAY_1)).toMatch(/^ok: /);
    const start = DAY_1 + 30 * HOUR + 7000;
    expect(gapsOf([gap(0, 30)], start)).toBe(
      'note: The sidecar was first started on 2025-10-02: 360 windows of this month before it are not observed.',
    );
    expect(gapsOf([gap(0, 30), gap(40, 41)], start)).toBe(
      'warn: In 12 windows of this month no sidecar ran, the last time from 2025-10-02T16:00:00.000Z to 2025-10-02T17:00:00.000Z.',
    );
    expect(gapsOf([gap(0, 30)], null)).toBe(
      'note: No sidecar has run on this store: 360 windows of this month are not observed.',
    );
  });

  it('warn of models in use whose price is assumed, until an override names them', () => {
    const usage = [
      { model: 'kling-v3', tasks: 9 },
      { model: null, tasks: 2 },
      { model: 'kling-v4', tasks: 1 },
      { model: 'kling-v9', tasks: 3 },
      { model: 'other', tasks: 4 },
    ];
    const found = (file: unknown): string[] =>
      checkPrices(load(file).config, usage).map(({ level, finding }) => `${level}: ${finding}`);
    expect(found({})).toEqual([
      'warn: The price of kling-v4 is assumed (prices of resellers of Kling 4.0 (fal, Siray, muapi)): 1 create was held at it.',
      'warn: kling-v9 is not in the price list: 3 creates were held at the dearest price that fits.',
      'warn: Some models are not in the price list: 4 creates were held at the dearest price that fits.',
    ]);
    const overrides = [
      { path: '/text-to-video/kling-4.0', creditsPerSecond: 10 },
      { operation: 'text-to-video', model: 'kling-v9', creditsPerSecond: 10 },
      { operation: 'text-to-video', model: 'other', credits: 100 },
    ];
    expect(found({ pricing: { overrides } })).toEqual([
      'ok: No model of the last 31 days has a price that is assumed as a whole.',
    ]);
  });

  it('say durations in their largest unit, and make a failure of an error of ours alone', async () => {
    const texts = [0, 59_999, 60_000, 2 * HOUR, 24 * HOUR, 49 * HOUR].map(durationText);
    expect(texts).toEqual([
      'less than a minute',
      'less than a minute',
      '1 minute',
      '2 hours',
      '1 day',
      '2 days',
    ]);
    const failed = await checked('store', () => {
      throw new SidecarError('store_corrupt', 'the store is no store');
    });
    expect(failed).toMatchObject([{ name: 'store', level: 'fail', finding: 'the store is no store.' }]);
    await expect(checked('store', () => Promise.reject(new TypeError('a fault')))).rejects.toThrow('a fault');
  });
});
