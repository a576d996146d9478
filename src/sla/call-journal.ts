/**
 * Gathers the journal records of reads, and of the sidecar's own calls, into one write every {@link GATHER_MS}.
 *
 * A record costs a statement; the other costs of a write, such as that of its 5-minute window, are shared by the records of
 * one write. If the store takes no writes, records are kept and written again every {@link RETRY_MS}.
 *
 * **Invariant**: no request waits for this; a record that could not be written is counted as lost.
 */
import type { CallRecord } from '../calls/call.ts';
import type { Clock, Timer } from '../clock.ts';
import { SidecarError } from '../errors.ts';
import { journalCalls } from './journal.ts';
import type { Store } from '../store/store.ts';

/** The longest that a record waits for others. */
const GATHER_MS = 50;
/** Records that are written without waiting for the timer. */
const RECORDS_MAX = 256;

const RETRY_MS = 1_000;
/** Records that are kept while the store takes no writes; with more, the oldest are lost. */
const KEPT_MAX = 10_000;

export interface CallJournalDeps {
  store: Store;
  clock: Clock;
  /** The instance's name; null: the store's own. */
  instance: string | null;
  /** Called with the number of lost records. */
  onLost: (count: number, error: unknown) => void;
}

export class CallJournal {
  readonly #deps: CallJournalDeps;
  #waiting: CallRecord[] = [];
  #timer: Timer | null = null;
  #writing = new Set<Promise<void>>();
  #isRetrying = false;
  #isEnding = false;

  constructor(deps: CallJournalDeps) {
    this.#deps = deps;
  }

  /** Adds a record; it is on disk within about 100 ms. */
  add(call: CallRecord): void {
    this.#waiting.push(call);
    if (this.#waiting.length >= RECORDS_MAX && !this.#isRetrying) this.#write();
    else this.#timer ??= this.#deps.clock.after(GATHER_MS, () => this.#write());
  }

  /** Writes what waits for the last time, and resolves when all of it is written or lost. */
  async flush(): Promise<void> {
    this.#isEnding = true;
    this.#write();
    await Promise.all(this.#writing);
  }

  #write(): void {
    this.#timer?.cancel();
    this.#timer = null;
    const calls = this.#waiting;
    if (calls.length === 0) return;
    this.#waiting = [];
    const writing = this.#deps.store
      .write(journalCalls, { instance: this.#deps.instance, calls })
      .then(
        () => void (this.#isRetrying = false),
        (error: unknown) => this.#keep(calls, error),
      )
      .finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
  }

  /** Keeps what could not be written, where it may be written later. */
  #keep(calls: CallRecord[], error: unknown): void {
    const { clock, onLost } = this.#deps;
    const mayPass = error instanceof SidecarError && error.code === 'ledger_unavailable';
    if (this.#isEnding || !mayPass) {
      onLost(calls.length, error);
      return;
    }
    const all = [...calls, ...this.#waiting];
    this.#waiting = all.slice(-KEPT_MAX);
    if (all.length > KEPT_MAX) onLost(all.length - KEPT_MAX, error);
    this.#isRetrying = true;
    this.#timer?.cancel();
    this.#timer = clock.after(RETRY_MS, () => this.#write());
  }
}
