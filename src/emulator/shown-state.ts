/**
 * What one answer shows of a task: its present state, unless the task or the answer is odd.
 *
 * **Invariant**: the only thing that it changes is the count of answers of an odd task.
 */
import type { Ms } from '../units.ts';
import { otherEnd, type Oddity } from './oddities.ts';
import type { EmulatedTask, ShownState, Tasks } from './tasks.ts';

/** What one answer shows of a task; `asked` is the oddity of this answer alone. */
export function shownNow(
  task: EmulatedTask,
  { tasks, wallMs }: { tasks: Tasks; wallMs: Ms },
  asked?: Oddity,
): ShownState {
  const state = tasks.stateOf(task);
  if (asked === undefined) return ofTask(task, state, tasks);
  switch (asked.kind) {
    case 'no_deduction':
      return { ...state, hasCosts: false };
    case 'no_addresses':
      return { ...state, hasResults: false };
    case 'contradiction':
      return state.stage === 'succeeded' || state.stage === 'failed'
        ? { ...state, stage: otherEnd(state.stage), updatedAt: wallMs }
        : state;
    case 'older_update':
      return tasks.stateOf(task, ageBefore(task, state));
  }
}

/** A read of a task with an oddity of its own counts as one of its answers. */
function ofTask(task: EmulatedTask, state: ShownState, tasks: Tasks): ShownState {
  if (task.oddity?.kind === 'older_update') {
    task.answersGiven += 1;
    return task.answersGiven % 2 === 0 ? tasks.stateOf(task, ageBefore(task, state)) : state;
  }
  if (task.oddity?.kind === 'no_addresses' && state.stage === 'succeeded') task.answersGiven += 1;
  return state;
}

/** An age at which the task was one state younger. */
function ageBefore({ createdAgeMs, startsAgeMs, endsAgeMs }: EmulatedTask, { stage }: ShownState): Ms {
  const hasEnded = stage === 'succeeded' || stage === 'failed';
  return hasEnded && startsAgeMs < endsAgeMs ? startsAgeMs : createdAgeMs;
}
