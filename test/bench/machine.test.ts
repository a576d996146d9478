import { describe, expect, it } from 'vitest';
import { BUSY_SHARE, isBusy, readCpuTicks, readPressure } from '../../bench/machine.ts';

describe('the machine of a benchmark', () => {
  it('reads the pressure of waiting tasks out of the kernel’s text', () => {
    const text =
      'some avg10=99.17 avg60=98.90 avg300=80.35 total=18950292652\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n';
    expect(readPressure(text)).toEqual({ avg10: 99.17, totalUs: 18_950_292_652 });
    expect(readPressure('')).toBeNull();
  });

  it('counts user, nice, system and stolen time as used, and interrupts as nobody’s', () => {
    const text = 'cpu  100 20 30 1000 5 7 11 13 40 0\ncpu0 1 2 3 4 5 6 7 8 9 10\n';
    expect(readCpuTicks(text)).toEqual({ total: 1186, used: 163 });
  });

  it('is busy when tasks waited or when others took more than a twentieth, though nobody waited', () => {
    expect(isBusy(BUSY_SHARE, BUSY_SHARE)).toBe(false);
    expect(isBusy(0.2, 0)).toBe(true);
    expect(isBusy(0, 0.5)).toBe(true);
    expect(isBusy(null, 0)).toBe(false);
  });
});
