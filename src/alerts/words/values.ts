/**
 * Reads the values of an event, for the words of rules.
 *
 * **Invariant**: a value that is absent or of another type throws, so that no text ever has "undefined" or "NaN" in it; the
 * composer then uses the rule's name.
 */
import type { AlertEvent, AlertLabels, AlertValues } from '../alert.ts';
import type { Format, RuleText } from '../rule.ts';

/** Gives a finite number. @throws TypeError if the value is none. */
export function numberOf(values: AlertValues, name: string): number {
  const value = values[name];
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new TypeError(`the alert has no number "${name}"`);
}

/** Gives a finite number, or null if the value is null. @throws TypeError if it is neither. */
export function numberOrNull(values: AlertValues, name: string): number | null {
  return values[name] === null ? null : numberOf(values, name);
}

/** Gives a text of a value or label that is not empty. @throws TypeError if there is none. */
export function textOf(values: AlertValues | AlertLabels, name: string): string {
  const value = values[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new TypeError(`the alert has no text "${name}"`);
}

/** Gives a text, or null if the value is null. @throws TypeError if it is neither. */
export function textOrNull(values: AlertValues, name: string): string | null {
  return values[name] === null ? null : textOf(values, name);
}

/** Writes a count with its noun in English: `1 task`, `2 tasks`. */
export function counted(format: Format, count: number, one: string, many = `${one}s`): string {
  return `${format.number(count)} ${count === 1 ? one : many}`;
}

/** Makes the words of a rule from its words while it fires and its words when it is over. */
export function wordsOf({ firing, resolved }: { firing: RuleText; resolved: RuleText }): RuleText {
  return (event, format) => (event.status === 'resolved' ? resolved : firing)(event, format);
}

/** Gives how long an alert that is over lasted, in words. */
export function lasted({ startedAt, endedAt, at }: AlertEvent, format: Format): string {
  return format.duration((endedAt ?? at) - startedAt);
}
