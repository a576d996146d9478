/** The origin of each value of the config. */
import { forEachLeaf, keyOf, valueAt } from './plain.ts';

export type Origin = 'default' | 'file' | `env:${string}`;

/**
 * Gives the origin of every leaf of `values`.
 * @param sources the variable that set a key; it applies to everything below the key.
 */
export function findOrigins(
  values: unknown,
  fileContent: unknown,
  sources: ReadonlyMap<string, string>,
): ReadonlyMap<string, Origin> {
  const origins = new Map<string, Origin>();
  forEachLeaf(values, (path) => {
    for (let length = path.length; length > 0; length -= 1) {
      const source = sources.get(keyOf(path.slice(0, length)));
      if (source !== undefined) return void origins.set(keyOf(path), `env:${source}`);
    }
    const isInFile = valueAt(fileContent, path) !== undefined;
    return void origins.set(keyOf(path), isInFile ? 'file' : 'default');
  });
  return origins;
}
