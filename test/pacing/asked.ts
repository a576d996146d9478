/** Slots of a clock that a test moves, and the creates that ask for them. */
import type { Pack } from '../../src/account/account.ts';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { SidecarError } from '../../src/errors.ts';
import type { Fact } from '../../src/facts.ts';
import { configuredLimits } from '../../src/pacing/limits.ts';
import type { SlotOptions, SlotRequest } from '../../src/pacing/slot.ts';
import { Slots } from '../../src/pacing/slots.ts';

export const options = (over: Partial<SlotOptions> = {}): SlotOptions => ({
  isPaced: true,
  limits: configuredLimits({ video: 2 }),
  requestsPerMinute: null,
  queueWaitMsMax: 5_000,
  queueLengthMax: 3,
  ...over,
});

export const create = (over: Partial<SlotRequest> = {}): SlotRequest => ({
  product: 'video',
  model: null,
  operation: 'text-to-video',
  joinHash: null,
  weight: 1,
  app: 'default',
  appRequestsPerMinute: null,
  waitMsMax: 20_000,
  signal: new AbortController().signal,
  ...over,
});

/** A pack of video units that is usable from 1,000 to 2,000. */
export const packOf = (over: Partial<Pack> = {}): Pack => ({
  id: 'p',
  name: 'Trial-Video-100Units-5Con-1Months',
  kind: 'decreasing_total',
  total: 100,
  remaining: 50,
  purchasedAt: null,
  effectiveAt: 1_000,
  invalidAt: 2_000,
  status: 'online',
  ...over,
});

/** Takes slots for `hold_0`, `hold_1`, …, which must be free. */
export async function taken(slots: Slots, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) (await slots.enter(create())).keepFor(`hold_${i}`);
}

/** Slots with creates that are known by a name, and what became of each. */
export function begin(over: Partial<SlotOptions> = {}) {
  const clock = createManualClock(0);
  const slots = new Slots(options({ queueLengthMax: 10_000, ...over }), clock, () => 0);
  const order: string[] = [];
  const refused = new Map<string, SidecarError>();
  return {
    clock,
    slots,
    order,
    refused,
    /** Asks for slots; they are kept for the hold of that name. */
    ask(name: string, request: Partial<SlotRequest> = {}): Promise<void> {
      return slots.enter(create(request)).then(
        (ticket) => {
          ticket.keepFor(name);
          return void order.push(name);
        },
        (error: unknown) => {
          if (error instanceof SidecarError) refused.set(name, error);
          return undefined;
        },
      );
    },
  };
}

/** A task that ended after `ageMs`. */
export function ended(
  ageMs: number,
  over: { model?: string | null; to?: 'succeeded' | 'failed' } = {},
): Fact {
  const { model = null, to = 'succeeded' } = over;
  return {
    kind: 'task_changed',
    holdId: 'hold',
    taskId: 'task',
    product: 'video',
    from: 'processing',
    to,
    createdAt: 0,
    ageMs,
    klingAt: null,
    weight: 1,
    statusMessage: null,
    at: ageMs,
    app: 'default',
    operation: 'text-to-video',
    model,
    mode: null,
  };
}

export const retryAfter = (error: SidecarError | undefined): unknown => error?.detail['retryAfterSeconds'];

/** Frees the slots of each hold in the order of their grants, until nothing is open. */
export async function drain(clock: ManualClock, slots: Slots, order: readonly string[]): Promise<void> {
  for (let at = 0; at < order.length; at += 1) {
    slots.free(order[at] ?? '');
    await clock.advance(0);
  }
}
