/**
 * A new store takes over what the account spends, before its first create: see ledger/adoption.ts for what is adopted, and
 * account-books.ts for how it is read.
 *
 * A read begins with the start, and creates wait for it: some hundred milliseconds for an account that is little used. While Kling
 * gives no answer they are refused, and it is read again and again, after waits that double. After {@link GIVE_UP_MS} creates are
 * admitted without, so that a ledger that stays away does not stop a business; what is read later is adopted then. A list that Kling refuses for good
 * is left out. Creates do not wait if Kling refuses the credentials (it refuses the create, too), in mode `observe`, and
 * without a budget that could refuse one.
 *
 * After the first read the books are read again at {@link LATE_MS}: a deduction may be entered up to a day late.
 *
 * **Invariant**: in mode `protect` no create is admitted before the account's spending is in the store, or the time above is over.
 */
import { adoptedFrom, CLOCKS_MS } from '../budget/adopted.ts';
import type { BudgetRule } from '../budget/budget-rule.ts';
import { within, type Clock } from '../clock.ts';
import { SidecarError } from '../errors.ts';
import { adoptTasks, type AdoptedHold, type AdoptedTask } from '../ledger/adopt-tasks.ts';
import { beginAdoption, noteAdoption, type Adopted } from '../ledger/adoption.ts';
import type { Ledger } from '../outbox/ledger.ts';
import { Repeating } from '../repeating.ts';
import { doublingWait } from '../retry.ts';
import type { Store } from '../store/store.ts';
import type { Ms } from '../units.ts';
import type { ClockTrust } from '../upstream/clock-trust.ts';
import type { Line } from '../upstream/line.ts';
import { DAY_MS, HOUR_MS } from '../zone.ts';
import { readBooks, type BooksDeps } from './account-books.ts';
import { tasksToAdopt, type ToAdopt } from './adopted-tasks.ts';
import type { ClockLook } from './clock-look.ts';

/** The longest time that creates wait for Kling's books, counted from the start. */
export const GIVE_UP_MS: Ms = 900_000;
/** The longest time that one create waits. */
const WAIT_MS_MAX: Ms = 10_000;
/** When the books are read again, counted from the admission of creates: a deduction may be a day late. */
const LATE_MS: readonly Ms[] = [60_000, 600_000, HOUR_MS, 6 * HOUR_MS, DAY_MS + HOUR_MS];
/** Between two reads that failed. */
const WAITS = { firstMs: 1_000, maxMs: 30_000 };
/** Tasks adopted in one transaction: some ten milliseconds. */
const TASKS_AT_ONCE = 500;

export interface AdoptionDeps extends Pick<BooksDeps, 'ask'> {
  store: Store;
  ledger: Pick<Ledger, 'run'>;
  /** The clock by which money is dated. */
  clock: Clock;
  clockLook: Pick<ClockLook, 'settle'>;
  clockTrust: Pick<ClockTrust, 'check'>;
  /** Whether a new store adopts. */
  isOn: () => boolean;
  budgets: () => readonly BudgetRule[];
  line: () => Pick<Line, 'host' | 'account'>;
  /** What the reads and prices depend on, as it is now. */
  read: () => Omit<BooksDeps, 'ask' | 'clock'> & Pick<ToAdopt, 'highest'>;
  /** Called with the open creates that were adopted: they have slots. */
  onHolds: (holds: readonly AdoptedHold[]) => void;
  reports: AdoptionReports;
}

/** What is logged. */
export interface AdoptionReports {
  /** Called at the first complete read, and later if something more was adopted. */
  onAdopted: (adopted: Adopted) => void;
  /** Called for the first failure of a row, and for lists that Kling refuses. */
  onProblem: (problem: string, isGivenUp: boolean) => void;
  onError: (message: string, error: unknown) => void;
}

/** The result of one read. */
type Read =
  | { kind: 'adopted'; count: number; from: Ms | null; refused: readonly string[] }
  | Exclude<BooksRead, { kind: 'read' }>;
type BooksRead = Awaited<ReturnType<typeof readBooks>>;

export class Adoption {
  readonly #deps: AdoptionDeps;
  readonly #reads: Repeating;
  readonly #stopped = new AbortController();
  /** Null if the store adopts nothing. */
  #adopted: Adopted | null = null;
  #beganTick: Ms = 0;
  #failures = 0;
  /** The result of the last read, where creates still wait. */
  #last: Exclude<BooksRead, { kind: 'read' }> | null = null;

  constructor(deps: AdoptionDeps) {
    this.#deps = deps;
    this.#reads = new Repeating({
      clock: deps.clock,
      pass: () => this.#pass(),
      onError: (error) => deps.reports.onError('the account could not be adopted', error),
      errorWaitMs: WAITS.maxMs,
    });
  }

  /** Finds whether the store is new, before it is used. */
  async begin(): Promise<void> {
    const { store, isOn, clock } = this.#deps;
    this.#beganTick = clock.monotonic();
    this.#adopted = isOn() ? await store.write(beginAdoption, { at: clock.now() }) : null;
  }

  start(): void {
    if (this.#adopted !== null && this.#adopted.state !== 'done') this.#reads.wake();
  }

  stop(): Promise<void> {
    this.#stopped.abort();
    return this.#reads.stop();
  }

  /** The adoption of the store; null if it has none. */
  get state(): Adopted | null {
    return this.#adopted;
  }

  /** Whether creates wait. */
  get isPending(): boolean {
    return this.#adopted?.state === 'waiting' && this.#deps.budgets().some(({ mode }) => mode === 'enforce');
  }

  /** Reads at once what is due; resolves when it is over. */
  runDue(): Promise<void> {
    return this.#adopted === null || this.#adopted.state === 'done' ? Promise.resolve() : this.#reads.run();
  }

  /** Waits until creates are admitted; gives the refusal `ledger_unavailable` if they are not soon. */
  async settle(): Promise<SidecarError | null> {
    if (this.#last?.kind !== 'failed') {
      // Only a read that begins now shows whether the credentials are still refused.
      const reading = this.#last === null ? this.#reads.settled() : this.#reads.run();
      await within(this.#deps.clock, WAIT_MS_MAX, reading);
    }
    if (!this.isPending || this.#last?.kind === 'unauthorized') return null;
    const problem = this.#last?.kind === 'failed' ? this.#last.problem : 'Kling’s answers are not here yet';
    return new SidecarError(
      'ledger_unavailable',
      `This store is new, and what the account spends is not known yet (${problem}): send it again later. Nothing was sent and ` +
        'nothing is held. After 15 minutes creates are admitted without; store.adopt: false does not wait.',
      { detail: { adoption: 'waiting' } },
    );
  }

  /** Reads where a read is due. Gives the wait until the next. */
  async #pass(): Promise<Ms | null> {
    const adopted = this.#adopted;
    if (adopted === null || adopted.state === 'done') return null;
    const leftMs = this.#leftMs(adopted);
    if (leftMs > 0) return leftMs;
    const read = await this.#read(adopted);
    if (this.#reads.isStopped) return null;
    return read.kind === 'adopted' ? this.#noteRead(adopted, read) : this.#noteFailure(adopted, read);
  }

  /** The time until the books are to be read again. */
  #leftMs({ state, openedAt, readAt }: Adopted): Ms {
    if (state === 'waiting' || openedAt === null || readAt === null || this.#failures > 0) return 0;
    const next = LATE_MS.find((lateMs) => openedAt + lateMs > readAt);
    return next === undefined ? 0 : openedAt + next - this.#deps.clock.now();
  }

  async #read({ openedAt }: Adopted): Promise<Read> {
    const { ask, clock, clockLook, clockTrust, budgets, line, read } = this.#deps;
    try {
      await clockLook.settle();
      clockTrust.check();
    } catch (error) {
      if (error instanceof SidecarError) return { kind: 'failed', problem: error.message };
      throw error;
    }
    const upstream = { host: line().host, account: line().account };
    const { highest, ...settings } = read();
    const now = clock.now();
    const from = adoptedFrom(budgets(), now);
    const span = { from: from === null ? null : Math.max(from, LEDGERS_SINCE), until: now + CLOCKS_MS };
    const books = await readBooks({ ask, clock, ...settings }, span, this.#stopped.signal);
    if (books.kind !== 'read') return books;
    if (line().host !== upstream.host || line().account !== upstream.account)
      return { kind: 'failed', problem: 'the upstream changed meanwhile' };
    const tasks = tasksToAdopt(books.books, {
      price: settings.price,
      highest,
      now: clock.now(),
      madeBefore: openedAt,
    });
    return { kind: 'adopted', count: await this.#adopt(tasks, upstream), from, refused: books.books.refused };
  }

  /** Adopts in pieces; a start that follows an interrupted one finds those that are done. Gives how many were new. */
  async #adopt(tasks: readonly AdoptedTask[], upstream: { host: string; account: string }): Promise<number> {
    const { ledger, clock, onHolds } = this.#deps;
    let count = 0;
    for (let from = 0; from < tasks.length && !this.#reads.isStopped; from += TASKS_AT_ONCE) {
      const piece = tasks.slice(from, from + TASKS_AT_ONCE);
      const adopted = await ledger.run(adoptTasks, { tasks: piece, upstream, at: clock.now() });
      onHolds(adopted.holds);
      count += adopted.count;
    }
    return count;
  }

  async #noteRead(
    before: Adopted,
    { count, from, refused }: Extract<Read, { kind: 'adopted' }>,
  ): Promise<Ms | null> {
    const { store, clock, reports } = this.#deps;
    const now = clock.now();
    const openedAt = before.openedAt ?? now;
    const isLast = now >= openedAt + (LATE_MS.at(-1) ?? 0);
    const problem = refused.length > 0 ? refused.join('; ') : null;
    const state = isLast ? 'done' : 'open';
    this.#adopted = await store.write(noteAdoption, { state, openedAt, readAt: now, fromAt: from, problem });
    this.#failures = 0;
    this.#last = null;
    if (this.#adopted && (before.readAt === null || count > 0)) reports.onAdopted(this.#adopted);
    if (problem !== null && problem !== before.problem) reports.onProblem(problem, false);
    return this.#adopted === null || isLast ? null : this.#leftMs(this.#adopted);
  }

  async #noteFailure(before: Adopted, read: Exclude<BooksRead, { kind: 'read' }>): Promise<Ms> {
    const { store, clock, reports } = this.#deps;
    const problem = read.kind === 'failed' ? read.problem : 'Kling refuses the credentials';
    if (this.#failures === 0) reports.onProblem(problem, false);
    this.#last = read;
    const isOver = clock.monotonic() - this.#beganTick >= GIVE_UP_MS;
    // Credentials that Kling refuses can spend nothing: creates need no admission.
    if (before.state === 'waiting' && isOver && read.kind === 'failed') {
      this.#adopted = await store.write(noteAdoption, { state: 'open', openedAt: clock.now(), problem });
      this.#last = null;
      reports.onProblem(problem, true);
    }
    this.#failures += 1;
    return doublingWait(this.#failures - 1, WAITS);
  }
}

/** Kling has its ledgers since this day (kling-api.md, section 9.5, read 2026-09-20). */
const LEDGERS_SINCE: Ms = Date.UTC(2026, 6, 6);
