/** What `status` says of a new store that takes over the account's spending. */
import type { StatusAnswer } from '../control/schemas.ts';
import { countText } from '../phrases.ts';
import { plainText } from '../plain-text.ts';
import { paint, type Terminal } from './terminal.ts';

/** Gives the line of an adoption; none for a store without one, of an earlier version's sidecar, once it is done, or if there was nothing. */
export function adoptionLines(
  terminal: Terminal,
  { adoption = null }: Partial<Pick<StatusAnswer, 'adoption'>>,
): [string, string][] {
  if (adoption === null) return [];
  const isNothing = adoption.state === 'done' || adoption.openTasks + adoption.endedTasks === 0;
  if (isNothing && adoption.state !== 'waiting' && adoption.problem === null) return [];
  const problem = adoption.problem === null ? '' : `; ${plainText(adoption.problem)}`;
  if (adoption.state === 'waiting') {
    const text = `the store is new: creates wait until it is known what the account spends${problem}`;
    return [['adoption', paint(terminal, 'warn', text)]];
  }
  const { openTasks, heldCredits, endedTasks, settledCredits } = adoption;
  const text =
    `${countText(openTasks, 'open task')} (${heldCredits} credits held) and ${countText(endedTasks, 'charge')} ` +
    `(${settledCredits} credits) were taken over from Kling${problem}`;
  return [['adoption', adoption.problem === null ? text : paint(terminal, 'warn', text)]];
}
