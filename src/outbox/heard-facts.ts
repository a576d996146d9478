/** The facts that somebody must hear: the closed list of the outbox, and the keys by which two of them are the same. */
import type { Fact } from '../facts.ts';

type FactOf<K extends Fact['kind']> = Extract<Fact, { kind: K }>;

/** The kinds that may be kept in the outbox. */
export const HEARD_KINDS = [
  'budget_threshold',
  'create_unpriced',
  'actual_above_estimate',
  'hold_in_doubt',
  'doubt_ended',
  'task_lost',
  'task_contradicted',
  'result_lost',
  'claim_drafted',
  'claim_withdrawn',
  'claim_deadline',
  'spending_frozen',
  'spending_resumed',
  'job_ended',
] as const satisfies readonly Fact['kind'][];

/** A fact that somebody must hear. */
export type HeardFact = FactOf<(typeof HEARD_KINDS)[number]>;

const heardKinds: ReadonlySet<string> = new Set(HEARD_KINDS);

/** Returns whether somebody must hear a fact. A doubt that ended with its task needs no message: it is only counted. */
export function isHeard(fact: Fact): fact is HeardFact {
  return heardKinds.has(fact.kind) && !(fact.kind === 'doubt_ended' && fact.found);
}

/** Gives the key under which a fact is kept only once; null if every fact of its kind is new. */
export function dedupeKeyOf(fact: HeardFact): string | null {
  switch (fact.kind) {
    case 'budget_threshold':
      return thresholdKey(fact);
    case 'create_unpriced':
      return `create_unpriced:${fact.route}:${fact.model ?? ''}`;
    case 'result_lost':
      return `result_lost:${fact.holdId}`;
    case 'claim_drafted':
      return fact.isReopened ? null : `claim_drafted:${fact.month}:${fact.revision}`;
    case 'claim_deadline':
      return deadlineKey(fact.month, fact.notice);
    default:
      return null;
  }
}

/** Once for each share of a budget's window; the counter's id names budget, window and the value of a `per`. */
function thresholdKey({ counterId, share }: FactOf<'budget_threshold'>): string {
  return `budget_threshold:${counterId}:${Math.round(share * 1_000_000)}`;
}

/** Gives the key of a claim's notice: once for each month, for all its revisions together. */
export function deadlineKey(month: string, notice: string): string {
  return `claim_deadline:${month}:${notice}`;
}
