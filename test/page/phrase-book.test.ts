/** The book of phrases: how it reads sentences, and that its sentences are those of the code. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CODES, regionHint } from '../../src/kling/codes.ts';
import { PhraseBook } from '../../src/page/phrase-book.ts';
import { CHECKLIST } from '../../src/cli/checklist-lines.ts';
import { PHRASES } from '../../src/page/words/zh/phrases/phrases.ts';
import { VALUES } from '../../src/page/words/zh/values.ts';

const SOURCES = resolve(import.meta.dirname, '../../src');
const KINDS: Readonly<Record<string, Readonly<Record<string, string>>>> = VALUES.values;
const VALUE = /\{(\w+)(?:@(\w+))?\}/g;

describe('a book of phrases', () => {
  const book = new PhraseBook(
    [
      ['{n} task', '{n} 个任务'],
      ['{n} tasks', '{n} 个任务'],
      ['{tasks} failed.', '{tasks}失败。'],
      ['The job {name} ended: {why}', '任务 {name} 结束：{why}'],
      ['Nothing is due.', '无。'],
      ['It is {state@states}.', '它{state}。'],
      ['Files are in {places@list}.', '文件在 {places}。'],
    ],
    { states: { on: '开', off: '关' } },
  );

  it('says sentences with their values, which may be phrases, words of a kind, or lists', () => {
    expect(book.say('3 tasks failed.')).toBe('3 个任务失败。');
    expect(book.say('The job a.b ended: 1 task failed.')).toBe('任务 a.b 结束：1 个任务失败。');
    expect(book.say('It is on.')).toBe('它开。');
    expect(book.say('Files are in /a, /b and /c.')).toBe('文件在 /a、/b、/c。');
  });

  it('says several sentences, and none if one of them is not in it', () => {
    expect(book.say('Nothing is due. 2 tasks failed. Nothing is due.')).toBe('无。2 个任务失败。无。');
    expect(book.say('Nothing is due. Something else is.')).toBeNull();
    expect(book.say('It is broken.')).toBeNull();
    expect(book.say('many tasks failed.')).toBe('many tasks失败。');
    expect(book.say('')).toBeNull();
  });

  it('reads a long text in little time', () => {
    const text = 'Nothing is due. '.repeat(15).trim();
    expect(book.say(text)).toBe('无。'.repeat(15));
    expect(book.say('x '.repeat(3000))).toBeNull();
  });
});

describe('the phrases in Chinese', () => {
  const book = new PhraseBook(PHRASES, VALUES.values);

  // A person may have written a value so that each way to read it could be tried with each other one. With that, this test does not end.
  it('read a text that is made of phrases within phrases, or of the texts between values, only so far', () => {
    const withValues = PHRASES.map(([english]) => english).filter((english) => /\{(?!n\d?\})/.test(english));
    const texts = [0, 7, 19].flatMap((start) => {
      const within = ['x'];
      for (let at = start; within.length < 12; at += 20) {
        const english = withValues[at % withValues.length] ?? '';
        within.push(
          english.replaceAll(VALUE, (_, name: string) => (/^n\d?$/.test(name) ? '7' : (within.at(-1) ?? ''))),
        );
      }
      return within;
    });
    const between = withValues
      .map((english) => english.split(/\{[\w@]+\}/))
      .filter((parts) => parts.length > 4);
    texts.push(...between.map((parts) => parts.slice(0, -1).join('x').repeat(100)));
    const read = texts.map((text) => book.say(text.slice(0, 1_500)));
    expect(read.filter((said) => said === null).length).toBeGreaterThan(between.length / 2);
  });

  it('say each of their own sentences', () => {
    const wrong = PHRASES.filter(([english, said]) => {
      const sample = (_: string, name: string, kind?: string): string =>
        kind !== undefined && KINDS[kind]
          ? (Object.keys(KINDS[kind])[0] ?? '')
          : /^n\d?$/.test(name)
            ? '7'
            : 'Q7';
      const kinds = new Map([...english.matchAll(VALUE)].map(([, name = '', kind]) => [name, kind]));
      const expected = said.replace(VALUE, (all, name: string) => {
        const kind = kinds.get(name);
        const value = sample(all, name, kind);
        return kind !== undefined && KINDS[kind] ? (KINDS[kind][value] ?? value) : value;
      });
      return book.say(english.replace(VALUE, sample)) !== expected;
    });
    expect(wrong).toEqual([]);
  });

  it('have the values of their sentence, and name only kinds that exist', () => {
    const names = (text: string): string[] =>
      [...new Set([...text.matchAll(VALUE)].map(([, name = '']) => name))].toSorted();
    for (const [english, said] of PHRASES) {
      expect([english, names(said).filter((name) => !names(english).includes(name))]).toEqual([english, []]);
      for (const [, , kind = 'list'] of english.matchAll(VALUE))
        expect([english, kind === 'list' || kind in KINDS]).toEqual([english, true]);
    }
    expect(new Set(PHRASES.map(([english]) => english)).size).toBe(PHRASES.length);
    // A sentence that is nothing but values would be found in every text.
    const own = (english: string): string =>
      english.replace(VALUE, (_, __, kind?: string) => (kind ? 'kind' : ''));
    expect(PHRASES.filter(([english]) => (own(english).match(/[A-Za-z]/g) ?? []).length < 2)).toEqual([]);
  });

  it('are sentences of the code: a sentence that changes there must change here', () => {
    const code = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.startsWith('page'))
      .map((file) => readFileSync(join(SOURCES, file), 'utf8'))
      .join('\n')
      .replaceAll(/(['"`])\s*\+\s*(['"`])/g, '')
      .replaceAll(String.raw`\'`, "'");
    const foreign = PHRASES.filter(([english]) =>
      english.split(/\{[\w@]+\}/).some((part) => partsIn(code, part.trim()) > PARTS_MAX),
    );
    expect(foreign).toEqual([]);
  });

  it('have the meaning and the advice of every code of Kling’s', () => {
    const refused = CODES.filter(({ code }) => code !== 0);
    expect(
      refused.flatMap(({ meaning, advice }) => [meaning, advice]).filter((text) => book.say(text) === null),
    ).toEqual([]);
    for (const host of ['api-singapore.klingai.com', 'api-beijing.klingai.com', 'api.klingai.com'])
      expect(book.say(regionHint(1000, host) ?? '')).toContain('upstream.baseUrl');
  });

  it('have every heading and line of the production checklist', () => {
    for (const { heading, lines } of CHECKLIST)
      for (const text of [heading, ...lines.map(([, line]) => line)])
        expect([text, book.say(text)]).not.toEqual([text, null]);
  });
});

/** Sentences with choices in them are put together from so many parts, at most. */
const PARTS_MAX = 6;

/** Gives how many parts of the code a text is made of: each as long as it can be, and of whole words. */
function partsIn(code: string, text: string): number {
  let parts = 0;
  const plain = (words: readonly string[]): string =>
    words.join(' ').replaceAll(/^[.,:;()/]+|[.,:;()/]+$/g, '');
  for (let words = text.split(' ').filter((word) => word !== ''); words.length > 0; parts += 1) {
    let taken = words.length;
    while (taken > 0 && !code.includes(plain(words.slice(0, taken)))) taken -= 1;
    if (taken === 0) return Number.POSITIVE_INFINITY;
    words = words.slice(taken);
  }
  return parts;
}
