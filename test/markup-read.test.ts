import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromMarkdown } from '../src/markup-read.ts';
import {
  bold,
  code,
  heading,
  list,
  paragraph,
  plainTextOf,
  say,
  table,
  toHtml,
  toMarkdown,
  type Text,
} from '../src/markup.ts';

describe('Markdown of ours', () => {
  it('gives the blocks that it was written from', () => {
    const blocks = [
      heading(1, say`Title ${1}`),
      heading(2, say`Why`),
      paragraph(say`${bold('12.00 USD')} in ${code('windows.csv')}, ${say`of ${bold(3)}`}.`),
      list([say`one`, say`two *three* _four_`]),
      list([say`first`, say`1. second`], true),
      table(
        [say`a`, say`b`],
        [
          [say`1`, say`x|y`],
          [say``, say`${code('p|q')}`],
        ],
      ),
      table(null, [[say`k`, say`v \\`]]),
      paragraph(say`# no heading | no & table &amp; 1. no list`),
    ];
    expect(toHtml(fromMarkdown(toMarkdown(blocks)))).toBe(toHtml(blocks));
  });

  it('gives the same again with any texts', () => {
    // A text in one style between others; spaces at its ends are not kept by Markdown.
    const words = fc
      .string({ unit: fc.constantFrom(...'ab1 .#>|*_`\\~[]()<>&;-+=!:"\''), maxLength: 12 })
      .map((text) => `x${text}x`);
    const text: fc.Arbitrary<Text> = fc
      .tuple(words, words, words, words, words)
      .map(([a, b, c, d, e]) => say`${a} ${bold(b)} ${c} ${code(d.replaceAll('`', "'"))} ${e}`);
    const block = fc.oneof(
      text.map(paragraph),
      text.map((one) => heading(2, one)),
      fc
        .tuple(fc.array(text, { minLength: 1, maxLength: 3 }), fc.boolean())
        .map(([items, ordered]) => list(items, ordered)),
      fc.tuple(text, text, text, text).map(([a, b, c, d]) => table([a, b], [[c, d]])),
      fc.tuple(text, text).map(([a, b]) => table(null, [[a, b]])),
    );
    fc.assert(
      fc.property(block, (one) => {
        expect(toHtml(fromMarkdown(toMarkdown([one])))).toBe(toHtml([one]));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('Markdown that somebody wrote', () => {
  it('keeps every word, and makes no tag and no link', () => {
    const text = [
      'Dear Sirs,',
      'we ask for <b>more</b>: [here](https://evil.example)',
      '> a quote',
      '',
      '### Third level',
      '* a point',
      '2) a number',
      '|only|one row|',
      '`open and **open',
      '<img src=x onerror=alert(1)>',
    ].join('\r\n');
    const blocks = fromMarkdown(text);
    expect(blocks.map(({ kind }) => kind)).toEqual([
      'paragraph',
      'heading',
      'list',
      'list',
      'table',
      'paragraph',
    ]);
    const html = toHtml(blocks);
    expect(html).not.toMatch(/<(b|a|img)\b/);
    expect(html).toContain('[here](https://evil.example) &gt; a quote');
  });

  it('loses no letter of any text', () => {
    const letters = (text: string): string => text.replaceAll(/[^\p{L}\p{N}]/gu, '');
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab \n|*#-`\\1.é中'), maxLength: 80 }), (text) => {
        const read = fromMarkdown(text).flatMap((block) => {
          if (block.kind === 'table') return [...(block.head ?? []), ...block.rows.flat()];
          return block.kind === 'list' ? block.items : [block.text];
        });
        // Numbers of a list and levels of a heading are its structure.
        const kept = letters(read.map(plainTextOf).join('')).replaceAll(/\d/g, '');
        expect(kept).toBe(letters(text).replaceAll(/\d/g, ''));
      }),
      { numRuns: 1000 },
    );
  });
});
