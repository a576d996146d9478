/**
 * What a batch of creates would cost and how much of it the budgets hold. Advisory: nothing is reserved.
 *
 * **Invariant**: pure. It takes the credits that the data plane would hold and the present state of the budgets, and counts
 * them down in order: a request fits if every matching enforcing budget still has room for it. Advisory: nothing is
 * reserved, and other spending meanwhile is not foreseen.
 */
import type { MilliCredits } from '../units.ts';
import type { Mode, OperationWord, PriceBasis } from '../words.ts';

/** A create in a caller's estimate. */
export interface EstimateRequest {
  path: string;
  body: Readonly<Record<string, unknown>>;
}

/** One create, priced. */
export interface PricedRequest {
  operation: OperationWord;
  model: string | null;
  mode: Mode | null;
  basis: PriceBasis;
  /** Null if no price exists (basis `unknown`). */
  credits: MilliCredits | null;
  /** The amount that the data plane would hold, also if no price exists. */
  heldCredits: MilliCredits;
  /** The same in mode `std`; equal to `heldCredits` if that is not cheaper or there is no such mode. */
  heldCreditsIfStandard: MilliCredits;
  /** What is unsure about the price, for people. */
  notes: readonly string[];
  /** Why it would be refused by another rule than a budget (too expensive, not priced, a broken body); else null. */
  refusal: string | null;
}

/** Prices one create in the same way as the data plane; never throws for a caller's input. */
export type PriceOne = (request: EstimateRequest, labels: EstimateLabels) => PricedRequest;

export interface EstimateLabels {
  app: string;
  tag: string | null;
}

/** An enforcing budget in its present window, and the creates of the batch that count in it. */
export interface BatchRoom {
  name: string;
  remainingCredits: MilliCredits;
  /** Whether creates of an operation and model count here; it depends on nothing else. */
  counts(request: PricedRequest): boolean;
}

export interface Estimate {
  totalCredits: MilliCredits;
  fits: boolean;
  /** Length of the longest prefix that fits. */
  fitsCount: number;
  fitsIfStandard: boolean;
  totalCreditsIfStandard: MilliCredits;
  /** In the order given. */
  budgets: RoomEstimate[];
}

/** The need of the whole batch in one budget, and whether it fits. */
export interface RoomEstimate {
  name: string;
  remainingCredits: MilliCredits;
  neededCredits: MilliCredits;
  fits: boolean;
}

/** The most requests of one question to the control plane, and bytes of its body: the command splits larger batches. */
export const ESTIMATE_REQUESTS_MAX = 1_000;
export const ESTIMATE_BYTES_MAX = 262_144;

/** Budgets that count the same creates of a batch: the one with the least room decides for all. */
interface Group {
  leastCredits: MilliCredits;
  neededCredits: MilliCredits;
}

/** A batch with the budgets of each of its creates. */
interface Batch {
  requests: readonly PricedRequest[];
  /** In the order of `rooms`. */
  groups: readonly Group[];
  groupsOf: (request: PricedRequest) => readonly Group[];
}

/** Counts a batch down against the budgets in force, in steps that grow with the batch or the budgets, never with both. */
export function estimateBatch(requests: readonly PricedRequest[], rooms: readonly BatchRoom[]): Estimate {
  const batch = groupRooms(requests, rooms);
  for (const request of requests) {
    for (const group of batch.groupsOf(request)) group.neededCredits += request.heldCredits;
  }
  const fitsCount = longestPrefix(batch, (request) => request.heldCredits);
  const standardCount = longestPrefix(batch, (request) => request.heldCreditsIfStandard);
  return {
    totalCredits: sum(requests.map((request) => request.heldCredits)),
    fits: fitsCount === requests.length,
    fitsCount,
    fitsIfStandard: standardCount === requests.length,
    totalCreditsIfStandard: sum(requests.map((request) => request.heldCreditsIfStandard)),
    budgets: rooms.map((room, at) => roomEstimate(room, batch.groups[at]?.neededCredits ?? 0)),
  };
}

/** Gives the kind of a create: for budgets, creates of one batch differ only in their kind. */
export function kindOf({ operation, model }: PricedRequest): string {
  return `${operation} ${model ?? ''}`;
}

/** Asks each budget once for each kind of create in the batch. */
function groupRooms(requests: readonly PricedRequest[], rooms: readonly BatchRoom[]): Batch {
  const samples = new Map(requests.map((request) => [kindOf(request), request]));
  const bySignature = new Map<string, Group>();
  const byKind = new Map<string, Group[]>();
  const groups = rooms.map((room) => {
    const kinds = [...samples].filter(([, sample]) => room.counts(sample)).map(([kind]) => kind);
    const signature = kinds.join('\n');
    const known = bySignature.get(signature);
    if (known) {
      known.leastCredits = Math.min(known.leastCredits, room.remainingCredits);
      return known;
    }
    const group = { leastCredits: room.remainingCredits, neededCredits: 0 };
    bySignature.set(signature, group);
    for (const kind of kinds) byKind.set(kind, [...(byKind.get(kind) ?? []), group]);
    return group;
  });
  return { requests, groups, groupsOf: (request) => byKind.get(kindOf(request)) ?? [] };
}

function roomEstimate({ name, remainingCredits }: BatchRoom, neededCredits: MilliCredits): RoomEstimate {
  const fits = neededCredits === 0 || neededCredits <= remainingCredits;
  return { name, remainingCredits, neededCredits, fits };
}

function longestPrefix(batch: Batch, creditsOf: (request: PricedRequest) => MilliCredits): number {
  const left = new Map(batch.groups.map((group) => [group, group.leastCredits]));
  for (const [index, request] of batch.requests.entries()) {
    const needed = creditsOf(request);
    if (request.refusal !== null) return index;
    for (const group of batch.groupsOf(request)) {
      const after = (left.get(group) ?? 0) - needed;
      // A create that costs nothing fits even a budget that is used up.
      if (needed > 0 && after < 0) return index;
      left.set(group, after);
    }
  }
  return batch.requests.length;
}

function sum(credits: readonly MilliCredits[]): MilliCredits {
  return credits.reduce((total, one) => total + one, 0);
}
