/**
 * Limits label values to bounded sets, so that no caller and no upstream can increase the number of series.
 *
 * **Invariant**: for any input, each function here gives at most a fixed number of different words.
 */

const OTHER = 'other';
const METHODS = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD']);

/** Keeps the first `wordsMax` different words; later ones become `other`. */
export function createBoundedWords(wordsMax: number): (word: string) => string {
  const known = new Set<string>();
  return (word) => {
    if (known.has(word)) return word;
    if (known.size >= wordsMax) return OTHER;
    known.add(word);
    return word;
  };
}

/** A set of app names that a reload of the config replaces. */
export interface AppLabel {
  of(app: string): string;
  replace(knownApps: readonly string[]): void;
}

/** Gives a configured app, `default`, or `other` for a label that a caller chose. */
export function createAppLabel(knownApps: readonly string[]): AppLabel {
  let known = new Set(knownApps);
  return {
    of: (app) => (app === 'default' || known.has(app) ? app : OTHER),
    replace: (apps) => void (known = new Set(apps)),
  };
}

/** Gives the method, or `other` for one that Kling's API does not use. */
export function methodLabel(method: string): string {
  return METHODS.has(method) ? method : OTHER;
}

/** Gives a status as text, empty if there was no answer, `other` outside 100 to 599. */
export function statusLabel(status: number | null): string {
  if (status === null) return '';
  return Number.isInteger(status) && status >= 100 && status <= 599 ? String(status) : OTHER;
}
