/** What `status` says of callbacks and of kept results. */
import type { StatusAnswer } from '../control/schemas.ts';
import { countText } from '../phrases.ts';
import { paint, type Terminal } from './terminal.ts';

/** Gives a line for each of the two that is configured. */
export function deliveryLines(
  terminal: Terminal,
  { callbacks = null, results = null }: Partial<Pick<StatusAnswer, 'callbacks' | 'results'>>,
  timeText: (at: string) => string,
): [string, string][] {
  const lines: [string, string][] = [];
  if (callbacks) {
    const { publicUrl, lastAt, ended, reported } = callbacks;
    const last = lastAt === null ? 'none came yet' : `the last one came at ${timeText(lastAt)}`;
    lines.push(['callbacks', `at ${publicUrl}; ${last}; ${reported} of the last ${countText(ended, 'end')}`]);
  }
  if (results) {
    const { where, unsaved, problem, lastSavedAt } = results;
    const last = lastSavedAt === null ? 'none saved yet' : `the last one saved at ${timeText(lastSavedAt)}`;
    const failed = problem === null ? '' : paint(terminal, 'warn', `; the last try failed (${problem})`);
    lines.push(['results', `in ${where}; ${last}; ${countText(unsaved, 'file')} to save${failed}`]);
  }
  return lines;
}
