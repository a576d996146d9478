/**
 * Lists of what is open now, where every request adds and removes an item.
 *
 * A `Set` or `Map` would do the same, but V8 gives it a new table again and again then, and each old table refers to its
 * items and to the next table: once one of them is in old memory, all later requests are kept until old memory is collected.
 */

/** Removes an item, if the list has it. Its cost is the number of older items. */
export function removeItem<T>(list: T[], item: T): void {
  const at = list.indexOf(item);
  if (at >= 0) list.splice(at, 1);
}
