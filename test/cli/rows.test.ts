import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readBatch } from '../../src/cli/batch.ts';
import { toCsv, toJsonLines } from '../../src/cli/rows.ts';
import { toTable } from '../../src/cli/table.ts';
import { plainText } from '../../src/plain-text.ts';
import { paint } from '../../src/cli/terminal.ts';

const COLUMNS = [
  { field: 'name', title: 'name' },
  { field: 'credits', title: 'credits' },
];

describe('a table', () => {
  it('aligns texts to the left and numbers to the right, and shows what is absent', () => {
    const rows = [
      { name: 'long one', credits: 5 },
      { name: 'b', credits: 1234.5 },
      { name: null, credits: null, other: 1 },
    ];
    expect(toTable(rows, COLUMNS)).toBe(
      'name      credits\nlong one        5\nb          1234.5\n-               -\n',
    );
  });

  it('shows no character that would steer a terminal or forge a line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const table = toTable([{ name, credits: 1 }], COLUMNS);
        expect(table.split('\n')).toHaveLength(3);
        expect(table).not.toMatch(/[^\P{Cc}\n]/u);
      }),
    );
    expect(plainText('\u001b[31mred\u202e')).toBe('?[31mred?');
  });
});

describe('CSV', () => {
  it('quotes as RFC 4180 says and keeps a spreadsheet from running text', () => {
    const rows = [
      { name: 'a "b", c', credits: -1 },
      { name: '=HYPERLINK("x")', credits: null },
    ];
    expect(toCsv(rows, ['name', 'credits'])).toBe(
      'name,credits\r\n"a ""b"", c",-1\r\n"\'=HYPERLINK(""x"")",\r\n',
    );
  });
});

describe('JSON lines', () => {
  it('are one object each', () => {
    expect(toJsonLines([{ a: 'x\ny' }, { b: 1 }])).toBe('{"a":"x\\ny"}\n{"b":1}\n');
  });
});

describe('colour', () => {
  it('appears on a terminal alone, and never with NO_COLOR', () => {
    expect(paint({ isTerminal: true, env: {} }, 'bad', 'x')).toBe('\u001b[31mx\u001b[0m');
    expect(paint({ isTerminal: true, env: { NO_COLOR: '' } }, 'bad', 'x')).toContain('\u001b');
    expect(paint({ isTerminal: true, env: { NO_COLOR: '1' } }, 'bad', 'x')).toBe('x');
    expect(paint({ isTerminal: false, env: {} }, 'bad', 'x')).toBe('x');
  });
});

describe('a batch', () => {
  it('is lines of path and body, or bare bodies with a path, empty lines passed over', () => {
    const text = '{"path":"/a","body":{"n":1}}\n\n{"path":"/b","body":{"n":2}}\n';
    expect(readBatch(text, undefined)).toEqual([
      { line: 1, path: '/a', body: { n: 1 } },
      { line: 3, path: '/b', body: { n: 2 } },
    ]);
    expect(readBatch('{"prompt":"x"}', '/c')).toEqual([{ line: 1, path: '/c', body: { prompt: 'x' } }]);
  });

  it('leaves out media, which no price depends on', () => {
    const image = 'A'.repeat(100_000);
    const [line] = readBatch(JSON.stringify({ image, list: [{ image }] }), '/c');
    expect(JSON.stringify(line).length).toBeLessThan(300);
  });

  it('is refused with the number of the line that is wrong', () => {
    expect(() => readBatch('{"path":"/a","body":{}}\nnope', undefined)).toThrow(/Line 2 is not JSON/);
    expect(() => readBatch('[]', '/a')).toThrow(/Line 1 is not a JSON object/);
    expect(() => readBatch('{"prompt":"x"}', undefined)).toThrow(/--path/);
    expect(() => readBatch('\n', '/a')).toThrow(/no requests/);
  });
});
