/**
 * Look-ups of creates whose outcome nobody knows: was the task made, or not?
 *
 * The schedule (about 2, 10, 60 and 600 s after the doubt began, then every 10 minutes) and what ends a doubt live in
 * the ledger; this asks Kling by external task id and hands over what it answered. A look-up that brings no answer
 * from Kling does not count and is tried again within half a minute, so an outage ends for every hold within a
 * minute of Kling's return.
 *
 * **Invariant**: nothing here releases or settles; an absent task counts only where Kling itself said so.
 */
import type { CallRecord } from '../calls/call.ts';
import type { Clock, Timer } from '../clock.ts';
import type { Fact } from '../facts.ts';
import { newId } from '../ids.ts';
import type { CashPrice } from '../kling/deduction.ts';
import type { RouteTable } from '../kling/routes.ts';
import type { Credentials } from '../kling/token.ts';
import { dueLookUps, makeLookUpsDue, recordLookUps } from '../ledger/look-up.ts';
import type { DueLookUp, LookUpArgs, StoredAnswer } from '../ledger/ledger.ts';
import type { Store } from '../store/store.ts';
import type { Ms } from '../units.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { answerFor, planAsks, seenIn, type Ask } from './plan.ts';

const TICK_MS = 1_000;
/** Holds looked at in one pass: twenty to a request where Kling allows it. */
const PASS_HOLDS_MAX = 200;
/** With nothing in doubt and nobody waiting, the store is asked this often. */
const IDLE_CHECK_MS = 5_000;

export interface DoubtDeps {
  store: Store;
  upstream: Upstream;
  clock: Clock;
  routes: () => RouteTable;
  price: () => CashPrice;
  credentials: () => Credentials['kind'];
  publish: (facts: Fact[]) => void;
  journal: (call: CallRecord) => void;
  onError: (message: string, error: unknown) => void;
}

type Waiter = (answer: StoredAnswer | null) => void;

export class Doubts {
  readonly #deps: DoubtDeps;
  readonly #waiters = new Map<string, Set<Waiter>>();
  #timer: Timer | null = null;
  #running: Promise<void> | null = null;
  #nextCheckAt: Ms = 0;
  #isStopped = false;

  constructor(deps: DoubtDeps) {
    this.#deps = deps;
  }

  /** Begins to look up what is due; every doubt left by an earlier run is due at once. */
  start(): void {
    this.#timer = this.#deps.clock.every(TICK_MS, () => void this.#tick());
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    for (const holdId of this.#waiters.keys()) this.#tell(holdId, null);
    await this.#running;
  }

  /** Makes every open doubt due now: Kling answers again. */
  async hurry(): Promise<void> {
    const { store, clock } = this.#deps;
    try {
      await store.write(makeLookUpsDue, { at: clock.now() });
      this.#nextCheckAt = 0;
    } catch (error) {
      this.#deps.onError('look-ups could not be made due', error);
    }
  }

  /**
   * Waits until a look-up finds the task of a hold, for at most `waitMs`.
   * @returns The answer its create would have had, or null: not found yet, or known not to exist.
   */
  waitFor(holdId: string, waitMs: Ms): Promise<StoredAnswer | null> {
    this.#nextCheckAt = 0;
    if (waitMs <= 0 || this.#isStopped) return Promise.resolve(null);
    return new Promise((resolve) => {
      const waiters = this.#waiters.get(holdId) ?? new Set();
      this.#waiters.set(holdId, waiters);
      const done: Waiter = (answer) => {
        timer.cancel();
        waiters.delete(done);
        if (waiters.size === 0) this.#waiters.delete(holdId);
        resolve(answer);
      };
      const timer = this.#deps.clock.after(waitMs, () => done(null));
      waiters.add(done);
    });
  }

  /** Looks at once at whatever is due; resolves when that pass is over. */
  async runDue(): Promise<void> {
    this.#running ??= this.#pass().finally(() => {
      this.#running = null;
    });
    await this.#running;
  }

  async #tick(): Promise<void> {
    if (this.#isStopped || this.#deps.clock.now() < this.#nextCheckAt) return;
    await this.runDue();
  }

  async #pass(): Promise<void> {
    const { store, clock, onError } = this.#deps;
    try {
      const { due, open } = await store.read(dueLookUps, { at: clock.now(), limit: PASS_HOLDS_MAX });
      const isBusy = open > 0 || this.#waiters.size > 0;
      this.#nextCheckAt = isBusy ? 0 : clock.now() + IDLE_CHECK_MS;
      const asks = planAsks(due, {
        routes: this.#deps.routes(),
        credentials: this.#deps.credentials(),
        by: 'external_task_ids',
        idOf: (hold) => hold.externalTaskId,
      });
      for (const ask of asks) {
        if (this.#isStopped) return;
        await this.#ask(ask);
      }
    } catch (error) {
      onError('a look-up pass failed', error);
    }
  }

  async #ask(ask: Ask<DueLookUp>): Promise<void> {
    const { upstream, clock, journal } = this.#deps;
    const exchange = await upstream.exchange(
      { method: 'GET', path: ask.path, headers: ['accept', 'application/json'], body: null },
      {
        context: {
          requestId: newId('req', clock.now()),
          app: 'sidecar',
          tag: null,
          route: ask.route,
          holdId: ask.asked.length === 1 ? (ask.asked[0]?.holdId ?? null) : null,
          origin: 'sidecar',
          overheadMs: 0,
        },
      },
    );
    for (const call of exchange.calls) journal(call);
    const at = clock.now();
    const answer = exchange.answer;
    await this.#record(
      ask.asked.map((hold): LookUpArgs => {
        const seen = answer ? seenIn(ask, hold, answer, this.#deps.price()) : { kind: 'failed' as const };
        if (seen.kind !== 'found') return { holdId: hold.holdId, at, outcome: seen };
        const created = answerFor(hold, seen.sighting, newId('req', at));
        return { holdId: hold.holdId, at, outcome: { ...seen, answer: created } };
      }),
    );
  }

  async #record(results: LookUpArgs[]): Promise<void> {
    const { facts } = await this.#deps.store.write(recordLookUps, results);
    this.#deps.publish(facts);
    for (const { holdId, outcome } of results) {
      if (outcome.kind === 'found') this.#tell(holdId, outcome.answer);
    }
    for (const fact of facts) if (fact.kind === 'doubt_ended' && !fact.found) this.#tell(fact.holdId, null);
  }

  #tell(holdId: string, answer: StoredAnswer | null): void {
    for (const waiter of this.#waiters.get(holdId) ?? []) waiter(answer);
  }
}
