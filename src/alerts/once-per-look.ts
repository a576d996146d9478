/** A read of the store that several rules of one look share. */
import type { Look } from './rule.ts';

/** Makes a read that the rules of the same look share; if it fails, it fails for each of them. */
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
