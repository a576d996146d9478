/**
 * Compares the sums in memory with a scan of the store once an hour, on the thread for reports.
 *
 * Writes continue meanwhile, so the scan may equal any state that the sums had since the request: each state is noted. If it
 * equals none, the open rows are read once more between two writes; a difference then is a fault of ours.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../clock.ts';
import { Repeating } from '../repeating.ts';
import type { Store } from '../store/store.ts';
import type { StuckLimits } from '../tasks/stuck-limits.ts';
import type { Ms } from '../units.ts';
import type { KeptStatus, MoneySums } from './money-sums.ts';
import { openWorkInOrder } from './open-work.ts';
import { moneyStatus, type StatusArgs } from './status.ts';

const PERIOD_MS: Ms = 3_600_000;
/** The wait before the next comparison after a failed one. */
const ERROR_WAIT_MS: Ms = 60_000;
/** The most states that are noted during one scan; if there are more, only the next scan is compared. */
const STATES_MAX = 10_000;

export interface SumsCheckDeps {
  store: Pick<Store, 'read' | 'write'>;
  sums: MoneySums;
  clock: Clock;
  stuck: () => StuckLimits;
  onError: (message: string, error: unknown) => void;
}

export class SumsCheck {
  readonly #deps: SumsCheckDeps;
  readonly #passes: Repeating;
  #nextTick: Ms;

  constructor(deps: SumsCheckDeps) {
    this.#deps = deps;
    this.#nextTick = deps.clock.monotonic() + PERIOD_MS;
    this.#passes = new Repeating({
      clock: deps.clock,
      pass: () => this.#passWhenDue(),
      onError: (error) => deps.onError('the sums of open holds and tasks could not be compared', error),
      errorWaitMs: ERROR_WAIT_MS,
    });
  }

  start(): void {
    this.#passes.wake(PERIOD_MS);
  }

  stop(): Promise<void> {
    return this.#passes.stop();
  }

  /** Compares now, and corrects the sums if they differ. */
  async check(): Promise<void> {
    const { store, sums, clock, stuck } = this.#deps;
    const args = { at: clock.now(), stuck: stuck() };
    const states = new Set<string>();
    const note = (): void =>
      void (states.size <= STATES_MAX && states.add(JSON.stringify(sums.status(args))));
    note();
    sums.onChange = note;
    try {
      const { frozen: _frozen, ...counted } = await store.read(moneyStatus, args);
      if (states.size > STATES_MAX || hasState(states, counted)) return;
    } finally {
      sums.onChange = null;
    }
    await this.#countAgain(args);
  }

  async #countAgain(args: StatusArgs): Promise<void> {
    const { store, sums, onError } = this.#deps;
    const open = await store.write(openWorkInOrder, {});
    // At once: the facts of the next write follow.
    const before = sums.status(args);
    sums.begin(open);
    const counted = sums.status(args);
    if (isDeepStrictEqual(before, counted)) return;
    const difference = new Error(`kept ${JSON.stringify(before)}, counted ${JSON.stringify(counted)}`);
    onError('the sums of open holds and tasks were wrong and are counted again: a fault of ours', difference);
  }

  async #passWhenDue(): Promise<Ms> {
    const { clock } = this.#deps;
    if (clock.monotonic() >= this.#nextTick) {
      await this.check();
      this.#nextTick = clock.monotonic() + PERIOD_MS;
    }
    return this.#nextTick - clock.monotonic();
  }
}

function hasState(states: Iterable<string>, counted: KeptStatus): boolean {
  for (const text of states) if (isDeepStrictEqual(JSON.parse(text), counted)) return true;
  return false;
}
