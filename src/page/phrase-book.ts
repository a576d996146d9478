/**
 * Says the English sentences of the API in another language, by a list of sentences with their values.
 *
 * Verdicts, timelines and notes are sentences with values in them, and many are kept as text in the store. A phrase has the English
 * sentence with its values in braces, and the same in the other language: `The job {name} failed.` A value is put as it is, unless
 * it is a phrase itself; `{state@taskStates}` is a value of the API, which gets its word of that kind.
 *
 * **Invariant**: a text is said only if each of its sentences is in the book. Else there is none, and the page shows the English one.
 */
import { wordOf, type Names } from './value-words.ts';

export type Phrase = readonly [english: string, said: string];

interface Rule {
  /** The whole of a text. */
  whole: RegExp;
  /** Its first sentence, before a space. */
  first: RegExp;
  values: readonly { name: string; kind: string | undefined }[];
  said: string;
}

/** A text has fewer sentences, and values within values. */
const DEPTH_MAX = 20;
const TEXT_CHARACTERS_MAX = 2_000;
/** Texts whose words are kept: an open page shows the same ones every time. */
const KEPT_MAX = 1_000;
const VALUE = /\{(\w+)(?:@(\w+))?\}/g;

export class PhraseBook {
  readonly #rules: readonly Rule[];
  readonly #kinds: Readonly<Record<string, Names>>;
  readonly #kept = new Map<string, string | null>();

  /** @param kinds the words of the API's values, by the names of their kinds. */
  constructor(phrases: readonly Phrase[], kinds: Readonly<Record<string, Names>>) {
    // The sentence with the most letters of its own fits best.
    const letters = ([english]: Phrase): number => english.replace(VALUE, '').length;
    this.#rules = phrases.toSorted((a, b) => letters(b) - letters(a)).map(ruleOf);
    this.#kinds = kinds;
  }

  /** Says a text; null if a part of it is not in the book. */
  say(text: string): string | null {
    const known = this.#kept.get(text);
    if (known !== undefined) return known;
    const said = text.length > TEXT_CHARACTERS_MAX ? null : this.#say(text, 0);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= KEPT_MAX && oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(text, said);
    return said;
  }

  #say(text: string, depth: number): string | null {
    if (depth > DEPTH_MAX) return null;
    for (const rule of this.#rules) {
      const match = rule.whole.exec(text);
      if (match) return this.#filled(rule, match, depth);
    }
    for (const rule of this.#rules) {
      const match = rule.first.exec(text);
      if (!match) continue;
      const rest = this.#say(text.slice(match[0].length), depth + 1);
      if (rest !== null) return this.#filled(rule, match, depth) + rest;
    }
    return null;
  }

  #filled({ values, said }: Rule, match: RegExpExecArray, depth: number): string {
    const words = new Map(
      values.map(({ name, kind }, at) => {
        const value = match[at + 1] ?? '';
        const names = kind === undefined ? undefined : this.#kinds[kind];
        return [name, names ? wordOf(names, value) : (this.#say(value, depth + 1) ?? value)];
      }),
    );
    return said.replace(VALUE, (_, name: string) => words.get(name) ?? '');
  }
}

function ruleOf([english, said]: Phrase): Rule {
  const values = [...english.matchAll(VALUE)].map(([, name = '', kind]) => ({ name, kind }));
  const pattern = english
    .split(/\{\w+(?:@\w+)?\}/)
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('(.+?)');
  return {
    whole: new RegExp(`^${pattern}$`, 's'),
    first: new RegExp(`^${pattern} (?=\\S)`, 's'),
    values,
    said,
  };
}
