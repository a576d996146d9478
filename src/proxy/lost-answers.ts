/**
 * Answers that do not reach their callers: from then on an equal create joins the first one (idempotency/join-table.ts).
 *
 * An answer is lost if the caller closes its connection before the answer is written, or resets it right afterwards, without reading
 * it to its end (`onAnswerReset`); or if our own answer says that nobody knows the outcome.
 *
 * **Invariant**: a loss is reported to the store in the same turn of the event loop, so that no later request is admitted before
 * it. What the store does not take is written again every second, and before the next create. After a crash the next start finds
 * these creates (ledger/recover.ts).
 */
import type { Clock, Timer } from '../clock.ts';
import type { RefusalWord, SidecarError } from '../errors.ts';
import type { LostAnswer } from '../idempotency/join-table.ts';
import type { AgeClock } from '../ledger/age-clock.ts';
import { noteLostAnswer } from '../ledger/join.ts';
import type { Store } from '../store/store.ts';
import type { Ms } from '../units.ts';
import type { Answer } from '../upstream/whole-answer.ts';
import { storable } from './stored-answer.ts';

const RETRY_MS: Ms = 1_000;

export interface LostAnswersDeps {
  store: Pick<Store, 'write'>;
  clock: Clock;
  ages: Pick<AgeClock, 'now'>;
  onError: (message: string, error: unknown) => void;
}

/** The create that a caller's connection waits for. */
export interface WatchedCreate {
  holdId: string;
  /** True if the connection's own create joined that one. */
  isJoin: boolean;
  /** Aborted if the caller closes its connection before its answer. */
  gone: AbortSignal;
}

/** The reports of lost answers. */
export class LostAnswers {
  readonly #deps: LostAnswersDeps;
  /** Losses that the store did not take. */
  #waiting: LostAnswer[] = [];
  #timer: Timer | null = null;

  constructor(deps: LostAnswersDeps) {
    this.#deps = deps;
  }

  /** Begins to watch the answer of a create; one whose caller is gone already is lost at once. */
  watch(created: WatchedCreate): AnswerWatch {
    const watch = new AnswerWatch(created, (answer) => this.#note(created.holdId, answer));
    if (created.gone.aborted) watch.lose();
    return watch;
  }

  /** Writes again what the store did not take; call it before a create is admitted. */
  flush(): void {
    if (this.#waiting.length === 0) return;
    this.#timer?.cancel();
    this.#timer = null;
    for (const lost of this.#waiting.splice(0)) void this.#write(lost);
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #note(holdId: string, answer: Answer | null): void {
    const { clock, ages } = this.#deps;
    const kept = answer && storable(answer);
    void this.#write({ holdId, age: ages.now(), at: clock.now(), answer: kept });
  }

  async #write(lost: LostAnswer): Promise<void> {
    const { store, clock, onError } = this.#deps;
    try {
      await store.write(noteLostAnswer, lost);
    } catch (error) {
      const mayPass = (error as Partial<SidecarError>).code === 'ledger_unavailable';
      onError(`the lost answer of ${lost.holdId} could not be recorded${mayPass ? ' yet' : ''}`, error);
      if (!mayPass) return;
      this.#waiting.push(lost);
      this.#timer ??= clock.after(RETRY_MS, () => this.flush());
    }
  }
}

/** One answer, from the hold of its create, or from its join, to its caller. It is lost at most once. */
export class AnswerWatch {
  readonly isJoin: boolean;
  readonly #onLost: (answer: Answer | null) => void;
  /** Kling's answer, once it is known, and if it may be given again. */
  answer: Answer | null = null;
  #isOver = false;
  #isLost = false;

  constructor({ isJoin }: Pick<WatchedCreate, 'isJoin'>, onLost: (answer: Answer | null) => void) {
    this.isJoin = isJoin;
    this.#onLost = onLost;
  }

  /** Whether the answer was lost before it was known. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** Reports that the caller does not get the answer, unless that was reported. */
  lose(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#isLost = true;
    this.#onLost(this.answer);
  }

  /** Takes note of our own answer: after it a create may have been made whose outcome its caller does not know. */
  refuse(word: RefusalWord): void {
    if (this.isJoin || word === 'outcome_unknown') this.lose();
  }

  /** Ends the watch: the caller gets another answer. */
  end(): void {
    this.#isOver = true;
  }
}
