/**
 * The sentences of the API in the language of the page.
 *
 * The API answers in English. A sentence that the page's language has no words for stays English, and its element says so.
 */
import { h, type Part } from './element.ts';
import { inEnglish } from './value-words.ts';
import { PhraseBook } from './phrase-book.ts';
import type { Language } from './words/language.ts';
import { VALUES } from './words/zh/values.ts';

/** Shows a sentence of the API. */
export type Say = (text: string) => Part;

/** Names that a reader types as they are: commands, paths, addresses, keys of the config, names of the API; and what backticks mark. */
const TYPED = new RegExp(
  [
    '`([^`]+)`',
    String.raw`(?:\b(?:GET|POST|PUT|DELETE) |https?:/|(?<![\w.]))/[\w./{}:-]*[\w/}]`,
    String.raw`kling-sidecar(?: [!-~]+)*`,
    String.raw`(?:read|connect|write|getaddrinfo) E[A-Z]+(?: [\w.:]+)*`,
    String.raw`[A-Za-z]+(?:_[A-Za-z0-9]+)+`,
    String.raw`[a-z][\w-]*(?:\[\])?(?:\.[a-z][\w-]*(?:\[\])?)+`,
    String.raw`\b[a-z]+[A-Z][A-Za-z]*`,
    String.raw`\b[a-z]+(?:-[a-z0-9]+)+`,
  ].join('|'),
  'g',
);
const HAN = /\p{Script=Han}/u;

let chinese: Promise<PhraseBook> | null = null;

/** Gives the way to show sentences in a language. The book is loaded for the first reader who needs it: an English page has none. */
export async function sayIn(language: Language): Promise<Say> {
  if (language === 'en') return (text) => text;
  chinese ??= loadChinese();
  const book = await chinese;
  return (text) => {
    const said = book.say(text);
    if (said !== null) return withNames(spaced(said));
    // Words of Kling's or of a person may be Chinese already.
    return HAN.test(text) ? text : inEnglish(text);
  };
}

async function loadChinese(): Promise<PhraseBook> {
  const { PHRASES } = await import('./words/zh/phrases/phrases.ts');
  return new PhraseBook(PHRASES, VALUES.values);
}

/** Puts a space between Chinese and Latin characters, and none between Chinese ones. */
function spaced(text: string): string {
  return text
    .replaceAll(/(\p{Script=Han}) +(?=\p{Script=Han})/gu, '$1')
    .replaceAll(/(\p{Script=Han})(?=[A-Za-z0-9`])/gu, '$1 ')
    .replaceAll(/([A-Za-z0-9`%])(?=\p{Script=Han})/gu, '$1 ');
}

/** Shows typed names within a text as such. */
export function withNames(text: string): Part {
  const parts: Part[] = [];
  let from = 0;
  for (const match of text.matchAll(TYPED)) {
    parts.push(text.slice(from, match.index), h('code', null, match[1] ?? match[0]));
    from = match.index + match[0].length;
  }
  parts.push(text.slice(from));
  return parts;
}
