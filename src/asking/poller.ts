/**
 * Asks Kling for open tasks, so that holds settle even if no app asks.
 *
 * In batches of twenty through `GET /tasks` if the credentials allow it, else one task at a time at its own
 * path. A task is asked for every `tasks.pollIntervalMs`; the wait grows with its age, to a minute at most. While creates wait for
 * a slot of its product, it is asked for at each whole second of its life, until it is stuck. When each is due is
 * kept in memory: after a start all are, and an answer without news is written nowhere but in the journal. After 30 days it is
 * given up (`lost-tasks.ts`).
 *
 * **Invariant**: it only passes sightings to the ledger; a poll that fails changes nothing.
 */
import type { Clock } from '../clock.ts';
import type { Fact } from '../facts.ts';
import type { CashPrice } from '../account/row-credits.ts';
import type { RouteTable } from '../kling/routes.ts';
import type { Credentials } from '../kling/token.ts';
import { observeTasks } from '../ledger/observe.ts';
import type { Ledger } from '../outbox/ledger.ts';
import type { Store } from '../store/store.ts';
import { isAdvance, isTerminal } from '../tasks/task-state.ts';
import {
  listOpenTasks,
  openTasks,
  type OpenTask,
  type OpenTaskCursor,
  type OpenTaskPage,
} from '../tasks/task-table.ts';
import { stuckAfterMs, type StuckLimits } from '../tasks/stuck-limits.ts';
import type { TaskSighting } from '../tasks/task.ts';
import { Repeating } from '../repeating.ts';
import type { Ms, Product } from '../units.ts';
import type { AskKling } from '../upstream/ask.ts';
import { DueTasks, type DueTask } from './due-tasks.ts';
import { isTooOld, LostTasks } from './lost-tasks.ts';
import {
  askAll,
  askedOf,
  isAnswered,
  isRefusedBatch,
  planAsks,
  sightingsIn,
  type Ask,
  type AskOptions,
} from './plan.ts';

/** Open tasks taken up at once; a pass goes on until none is due. */
const TASKS_AT_ONCE = 400;
/** Open tasks read at once at a start: a page is read in a few milliseconds. */
const PAGE_TASKS = 200;
/** How often the open tasks are read from the store again, to find unknown ones. */
const LOAD_MS: Ms = 600_000;
/** How often a pass looks for due tasks, or the poll interval if that is shorter. */
const PERIOD_MS_MAX: Ms = 1_000;
const INTERVAL_MS_MAX = 60_000;
/** How often a task is asked for whose slot is wanted. */
const WANTED_MS: Ms = 1_000;
/** A pass for such tasks begins so much after the first is due: those that are due right after it are asked for together. */
const GATHER_MS: Ms = 10;
/** Tasks that are asked for within this time are asked for together. */
const TOGETHER_MS: Ms = 20;
/** The shortest time between two passes. */
const BETWEEN_MS_MIN: Ms = 50;
/** The share of the account's requests in a minute that such polls take at most. */
const WANTED_RATE_SHARE = 0.5;
/** A task is asked for again after this share of its age, once that exceeds the interval. */
const AGE_SHARE = 0.05;

export interface PollerDeps {
  store: Store;
  ledger: Pick<Ledger, 'run'>;
  ask: AskKling;
  clock: Clock;
  /** Whether it asks by itself. */
  isOn: () => boolean;
  intervalMs: () => Ms;
  /** The ages from which tasks are stuck: then they hold no slot. */
  stuck: () => StuckLimits;
  /** Whether creates wait for a slot of a product. */
  isWanted: (product: Product) => boolean;
  /** The account's requests in a minute; null for no limit. */
  requestsPerMinute: () => number | null;
  routes: () => RouteTable;
  price: () => CashPrice;
  credentials: () => Credentials['kind'];
  onError: (message: string, error: unknown) => void;
}

type TaskChanged = Extract<Fact, { kind: 'task_changed' }>;

const PRODUCTS: readonly Product[] = ['video', 'image'];

/** A task that can be asked for. */
type Known = DueTask & { made: NonNullable<DueTask['made']> };

export class Poller {
  readonly #deps: PollerDeps;
  readonly #due = new DueTasks();
  readonly #lost: LostTasks;
  readonly #passes: Repeating;
  /** Tasks that are asked for in the next pass, by Kling's id. */
  readonly #askedFor = new Set<string>();
  #loadedTick: Ms | null = null;

  constructor(deps: PollerDeps) {
    this.#deps = deps;
    this.#lost = new LostTasks(deps);
    this.#passes = new Repeating({
      clock: deps.clock,
      pass: async () => {
        await this.#askSoon();
        if (deps.isOn()) await this.#pass();
        return this.#nextPassMs();
      },
      onError: (error) => deps.onError('a poll failed', error),
      errorWaitMs: PERIOD_MS_MAX,
    });
  }

  start(): void {
    this.#passes.wake(this.#periodMs);
    this.#lost.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#passes.stop(), this.#lost.stop()]);
  }

  /** Asks for a task at the beginning of the next pass, which begins at once, also if it does not ask by itself. */
  askFor(taskId: string): void {
    this.#askedFor.add(taskId);
    this.#passes.wake(TOGETHER_MS);
  }

  /** Learns from facts which tasks begin, go on and end. */
  follow(facts: readonly Fact[]): void {
    for (const fact of facts) {
      if (fact.kind !== 'task_changed') continue;
      const known = this.#due.get(fact.taskId);
      if (isTerminal(fact.to)) this.#due.remove(fact.taskId);
      else if (known) known.state = fact.to;
      else if (!isTooOld(fact.ageMs)) this.#begin(fact);
    }
  }

  /**
   * Puts off the next poll of tasks that an app's own read has just shown as open: it is as good as one of ours. If the app stops
   * reading, polls go on after the usual wait.
   */
  noteRead(sightings: readonly Pick<TaskSighting, 'taskId' | 'state'>[]): void {
    const now = this.#deps.clock.now();
    for (const { taskId, state } of sightings) {
      const task = isTerminal(state) ? undefined : this.#due.get(taskId);
      if (task && !isTooOld(now - task.createdAt)) this.#putOff(task);
    }
  }

  /** Forgets what it knows: another upstream has other tasks. */
  startOver(): void {
    this.#due.clear();
    this.#loadedTick = null;
  }

  /** Asks at once for every task that is due; resolves when the pass is over. */
  runDue(): Promise<void> {
    return this.#passes.run();
  }

  get #periodMs(): Ms {
    return Math.min(this.#deps.intervalMs(), PERIOD_MS_MAX);
  }

  /** The wait until the next pass: as long as always, or until a task is due while slots are wanted. */
  #nextPassMs(): Ms {
    if (!this.#deps.isOn() || !PRODUCTS.some((product) => this.#deps.isWanted(product)))
      return this.#periodMs;
    const dueMs = this.#due.nextTick - this.#deps.clock.monotonic() + GATHER_MS;
    return Math.min(WANTED_MS, Math.max(BETWEEN_MS_MIN, dueMs));
  }

  async #pass(): Promise<void> {
    await this.#load();
    this.#due.bringForward(this.#deps.clock.monotonic(), (task) => this.#wantedTick(task));
    // Tasks that become due meanwhile wait for the next pass.
    const untilTick = this.#deps.clock.monotonic();
    while (!this.#passes.isStopped) {
      const taken = this.#due.take(untilTick, TASKS_AT_ONCE);
      if (taken.length === 0) return;
      await this.#askFor(taken);
    }
  }

  /** Asks for the tasks that somebody asked for, where they are still open. */
  async #askSoon(): Promise<void> {
    const taskIds = [...this.#askedFor].slice(0, TASKS_AT_ONCE);
    if (taskIds.length === 0) return;
    for (const taskId of taskIds) this.#askedFor.delete(taskId);
    if (this.#askedFor.size > 0) this.#passes.wake(BETWEEN_MS_MIN);
    const open = await this.#deps.store.read(openTasks, { taskIds });
    await this.#askFor(open.map((task) => this.#due.get(task.id) ?? this.#dueOf(task)));
  }

  /** Makes the entry of an open task of the store. */
  #dueOf({ id, createdAt, state, product, operation, ...made }: OpenTask): DueTask {
    return { id, product, operation, createdAt, beganTick: this.#tickOf(createdAt), state, made };
  }

  /** Reads the open tasks, at the start and now and then. */
  async #load(): Promise<void> {
    const { store, clock } = this.#deps;
    if (this.#loadedTick !== null && clock.monotonic() - this.#loadedTick < LOAD_MS) return;
    const fromTick = clock.monotonic();
    let after: OpenTaskCursor | null = null;
    do {
      const page: OpenTaskPage = await store.read(listOpenTasks, { after, limit: PAGE_TASKS });
      for (const task of page.tasks) {
        const known = this.#due.get(task.id);
        // As the store has it: what was ignored once is handed over again, for an operator may have named its account since.
        if (known) known.state = task.state;
        else this.#add(this.#dueOf(task));
      }
      after = page.next;
    } while (after !== null && !this.#passes.isStopped);
    this.#loadedTick = fromTick;
  }

  /** Adds the task of a fact: one that is new begins now, when Kling has begun with it for sure. */
  #begin({ taskId: id, product, operation, at, ageMs, from, to: state }: TaskChanged): void {
    const createdAt = at - ageMs;
    const beganTick = from === null && ageMs === 0 ? this.#deps.clock.monotonic() : this.#tickOf(createdAt);
    this.#add({ id, product, operation, createdAt, beganTick, state, made: null });
  }

  #tickOf(at: Ms): Ms {
    const { clock } = this.#deps;
    return clock.monotonic() - Math.max(0, clock.now() - at);
  }

  /** A task is first asked for at the age of one interval; one from a time to come was made before the clock was set back. */
  #add(task: DueTask): void {
    const { clock, intervalMs } = this.#deps;
    const ageMs = clock.now() - task.createdAt;
    const usualTick = clock.monotonic() + (ageMs < 0 ? 0 : Math.max(0, intervalMs() - ageMs));
    const wantedTick = this.#wantedTick(task);
    this.#due.add(task, Math.min(usualTick, wantedTick ?? Infinity));
    if (wantedTick !== null) this.#passes.wake(wantedTick - clock.monotonic() + GATHER_MS);
  }

  async #askFor(taken: readonly DueTask[]): Promise<void> {
    try {
      await this.#learnPlaces(taken);
      const known = taken.filter((task): task is Known => task.made !== null);
      const { asks, left } = planAsks(known.map(askableOf), this.#howToAsk());
      await askAll(asks, (ask) => this.#tryAsk(ask));
      await this.#giveUpOld(left);
    } finally {
      for (const task of taken) this.#putOff(task);
    }
  }

  #howToAsk(): AskOptions<OpenTask> {
    const { routes, credentials } = this.#deps;
    return { routes: routes(), credentials: credentials(), by: 'task_ids', idOf: (task) => task.id };
  }

  /** Gives up those of some tasks that are too old, and still open after what Kling answered. */
  async #giveUpOld(tasks: readonly OpenTask[]): Promise<void> {
    const now = this.#deps.clock.now();
    const old = tasks.filter(({ id, createdAt }) => isTooOld(now - createdAt) && this.#due.get(id));
    if (old.length === 0) return;
    await this.#lost.lose(old.map(({ id }) => id));
    for (const { id } of old) this.#due.remove(id);
  }

  /** Reads where tasks were made that this process has not asked for yet; what has ended, or is another host's, is forgotten. */
  async #learnPlaces(taken: readonly DueTask[]): Promise<void> {
    const taskIds = taken.filter(({ made }) => made === null).map(({ id }) => id);
    if (taskIds.length === 0) return;
    const found = await this.#deps.store.read(openTasks, { taskIds });
    const byId = new Map(found.map((task) => [task.id, task]));
    for (const task of taken) {
      if (task.made !== null) continue;
      const open = byId.get(task.id);
      if (open) task.made = { holdId: open.holdId, path: open.path, route: open.route };
      else this.#due.remove(task.id);
    }
  }

  /** Asks for some, with any result of others. */
  async #tryAsk(ask: Ask<OpenTask>): Promise<void> {
    if (this.#passes.isStopped) return;
    try {
      await this.#ask(ask);
    } catch (error) {
      this.#deps.onError('a poll failed', error);
    }
  }

  async #ask(ask: Ask<OpenTask>): Promise<void> {
    const { clock, ledger, price } = this.#deps;
    const { answer, line } = await this.#deps.ask({
      path: ask.path,
      route: ask.route,
      trace: { name: 'poll', holdIds: ask.asked.map(({ holdId }) => holdId) },
    });
    if (isRefusedBatch(ask, answer)) return this.#askEach(ask);
    const shown = answer ? sightingsIn(ask, answer, price()) : [];
    const sightings = shown.filter((sighting) => this.#isNews(sighting));
    if (sightings.length > 0) {
      await ledger.run(observeTasks, {
        sightings,
        source: 'poll',
        at: clock.now(),
        upstream: askedOf(line),
      });
      this.#noteHanded(sightings);
    }
    if (isAnswered(answer)) await this.#giveUpOld(ask.asked);
  }

  /** Asks for each task of a refused batch alone: one that Kling does not take must not hide the others. */
  async #askEach({ asked }: Ask<OpenTask>): Promise<void> {
    const asks = asked.flatMap((task) => planAsks([task], this.#howToAsk()).asks);
    await askAll(asks, (ask) => this.#tryAsk(ask));
  }

  /**
   * Notes states that the ledger has seen, also where it ignored them since the task is another account's: else the same
   * answer would be news at every poll. An end is handed over until a fact says that the ledger took it.
   */
  #noteHanded(sightings: readonly TaskSighting[]): void {
    for (const { taskId, state } of sightings) {
      const known = this.#due.get(taskId);
      if (known && !isTerminal(state)) known.state = state;
    }
  }

  /** Returns whether an answer may be news for the ledger. */
  #isNews({ taskId, state }: TaskSighting): boolean {
    const known = this.#due.get(taskId);
    return known === undefined || isTerminal(state) || isAdvance(known.state, state);
  }

  #putOff(task: DueTask): void {
    const { clock } = this.#deps;
    const usualTick = clock.monotonic() + this.#waitMs(clock.now() - task.createdAt);
    this.#due.putOff(task.id, Math.min(usualTick, this.#wantedTick(task) ?? Infinity));
  }

  /**
   * Gives when a task is to be asked for whose slot is wanted: at the next whole second of its life, or later where the account's
   * rate allows fewer polls. Null where its slot is not wanted.
   */
  #wantedTick({ product, operation, beganTick }: DueTask): Ms | null {
    const { clock, isWanted, stuck, requestsPerMinute } = this.#deps;
    const ageMs = clock.monotonic() - beganTick;
    if (!isWanted(product) || ageMs >= stuckAfterMs(stuck(), operation)) return null;
    const perMinute = (requestsPerMinute() ?? Infinity) * WANTED_RATE_SHARE;
    const everyMs = Math.max(WANTED_MS, Math.ceil(60_000 / perMinute));
    return beganTick + (Math.floor(ageMs / everyMs) + 1) * everyMs;
  }

  #waitMs(ageMs: Ms): Ms {
    return Math.min(INTERVAL_MS_MAX, Math.max(this.#deps.intervalMs(), Math.round(ageMs * AGE_SHARE)));
  }
}

function askableOf({ id, product, operation, createdAt, state, made }: Known): OpenTask {
  return { id, product, operation, createdAt, state, ...made };
}
