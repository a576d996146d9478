/**
 * From a prepared create to one that may be sent: the rules, its date, its slots, and its durable hold.
 *
 * The admission reads the guard of repeats in the transaction that makes the hold: a usual create reads it once, and of two
 * requests with one key, also in two processes with one store, only one is held. A repeat gets its answer even if it would be
 * refused as new. So the guard is read first if anything refuses or delays a create before its admission, or if the admission
 * fails. The same is true for a create that joins an equal one whose answer was lost.
 *
 * **Invariant**: a create that continues has its hold on disk, with one exception: mode `observe` if the store is not
 * available. Slots are passed to the hold or released, and a line that is not passed on is released.
 */
import { noteQueueWait } from '../calls/queue-wait-table.ts';
import { SidecarError } from '../errors.ts';
import type { Joined } from '../idempotency/join-table.ts';
import { admit } from '../ledger/admit.ts';
import { joinEarlier } from '../ledger/join.ts';
import type { AdmitResult, GuardState } from '../ledger/ledger.ts';
import type { SlotTicket } from '../pacing/slot.ts';
import type { MilliCredits, Ms } from '../units.ts';
import type { Line } from '../upstream/line.ts';
import { admitArgs, joinRequest } from './admit-args.ts';
import { tooLate } from './create-errors.ts';
import type { CreatePermit } from './create-permit.ts';
import { lacksTime, type CreateDeps, type CreateRequest } from './create-request.ts';
import { traceHold, traceNoHold } from './create-trace.ts';
import type { Prepared } from './prepare.ts';
import { enterAsProbe, enterSlots, slotsFor } from './queue.ts';
import { answerJoin, answerRepeat } from './repeat.ts';
import { isDatable, refusalError, refuseUnlessObserving, whyUndated } from './rules.ts';

/** A hold that is on disk. */
export interface CreateHold {
  readonly holdId: string;
  /** The lowest remainder of the matching budgets in mode `enforce`; null if there is none. */
  readonly remainingCredits: MilliCredits | null;
}

/** A create that may be sent. */
export interface Reserved {
  readonly prepared: Prepared;
  /** Null if nothing of it could be recorded: mode `observe` if the store is not available. */
  readonly hold: CreateHold | null;
  /** In use until the create is answered: the create goes to the upstream of its hold, also during a reload. */
  readonly line: Line;
  readonly queueMs: Ms;
}

/** A prepared create with its permit. */
export interface Wanted {
  readonly prepared: Prepared;
  readonly permit: CreatePermit;
}

/**
 * Reserves the slots and credits of a create. The caller of this function releases its line.
 * @returns Null if the create was answered as a repeat, or its caller closed its connection.
 * @throws SidecarError for each refusal of rules, clock, queue and budgets, and those of `answerRepeat`.
 */
export async function reserve(
  deps: CreateDeps,
  create: CreateRequest,
  wanted: Wanted,
): Promise<Reserved | null> {
  deps.lostAnswers.flush();
  const reserving = new Reserving(deps, create, wanted);
  const { refusals } = wanted.permit;
  if (reserving.mayBeKeptBack(refusals) && !((await reserving.isNew()) && (await reserving.joinsNone())))
    return null;
  for (const refusal of refusals) refuseUnlessObserving(create, refusal);
  for (;;) {
    const tried = await reserving.tryOnce();
    switch (tried.kind) {
      case 'reserved':
        return tried.reserved;
      case 'gone':
        return null;
      case 'repeat':
        // Another request had the same key first: its answer is also for this one, or the key was used for other bytes.
        if (!(await reserving.isNew(tried.state))) return null;
        break;
      case 'join':
        if (!(await reserving.isNewAfter(tried))) return null;
        break;
      case 'failed':
        if (!reserving.isGuardRead && !(await reserving.isNew())) return null;
        return reserving.withoutHold(tried);
    }
  }
}

/** The result of one try to get a hold. */
type Tried =
  | { kind: 'reserved'; reserved: Reserved }
  | { kind: 'gone' }
  | Extract<AdmitResult, { kind: 'repeat' | 'join' }>
  /** The store was not available. */
  | Failed;

interface Failed {
  kind: 'failed';
  error: unknown;
  heldFrom: Ms;
}

/** One create before its reservation, over all its tries. */
class Reserving {
  readonly #deps: CreateDeps;
  readonly #create: CreateRequest;
  readonly #permit: CreatePermit;
  #prepared: Prepared;
  #queueMs: Ms = 0;
  #isGuardRead: boolean;
  #isUndatedNoted = false;

  constructor(deps: CreateDeps, create: CreateRequest, { prepared, permit }: Wanted) {
    this.#deps = deps;
    this.#create = create;
    this.#permit = permit;
    this.#prepared = prepared;
    this.#isGuardRead = prepared.guard === null;
  }

  /** Whether there is no guard, or it was read. */
  get isGuardRead(): boolean {
    return this.#isGuardRead;
  }

  /** Whether something can refuse or delay the create before the ledger can find that it is a repeat. */
  mayBeKeptBack(refusals: readonly SidecarError[]): boolean {
    if (this.#isGuardRead && this.#prepared.joinHash === null) return false;
    const deps = this.#deps;
    return (
      refusals.length > 0 ||
      deps.closing.pending > 0 ||
      !isDatable(deps) ||
      deps.adoption.isPending ||
      lacksTime(deps, this.#create) ||
      deps.slots.wouldWait(slotsFor(deps, this.#create, this.#prepared))
    );
  }

  /** Answers a repeat; true if the create continues, in `observe` mode perhaps without its guard. */
  async isNew(state?: GuardState): Promise<boolean> {
    const asked = { prepared: this.#prepared, queueMs: this.#queueMs, ...(state && { state }) };
    const next = await answerRepeat(this.#deps, this.#create, asked);
    this.#isGuardRead = true;
    if (next) this.#prepared = next;
    return next !== null;
  }

  /** Answers a create that can join an earlier one; true if it continues. */
  async joinsNone(): Promise<boolean> {
    const { joinHash } = this.#prepared;
    if (joinHash === null) return true;
    const request = joinRequest(this.#deps, this.#create, joinHash);
    // A store that takes nothing refuses the create by its own words, or what delays it does.
    const joined = await this.#deps.store.write(joinEarlier, request).catch(() => null);
    return joined === null || this.isNewAfter(joined);
  }

  /** Answers a create that joined an earlier one; true if it continues as a new one. */
  isNewAfter(joined: Joined): Promise<boolean> {
    return answerJoin(this.#deps, this.#create, {
      joined,
      prepared: this.#prepared,
      queueMs: this.#queueMs,
    });
  }

  /** Tries to get slots and the hold. */
  async tryOnce(): Promise<Tried> {
    const deps = this.#deps;
    const create = this.#create;
    if (deps.adoption.isPending && create.settings.mode === 'protect') await this.#seeAdopted();
    const dated = this.#seeDated();
    if (dated) await dated;
    if (create.gone.aborted) return { kind: 'gone' };
    const enter = this.#permit.isBreakerProbe ? enterAsProbe : enterSlots;
    const entering = enter(deps, create, this.#prepared);
    const isQueued = entering instanceof Promise;
    const ticket = isQueued ? await entering : entering;
    if (ticket === null) return { kind: 'gone' };
    this.#queueMs += ticket.waitedMs;
    let tried: Tried | null = null;
    try {
      // Checked again, since much may have changed during the wait; from here to the date nothing waits.
      const stopped = isQueued ? this.#permit.askAgain() : null;
      if (stopped) refuseUnlessObserving(create, stopped);
      const datedAgain = isQueued ? this.#seeDated() : null;
      if (datedAgain) await datedAgain;
      if (create.gone.aborted) return { kind: 'gone' };
      if (lacksTime(deps, create)) throw tooLate();
      return (tried = await this.#admit(ticket));
    } finally {
      if (tried?.kind !== 'repeat' && tried?.kind !== 'join' && ticket.pool !== null)
        deps.telemetry.queueWaited(ticket.pool, ticket.waitedMs);
      ticket.unreserve();
    }
  }

  /** Continues without a hold if the store failed in `observe` mode; else throws the store's error. */
  withoutHold({ error, heldFrom }: Failed): Reserved {
    const { lastFreeze, onError, upstream } = this.#deps;
    const { settings, noteWouldRefuse, trace } = this.#create;
    if (settings.mode !== 'observe') throw error;
    const frozen = lastFreeze.state;
    if (frozen) throw refusalError({ word: 'spending_frozen', ...frozen }, settings.budgetStatus);
    onError('a create of mode observe could not be held and is forwarded without a hold', error);
    if (error instanceof SidecarError) noteWouldRefuse(error);
    if (trace) traceNoHold(trace, heldFrom);
    return { prepared: this.#prepared, hold: null, line: upstream.line.use(), queueMs: this.#queueMs };
  }

  /** Waits until a new store knows what the account spends. @throws SidecarError `ledger_unavailable`. */
  async #seeAdopted(): Promise<void> {
    const refusal = await this.#deps.adoption.settle();
    if (refusal !== null) throw refusal;
  }

  /** Makes sure that the create can be dated; a promise only if Kling's clock must be read. */
  #seeDated(): Promise<void> | null {
    const why = whyUndated(this.#deps);
    if (why instanceof Promise) return why.then((refusal) => this.#refuseUndated(refusal));
    this.#refuseUndated(why);
    return null;
  }

  /** In `observe` mode an unsure date is counted once. */
  #refuseUndated(refusal: SidecarError | null): void {
    if (refusal === null || this.#isUndatedNoted) return;
    refuseUnlessObserving(this.#create, refusal);
    this.#isUndatedNoted = true;
  }

  /** Keeps the wait for the task's timeline; a create that did not wait has none. */
  #keepWait(holdId: string, heldAt: Ms): void {
    const waitedMs = this.#queueMs;
    this.#deps.store.later(noteQueueWait, { holdId, at: heldAt - waitedMs, waitedMs });
  }

  /** Makes the hold, with the present date and the line that the create will be sent on. */
  async #admit(ticket: SlotTicket): Promise<Tried> {
    const deps = this.#deps;
    const create = this.#create;
    const prepared = this.#prepared;
    const { line } = deps.upstream;
    const args = admitArgs(deps, create, { prepared, line });
    line.use();
    const heldFrom = deps.clock.monotonic();
    let result: AdmitResult;
    try {
      result = await deps.ledger.run(admit, args);
    } catch (error) {
      line.release();
      return { kind: 'failed', error, heldFrom };
    }
    if (result.kind !== 'admitted') line.release();
    if (result.kind === 'repeat' || result.kind === 'join') return result;
    if (create.trace) traceHold(create.trace, { heldFrom, args, result });
    if (result.kind === 'refused') throw refusalError(result.refusal, create.settings.budgetStatus);
    const { holdId, at } = args.hold;
    ticket.keepFor(holdId);
    if (create.trace) deps.traces.remember(holdId, create.trace, at);
    deps.telemetry.createHeld(prepared.labels, prepared.credits);
    if (this.#queueMs > 0) this.#keepWait(holdId, at);
    if (result.wouldRefuse)
      create.noteWouldRefuse(refusalError(result.wouldRefuse, create.settings.budgetStatus));
    const hold = { holdId, remainingCredits: result.remainingCredits };
    return { kind: 'reserved', reserved: { prepared, hold, line, queueMs: this.#queueMs } };
  }
}
