/** Lists in the order of arrival. */

export interface Arrived {
  /** The order of arrival: the lowest is first. No two of a list have the same. */
  readonly arrival: number;
}

/** Counts those of a list that arrived before `arrival`. */
export function countBefore(list: readonly Arrived[], arrival: number): number {
  let from = 0;
  let to = list.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((list[middle]?.arrival ?? Infinity) < arrival) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** Adds one at its place. */
export function addInOrder<One extends Arrived>(list: One[], one: One): void {
  list.splice(countBefore(list, one.arrival), 0, one);
}

/** Removes one; returns whether it was in the list. */
export function removeFrom<One extends Arrived>(list: One[], one: One): boolean {
  const at = countBefore(list, one.arrival);
  if (list[at] !== one) return false;
  list.splice(at, 1);
  return true;
}
