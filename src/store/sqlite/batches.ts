/**
 * Gathers the operations of one tick of the event loop into one message to a worker.
 *
 * While a batch runs the next one gathers, so batches grow with the load: a single caller does not wait for others, and 32
 * parallel callers share a commit. After a batch of several operations the next one waits {@link GATHER_TURNS} more: the callers that
 * it answered ask again in them, and else two halves of the callers would take turns with twice the commits. An operation with background priority (`addBackground`) runs alone in a batch, when
 * `background-turns.ts` allows it. **Invariant**: a promise settles only by the reply to its operation's batch, or by the
 * failure of that batch or of the worker.
 */
import type { Clock, Timer } from '../../clock.ts';
import { SidecarError } from '../../errors.ts';
import type { Ms } from '../../units.ts';
import { pack, unpack, type Packed } from './plain.ts';
import { BackgroundTurns } from './background-turns.ts';
import { fromWireError, type WireError } from './wire-error.ts';

/** Operations in one transaction. */
export const BATCH_MAX = 256;
/** The longest time that an operation of `later` waits for others. */
export const LATER_MS: Ms = 100;
/**
 * Turns of the event loop. A batch costs about 250 µs of CPU on both threads before its first operation; an idle turn costs a few.
 * With 2, 32 parallel callers share 14 creates a commit instead of 8 (2026-11-28); a third turn adds nothing.
 */
export const GATHER_TURNS = 2;
/** The most waiting operations; more are refused: then the disk is stuck, and memory must not fill. */
const WAITING_MAX = 20_000;

export interface BatchesOptions {
  send: (message: Packed) => void;
  clock: Clock;
  onBatch?: ((batch: { operations: number; seconds: number }) => void) | undefined;
  /** An operation of `later` failed; there is no other report of it. */
  onLaterFailed?: ((name: string, error: Error) => void) | undefined;
  onBatchFailed?: ((message: string, operations: number) => void) | undefined;
  /** A batch is sent; `seconds` is the wait of the first of its operations that did not come by `addLater`. */
  onSent?: ((seconds: number) => void) | undefined;
}

interface Call {
  name: string;
  args: unknown;
  /** The arguments are known to be plain JSON values. */
  isPlain: boolean;
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
}

/** An operation with background priority; its arguments are made when its turn has come. */
interface BackgroundCall extends Pick<Call, 'name' | 'resolve' | 'reject'> {
  take: (isBusy: boolean) => Pick<Call, 'args' | 'isPlain'>;
}

/** The gathering side of one worker. */
export class Batches {
  /** When background operations have their turn; operations that a request waits for are reported to it. */
  readonly backgroundTurns: BackgroundTurns;
  readonly #options: BatchesOptions;
  #waiting: Call[] = [];
  #underWay: Call[] = [];
  /** Whether the last batch had several operations. */
  #isShared = false;
  /** Whether an operation waits that must not wait for the timer of `addLater`. */
  #isUrgent = false;
  /** Since when. */
  #urgentTick: Ms = 0;
  #isScheduled = false;
  #laterTimer: Timer | null = null;
  #background: BackgroundCall[] = [];
  #backgroundTimer: Timer | null = null;
  /** When the running background operation was sent; null while there is none. */
  #backgroundSentTick: Ms | null = null;
  /** Why no more operations are accepted. */
  #refusal: SidecarError | null = null;
  #onEmpty: (() => void)[] = [];

  constructor(options: BatchesOptions) {
    this.#options = options;
    this.backgroundTurns = new BackgroundTurns(options.clock);
  }

  /** Waiting operations that are not sent yet. */
  get length(): number {
    return this.#waiting.length + this.#background.length;
  }

  /** Adds an operation to the next batch. */
  add(name: string, args: unknown, isPlain = false): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#put({ name, args, isPlain, resolve, reject })) this.#schedule();
    });
  }

  /** Adds one that may wait up to {@link LATER_MS}. */
  addLater(name: string, args: unknown, isPlain = false): void {
    const { clock, onLaterFailed } = this.#options;
    const reject = (error: Error): void => onLaterFailed?.(name, error);
    if (!this.#put({ name, args, isPlain, resolve: ignore, reject })) return;
    this.#laterTimer ??= clock.after(LATER_MS, () => this.#schedule());
  }

  /**
   * Adds one that runs alone in its batch, when nothing else waits; `take` gives its arguments when its turn has come:
   * few of them if `isBusy`, since requests wait for the writer meanwhile. Background operations keep their order.
   */
  addBackground(name: string, take: BackgroundCall['take']): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#refusal) {
        reject(this.#refusal);
        return;
      }
      if (this.#background.push({ name, take, resolve, reject }) === 1) this.backgroundTurns.noteWaiting();
      this.#considerBackground();
    });
  }

  /** Takes the worker's reply to the running batch. */
  receive(reply: Packed): void {
    const calls = this.#underWay;
    this.#underWay = [];
    this.#isShared = calls.length > 1;
    this.#noteEnd();
    settle(calls, unpack(reply), this.#options);
    if (this.#isUrgent || this.#onEmpty.length > 0) this.#schedule();
    else this.#considerBackground();
  }

  /** Refuses new operations with `refusal` from now on; resolves when the earlier ones have settled. */
  close(refusal: SidecarError): Promise<void> {
    this.#refusal ??= refusal;
    this.#dropBackground(refusal);
    return new Promise((resolve) => {
      this.#onEmpty.push(resolve);
      this.#schedule();
    });
  }

  /** Rejects all waiting, running and later operations: the worker is gone. */
  fail(error: SidecarError): void {
    this.#refusal ??= error;
    const calls = [...this.#underWay, ...this.#waiting];
    this.#underWay = [];
    this.#waiting = [];
    this.#laterTimer?.cancel();
    for (const call of calls) call.reject(error);
    this.#dropBackground(error);
    for (const resolve of this.#onEmpty.splice(0)) resolve();
  }

  /** A close does not wait for background operations. */
  #dropBackground(refusal: SidecarError): void {
    this.#backgroundTimer?.cancel();
    for (const call of this.#background.splice(0)) call.reject(refusal);
  }

  #put(call: Call): boolean {
    const refusal = this.#refusal ?? (this.#waiting.length >= WAITING_MAX ? overloaded() : null);
    if (refusal) {
      call.reject(refusal);
      return false;
    }
    this.#waiting.push(call);
    return true;
  }

  #schedule(): void {
    if (!this.#isUrgent) this.#urgentTick = this.#options.clock.monotonic();
    this.#isUrgent = true;
    this.backgroundTurns.noteAsked();
    this.#scheduleFlush();
  }

  #scheduleFlush(): void {
    if (this.#isScheduled || this.#underWay.length > 0) return;
    this.#isScheduled = true;
    this.#flushAfter(this.#isShared ? GATHER_TURNS : 0);
  }

  #flushAfter(turns: number): void {
    setImmediate(() => (turns > 0 ? this.#flushAfter(turns - 1) : this.#flush()));
  }

  #flush(): void {
    this.#isScheduled = false;
    if (this.#sendBackground()) return;
    this.#laterTimer?.cancel();
    this.#laterTimer = null;
    const wasUrgent = this.#isUrgent;
    this.#underWay = this.#waiting.splice(0, BATCH_MAX);
    this.#isUrgent = this.#waiting.length > 0;
    if (this.#underWay.length > 0) {
      if (wasUrgent) this.#noteSent();
      this.#send();
      return;
    }
    for (const resolve of this.#onEmpty.splice(0)) resolve();
    this.#considerBackground();
  }

  #noteSent(): void {
    const { clock, onSent } = this.#options;
    const now = clock.monotonic();
    onSent?.((now - this.#urgentTick) / 1000);
    this.#urgentTick = now;
  }

  /** Gives the first background operation its turn, now or later. */
  #considerBackground(): void {
    if (this.#background.length === 0 || this.#underWay.length > 0) return;
    const waitMs = this.backgroundTurns.waitMs();
    this.#backgroundTimer?.cancel();
    if (waitMs > 0)
      this.#backgroundTimer = this.#options.clock.after(waitMs, () => this.#considerBackground());
    else this.#scheduleFlush();
  }

  /** Sends the first background operation if it is its turn; false if it is the others' turn. */
  #sendBackground(): boolean {
    const isTurn = this.#isUrgent ? this.backgroundTurns.isOverdue : this.backgroundTurns.waitMs() === 0;
    const call = isTurn ? this.#background.shift() : undefined;
    if (!call) return false;
    const { name, resolve, reject } = call;
    if (this.#background.length > 0) this.backgroundTurns.noteWaiting();
    try {
      this.#underWay = [{ name, resolve, reject, ...call.take(this.backgroundTurns.isBusy) }];
    } catch (error) {
      reject(error as Error);
      return false;
    }
    this.#backgroundSentTick = this.#options.clock.monotonic();
    this.#send();
    return true;
  }

  /** Reports the end of a batch for the waiting background operations. */
  #noteEnd(): void {
    if (this.#backgroundSentTick === null) this.backgroundTurns.noteAsked();
    else this.backgroundTurns.noteDone(this.#options.clock.monotonic() - this.#backgroundSentTick);
    this.#backgroundSentTick = null;
  }

  #send(): void {
    const values: unknown[] = [];
    const calls = this.#underWay;
    for (const { name, args } of calls) values.push(name, args);
    try {
      this.#options.send(pack(values, (index) => calls[index >> 1]?.isPlain === true));
    } catch (error) {
      this.#dropUnsendable(error as Error);
    }
  }

  /** Some arguments cannot be sent to a thread: their callers get the error, the others are sent. */
  #dropUnsendable(error: Error): void {
    const calls = this.#underWay;
    this.#underWay = [];
    this.#backgroundSentTick = null;
    const sendable = calls.filter((call) => canCross(call.args));
    const isAll = sendable.length === calls.length;
    for (const call of calls) if (isAll || !sendable.includes(call)) call.reject(error);
    if (!isAll) this.#waiting.unshift(...sendable);
    this.#schedule();
  }
}

function settle(calls: readonly Call[], reply: readonly unknown[], options: BatchesOptions): void {
  if (reply[0] !== null) {
    const message = String(reply[0]);
    for (const call of calls) call.reject(unavailable(message));
    options.onBatchFailed?.(message, calls.length);
    return;
  }
  const failures = reply[2] as readonly (readonly [number, WireError])[];
  for (const [index, error] of failures) calls[index]?.reject(fromWireError(error));
  // A promise that was rejected above ignores its place in the results.
  for (let i = 0; i < calls.length; i += 1) calls[i]?.resolve(reply[i + 3]);
  options.onBatch?.({ operations: calls.length, seconds: reply[1] as number });
}

function unavailable(why: string): SidecarError {
  return new SidecarError('ledger_unavailable', `the store could not take the operation: ${why}`);
}

function overloaded(): SidecarError {
  return unavailable(`${WAITING_MAX} operations wait already; the disk may be stuck`);
}

function canCross(args: unknown): boolean {
  try {
    structuredClone(args);
    return true;
  } catch {
    return false;
  }
}

function ignore(): void {
  // No caller waits for the result of `later`.
}
