/**
 * Names in a config for features that this version does not have.
 *
 * A new feature deletes its line here.
 */
import { isPlainObject, type PlainObject } from './plain.ts';

/** Keys that version 0.1.0 had, which could only be null: a file that still has one is read without it. */
export const EMPTY_KEYS: readonly { section: string; name: string }[] = [{ section: 'limits', name: 'tier' }];

/** Sections that do not exist yet, by name. */
export const ABSENT_SECTIONS: Readonly<Record<string, string | undefined>> = {
  callbacks: 'the callback receiver',
  results: 'keeping results',
};

/** Gives the values without those of {@link EMPTY_KEYS} that are null. */
export function withoutEmptyKeys(raw: PlainObject): PlainObject {
  const kept: PlainObject = { ...raw };
  for (const { section, name } of EMPTY_KEYS) {
    const values = kept[section];
    if (!isPlainObject(values) || values[name] !== null) continue;
    const { [name]: _, ...others } = values;
    kept[section] = others;
  }
  return kept;
}
