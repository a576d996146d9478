/**
 * Open tasks of the account that are not ours: they use its slots, too.
 *
 * Kling's list is read for each product that has a limit, at most once a minute, while creates of ours are open or wait; without
 * any, nothing is asked, and nothing counts. The list does not say how many pictures a task makes: each counts as one slot.
 *
 * **Invariant**: a read that fails changes nothing; a task that we know by its id, or by the external id of an open create, is ours,
 * however it ended here. A task that is stuck by the longest age of all does not count: of
 * whose operation it is, the list does not say.
 */
import type { Clock } from '../clock.ts';
import type { Fact } from '../facts.ts';
import { openTasksBody, readTaskPage, TASK_LIST_ROUTE } from '../kling/task-list.ts';
import type { Credentials } from '../kling/token.ts';
import { Repeating } from '../repeating.ts';
import type { Store } from '../store/store.ts';
import { countForeign } from '../tasks/foreign-table.ts';
import { stuckRange, type StuckLimits } from '../tasks/stuck-limits.ts';
import type { TaskSighting } from '../tasks/task.ts';
import type { Ms, Product } from '../units.ts';
import type { AskKling } from '../upstream/ask.ts';

/** The shortest time between two reads. */
const READ_MS: Ms = 60_000;
/** The most pages of one list: an endless cursor must not be followed for ever. */
const PAGES_MAX = 20;
const PRODUCTS: readonly Product[] = ['video', 'image'];

export interface ForeignTasksDeps {
  store: Pick<Store, 'read'>;
  ask: AskKling;
  clock: Clock;
  credentials: () => Credentials['kind'];
  /** Whether a product has a limit, and creates of ours that are open or wait. */
  isUsed: (product: Product) => boolean;
  stuck: () => StuckLimits;
  /** Called with how many open tasks of a product are not ours; null where that is not known. */
  onCount: (product: Product, tasks: number | null) => void;
  onError: (message: string, error: unknown) => void;
}

export class ForeignTasks {
  readonly #deps: ForeignTasksDeps;
  readonly #reads: Repeating;
  #readTick = -Infinity;
  /** How often the upstream changed: what an earlier one answers counts no more. */
  #upstreams = 0;

  constructor(deps: ForeignTasksDeps) {
    this.#deps = deps;
    this.#reads = new Repeating({
      clock: deps.clock,
      pass: () => this.#pass(),
      onError: (error) => deps.onError('tasks of the account that are not ours could not be counted', error),
      errorWaitMs: READ_MS,
    });
  }

  start(): void {
    this.#reads.wake();
  }

  stop(): Promise<void> {
    return this.#reads.stop();
  }

  /** Learns from facts that a create of ours is open. */
  follow(facts: readonly Fact[]): void {
    if (facts.some(({ kind }) => kind === 'create_held')) this.look();
  }

  /** Reads what is needed now, as soon as it may. */
  look(): void {
    this.#reads.wake(this.#leftMs);
  }

  /** Forgets what was counted: another upstream has other tasks. */
  startOver(): void {
    for (const product of PRODUCTS) this.#deps.onCount(product, null);
    this.#readTick = -Infinity;
    this.#upstreams += 1;
    this.#reads.wake();
  }

  get #leftMs(): Ms {
    return Math.max(0, this.#readTick + READ_MS - this.#deps.clock.monotonic());
  }

  /** Reads the lists that are needed. Gives the wait until the next time; null until a create is held. */
  async #pass(): Promise<Ms | null> {
    const { credentials, isUsed, onCount, clock } = this.#deps;
    const used = PRODUCTS.filter((product) => credentials() === 'api_key' && isUsed(product));
    for (const product of PRODUCTS) if (!used.includes(product)) onCount(product, null);
    if (used.length === 0) return null;
    if (this.#leftMs > 0) return this.#leftMs;
    this.#readTick = clock.monotonic();
    for (const product of used) {
      if (this.#reads.isStopped) return null;
      await this.#count(product);
    }
    return READ_MS;
  }

  async #count(product: Product): Promise<void> {
    const { store, clock, stuck, onCount } = this.#deps;
    const asked = this.#upstreams;
    const listed = await this.#list(product);
    if (listed === null) return;
    const from = clock.now() - stuckRange(stuck()).mostMs;
    const tasks = listed
      .filter(({ createdAt }) => createdAt === null || createdAt > from)
      .map(({ taskId, externalTaskId }) => ({ taskId, externalTaskId }));
    const foreign = tasks.length === 0 ? 0 : await store.read(countForeign, { tasks });
    if (asked === this.#upstreams) onCount(product, foreign);
  }

  /** Gives every open task of a product in the account; null if that could not be read. */
  async #list(product: Product): Promise<TaskSighting[] | null> {
    const tasks: TaskSighting[] = [];
    let body = openTasksBody({ product });
    for (let page = 1; page <= PAGES_MAX; page += 1) {
      const { answer } = await this.#deps.ask({ path: TASK_LIST_ROUTE, route: TASK_LIST_ROUTE, body });
      const read = readTaskPage(product, answer?.envelope ?? null);
      if ('problem' in read) return null;
      tasks.push(...read.ok.tasks);
      if (read.ok.cursor === null) return tasks;
      body = openTasksBody({ cursor: read.ok.cursor });
    }
    return null;
  }
}
