/**
 * Tasks that show something odd: no cost, no results, two ends, or a state that is older than the one before.
 *
 * An oddity is ordered for one read, or for a task with its create; then all its answers and callbacks have it.
 *
 * **Invariant**: an oddity changes what is shown, never what happened: the charge book and the slots stay as they are.
 */
import type { Ms } from '../units.ts';

export type OddityKind = 'no_deduction' | 'no_addresses' | 'contradiction' | 'older_update';

export interface Oddity {
  kind: OddityKind;
  /** For `no_addresses` of a task: the answers about its success that have no results. Default 3. */
  answers?: number | undefined;
  /** For `contradiction` of a task: from its end to the other end, by age. Default 60 s. */
  ms?: Ms | undefined;
}

type End = 'succeeded' | 'failed';

/** The age at which a task takes back its end; infinite if it does not. */
export function contradictionAge(oddity: Oddity | null, endsAgeMs: Ms): Ms {
  return oddity?.kind === 'contradiction' ? endsAgeMs + (oddity.ms ?? 60_000) : Infinity;
}

/** Gives the end that contradicts one. */
export function otherEnd(end: End): End {
  return end === 'succeeded' ? 'failed' : 'succeeded';
}
