import { afterEach, describe, expect, it } from 'vitest';
import { ENGLISH } from '../../src/claims/letter-en.ts';
import { CHINESE } from '../../src/claims/letter-zh.ts';
import { failed, LetterCase } from './letter-cases.ts';
import { INVOICE, maintained, offset, SENTENCES, type Make } from './letter-sentences.ts';

const open: LetterCase[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.store.close();
});

async function lettersOf(made: LetterCase | Promise<LetterCase>): Promise<{ en: string; zh: string }> {
  const month = await made;
  open.push(month);
  const files = await month.documents();
  return { en: files['claim.en.md'] ?? '', zh: files['claim.zh.md'] ?? '' };
}

describe('a letter', () => {
  it.each(SENTENCES)('says only if it is true that %s', async (...sentence) => {
    const [, en, zh, isTrue, isNot] = sentence;
    const [said, unsaid] = [await lettersOf(isTrue()), await lettersOf(isNot())];
    expect(said.en).toContain(en);
    expect(said.zh).toContain(zh);
    expect(unsaid.en).not.toContain(en);
    expect(unsaid.zh).not.toContain(zh);
  });

  it.each([
    ['an outage', failed],
    ['maintenance and lost requests', async () => (await maintained()).lose(5, 30)],
    ['requests that never arrived', () => new LetterCase().lose(10, 0)],
    ['an alternative and an exclusion', async () => (await (await failed(10)).lose(90, 100)).exclude(0)],
    ['imports', () => new LetterCase().failElsewhere(14, { klingRequestId: 'k' })],
    ['a fee of two kinds', async () => (await failed()).settle(300, 'reported').settle(200, 'estimate')],
    ['clocks apart', offset(-50, 80)],
  ] satisfies [string, Make][])('shows the same figures in both languages, of %s', async (_what, make) => {
    const { en, zh } = await lettersOf(make());
    expect(figuresIn(zh)).toEqual(figuresIn(en));
    // Markdown takes asterisks between a mark and a letter for text.
    expect(`${en}${zh}`).not.toMatch(/[^\p{L}\p{N}\s*]\*\*[\p{L}\p{N}]/u);
    expect(en.match(/^#+ /gm)?.length).toBe(zh.match(/^#+ /gm)?.length);
    expect(en.match(/^(- |\d\. |\| )/gm)?.length).toBe(zh.match(/^(- |\d\. |\| )/gm)?.length);
  });

  it('is never half in the other language', async () => {
    const { en, zh } = await lettersOf((await failed()).with({ invoice: INVOICE }).inMonth('2026-12'));
    expect(en).not.toMatch(/\p{Script=Han}/u);
    const words = zh
      .replaceAll(/`[^`]*`/g, '')
      .match(/[A-Za-z]{3,}/g)
      ?.filter(
        (word) =>
          ![
            'SLA',
            'API',
            'HTTP',
            'UTC',
            'USD',
            'acct',
            'https',
            'api',
            'singapore',
            'klingai',
            'com',
            'Asia',
            'Shanghai',
          ].includes(word),
      );
    expect(words).toEqual([]);
  });

  it('asserts nothing about notices that nobody looked for', async () => {
    const { en, zh } = await lettersOf(maintained());
    expect(en).not.toMatch(/as far as we know/i);
    expect(zh).not.toContain('据我方所知');
  });
});

/** The figures of a letter in order; the formula and the working days' source are each language's own text. */
function figuresIn(letter: string): string[] {
  return letter
    .replace(/Working days: .*$/m, '')
    .replace(/工作日依据：.*$/m, '')
    .replace(/^(Article 2\.1|第 2\.1 条).*$/m, '')
    .replaceAll(/5-minute|5 分钟/g, '')
    .replaceAll(/`[^`]*`/g, '')
    .match(/\d[\d.:-]*\d|\d/g)
    ?.sort() as string[];
}

describe('the tables of phrases', () => {
  it('have the same keys', () => {
    expect(Object.keys(CHINESE)).toEqual(Object.keys(ENGLISH));
  });
});
