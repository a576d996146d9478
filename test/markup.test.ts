import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvLines } from '../src/csv.ts';
import { bold, code, heading, list, paragraph, say, table, toHtml, toMarkdown } from '../src/markup.ts';

describe('a document of blocks', () => {
  it('is Markdown and HTML with its own structure', () => {
    const blocks = [
      heading(1, say`Title ${1}`),
      paragraph(say`${bold('12.00 USD')} in ${code('windows.csv')}, ${say`of ${bold(3)}`}.`),
      list([say`one`, say`two`]),
      list([say`first`], true),
      table([say`a`, say`b`], [[say`1`, say`x|y`]]),
      table(null, [[say`k`, say`v`]]),
    ];
    expect(toMarkdown(blocks)).toBe(
      [
        '# Title 1',
        '**12.00 USD** in `windows.csv`, of **3**.',
        '- one\n- two',
        '1. first',
        '| a | b |\n| --- | --- |\n| 1 | x\\|y |',
        '|  |  |\n| --- | --- |\n| k | v |\n',
      ].join('\n\n'),
    );
    expect(toHtml(blocks)).toContain(
      '<p><strong>12.00 USD</strong> in <code>windows.csv</code>, of <strong>3</strong>.</p>',
    );
    expect(toHtml(blocks)).toContain(
      '<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1</td>',
    );
  });

  it.each([
    ['a\n# b', 'a # b'],
    ['# a', '\\# a'],
    ['- a', '\\- a'],
    ['1. a', '1\\. a'],
    ['2.1 a', '2.1 a'],
    ['> a', '\\> a'],
    ['a *b* c', 'a \\*b\\* c'],
    ['snake_case_id _x_', 'snake_case_id \\_x\\_'],
    ['[a](b)', '\\[a](b)'],
    ['<b>', '\\<b>'],
    ['&lt; & co', '\\&lt; & co'],
    ['\u202eevil\u200b', 'evil'],
    ['a\u2028b', 'a b'],
  ])('shows %j as it is', (given, written) => {
    expect(toMarkdown([paragraph(say`${given}`)])).toBe(`${written}\n`);
  });

  it('stays one block and one line, for any text', () => {
    const text = fc.string({ unit: 'binary', maxLength: 40 });
    fc.assert(
      fc.property(text, text, (one, other) => {
        const markdown = toMarkdown([
          paragraph(say`${one}`),
          table([say`h`, say`i`], [[say`${one}`, say`${other}`]]),
        ]);
        const lines = markdown.split('\n');
        expect(lines).toHaveLength(6);
        expect(lines[0]).not.toMatch(/^\s*([#>+-]|\d+[.)](\s|$))/);
        expect(lines[4]?.match(/(?<!\\)(?:\\\\)*\|/g)).toHaveLength(3);
        const html = toHtml([paragraph(say`${one}`)]);
        expect(html.slice(3, -4)).not.toMatch(/[<>"']/);
      }),
    );
  });
});

describe('a cell of CSV', () => {
  it.each([
    '=1',
    '+1',
    '-1',
    '@x',
    ' =1',
    '\t=1',
    '\r=1',
    '\n=1',
    '＝1',
    '＋1',
    '－1',
    '＠x',
    '\u00a0=1',
    '\u3000=1',
    '\ufeff=1',
    '\u0000=1',
  ])('begins with an apostrophe where a spreadsheet would run %j', (text) => {
    expect(
      csvLines([[text]])
        .replace(/^"/, '')
        .startsWith("'"),
    ).toBe(true);
  });

  it('is left alone where it is no formula, numbers among them', () => {
    expect(csvLines([['a', -1, true, null, 'say "x"', 'a,b']])).toBe('a,-1,true,,"say ""x""","a,b"\r\n');
  });
});
