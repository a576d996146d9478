/** Cursors of lists that are ordered by an instant and then by an id. To callers they are opaque text. */
import { SidecarError } from '../errors.ts';
import type { IdPrefix } from '../ids.ts';
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
 * @throws SidecarError `bad_usage` if the text is no cursor of ours.
 */
export function readCursor(cursor: string): Place {
  const match = /^(\d{1,15})~(.+)$/s.exec(cursor);
  if (match) return { at: Number(match[1]), id: match[2] ?? '' };
  throw notOurs(cursor);
}

/**
 * Checks the cursor of a list whose cursors are ids, such as `hold_…`.
 * @returns the same cursor.
 * @throws SidecarError `bad_usage` if the text is no cursor of that list.
 */
export function checkIdCursor(cursor: string, prefix: IdPrefix): string {
  if (new RegExp(`^${prefix}_[0-9a-z]{1,40}$`).test(cursor)) return cursor;
  throw notOurs(cursor);
}

/**
 * Reads the cursor of a list in memory: the number of rows before its page.
 * @throws SidecarError `bad_usage` if the text is no number of rows.
 */
export function readRowCursor(cursor: string): number {
  if (/^\d{1,9}$/.test(cursor)) return Number(cursor);
  throw notOurs(cursor);
}

function notOurs(cursor: string): SidecarError {
  const text = `"${cursor}" is not a cursor of this list. Take \`nextCursor\` from its last answer, or leave it out.`;
  return new SidecarError('bad_usage', text);
}
