/** Texts made to fit: on one line, without what cannot be seen, and no longer than allowed. */
import { oneLine } from '../../markup.ts';

const END = '…';

/** Gives a text as one line of at most `charactersMax` UTF-16 units; a longer one ends in an ellipsis, at no half of a character. */
export function clip(text: string, charactersMax: number): string {
  const line = oneLine(text.toWellFormed()).replaceAll(/\s+/g, ' ').trim();
  if (line.length <= charactersMax) return line;
  const kept = line.slice(0, charactersMax - END.length);
  const isHalved = /[\uD800-\uDBFF]$/.test(kept);
  return `${(isHalved ? kept.slice(0, -1) : kept).trimEnd()}${END}`;
}
