/**
 * Says the English sentences of the API in another language, by a list of sentences with their values.
 *
 * Verdicts, timelines and notes are sentences with values in them, and many are kept as text in the store. A phrase has the English
 * sentence with its values in braces, and the same in the other language: `The job {name} failed.` A value is put as it is, unless
 * it is a phrase itself; `{state@taskStates}` is a value of the API, which gets its word of that kind, `{names@list}` are names
 * with commas or "and" between them, and `{n}`, `{n1}` … are numbers.
 *
 * **Invariant**: a text is said only if each of its sentences is in the book. Else there is none, and the page shows the English one.
 * Of two ways to read a text the one counts that leaves less of it to values.
 */
import { wordOf, type Names } from './value-words.ts';

export type Phrase = readonly [english: string, said: string];

interface Rule {
  /** The whole of a text. */
  whole: RegExp;
  /** Its first sentence, before a space. */
  first: RegExp;
  values: readonly { name: string; names: Names | undefined; isList: boolean }[];
  said: string;
  /** Characters of the sentence without its values. */
  own: number;
  /** How it begins, and its longest part without a value: most texts have neither, which is quickly seen. */
  head: string;
  part: string;
}

/** Words for a text, and how many of its characters are in the book. */
interface Said {
  text: string;
  known: number;
}

/** A text has fewer sentences, and values within values. */
const DEPTH_MAX = 20;
const TEXT_CHARACTERS_MAX = 1_500;
/** Texts whose words are kept: an open page shows the same ones every time. */
const KEPT_MAX = 1_000;
const VALUE = /\{(\w+)(?:@(\w+))?\}/g;
const NUMBER_NAME = /^n\d?$/;

export class PhraseBook {
  readonly #rules: readonly Rule[];
  readonly #kept = new Map<string, string | null>();
  /** The parts of the text that is being said: several sentences leave the same rest. */
  readonly #parts = new Map<string, Said | null>();

  /** @param kinds the words of the API's values, by the names of their kinds. */
  constructor(phrases: readonly Phrase[], kinds: Readonly<Record<string, Names>>) {
    this.#rules = phrases.map((phrase) => ruleOf(phrase, kinds));
  }

  /** Says a text; null if a part of it is not in the book. */
  say(text: string): string | null {
    const known = this.#kept.get(text);
    if (known !== undefined) return known;
    this.#parts.clear();
    const said = text.length > TEXT_CHARACTERS_MAX ? null : (this.#best(text, 0)?.text ?? null);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= KEPT_MAX && oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(text, said);
    return said;
  }

  #best(text: string, depth: number): Said | null {
    if (depth > DEPTH_MAX) return null;
    const known = this.#parts.get(text);
    if (known !== undefined) return known;
    let best: Said | null = null;
    for (const rule of this.#rules) {
      if (!text.startsWith(rule.head) || !text.includes(rule.part)) continue;
      for (const found of [this.#whole(rule, text, depth), this.#first(rule, text, depth)])
        if (found !== null && found.known > (best?.known ?? 0)) best = found;
    }
    this.#parts.set(text, best);
    return best;
  }

  /** Reads a text as one sentence. */
  #whole(rule: Rule, text: string, depth: number): Said | null {
    const match = rule.whole.exec(text);
    return match && this.#filled(rule, match, depth);
  }

  /** Reads a text as a sentence and the rest. */
  #first(rule: Rule, text: string, depth: number): Said | null {
    const first = rule.first.exec(text);
    if (!first) return null;
    const rest = this.#best(text.slice(first[0].length), depth + 1);
    if (rest === null) return null;
    const { text: said, known } = this.#filled(rule, first, depth);
    return { text: said + rest.text, known: known + rest.known };
  }

  #filled({ values, said, own }: Rule, match: RegExpExecArray, depth: number): Said {
    let known = own;
    const words = new Map(
      values.map(({ name, names, isList }, at) => {
        const value = match[at + 1] ?? '';
        if (names !== undefined) {
          known += value.length;
          return [name, wordOf(names, value)];
        }
        if (isList) return [name, value.split(/, | and /).join('、')];
        const inside = this.#best(value, depth + 1);
        known += inside?.known ?? 0;
        return [name, inside?.text ?? value];
      }),
    );
    return { text: said.replace(VALUE, (_, name: string) => words.get(name) ?? ''), known };
  }
}

function ruleOf([english, said]: Phrase, kinds: Readonly<Record<string, Names>>): Rule {
  const values = [...english.matchAll(VALUE)].map(([, name = '', kind]) => ({
    name,
    names: kind === undefined ? undefined : kinds[kind],
    isList: kind === 'list',
  }));
  const parts = english.split(/\{[\w@]+\}/);
  const pattern = parts.map((part, at) => escaped(part) + (values[at] ? groupOf(values[at]) : '')).join('');
  return {
    whole: new RegExp(`^${pattern}$`, 's'),
    first: new RegExp(String.raw`^${pattern} (?=\S)`, 's'),
    values,
    said,
    own: parts.join('').length,
    head: parts[0] ?? '',
    part: parts.toSorted((a, b) => b.length - a.length)[0] ?? '',
  };
}

function groupOf({ name, names }: Rule['values'][number]): string {
  if (names !== undefined) return `(${Object.keys(names).map(escaped).join('|')})`;
  return NUMBER_NAME.test(name) ? String.raw`([+-]?\d[\d.,]*)` : '(.+?)';
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
