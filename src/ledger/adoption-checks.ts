/** Check of `doctor`: whether a new store took over what the account spends. */
import { notOk, ok, type Check } from '../check.ts';
import { countText, sentence } from '../phrases.ts';
import { formatCredits } from '../units.ts';
import type { Adopted } from './adoption.ts';

const NAME = 'adoption';

/** Checks the adoption of a store; a store without one has no line. */
export function checkAdoption(adopted: Adopted | null): Check[] {
  if (adopted === null) return [];
  const { state, problem, openTasks, heldCredits, endedTasks, settledCredits } = adopted;
  if (state === 'waiting') {
    const why = problem ?? 'Kling’s books were not read yet';
    const finding = sentence(`The store is new, and what the account spends is not known: ${why}`);
    return [
      notOk('warn', NAME, finding, 'Creates wait for it, at most 15 minutes from the start; see status.'),
    ];
  }
  if (problem !== null) {
    const finding = sentence(
      `The store was new, and not all that the account spent was taken over: ${problem}`,
    );
    return [
      notOk(
        'warn',
        NAME,
        finding,
        'Compare budgets with Kling’s own records, or let the key read the account.',
      ),
    ];
  }
  const found =
    `${countText(openTasks, 'open task')} (${formatCredits(heldCredits)} credits held) and ` +
    `${countText(endedTasks, 'charge')} (${formatCredits(settledCredits)} credits)`;
  return [ok(NAME, `The store was new and took over ${found} from Kling’s books.`)];
}
