/** What `doctor` finds of the files of results: whether they are kept, and whether their place takes them. */
import { notOk, ok, type Check } from '../check.ts';
import { countText, durationText } from '../phrases.ts';
import type { Ms } from '../units.ts';

export interface ResultsSeen {
  where: string;
  unsaved: number;
  firstExpiresAt: Ms | null;
  problem: string | null;
  lastSavedAt: Ms | null;
}

/** Checks the keeping of results; null stands for none. */
export function checkResults(seen: ResultsSeen | null, now: Ms): Check {
  if (seen === null)
    return notOk(
      'note',
      'results',
      'results.keep is false: no file of a result is saved.',
      'Set it to true, or let the app save each file: Kling deletes them after 30 days.',
    );
  const { where, unsaved, firstExpiresAt, problem, lastSavedAt } = seen;
  const last =
    lastSavedAt === null
      ? 'None is saved yet'
      : `The last one was saved ${durationText(now - lastSavedAt)} ago`;
  if (unsaved === 0) return ok('results', `Files are saved in ${where}. ${last}, and none waits.`);
  const waiting = `${countText(unsaved, 'file')} of results ${unsaved === 1 ? 'waits' : 'wait'} to be saved in ${where}.`;
  if (problem === null) return ok('results', `${waiting} ${last}.`);
  const left =
    firstExpiresAt === null ? '' : ` Kling keeps the first for ${durationText(firstExpiresAt - now)}.`;
  return notOk(
    'warn',
    'results',
    `${waiting} ${last}. The last try failed (${problem}).${left}`,
    'Look whether the place is reachable and has room: results.dir, results.s3, results.quotaGiB.',
  );
}
