import { describe, expect, it } from 'vitest';
import type { SlaMonth } from '../../src/sla/month.ts';
import { checkAvailability } from '../../src/sla/sla-checks.ts';

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
  const [idle, found] = checkAvailability(measured, { probeIdleWindows: false, firstRunAt });
  expect(idle).toMatchObject({
    level: 'ok',
    finding: expect.stringMatching(/^Each of the 100 windows/) as string,
  });
  return `${found?.level}: ${found?.finding}`;
};

describe('checks of availability', () => {
  it('warn only of windows after the first start in which no sidecar ran', () => {
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
});
