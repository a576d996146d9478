/**
 * Records the ends of creates, also while the disk is full.
 *
 * A create's end is written before its caller gets the answer. If the store cannot take it (a full disk), it is kept and
 * written again every second. So Kling's answer is never lost while the process lives; after a crash the hold is open and is
 * looked up.
 */
import type { CallRecord } from '../calls/call.ts';
import type { Clock } from '../clock.ts';
import { SidecarError } from '../errors.ts';
import { closeCreate } from '../ledger/close.ts';
import type { CloseArgs } from '../ledger/ledger.ts';
import { sendAgain, type SendAgainArgs } from '../ledger/send-again.ts';
import { sleep } from '../clock.ts';
import type { Ledger } from '../outbox/ledger.ts';
import type { Store } from '../store/store.ts';
import type { Ms } from '../units.ts';

const RETRY_MS = 1_000;

export interface ClosingDeps {
  store: Pick<Store, 'write'>;
  ledger: Pick<Ledger, 'run'>;
  clock: Clock;
  onError: (message: string, error: unknown) => void;
  /** Called with each attempt whose end is to be recorded. */
  onCall: (call: CallRecord) => void;
}

export class Closing {
  readonly #deps: ClosingDeps;
  readonly #pending = new Set<string>();
  readonly #waiters = new Map<string, Set<() => void>>();
  #isStopped = false;

  constructor(deps: ClosingDeps) {
    this.#deps = deps;
  }

  /** The number of ends that wait for the store. */
  get pending(): number {
    return this.#pending.size;
  }

  /**
   * Writes an end; resolves when it is durable, without a time limit. If the ledger itself refuses the end, the hold is in
   * doubt and the look-ups find the task.
   * @returns False if another end was recorded.
   */
  async close(args: CloseArgs): Promise<boolean> {
    for (const call of args.calls) this.#deps.onCall(call);
    const refused = await this.#record(args);
    if (refused === null) return true;
    const evidence = `the ledger did not take its end: ${String(refused)}`.slice(0, 300);
    const doubt = { ...args, end: { kind: 'unknown', evidence }, answer: null } as const;
    if ((await this.#record(doubt)) !== null) await this.#record({ ...doubt, calls: [] });
    return false;
  }

  /**
   * Records that a create is sent again, and its attempts until now. False if it must not be sent again, or if the store
   * does not take it now: nothing is written again later.
   */
  async sendAgain(args: SendAgainArgs): Promise<boolean> {
    try {
      if (!(await this.#deps.store.write(sendAgain, args))) return false;
    } catch (error) {
      this.#deps.onError(`a second send of ${args.holdId} could not be recorded: nothing is sent`, error);
      return false;
    }
    for (const call of args.calls) this.#deps.onCall(call);
    return true;
  }

  /** Writes an end until the store takes it; gives the reason if the ledger refused it, else null. */
  async #record(args: CloseArgs): Promise<unknown> {
    const { ledger, clock, onError } = this.#deps;
    for (;;) {
      try {
        await ledger.run(closeCreate, args);
        this.#pending.delete(args.holdId);
        this.#wake(args.holdId);
        return null;
      } catch (error) {
        const mayPass = error instanceof SidecarError && error.code === 'ledger_unavailable';
        if (!this.#pending.has(args.holdId) || !mayPass)
          onError(`the end of ${args.holdId} could not be recorded${mayPass ? ' yet' : ''}`, error);
        if (!mayPass) this.#pending.delete(args.holdId);
        else this.#pending.add(args.holdId);
        if (!mayPass || this.#isStopped) return error;
        await sleep(clock, RETRY_MS);
      }
    }
  }

  /** Waits until a hold's end is recorded, at most `waitMs`: then a repeat of its request may read the guard again. */
  waitFor(holdId: string, waitMs: Ms): Promise<void> {
    return new Promise((resolve) => {
      const waiters = this.#waiters.get(holdId) ?? new Set();
      this.#waiters.set(holdId, waiters);
      const done = (): void => {
        timer.cancel();
        waiters.delete(done);
        if (waiters.size === 0) this.#waiters.delete(holdId);
        resolve();
      };
      const timer = this.#deps.clock.after(waitMs, done);
      waiters.add(done);
    });
  }

  stop(): void {
    this.#isStopped = true;
  }

  #wake(holdId: string): void {
    for (const waiter of this.#waiters.get(holdId) ?? []) waiter();
  }
}
