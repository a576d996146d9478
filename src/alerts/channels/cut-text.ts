/** Texts within a receiver's limit, cut between whole characters. */

const CUT = '…';

/**
 * Gives a text of at most `max` UTF-16 units after escaping; an ellipsis replaces the end of a longer one.
 *
 * Receivers count characters or code points, and neither is ever above the number of UTF-16 units. A surrogate pair and an
 * escaped character are never cut in two.
 *
 * @param max at least 1.
 * @param escape writes a text in the receiver's format; it may make it longer.
 */
export function cutText(text: string, max: number, escape: (text: string) => string = asItIs): string {
  const whole = escape(text);
  if (whole.length <= max) return whole;
  const characters = Array.from(text);
  const cutAt = (kept: number): string => escape(`${characters.slice(0, kept).join('').trimEnd()}${CUT}`);
  let fits = 0;
  for (let over = Math.min(characters.length, max); over - fits > 1;) {
    const middle = Math.floor((fits + over) / 2);
    if (cutAt(middle).length <= max) fits = middle;
    else over = middle;
  }
  return fits === 0 ? CUT : cutAt(fits);
}

function asItIs(text: string): string {
  return text;
}
