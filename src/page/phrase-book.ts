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
  /** The text before, between and behind its values. */
  parts: readonly string[];
  values: readonly { name: string; names: Names | undefined; isNumber: boolean; isList: boolean }[];
  said: string;
  /** Characters of the sentence without its values. */
  own: number;
  /** Its longest part: most texts do not have it, which is quickly seen. */
  part: string;
}

/** Words for a text, and how many of its characters are in the book. */
interface Said {
  text: string;
  known: number;
}

/** What reading one text has cost, and the parts of it that were read. */
interface Reading {
  characters: number;
  parts: Map<string, Said | null>;
}

const TEXT_CHARACTERS_MAX = 1_500;
/**
 * A text is read in parts: the rest after a sentence, and its values. What somebody made to be read in ever more ways stays English: so
 * many characters take some milliseconds.
 */
const READ_CHARACTERS_MAX = 20_000;
/** Texts whose words are kept: an open page shows the same ones every time. */
const KEPT_MAX = 1_000;
const VALUE = /\{(\w+)(?:@(\w+))?\}/g;
const NUMBER_NAME = /^n\d?$/;
const NUMBER = /[+-]?\d[\d.,]*/y;

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
    const reading: Reading = { characters: 0, parts: new Map() };
    const said = text.length > TEXT_CHARACTERS_MAX ? null : (this.#best(text, reading)?.text ?? null);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= KEPT_MAX && oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(text, said);
    return said;
  }

  #best(text: string, reading: Reading): Said | null {
    const read = reading.parts.get(text);
    if (read !== undefined) return read;
    reading.characters += text.length;
    if (reading.characters > READ_CHARACTERS_MAX) return null;
    let best: Said | null = null;
    for (const rule of this.#rules) {
      if (!text.startsWith(rule.parts[0] ?? '') || !text.includes(rule.part)) continue;
      for (const found of [this.#whole(rule, text, reading), this.#first(rule, text, reading)])
        if (found !== null && found.known > (best?.known ?? 0)) best = found;
    }
    reading.parts.set(text, best);
    return best;
  }

  /** Reads a text as one sentence. */
  #whole(rule: Rule, text: string, reading: Reading): Said | null {
    const match = matchOf(rule, text, '');
    return match && match.end === text.length ? this.#filled(rule, match.values, reading) : null;
  }

  /** Reads a text as a sentence and the rest. */
  #first(rule: Rule, text: string, reading: Reading): Said | null {
    const first = matchOf(rule, text, ' ');
    if (!first || first.end >= text.length) return null;
    const rest = this.#best(text.slice(first.end), reading);
    if (rest === null) return null;
    const { text: said, known } = this.#filled(rule, first.values, reading);
    return { text: said + rest.text, known: known + rest.known };
  }

  #filled({ values, said, own }: Rule, found: readonly string[], reading: Reading): Said {
    let known = own;
    const words = new Map(
      values.map(({ name, names, isList }, at) => {
        const value = found[at] ?? '';
        if (names !== undefined) {
          known += value.length;
          return [name, wordOf(names, value)];
        }
        if (isList) return [name, value.split(/, | and /).join('、')];
        const inside = this.#best(value, reading);
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
    isNumber: NUMBER_NAME.test(name),
    isList: kind === 'list',
  }));
  const parts = english.split(/\{[\w@]+\}/);
  const [part = ''] = parts.toSorted((one, other) => other.length - one.length);
  return { parts, values, said, own: parts.join('').length, part };
}

/**
 * Finds the values of a sentence at the beginning of a text, and where it ends. Without `behind` it must be the whole text. A value
 * ends where what follows it comes first: nothing is tried twice, so that the time grows with the text alone.
 */
function matchOf(
  { parts, values }: Rule,
  text: string,
  behind: string,
): { values: string[]; end: number } | null {
  const last = values.length;
  const partAt = (at: number): string => (parts[at] ?? '') + (at === last ? behind : '');
  if (!text.startsWith(partAt(0))) return null;
  const found: string[] = [];
  let from = partAt(0).length;
  for (const [at, value] of values.entries()) {
    const next = partAt(at + 1);
    const isEnd = behind === '' && at + 1 === last;
    const end = isEnd ? text.length - next.length : endOf(value, { text, from, next });
    if (end <= from || !text.startsWith(next, end)) return null;
    const taken = text.slice(from, end);
    if (isEnd && !isValue(value, taken)) return null;
    found.push(taken);
    from = end + next.length;
  }
  return { values: found, end: from };
}

type ValueRule = Rule['values'][number];

/** Gives where a value ends that is followed by `next`; -1 if there is none. */
function endOf(
  { names, isNumber }: ValueRule,
  { text, from, next }: { text: string; from: number; next: string },
): number {
  if (names !== undefined) {
    const name = Object.keys(names).find((one) => text.startsWith(one + next, from));
    return name === undefined ? -1 : from + name.length;
  }
  if (!isNumber) return text.indexOf(next, from + 1);
  const digits = numberAt(text, from);
  // A point behind a number may be the sentence's own.
  for (const end of [from + digits.length, from + digits.length - 1])
    if (end > from && text.startsWith(next, end)) return end;
  return -1;
}

function isValue({ names, isNumber }: ValueRule, taken: string): boolean {
  if (names !== undefined) return Object.hasOwn(names, taken);
  return !isNumber || numberAt(taken, 0) === taken;
}

/** Gives the number that begins at a place of a text; empty if there is none. */
function numberAt(text: string, from: number): string {
  NUMBER.lastIndex = from;
  return NUMBER.exec(text)?.[0] ?? '';
}
