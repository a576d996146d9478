/** The way of a create into the queue for slots: whoever would be refused afterwards is refused before it. */
import { budgetRoom } from '../budget/budget-room.ts';
import { freezeState } from '../ledger/freeze.ts';
import type { SlotRequest, SlotTicket } from '../pacing/slots.ts';
import type { CreateDeps, CreateRequest } from './create-request.ts';
import { refusalError } from './rules.ts';

/** Takes slots; null where the caller went away while it waited. Nobody queues for a create that no budget holds. */
export async function enterSlots(
  deps: CreateDeps,
  create: CreateRequest,
  wanted: SlotRequest,
): Promise<SlotTicket | null> {
  if (create.settings.mode === 'protect' && deps.slots.wouldWait(wanted)) await lookAhead(deps, create);
  const queuedFrom = deps.clock.monotonic();
  try {
    const ticket = await deps.slots.enter(wanted);
    if (ticket.waitedMs > 0) create.trace?.step('queue', queuedFrom, { 'kling.pool': ticket.pool });
    return ticket;
  } catch (error) {
    create.trace?.step('queue', queuedFrom, { 'error.type': 'no_slot' });
    if (create.gone.aborted) return null;
    throw error;
  }
}

/** Refuses, before the queue, what a freeze or the budgets as they stand do not allow. Only the admission decides. */
async function lookAhead(deps: CreateDeps, create: CreateRequest): Promise<void> {
  if (!create.labels) return;
  const neededCredits = create.credits ?? create.unpricedCredits;
  const labels = { ...create.labels, tag: create.caller.tag };
  const [frozen, { rooms }] = await Promise.all([
    deps.store.read(freezeState, {}),
    deps.store.read(budgetRoom, { at: deps.clock.now(), labels }),
  ]);
  const { budgetStatus } = create.settings;
  if (frozen) throw refusalError({ word: 'spending_frozen', ...frozen }, budgetStatus);
  const full = rooms.find((room) => room.mode === 'enforce' && room.remainingCredits < neededCredits);
  if (full === undefined || neededCredits === 0) return;
  throw refusalError({ word: 'budget_exceeded', ...full, neededCredits }, budgetStatus);
}
