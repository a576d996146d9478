/** Every month of zones that change their clock: no number is negative, no part is more than the whole. */
import { describe, expect, it } from 'vitest';
import { emptyCounts, type WindowSlice } from '../../src/sla/counts.ts';
import { measureMonth, type SlaMonth } from '../../src/sla/month.ts';
import { addMonths, servicePeriod } from '../../src/sla/period.ts';
import { writeReport } from '../../src/sla/report.ts';
import { countWindows, WINDOW_MS, type Span } from '../../src/sla/window.ts';
import { ask } from './making.ts';

/** By an hour, by half an hour, by two, at midnight, around Ramadan, and those that stopped. */
const ZONES = [
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Africa/Cairo',
  'Pacific/Apia',
  'Antarctica/Troll',
  'America/Santiago',
  'Africa/Casablanca',
  'America/Havana',
  'Pacific/Auckland',
  'Asia/Beirut',
  'UTC',
];
const MONTHS = Array.from({ length: 60 }, (_, index) => addMonths('2023-01', index));
const NO_TERMS = { source: 'none', terms: [] } as const;

const spansOf = (month: string, timeZone: string): Span[] => servicePeriod(month, timeZone, NO_TERMS).spans;

/** One request in each window of the spans, answered with 500, or with 200. */
function everyWindow(spans: readonly Span[], isError: boolean): WindowSlice[] {
  return spans.flatMap(({ start, end }) =>
    Array.from({ length: (end - start) / WINDOW_MS }, (_, index) => ({
      windowStart: start + index * WINDOW_MS,
      host: 'api-singapore.klingai.com',
      origin: 'app' as const,
      retry: false,
      excluded: false,
      counts: { ...emptyCounts(), [isError ? 'server_error' : 'ok']: 1 },
    })),
  );
}

interface Known {
  slices?: WindowSlice[];
  runs?: Span[];
  now?: number;
}

function measure(month: string, timeZone: string, { slices = [], runs = [], now }: Known): SlaMonth {
  const question = ask({ month, timeZone, ...(now !== undefined && { now }) });
  return measureMonth(question, { slices, runs, exclusions: [] });
}

function expectSane(measured: SlaMonth): void {
  const where = `${measured.month} ${measured.timeZone}`;
  const { total, divisor, ...parts } = measured.windows;
  expect(divisor, where).toBe(288 * measured.days);
  for (const [name, part] of Object.entries(parts)) {
    expect(part, `${where} ${name}`).toBeGreaterThanOrEqual(0);
    expect(part, `${where} ${name}`).toBeLessThanOrEqual(total);
  }
  expect(parts.withErrors).toBeLessThanOrEqual(parts.withTraffic);
  expect(parts.idle).toBeLessThanOrEqual(parts.elapsed);
  const { projected = null, best = null } = measured.live?.budget ?? {};
  const readings = Object.values(measured.readings);
  for (const text of [projected, best, ...readings.map(({ availability }) => availability)]) {
    if (text === null) continue;
    expect(text, where).toMatch(/^\d/);
    expect(Number(text), where).toBeLessThanOrEqual(100);
  }
  for (const { sumErrorRates } of readings) {
    expect(Number(sumErrorRates), where).toBeLessThanOrEqual(total);
  }
}

describe.each(ZONES)('months of %s', (zone) => {
  it('hold no more observed, failed or idle windows than there are', () => {
    for (const month of MONTHS) {
      const spans = spansOf(month, zone);
      const [first] = spans;
      if (!first) throw new Error('no span');
      expectSane(measure(month, zone, {}));
      expectSane(measure(month, zone, { runs: spans }));
      expectSane(measure(month, zone, { runs: spans, now: first.start + 15 * 86_400_000 }));
      expectSane(measure(month, zone, { runs: [{ start: first.start, end: first.start }] }));
    }
  });

  it('that fail wholly have an availability of 0 and never less, those without errors 100', () => {
    for (const month of MONTHS) {
      const spans = spansOf(month, zone);
      const isOdd = countWindows(spans) % 288 !== 0;
      // The others are alike: one of them is enough.
      if (month !== '2025-01' && !(isOdd && month.startsWith('2025'))) continue;
      const [first] = spans;
      if (!first) throw new Error('no span');
      const failed = measure(month, zone, { slices: everyWindow(spans, true) });
      expectSane(failed);
      const { total, divisor } = failed.windows;
      expect(total).toBe(countWindows(spans));
      if (total >= divisor) expect(failed.availability).toBe('0.000000');
      else expect(Number(failed.availability)).toBeCloseTo((100 * (divisor - total)) / divisor, 5);
      expect(failed.compensationPercent).toBe(50);
      expect(failed.sumErrorRates).toBe(`${total}.000000`);
      expect(measure(month, zone, { slices: everyWindow(spans, false) }).availability).toBe('100.000000');
      const half = { slices: everyWindow([{ start: first.start, end: first.start + 3_600_000 }], true) };
      expectSane(measure(month, zone, { ...half, now: first.start + 3_600_000 }));
    }
  });
});

describe('a month with a change of the clock', () => {
  it('is projected by its real windows, so that the projection and the month end with the same value', () => {
    const spans = spansOf('2025-10', 'Europe/Berlin');
    const end = spans.at(-1)?.end ?? 0;
    const slices = everyWindow(spans, true).filter((_, index) => index % 100 === 0);
    const over = measure('2025-10', 'Europe/Berlin', { slices });
    const almost = measure('2025-10', 'Europe/Berlin', { slices, now: end - 1 });
    expect(almost.live?.budget.projected).toBe(over.availability);
  });

  it('shows both numbers of windows in its report', () => {
    const spans = spansOf('2025-10', 'Europe/Berlin');
    const text = writeReport(
      'md',
      measure('2025-10', 'Europe/Berlin', { runs: [], slices: everyWindow(spans, false) }),
      [],
    );
    expect(text).toContain('| Windows of 5 minutes | 8940 |');
    expect(text).toContain('| Divisor (12 × 24 × days) | 8928 |');
    expect(text).toContain('| Windows in which no sidecar ran | 8940 |');
  });
});
