/**
 * A task's life: `submitted` → `processing` → `succeeded` | `failed`, where steps may be left out.
 *
 * **Invariant**: a task never goes back, a terminal state never changes, and an answer older than one already used
 * (by Kling's own update time) changes nothing. Pure: knows no store and no money.
 */
import type { Ms } from '../units.ts';
import type { TaskState } from '../words.ts';

const RANKS: Readonly<Record<TaskState, number>> = { submitted: 1, processing: 2, succeeded: 3, failed: 3 };

/** Returns whether a state is an end of Kling's tasks. */
export function isTerminal(state: TaskState): boolean {
  return RANKS[state] === 3;
}

/** Returns whether a task may go from one state to another. */
export function isAdvance(from: TaskState, to: TaskState): boolean {
  return RANKS[to] > RANKS[from];
}

/** Orders states by their order in a task's life. */
export function compareStates(a: TaskState, b: TaskState): number {
  return RANKS[a] - RANKS[b];
}

/** Returns whether a sighting is older than one already used; without times it never is. */
export function isStale(usedUpdatedAt: Ms | null, seenUpdatedAt: Ms | null): boolean {
  return usedUpdatedAt !== null && seenUpdatedAt !== null && seenUpdatedAt < usedUpdatedAt;
}
