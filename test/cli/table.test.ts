import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Terminal } from '../../src/cli/terminal.ts';
import { fieldsText, minuteText, toTable, wrapMessage, type Column } from '../../src/cli/table.ts';
import { cutText, padText, textWidth, wrapText } from '../../src/cli/text-width.ts';

describe('the width of a text', () => {
  it.each([
    ['abc', 3],
    ['', 0],
    ['猫', 2],
    ['红色屋顶', 8],
    ['かな', 4],
    ['한글', 4],
    ['ＡＢ', 4],
    ['é', 1],
    ['e\u0301', 1],
    ['🐈', 2],
    ['👨‍👩‍👧', 2],
    ['🇨🇳', 2],
    ['❤️', 2],
    ['…', 1],
    ['–', 1],
    ['\u001b[31mred\u001b[0m', 3],
    ['a\u200bb', 2],
  ])('of %j is %d', (text, width) => {
    expect(textWidth(text)).toBe(width);
  });

  it('is never passed by what is cut or wrapped, and wrapping loses nothing', () => {
    const words = fc.array(fc.constantFrom('a', 'word', '猫', '红色屋顶', 'é', '🐈🐈', 'longer-than-most'), {
      minLength: 1,
    });
    fc.assert(
      fc.property(words, fc.integer({ min: 16, max: 60 }), (list, width) => {
        const text = list.join(' ');
        expect(textWidth(cutText(text, width))).toBeLessThanOrEqual(width);
        const lines = wrapText(text, width);
        expect(lines.join(' ')).toBe(text);
        for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(width);
        expect(textWidth(padText(text, 200))).toBe(Math.max(200, textWidth(text)));
      }),
    );
  });

  it('is kept by a cut between two words, where there is one', () => {
    expect(cutText('a cat on a red roof', 12)).toBe('a cat on a…');
    expect(cutText('一只戴着帽子的猫', 9)).toBe('一只戴着…');
    expect(cutText('short', 5)).toBe('short');
  });
});

const COLUMNS: readonly Column[] = [
  { field: 'name', title: 'name' },
  { field: 'prompt', title: 'prompt', cut: true, drop: 2 },
  { field: 'model', title: 'model', drop: 1 },
  { field: 'credits', title: 'credits' },
  { field: 'at', title: 'at', kind: 'time' },
];
const ROW = {
  name: '每日预算',
  prompt: '一只戴着帽子的猫 on a red roof, jumping over the river',
  model: 'kling-v2-5-turbo',
  credits: 35,
  at: '2026-11-21T23:59:59.999Z',
};

describe('a table', () => {
  it('aligns wide characters by the cells that they take', () => {
    const table = toTable([ROW, { ...ROW, name: 'daily', prompt: 'a cat' }], COLUMNS);
    const lines = table.trimEnd().split('\n');
    const starts = lines.map((line) =>
      textWidth(line.slice(0, line.indexOf(line.includes('2026') ? '2026' : 'at'))),
    );
    expect(new Set(starts.slice(1)).size).toBe(1);
  });

  it('into a pipe has everything, as it is', () => {
    const table = toTable([ROW], COLUMNS);
    for (const value of Object.values(ROW)) expect(table).toContain(String(value));
  });

  it('cuts long texts first, then leaves out columns by their number, then lists fields', () => {
    const at = (width: number): string => toTable([ROW], COLUMNS, { width, zone: 'Asia/Shanghai' });
    expect(at(120)).toContain(ROW.prompt);
    expect(at(90)).toMatch(/^name +prompt +model +credits +at\n每日预算 {2}一只戴着帽子的猫 on.*… +kling/);
    expect(at(70)).toMatch(/^name +prompt +credits +at\n/);
    expect(at(40)).toMatch(/^name +credits +at\n每日预算 +35 {2}2026-11-22 07:59\n$/);
    expect(at(30)).toBe('name     每日预算\ncredits  35\nat       2026-11-22 07:59\n\n');
  });

  it('has no line that is wider than its room', () => {
    const rows = fc.array(
      fc.record({
        name: fc.constantFrom('a', '每日预算', 'a name of some length'),
        prompt: fc.string({ unit: 'grapheme', maxLength: 80 }),
        model: fc.constantFrom('kling-v1', 'kling-v2-5-turbo', null),
        credits: fc.integer({ min: 0, max: 1_000_000 }),
        at: fc.constant(ROW.at),
      }),
      { minLength: 1, maxLength: 5 },
    );
    fc.assert(
      fc.property(rows, fc.integer({ min: 50, max: 140 }), (given, width) => {
        const table = toTable(given, COLUMNS, { width, zone: 'UTC' });
        for (const line of table.split('\n')) expect(textWidth(line)).toBeLessThanOrEqual(width);
      }),
    );
  });
});

it('a time is shown to the minute as its zone’s clock shows it', () => {
  expect(minuteText('UTC', '2026-11-21T23:59:59.999Z')).toBe('2026-11-21 23:59');
  expect(minuteText('Europe/Berlin', '2026-11-21T23:59:59.999Z')).toBe('2026-11-22 00:59');
  expect(minuteText('Asia/Kathmandu', '2026-01-01T00:00:00Z')).toBe('2026-01-01 05:45');
  expect(minuteText('UTC', 'soon\u001b')).toBe('soon?');
});

it('a message is broken between words on a terminal alone, and keeps its indent', () => {
  const text = 'kling-sidecar: one problem:\n  control.port is ""; allowed: a whole number from 0 to 65535';
  const on = (isErrTerminal: boolean): string =>
    wrapMessage(text, { isErrTerminal, columns: 40 } as Terminal);
  expect(on(false)).toBe(text);
  expect(on(true)).toBe(
    'kling-sidecar: one problem:\n  control.port is ""; allowed: a whole\n  number from 0 to 65535',
  );
});

it('fields go on below themselves', () => {
  expect(
    fieldsText(
      [
        ['store', 'a text that is longer than its room has cells'],
        ['名', 'x'],
      ],
      27,
    ),
  ).toBe('store  a text that is\n       longer than its room\n       has cells\n名     x\n');
});
