/**
 * What a batch of creates would cost and how much of it the budgets hold: seed of a decision, not a promise.
 *
 * **Invariant**: pure. It takes credits as the data plane would hold them and budgets as they stand, and counts
 * them down in order: a request fits where every enforcing budget that it matches still holds it. Nothing is
 * reserved: what others spend meanwhile is not foreseen.
 */
import type { MilliCredits } from '../units.ts';
import type { Mode, OperationWord, PriceBasis } from '../words.ts';

/** A create as a caller of the estimate writes it. */
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
  /** Null where no price exists (basis `unknown`). */
  credits: MilliCredits | null;
  /** What the data plane would hold, also where no price exists. */
  heldCredits: MilliCredits;
  /** The same in mode `std`; equal to `heldCredits` where that is no cheaper or there is no such mode. */
  heldCreditsIfStandard: MilliCredits;
  /** What is not sure about the price, for people. */
  notes: readonly string[];
  /** Why it would be refused whatever the budgets say (too expensive, not priced, a broken body); else null. */
  refusal: string | null;
}

/** Prices one create as the data plane would; never throws for what a caller may send. */
export type PriceOne = (request: EstimateRequest, labels: EstimateLabels) => PricedRequest;

export interface EstimateLabels {
  app: string;
  tag: string | null;
}

/** An enforcing budget in its present window, and which of the batch count in it. */
export interface BatchRoom {
  name: string;
  remainingCredits: MilliCredits;
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

/** What the whole batch needs of one budget, and whether it has that. */
export interface RoomEstimate {
  name: string;
  remainingCredits: MilliCredits;
  neededCredits: MilliCredits;
  fits: boolean;
}

/** Counts a batch down against the budgets in force. */
export function estimateBatch(requests: readonly PricedRequest[], rooms: readonly BatchRoom[]): Estimate {
  const asIs = requests.map((request) => request.heldCredits);
  const asStandard = requests.map((request) => request.heldCreditsIfStandard);
  const fitsCount = longestPrefix(requests, asIs, rooms);
  return {
    totalCredits: sum(asIs),
    fits: fitsCount === requests.length,
    fitsCount,
    fitsIfStandard: longestPrefix(requests, asStandard, rooms) === requests.length,
    totalCreditsIfStandard: sum(asStandard),
    budgets: rooms.map((room) => roomEstimate(requests, room)),
  };
}

function roomEstimate(requests: readonly PricedRequest[], room: BatchRoom): RoomEstimate {
  const { name, remainingCredits } = room;
  const counted = requests.filter((request) => room.counts(request));
  const neededCredits = sum(counted.map((request) => request.heldCredits));
  return {
    name,
    remainingCredits,
    neededCredits,
    fits: neededCredits === 0 || neededCredits <= remainingCredits,
  };
}

function longestPrefix(
  requests: readonly PricedRequest[],
  credits: readonly MilliCredits[],
  rooms: readonly BatchRoom[],
): number {
  const left = rooms.map((room) => room.remainingCredits);
  for (const [index, request] of requests.entries()) {
    const needed = credits[index] ?? 0;
    if (request.refusal !== null) return index;
    for (const [at, room] of rooms.entries()) {
      if (!room.counts(request)) continue;
      const after = (left[at] ?? 0) - needed;
      // What costs nothing is admitted even by a budget that is spent.
      if (needed > 0 && after < 0) return index;
      left[at] = after;
    }
  }
  return requests.length;
}

function sum(credits: readonly MilliCredits[]): MilliCredits {
  return credits.reduce((total, one) => total + one, 0);
}
