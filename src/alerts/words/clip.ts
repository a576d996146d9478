/** Fits texts: on one line, without invisible characters, and within a length. */
import { oneLine } from '../../markup.ts';

const END = '…';

/** Gives a text as one line of at most `charactersMax` UTF-16 units; a longer one ends in an ellipsis, between whole characters. */
export function clip(text: string, charactersMax: number): string {
  const line = oneLine(text.toWellFormed()).replaceAll(/\s+/g, ' ').trim();
  if (line.length <= charactersMax) return line;
  const kept = line.slice(0, charactersMax - END.length);
  const isHalved = /[\uD800-\uDBFF]$/.test(kept);
  return `${(isHalved ? kept.slice(0, -1) : kept).trimEnd()}${END}`;
}
