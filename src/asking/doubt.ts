/**
 * Look-ups of creates in doubt: was the task made, or not?
 *
 * The schedule (about 2, 10, 60 and 600 s after the doubt began, then every 10 minutes) and what ends a doubt live in
 * the ledger; this asks Kling by external task id and passes on the answers. A look-up that brings no answer
 * from Kling does not count and is tried again within half a minute, so an outage ends for every hold within a
 * minute of Kling's return.
 *
 * **Invariant**: nothing here releases or settles; an absent task counts only if Kling itself answered so.
 */
import type { UpstreamAsked } from '../budget/hold-upstream.ts';
import type { Clock } from '../clock.ts';
import { newId } from '../ids.ts';
import type { AgeClock } from '../ledger/age-clock.ts';
import type { CashPrice } from '../account/row-credits.ts';
import type { RouteTable } from '../kling/routes.ts';
import type { Credentials } from '../kling/token.ts';
import { dueLookUps, makeLookUpsDue, recordLookUps } from '../ledger/look-up.ts';
import { nextLookUpAt, RETRY_MS } from '../ledger/look-up-schedule.ts';
import type { DueLookUp, LookUpArgs, StoredAnswer } from '../ledger/ledger.ts';
import type { Ledger } from '../outbox/ledger.ts';
import { Repeating } from '../repeating.ts';
import type { Store } from '../store/store.ts';
import type { Ms } from '../units.ts';
import type { AskKling } from '../upstream/ask.ts';
import type { Answer } from '../upstream/whole-answer.ts';
import {
  answerFor,
  askAll,
  askedOf,
  isRefusedBatch,
  planAsks,
  seenIn,
  type Ask,
  type AskOptions,
} from './plan.ts';

const PERIOD_MS = 1_000;
/** Holds of one pass: twenty in a request if Kling allows it. */
const PASS_HOLDS_MAX = 200;
/** How often the store is read with nothing in doubt and no waiting caller. */
const IDLE_PERIOD_MS = 5_000;
/** The longest time for a look-up's answer; the next try comes soon. */
const LOOK_UP_MS_MAX = 15_000;
/** The most rounds of look-ups at once: one that hangs does not delay the next. */
const ROUNDS_MAX = 8;
/** If Kling fails often, all doubts are made due at most this often. */
const ALL_DUE_PAUSE_MS = 10_000;

export interface DoubtDeps {
  store: Store;
  ledger: Pick<Ledger, 'run'>;
  ask: AskKling;
  clock: Clock;
  routes: () => RouteTable;
  price: () => CashPrice;
  credentials: () => Credentials['kind'];
  /** The clock for the age of doubts. */
  ages: Pick<AgeClock, 'now'>;
  /** The result of a look-up of one hold. */
  onLookedUp: (result: LookUpArgs['outcome']['kind']) => void;
  onError: (message: string, error: unknown) => void;
}

/** What a waiting caller learnt about its create. */
export type LookedUp =
  | { kind: 'found'; answer: StoredAnswer }
  /** Kling answered "no such task" twice, the second time 10 s or more after the wait began. It is still in doubt. */
  | { kind: 'absent' }
  /** Kling's "no such task" ended the doubt: there is no task. */
  | { kind: 'released' }
  /** Nobody knows yet. */
  | { kind: 'open' };

/**
 * The time after which a second "no such task" is enough to send a create again with the same id. The schedule of look-ups counts
 * whole milliseconds, so the look-up at 10 s may come up to one of them earlier.
 */
const ABSENT_MS_MIN = 10_000 - 1;

interface Waiter {
  /** On the steady clock. */
  sinceTick: Ms;
  untilTick: Ms;
  absences: number;
  done: (result: LookedUp) => void;
}

export class Doubts {
  readonly #deps: DoubtDeps;
  readonly #waiters = new Map<string, Set<Waiter>>();
  /** Holds of running rounds. */
  readonly #asked = new Set<string>();
  readonly #rounds = new Set<Promise<void>>();
  /** Takes due holds; the rounds wait for the answers. */
  readonly #passes: Repeating;
  /** Makes all doubts due. */
  readonly #recoveries: Repeating;
  /** On the steady clock. */
  #nextRecoveryTick: Ms = 0;

  constructor(deps: DoubtDeps) {
    this.#deps = deps;
    const { clock, onError } = deps;
    this.#passes = new Repeating({
      clock,
      pass: () => this.#pass(),
      onError: (error) => onError('a look-up pass failed', error),
      errorWaitMs: PERIOD_MS,
    });
    this.#recoveries = new Repeating({
      clock,
      pass: () => this.#makeAllDue(),
      onError: (error) => onError('look-ups could not be made due', error),
      errorWaitMs: ALL_DUE_PAUSE_MS,
    });
  }

  /** Begins to look up due holds; every doubt of an earlier run is due at once. */
  start(): void {
    this.#passes.wake(PERIOD_MS);
  }

  /** Begins no more look-ups, releases all waiting callers without an answer, and waits for running requests. */
  async stop(): Promise<void> {
    const stopping = [this.#passes.stop(), this.#recoveries.stop()];
    for (const holdId of this.#waiters.keys()) this.#answer(holdId, { kind: 'open' });
    await Promise.all([...stopping, ...this.#rounds]);
  }

  /** Makes every open doubt due now, or as soon as the last time is long enough ago: called when Kling answers again. */
  noteRecovery(): void {
    this.#recoveries.wake(this.#nextRecoveryTick - this.#deps.clock.monotonic());
  }

  async #makeAllDue(): Promise<null> {
    this.#nextRecoveryTick = this.#deps.clock.monotonic() + ALL_DUE_PAUSE_MS;
    await this.#deps.store.write(makeLookUpsDue, { at: this.#deps.ages.now() });
    this.#passes.wake();
    return null;
  }

  /**
   * Waits until a look-up finds the task of a hold, for at most `waitMs`, and no longer than the last look-up in
   * that time.
   */
  waitFor(holdId: string, waitMs: Ms): Promise<LookedUp> {
    this.#passes.wake(PERIOD_MS);
    if (waitMs <= 0 || this.#passes.isStopped) return Promise.resolve({ kind: 'open' });
    return new Promise((resolve) => {
      const waiters = this.#waiters.get(holdId) ?? new Set();
      this.#waiters.set(holdId, waiters);
      const done = (result: LookedUp): void => {
        timer.cancel();
        waiters.delete(waiter);
        if (waiters.size === 0) this.#waiters.delete(holdId);
        resolve(result);
      };
      const { clock } = this.#deps;
      const sinceTick = clock.monotonic();
      const waiter: Waiter = { sinceTick, untilTick: sinceTick + waitMs, absences: 0, done };
      const timer = clock.after(waitMs, () => done({ kind: 'open' }));
      waiters.add(waiter);
    });
  }

  /** Looks up all due holds at once; resolves when no look-up runs any more. */
  async runDue(): Promise<void> {
    await this.#passes.run();
    await Promise.all(this.#rounds);
  }

  async #pass(): Promise<Ms> {
    if (this.#rounds.size >= ROUNDS_MAX) return PERIOD_MS;
    const { due, isBusy } = await this.#takeDue();
    if (due.length > 0) {
      const round = this.#askFor(due).finally(() => this.#rounds.delete(round));
      this.#rounds.add(round);
    }
    return isBusy ? PERIOD_MS : IDLE_PERIOD_MS;
  }

  /** Takes due holds that no round asks for yet. */
  async #takeDue(): Promise<{ due: DueLookUp[]; isBusy: boolean }> {
    const { store, ages } = this.#deps;
    const { due, open } = await store.read(dueLookUps, { at: ages.now(), limit: PASS_HOLDS_MAX });
    const fresh = due.filter(({ holdId }) => !this.#asked.has(holdId));
    for (const { holdId } of fresh) this.#asked.add(holdId);
    return { due: fresh, isBusy: open > 0 || this.#waiters.size > 0 };
  }

  async #askFor(due: readonly DueLookUp[]): Promise<void> {
    try {
      const { asks, left } = planAsks(due, this.#howToAsk());
      // Holds that cannot be looked up make room for others.
      if (left.length > 0) await this.#record(left, () => ({ kind: 'failed' }));
      await askAll(asks, (ask) => this.#tryAsk(ask));
    } catch (error) {
      this.#deps.onError('a look-up pass failed', error);
    } finally {
      for (const { holdId } of due) this.#asked.delete(holdId);
    }
  }

  #howToAsk(): AskOptions<DueLookUp> {
    const { routes, credentials } = this.#deps;
    return {
      routes: routes(),
      credentials: credentials(),
      by: 'external_task_ids',
      idOf: (hold) => hold.externalTaskId,
    };
  }

  /** Asks for some, with any result of others. */
  async #tryAsk(ask: Ask<DueLookUp>): Promise<void> {
    if (this.#passes.isStopped) return;
    try {
      await this.#ask(ask);
    } catch (error) {
      this.#deps.onError('a look-up failed', error);
    }
  }

  async #ask(ask: Ask<DueLookUp>): Promise<void> {
    const holdIds = ask.asked.map(({ holdId }) => holdId);
    const askedTick = this.#deps.clock.monotonic();
    const { answer, line } = await this.#deps.ask({
      path: ask.path,
      route: ask.route,
      holdId: holdIds.length === 1 ? (holdIds[0] ?? null) : null,
      timeoutMs: LOOK_UP_MS_MAX,
      trace: { name: 'look_up', holdIds },
    });
    if (isRefusedBatch(ask, answer)) {
      await askAll(
        ask.asked.flatMap((hold) => planAsks([hold], this.#howToAsk()).asks),
        (one) => this.#tryAsk(one),
      );
      return;
    }
    const outcomeOf = (hold: DueLookUp): LookUpArgs['outcome'] => this.#outcomeOf(ask, hold, answer);
    await this.#record(ask.asked, outcomeOf, { askedTick, upstream: askedOf(line) });
  }

  #outcomeOf(ask: Ask<DueLookUp>, hold: DueLookUp, answer: Answer | null): LookUpArgs['outcome'] {
    const { clock, price, routes } = this.#deps;
    if (answer === null) return { kind: 'failed' };
    const seen = seenIn(ask, hold, answer, price());
    if (seen.kind !== 'found') return seen;
    return { ...seen, answer: answerFor(routes(), hold, seen.sighting, newId('req', clock.now())) };
  }

  async #record(
    holds: readonly DueLookUp[],
    outcomeOf: (hold: DueLookUp) => LookUpArgs['outcome'],
    { askedTick, upstream }: { askedTick?: Ms; upstream?: UpstreamAsked } = {},
  ): Promise<void> {
    const at = this.#deps.clock.now();
    const age = this.#deps.ages.now();
    const results = holds.map((hold) => ({
      holdId: hold.holdId,
      at,
      age,
      ...(upstream && { upstream }),
      outcome: outcomeOf(hold),
    }));
    const { facts } = await this.#deps.ledger.run(recordLookUps, results);
    const released = new Set(
      facts.flatMap((it) => (it.kind === 'doubt_ended' && !it.found ? it.holdId : [])),
    );
    for (const [i, { holdId, outcome }] of results.entries()) {
      this.#deps.onLookedUp(outcome.kind);
      if (outcome.kind === 'found') this.#answer(holdId, foundBy(outcome.answer));
      else if (released.has(holdId)) this.#answer(holdId, { kind: 'released' });
      else if (outcome.kind === 'absent') this.#noteAbsence(holdId, askedTick ?? -Infinity);
      const ageFrom = holds[i]?.ageFrom ?? age;
      const nextAt = outcome.kind === 'absent' ? nextLookUpAt(ageFrom, age) : age + RETRY_MS;
      this.#endLateWaits(holdId, nextAt - age);
    }
  }

  #answer(holdId: string, result: LookedUp): void {
    for (const waiter of this.#waiters.get(holdId) ?? []) waiter.done(result);
  }

  #noteAbsence(holdId: string, askedTick: Ms): void {
    for (const waiter of this.#waiters.get(holdId) ?? []) {
      waiter.absences += 1;
      const isLate = askedTick - waiter.sinceTick > ABSENT_MS_MIN;
      if (waiter.absences > 1 && isLate) waiter.done({ kind: 'absent' });
    }
  }

  /** Releases the callers for whom the next look-up comes too late. */
  #endLateWaits(holdId: string, nextMs: Ms): void {
    const nextTick = this.#deps.clock.monotonic() + nextMs;
    for (const waiter of this.#waiters.get(holdId) ?? [])
      if (waiter.untilTick < nextTick) waiter.done({ kind: 'open' });
  }
}

/** A task without an answer that can be made of it is known to the ledger alone. */
function foundBy(answer: StoredAnswer | null): LookedUp {
  return answer === null ? { kind: 'open' } : { kind: 'found', answer };
}
