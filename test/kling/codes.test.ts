import { describe, expect, it } from 'vitest';
import { codeInfo, CODES, regionHint } from '../../src/kling/codes.ts';

describe('the code table', () => {
  it('has the 22 codes of Kling’s page with their statuses', () => {
    const page = [
      [200, [0]],
      [401, [1000, 1001, 1002, 1003, 1004]],
      [429, [1100, 1101, 1102, 1302, 1303, 1304]],
      [403, [1103]],
      [400, [1200, 1201, 1300, 1301]],
      [404, [1202, 1203]],
      [500, [5000]],
      [503, [5001]],
      [504, [5002]],
    ] as const;
    for (const [status, codes] of page) {
      for (const code of codes) expect(codeInfo(code), String(code)).toMatchObject({ code, status });
    }
    expect(CODES.length).toBe(page.flatMap(([, codes]) => codes).length);
  });

  it('waits only for 1302 and 1303, signs again only for 1003 and 1004, looks up first after 5000 and 5001', () => {
    const codes = (retry: string): number[] =>
      CODES.filter((row) => row.retry === retry).map(({ code }) => code);
    expect(codes('wait')).toEqual([1302, 1303]);
    expect(codes('resign_once')).toEqual([1003, 1004]);
    expect(codes('look_up')).toEqual([5000, 5001]);
    expect(codes('read_only')).toEqual([5002]);
    expect(CODES.filter(({ accountWide }) => accountWide).map(({ code }) => code)).toEqual([
      1100, 1101, 1102, 1103, 1304,
    ]);
  });

  it('ends a hold only on a refusal', () => {
    for (const row of CODES) {
      const expected =
        row.code === 0 ? ['yes', 'keep'] : row.code >= 5000 ? ['unknown', 'doubt'] : ['no', 'release'];
      expect([row.taskMade, row.holdAction], String(row.code)).toEqual(expected);
      expect(row.advice).toMatch(/\.$/);
    }
    expect(codeInfo(1399)).toBeNull();
  });

  it('hints at the other region for authentication failures at Kling’s own hosts', () => {
    expect(regionHint(1002, 'api-singapore.klingai.com')).toContain('https://api-beijing.klingai.com');
    expect(regionHint(1000, 'api-beijing.klingai.com:443')).toContain('https://api-singapore.klingai.com');
    expect(regionHint(1002, 'api.klingai.com')).toContain('old host');
    expect(regionHint(1002, '127.0.0.1:5566')).toBeNull();
    expect(regionHint(1004, 'api-singapore.klingai.com')).toBeNull();
    expect(regionHint(null, 'api-singapore.klingai.com')).toBeNull();
  });
});
