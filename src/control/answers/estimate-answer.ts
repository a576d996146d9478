/**
 * `POST /v1/estimate`: the price of a batch, and how much of it fits the budgets.
 *
 * The data plane uses the same event loop: a batch is priced in slices of {@link SLICE_REQUESTS}, and other work runs
 * between two slices.
 */
import { nextTurn } from '../../clock.ts';
import { budgetRoom } from '../../budget/budget-room.ts';
import type { Store } from '../../store/store.ts';
import { toCredits, type MilliCredits, type Ms } from '../../units.ts';
import {
  estimateBatch,
  kindOf,
  type BatchRoom,
  type EstimateLabels,
  type EstimateRequest,
  type PricedRequest,
  type PriceOne,
} from '../estimate.ts';
import type { EstimateAnswer } from '../schemas.ts';

export interface EstimateQuestion extends EstimateLabels {
  requests: readonly EstimateRequest[];
  at: Ms;
}

/** Prices a batch and counts it down against the present state of the enforcing budgets. */
export async function answerEstimate(
  reader: Pick<Store, 'read'>,
  price: PriceOne,
  question: EstimateQuestion,
): Promise<EstimateAnswer> {
  const { app, tag, at, requests } = question;
  const priced = await priceAll(requests, (request) => price(request, { app, tag }));
  const estimate = estimateBatch(priced, await roomsOf(reader, priced, { app, tag, at }));
  return {
    totalCredits: toCredits(estimate.totalCredits),
    fits: estimate.fits,
    fitsCount: estimate.fitsCount,
    fitsIfStandard: estimate.fitsIfStandard,
    totalCreditsIfStandard: toCredits(estimate.totalCreditsIfStandard),
    requests: priced.map(({ credits, heldCredits, basis, notes, refusal }) => ({
      credits: credits === null ? null : toCredits(credits),
      heldCredits: toCredits(heldCredits),
      basis,
      notes: [...notes],
      refusal,
    })),
    budgets: estimate.budgets.map((room) => ({
      name: room.name,
      remainingCredits: toCredits(room.remainingCredits),
      neededCredits: toCredits(room.neededCredits),
      fits: room.fits,
    })),
  };
}

/** Requests that are priced before other work of the event loop runs; each takes less than 0.1 ms. */
export const SLICE_REQUESTS = 10;

async function priceAll(
  requests: readonly EstimateRequest[],
  price: (request: EstimateRequest) => PricedRequest,
): Promise<PricedRequest[]> {
  const priced: PricedRequest[] = [];
  for (const request of requests) {
    priced.push(price(request));
    if (priced.length % SLICE_REQUESTS === 0) await nextTurn();
  }
  return priced;
}

/** Asks once for each kind of create in the batch; budgets that count the same creates are one group. */
async function roomsOf(
  reader: Pick<Store, 'read'>,
  priced: readonly PricedRequest[],
  where: EstimateLabels & { at: Ms },
): Promise<BatchRoom[]> {
  const { app, tag, at } = where;
  const kinds = new Map(priced.map((request) => [kindOf(request), request]));
  const rooms = new Map<string, { name: string; remainingCredits: MilliCredits; kinds: Set<string> }>();
  for (const [kind, { operation, model }] of kinds) {
    const answer = await reader.read(budgetRoom, { at, labels: { app, tag, operation, model } });
    for (const room of answer.rooms) {
      if (room.mode !== 'enforce') continue;
      const known = rooms.get(room.counterId);
      if (known) known.kinds.add(kind);
      else
        rooms.set(room.counterId, {
          name: room.budget,
          remainingCredits: room.remainingCredits,
          kinds: new Set([kind]),
        });
    }
  }
  return [...rooms.values()].map(({ name, remainingCredits, kinds: counted }) => ({
    name,
    remainingCredits,
    counts: (request) => counted.has(kindOf(request)),
  }));
}
