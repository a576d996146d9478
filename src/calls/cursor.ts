/** Cursors of lists that are ordered by an instant and then by an id. To callers they are opaque text. */
import { SidecarError } from '../errors.ts';
import type { Ms } from '../units.ts';

export interface Place {
  at: Ms;
  id: string;
}

/** Gives the cursor that continues after a row. */
export function cursorAfter(place: Place): string {
  return `${place.at}~${place.id}`;
}

/**
 * Reads a cursor back.
 * @throws SidecarError `bad_usage` where the text is no cursor of ours.
 */
export function readCursor(cursor: string): Place {
  const match = /^(\d{1,15})~(.+)$/s.exec(cursor);
  if (match) return { at: Number(match[1]), id: match[2] ?? '' };
  const text = `"${cursor}" is not a cursor of this list. Take \`nextCursor\` from its last answer, or leave it out.`;
  throw new SidecarError('bad_usage', text);
}
