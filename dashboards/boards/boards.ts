/** Every board, and the text of its file. */
import { makeBoard, type BoardShape } from './board.ts';
import { credits } from './credits.ts';
import { overview } from './overview.ts';
import { pacing } from './pacing.ts';
import { sidecar } from './sidecar.ts';
import { tasks } from './tasks.ts';
import { upstream } from './upstream.ts';

export const BOARDS: Readonly<Record<string, BoardShape>> = {
  'overview.json': overview,
  'credits.json': credits,
  'tasks.json': tasks,
  'pacing.json': pacing,
  'upstream-and-sla.json': upstream,
  'sidecar.json': sidecar,
};

/** Gives the committed text of each board by its file name. */
export function boardTexts(): Record<string, string> {
  const all = Object.values(BOARDS);
  return Object.fromEntries(
    Object.entries(BOARDS).map(([name, board]) => [
      name,
      `${JSON.stringify(makeBoard(board, all), null, 2)}\n`,
    ]),
  );
}
