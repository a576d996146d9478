/**
 * The sentences of the API in the language of the page.
 *
 * The API answers in English. A sentence that the page's language has no words for stays English, and its element says so.
 */
import type { Part } from './element.ts';
import { asCode, inEnglish } from './value-words.ts';
import { PhraseBook } from './phrase-book.ts';
import type { Language } from './words/language.ts';
import { PHRASES } from './words/zh/phrases.ts';
import { VALUES } from './words/zh/values.ts';

/** Shows a sentence of the API. */
export type Say = (text: string) => Part;

/** Commands, keys of the config, and other names that a reader types as they are. */
const TYPED = new RegExp(
  [
    String.raw`kling-sidecar(?: [!-~]+)*`,
    String.raw`(?:GET|POST|PUT|DELETE) \/[\w/.{}-]*`,
    String.raw`[A-Za-z]+(?:_[A-Za-z0-9]+)+`,
    String.raw`[a-z][A-Za-z]*(?:\[\])?(?:\.[a-z][A-Za-z]*(?:\[\])?)+`,
    String.raw`\b[a-z]+[A-Z][A-Za-z]*`,
  ].join('|'),
  'g',
);

let chinese: PhraseBook | null = null;

/** Gives the way to show sentences in a language. */
export function sayIn(language: Language): Say {
  if (language === 'en') return (text) => text;
  const book = (chinese ??= new PhraseBook(PHRASES, VALUES.values));
  return (text) => {
    const said = book.say(text);
    return said === null ? inEnglish(text) : withNames(said);
  };
}

/** Shows commands and keys within a text as such. */
export function withNames(text: string): Part {
  const parts: Part[] = [];
  let from = 0;
  for (const match of text.matchAll(TYPED)) {
    parts.push(text.slice(from, match.index), asCode(match[0]));
    from = match.index + match[0].length;
  }
  parts.push(text.slice(from));
  return parts;
}
