/** What several rules of one look ask of the store is read once. */
import type { Look } from './rule.ts';

/** Gives a reading that the rules of the same look share; one that failed fails for each of them. */
export function oncePerLook<T>(read: (look: Look) => Promise<T>): (look: Look) => Promise<T> {
  const known = new WeakMap<Look, Promise<T>>();
  return (look) => {
    const before = known.get(look);
    if (before) return before;
    const answer = read(look);
    known.set(look, answer);
    return answer;
  };
}
