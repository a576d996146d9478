/**
 * Follows creates whose tasks may be tried again, and makes the next create of a failed one when its time has come.
 *
 * It hears of ends by facts, and reads every open chain at its start and each hour, so that a kill loses none. What is decided is a row
 * before anything follows from it. The next create goes through the data plane as one of its app does, a few at once.
 *
 * **Invariant**: only a waiting chain gives a create, and the admission takes it in the transaction of the hold: a kill at any
 * point makes no second one. With no rules, and no chains from earlier, it reads and writes nothing after its start.
 */
import type { Clock } from '../clock.ts';
import { SidecarError, type ErrorCode } from '../errors.ts';
import type { Fact } from '../facts.ts';
import { Repeating } from '../repeating.ts';
import type { Store } from '../store/store.ts';
import {
  delayRetry,
  endChain,
  openChains,
  openChainsOf,
  queueRetry,
  readChain,
  readKept,
  waitingChains,
  type ChainEnd,
  type KeptCreate,
  type OpenChain,
  type WaitingChain,
} from '../tasks/retry-table.ts';
import { isTerminal } from '../tasks/task-state.ts';
import type { TaskRetryEvents } from '../telemetry/task-retry-events.ts';
import type { Ms } from '../units.ts';
import { decide, isTooLate, refusedWaitMs } from './decision.ts';
import { ruleFor, type RetryRule } from './retry-rules.ts';

/** Creates that are made at once: apps' own must not wait behind them. */
const SENDS_MAX = 4;
/** Open chains read at once. */
const PAGE_CHAINS = 200;
const LOOK_MS: Ms = 3_600_000;
/** Ends that come together are judged together. */
const GATHER_MS: Ms = 20;
const ERROR_WAIT_MS: Ms = 5_000;

/** Refusals of ours that the same create meets again. */
const LASTING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'task_too_expensive',
  'route_not_priced',
  'body_refused',
  'body_too_large',
  'media_type_refused',
  'unknown_app',
]);

export interface RetrierDeps {
  store: Store;
  /** The clock by which money is dated. */
  clock: Clock;
  /** The rules in force; none in `observe` mode. */
  rules: () => readonly RetryRule[];
  events: TaskRetryEvents;
  /** Gives a number from 0 to below 1, for waits that differ. */
  random: () => number;
  onError: (message: string, error: unknown) => void;
}

/** Makes and sends a create; rejects with the refusal, or with what its caller would have been answered. */
export type SendKept = (kept: KeptCreate) => Promise<void>;

export class TaskRetrier {
  readonly #deps: RetrierDeps;
  readonly #passes: Repeating;
  /** Holds that ended, or whose task did. */
  readonly #ended = new Set<string>();
  /** Chains whose next create is being made, by their first hold. */
  readonly #sending = new Map<string, Promise<void>>();
  #send: SendKept | null = null;
  #nextLookTick: Ms = 0;
  /** Nothing is made before, on the steady clock: the store failed. */
  #pausedToTick: Ms = 0;
  /** Whether there was a rule, or a chain, since the start. */
  #isUsed = false;

  constructor(deps: RetrierDeps) {
    this.#deps = deps;
    this.#passes = new Repeating({
      clock: deps.clock,
      pass: () => this.#pass(),
      onError: (error) => deps.onError('task retries could not be looked at', error),
      errorWaitMs: ERROR_WAIT_MS,
    });
  }

  /** Begins with what earlier runs left open. */
  start(send: SendKept): void {
    this.#send = send;
    this.#passes.wake();
  }

  /** Begins no more creates, and waits for those that are being made. */
  async stop(): Promise<void> {
    await this.#passes.stop();
    await Promise.all(this.#sending.values());
  }

  /** Learns from facts which creates and tasks have ended. */
  follow(facts: readonly Fact[]): void {
    if (!this.#isUsed && !(this.#isUsed = this.#deps.rules().length > 0)) return;
    const before = this.#ended.size;
    for (const fact of facts) {
      const isEnd = fact.kind === 'hold_resolved' || (fact.kind === 'task_changed' && isTerminal(fact.to));
      if (isEnd) this.#ended.add(fact.holdId);
    }
    if (this.#ended.size > before) this.#passes.wake(GATHER_MS);
  }

  /** Judges and makes everything that is due; resolves when no create is being made any more. */
  async runDue(): Promise<void> {
    await this.#passes.run();
    await Promise.all(this.#sending.values());
    await this.#passes.settled();
  }

  async #pass(): Promise<Ms | null> {
    if (this.#send === null) return null;
    if (this.#deps.clock.monotonic() >= this.#nextLookTick) await this.#judgeAll();
    await this.#judgeEnded();
    if (!this.#isUsed) return null;
    return this.#sendDue();
  }

  async #judgeAll(): Promise<void> {
    const { store, clock } = this.#deps;
    this.#ended.clear();
    for (let after = ''; !this.#passes.isStopped;) {
      const chains = await store.read(openChains, { after, limit: PAGE_CHAINS });
      for (const chain of chains) await this.#judge(chain);
      const last = chains.at(-1);
      if (!last) break;
      this.#isUsed = true;
      after = last.firstHoldId;
    }
    this.#nextLookTick = clock.monotonic() + LOOK_MS;
    const [waiting] = await store.read(waitingChains, { limit: 1 });
    if (waiting) this.#isUsed = true;
  }

  async #judgeEnded(): Promise<void> {
    while (this.#ended.size > 0 && !this.#passes.isStopped) {
      const holdIds = [...this.#ended].slice(0, PAGE_CHAINS);
      // Before the read: what is heard from now on is another end.
      for (const holdId of holdIds) this.#ended.delete(holdId);
      try {
        for (const chain of await this.#deps.store.read(openChainsOf, { holdIds })) await this.#judge(chain);
      } catch (error) {
        for (const holdId of holdIds) this.#ended.add(holdId);
        throw error;
      }
    }
  }

  async #judge(chain: OpenChain): Promise<void> {
    const { store, clock, rules, random, events } = this.#deps;
    const at = clock.now();
    const decision = decide(chain, ruleFor(rules(), chain), { at, random: random() });
    if (decision.kind === 'wait') return;
    const { firstHoldId, holdId, number, taskId } = chain;
    if (decision.kind === 'end') return this.#end({ firstHoldId, number }, decision.why);
    const { kind: _, ...queued } = decision;
    if (!(await store.write(queueRetry, { firstHoldId, holdId, ...queued }))) return;
    const { reason, dueAt } = queued;
    events.taskRetryQueued({ firstHoldId, number: queued.number + 1, taskId, reason, dueAt });
  }

  async #end(chain: { firstHoldId: string; number: number }, why: ChainEnd): Promise<void> {
    const { store, clock, events } = this.#deps;
    await store.write(endChain, { firstHoldId: chain.firstHoldId, why, at: clock.now() });
    events.taskRetriesEnded({ ...chain, why });
  }

  /** Begins the creates that are due; gives the wait until the next one, or until the next look at all. */
  async #sendDue(): Promise<Ms> {
    const { store, clock, onError } = this.#deps;
    const lookMs = this.#nextLookTick - clock.monotonic();
    const pausedMs = this.#pausedToTick - clock.monotonic();
    if (pausedMs > 0) return pausedMs;
    const chains = await store.read(waitingChains, { limit: SENDS_MAX * 2 });
    for (const chain of chains) {
      const { firstHoldId, dueAt } = chain;
      if (this.#sending.has(firstHoldId)) continue;
      if (dueAt > clock.now()) return Math.min(lookMs, dueAt - clock.now());
      // The end of one of them begins the next pass.
      if (this.#sending.size >= SENDS_MAX || this.#passes.isStopped) break;
      const sending = this.#make(chain)
        .catch((error: unknown) => {
          this.#pausedToTick = clock.monotonic() + ERROR_WAIT_MS;
          onError(`a task retry of ${firstHoldId} failed`, error);
        })
        .finally(() => {
          this.#sending.delete(firstHoldId);
          this.#passes.wake(GATHER_MS);
        });
      this.#sending.set(firstHoldId, sending);
    }
    return lookMs;
  }

  /** Makes the next create of a waiting chain, or puts it off, or ends the chain. */
  async #make(chain: WaitingChain): Promise<void> {
    const { store, clock, rules } = this.#deps;
    const { firstHoldId, number } = chain;
    const rule = ruleFor(rules(), chain);
    if (rule === null || number >= rule.max) return this.#end(chain, rule === null ? 'no_rule' : 'no_more');
    if (isTooLate(rule, chain, clock.now())) return this.#end(chain, 'waited_too_long');
    const kept = await store.read(readKept, { firstHoldId });
    if (kept === null) return this.#end(chain, 'no_task');
    const refusal = await this.#refusalOf(kept);
    const after = await store.read(readChain, { firstHoldId });
    if (after === null || after.holdId !== chain.holdId) {
      if (after) this.#deps.events.taskRetryMade({ firstHoldId, number: kept.number, holdId: after.holdId });
      return;
    }
    await this.#putOff(chain, refusal);
  }

  /** Sends a kept create, and gives what its caller would have been refused with; null for an answer of Kling's. */
  async #refusalOf(kept: KeptCreate): Promise<SidecarError | null> {
    try {
      await this.#send?.(kept);
      return null;
    } catch (error) {
      if (error instanceof SidecarError) return error;
      this.#deps.onError(`a task retry of ${kept.firstHoldId} failed`, error);
      return null;
    }
  }

  /** Nothing was held: the chain still waits. */
  async #putOff(chain: WaitingChain, refusal: SidecarError | null): Promise<void> {
    const { store, clock, random, events } = this.#deps;
    const { firstHoldId, number, tries } = chain;
    if (refusal !== null && LASTING.has(refusal.code)) return this.#end(chain, 'refused');
    const dueAt = clock.now() + refusedWaitMs(tries, random());
    const note =
      refusal === null ? 'the sidecar failed' : `${refusal.code}: ${refusal.message}`.slice(0, 300);
    await store.write(delayRetry, { firstHoldId, tries: tries + 1, note, dueAt });
    events.taskRetryDelayed({ firstHoldId, number: number + 1, why: refusal?.code ?? 'failed', dueAt });
  }
}
