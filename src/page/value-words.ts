/**
 * Values of the API in the words of the page's language, and texts that keep their own.
 *
 * **Invariant**: a value without a word is shown as it is, never left out: the API may have values that are newer than the page.
 */
import { h, type Element, type Part } from './element.ts';

/** Words of one kind of values. */
export type Names = Readonly<Record<string, string>>;

/** Gives the word of a value. */
export function wordOf(names: Names, value: string): string {
  return Object.hasOwn(names, value) ? (names[value] ?? value) : value;
}

/** Shows the word of a value, and after it the value itself where that is what configs and commands have. */
export function wordAndValue(names: Names, value: string): Part {
  const word = wordOf(names, value);
  return word === value ? value : [word, ' ', asCode(value)];
}

/** Makes the choices of a filter or a form: the words of values, each with its value. */
export function choicesOf<Value extends string>(
  names: Readonly<Record<Value, string>>,
  values: readonly Value[],
): { value: Value; label: string }[] {
  return values.map((value) => ({ value, label: names[value] }));
}

/** Shows a name of the API, a config or a command, which is the same in every language. */
export function asCode(text: string): Element {
  return h('code', { class: 'name' }, text);
}

/** Shows a text that is English in every language of the page, and says so to screen readers. */
export function inEnglish(text: string): Element {
  return h('span', { lang: 'en' }, text);
}
