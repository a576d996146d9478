/** Slots for a create: at once if there are enough, else by the queue; a create that would be refused afterwards does not queue. */
import { budgetRoom } from '../budget/budget-room.ts';
import { SidecarError } from '../errors.ts';
import { freezeState } from '../ledger/freeze.ts';
import type { SlotRequest, SlotTicket } from '../pacing/slot.ts';
import { leftMs, type CreateDeps, type CreateRequest } from './create-request.ts';
import { SEND_MS_MIN } from './caller.ts';
import type { Prepared } from './prepare.ts';
import { refusalError } from './rules.ts';

/** Gives the slots that a create needs, and how long it may wait for them now. */
export function slotsFor(
  deps: CreateDeps,
  create: CreateRequest,
  { price: { product, model, weight, operation }, joinHash, guard }: Prepared,
): SlotRequest {
  const { settings, caller, gone: signal } = create;
  const ownRate = caller.settings?.requestsPerMinute ?? null;
  return {
    product,
    model,
    operation,
    weight,
    joinHash: joinHash ?? guard?.fingerprint ?? null,
    app: caller.app,
    appRequestsPerMinute: settings.mode === 'observe' ? null : ownRate,
    waitMsMax: leftMs(deps, create) - SEND_MS_MIN,
    signal,
  };
}

/**
 * Reserves slots. It gives a promise only if it must wait; of null if the caller closed its connection meanwhile. A create
 * without room in its budgets does not queue.
 */
export function enterSlots(
  deps: CreateDeps,
  create: CreateRequest,
  prepared: Prepared,
): SlotTicket | Promise<SlotTicket | null> {
  const wanted = slotsFor(deps, create, prepared);
  return deps.slots.enterNow(wanted) ?? waitForSlots(deps, create, { prepared, wanted });
}

/** Reserves slots at once, above the limits: it must be seen whether Kling is back, and creates in doubt may occupy all slots. */
export function enterAsProbe(
  deps: CreateDeps,
  create: CreateRequest,
  prepared: Prepared,
): ReturnType<typeof enterSlots> {
  if (deps.slots.isClosed) return enterSlots(deps, create, prepared);
  const wanted = slotsFor(deps, create, prepared);
  return {
    waitedMs: 0,
    pool: null,
    keepFor: (holdId) => deps.slots.occupy(holdId, wanted),
    unreserve: () => undefined,
  };
}

async function waitForSlots(
  deps: CreateDeps,
  create: CreateRequest,
  { prepared, wanted }: { prepared: Prepared; wanted: SlotRequest },
): Promise<SlotTicket | null> {
  if (create.settings.mode === 'protect' && !deps.slots.isClosed) await lookAhead(deps, create, prepared);
  const queuedFrom = deps.clock.monotonic();
  try {
    const ticket = await deps.slots.enter(wanted);
    deps.telemetry.queueLeft(ticket.pool ?? wanted.product, 'slot');
    if (ticket.waitedMs > 0) create.trace?.step('queue', queuedFrom, { 'kling.pool': ticket.pool });
    return ticket;
  } catch (error) {
    create.trace?.step('queue', queuedFrom, { 'error.type': 'no_slot' });
    const full = fullPool(error);
    deps.telemetry.queueLeft(full ?? wanted.product, full === null ? 'gone' : 'no_slot');
    if (create.gone.aborted) return null;
    throw error;
  }
}

/** Gives the pool without a slot; null for a wait that ended otherwise. */
function fullPool(error: unknown): string | null {
  if (!(error instanceof SidecarError) || error.code !== 'queue_full') return null;
  return String(error.detail['pool']);
}

/** Refuses a create before the queue if a freeze or a budget does not allow it now. Only the admission decides. */
async function lookAhead(
  deps: CreateDeps,
  create: CreateRequest,
  { credits: neededCredits, labels }: Prepared,
): Promise<void> {
  const [frozen, { rooms }] = await Promise.all([
    deps.store.read(freezeState, {}),
    deps.store.read(budgetRoom, { at: deps.clock.now(), labels: { ...labels, tag: create.caller.tag } }),
  ]);
  const { budgetStatus } = create.settings;
  if (frozen) throw refusalError({ word: 'spending_frozen', ...frozen }, budgetStatus);
  const full = rooms.find((room) => room.mode === 'enforce' && room.remainingCredits < neededCredits);
  if (full === undefined || neededCredits === 0) return;
  throw refusalError({ word: 'budget_exceeded', ...full, neededCredits }, budgetStatus);
}
