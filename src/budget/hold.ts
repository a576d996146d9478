/**
 * A hold: the credits of one create, reserved in every matching budget.
 *
 * **Invariant**: a hold's counters are fixed when it is inserted (a new budget may add its own). Every later amount goes to
 * the same counters, and so to the window of the hold's own instant.
 */
import type { CreateLabels } from '../facts.ts';
import type { MilliCredits, Ms, Product } from '../units.ts';
import type { HoldState, Mode, OperationWord, PriceBasis } from '../words.ts';
import type { UpstreamColumns } from './hold-upstream.ts';

/** The owner of a row: an instance, and the number of its start. A time alone cannot stop a process that was paused. */
export interface Owner {
  instance: string;
  /** 1 for the first start; raised by each. */
  generation: number;
}

/** All that a hold records of its create. */
export interface NewHold {
  holdId: string;
  requestId: string;
  /** The caller's instant; the hold's own is never earlier than that of the last hold. */
  at: Ms;
  app: string;
  tag: string | null;
  /** The exact path that is sent: the poller asks there for tasks of the legacy generation. */
  path: string;
  route: string;
  operation: OperationWord;
  model: string | null;
  mode: Mode | null;
  product: Product;
  /** From the body or assumed, e.g. `5`; null if the operation has no length. */
  durationSeconds: string | null;
  credits: MilliCredits;
  basis: PriceBasis;
  /** How the price was computed, for people. */
  rule: string;
  /** What is unsure about the price, as `keptNotes` of price-rule-schema.ts gives it; null for an exact one. */
  notes: string | null;
  /** Slots of Kling's concurrency limit that the task takes. */
  weight: number;
  /** The id that is sent, ours or the caller's; null if the route has none or none may be injected. */
  externalTaskId: string | null;
  /** The upstream that the create goes to, and the account of its credentials. */
  upstream: { host: string; account: string };
  /** The running sidecar that sends it. */
  owner: Owner;
  /** Hash of the prompt and its masked beginning; never the prompt. */
  prompt: { hash: string; preview: string } | null;
}

/** The columns of a hold that the ledger reads to move its money. */
export interface HoldRow extends UpstreamColumns {
  id: string;
  at: Ms;
  app: string;
  tag: string | null;
  operation: OperationWord;
  model: string | null;
  mode: Mode | null;
  product: Product;
  weight: number;
  credits: MilliCredits;
  settled_credits: MilliCredits;
  state: HoldState;
  /** Ids of its counters, sorted (they begin with the budgets' names), separated by spaces. */
  counters: string;
  /** 1 if a guard of repeats waits for its answer. */
  guarded: number;
  external_task_id: string | null;
  task_id: string | null;
  in_doubt: number;
  doubt_since: Ms | null;
  /** A reading of the clock of ages; null until a look-up is answered, if no earlier reading was sure. */
  doubt_age_from: Ms | null;
  look_ups: number;
}

/** Gives the fields that every fact about a hold's create has. */
export function labelsOf(hold: Pick<NewHold, 'app' | 'operation' | 'model' | 'mode'>): CreateLabels {
  return { app: hold.app, operation: hold.operation, model: hold.model, mode: hold.mode };
}

/** The route of creates whose path is in no table (kling/routes.ts). */
export const UNKNOWN_ROUTE = 'unknown';
/** The model of creates whose own is in no list (kling/models.ts). */
const OTHER_MODEL = 'other';

/** Returns whether a hold's amount is not a published price: its route is unknown, or its model is in no list. */
export function isUnpriced({ basis, model }: Pick<NewHold, 'basis' | 'model'>): boolean {
  return basis === 'unknown' || (basis === 'assumed' && model === OTHER_MODEL);
}

const SEGMENTS_MAX = 6;
const SEGMENT_CHARACTERS_MAX = 40;

/** Gives a path with `*` for segments that look like ids, so that all creates of a route have one text; bounded. */
export function pathShape(path: string): string {
  const segments = path.split('/').slice(1);
  const shown = segments.slice(0, SEGMENTS_MAX).map((segment) => {
    const isName = /^[A-Za-z][A-Za-z0-9._-]*$/.test(segment) && !/\d{4}/.test(segment);
    return isName && segment.length <= SEGMENT_CHARACTERS_MAX ? segment : '*';
  });
  return `/${[...shown, ...(segments.length > SEGMENTS_MAX ? ['*'] : [])].join('/')}`;
}

/** Gives the ids of a hold's counters, in the order in which they must be changed. */
export function counterIds(counters: string): string[] {
  return counters === '' ? [] : counters.split(' ');
}
