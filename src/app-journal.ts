/**
 * Gathers the journal records of reads, and of the sidecar's own calls, into one write every {@link GATHER_MS}.
 *
 * A record costs a statement; its 5-minute window, and all else that a write costs, is paid once for the records that
 * share it. **Invariant**: no request waits for this; a record that could not be written is counted as lost.
 */
import type { CallRecord } from './calls/call.ts';
import type { Clock, Timer } from './clock.ts';
import { journalCalls } from './sla/journal.ts';
import type { Store } from './store/store.ts';

/** The longest that a record waits for others. */
const GATHER_MS = 50;
/** Records that are written without waiting for the timer. */
const RECORDS_MAX = 64;

export interface CallJournalDeps {
  store: Store;
  clock: Clock;
  /** Told how many records were lost. */
  onLost: (count: number, error: unknown) => void;
}

export class CallJournal {
  readonly #deps: CallJournalDeps;
  #waiting: CallRecord[] = [];
  #timer: Timer | null = null;
  #writing = new Set<Promise<void>>();

  constructor(deps: CallJournalDeps) {
    this.#deps = deps;
  }

  /** Adds a record; it is on disk within about 100 ms. */
  add(call: CallRecord): void {
    this.#waiting.push(call);
    if (this.#waiting.length >= RECORDS_MAX) this.#write();
    else this.#timer ??= this.#deps.clock.after(GATHER_MS, () => this.#write());
  }

  /** Writes what waits, and resolves when all of it is written or lost. */
  async flush(): Promise<void> {
    this.#write();
    await Promise.all(this.#writing);
  }

  #write(): void {
    this.#timer?.cancel();
    this.#timer = null;
    const calls = this.#waiting;
    if (calls.length === 0) return;
    this.#waiting = [];
    const { store, onLost } = this.#deps;
    const writing = store
      .write(journalCalls, calls)
      .catch((error: unknown) => onLost(calls.length, error))
      .finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
  }
}
