/**
 * Asks Kling for open tasks, so that holds settle though no app asks.
 *
 * In batches of twenty through `GET /tasks` where the credentials allow it, else one task at a time at its own
 * path. A task is asked for every `tasks.pollIntervalMs`; the wait grows with its age, to a minute at most.
 *
 * **Invariant**: it only hands sightings to the ledger; a poll that fails changes nothing.
 */
import type { CallRecord } from '../calls/call.ts';
import type { Clock, Timer } from '../clock.ts';
import type { Fact } from '../facts.ts';
import { newId } from '../ids.ts';
import type { CashPrice } from '../kling/deduction.ts';
import type { RouteTable } from '../kling/routes.ts';
import type { Credentials } from '../kling/token.ts';
import { observeTasks } from '../ledger/observe.ts';
import type { Store } from '../store/store.ts';
import { deferPolls, openTasks, type OpenTask } from '../tasks/task-table.ts';
import type { Ms } from '../units.ts';
import type { LaterTraces } from '../telemetry/tracing.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { askAll, askedOf, planAsks, sightingsIn, type Ask } from './plan.ts';

/** Open tasks taken up in one pass. */
const PASS_TASKS_MAX = 200;
const INTERVAL_MS_MAX = 60_000;
/** A task is asked for again after this share of its age, once that exceeds the interval. */
const AGE_SHARE = 0.05;

export interface PollerDeps {
  store: Store;
  upstream: Upstream;
  clock: Clock;
  /** Whether it asks by itself. */
  isOn: () => boolean;
  intervalMs: () => Ms;
  routes: () => RouteTable;
  price: () => CashPrice;
  credentials: () => Credentials['kind'];
  publish: (facts: Fact[]) => void;
  journal: (call: CallRecord) => void;
  traces: LaterTraces;
  onError: (message: string, error: unknown) => void;
}

export class Poller {
  readonly #deps: PollerDeps;
  #timer: Timer | null = null;
  #running: Promise<void> | null = null;
  #isStopped = false;

  constructor(deps: PollerDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#schedule();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.#running;
  }

  /** Asks at once for every task that is due; resolves when the pass is over. */
  async runDue(): Promise<void> {
    this.#running ??= this.#pass().finally(() => {
      this.#running = null;
    });
    await this.#running;
  }

  #schedule(): void {
    const periodMs = Math.min(this.#deps.intervalMs(), 1_000);
    this.#timer = this.#deps.clock.after(periodMs, () => {
      const pass = this.#deps.isOn() ? this.runDue() : Promise.resolve();
      void pass.finally(() => {
        if (!this.#isStopped) this.#schedule();
      });
    });
  }

  async #pass(): Promise<void> {
    const { store, clock, onError } = this.#deps;
    try {
      const tasks: OpenTask[] = await store.read(openTasks, {
        at: clock.now(),
        limit: PASS_TASKS_MAX,
        minAgeMs: this.#deps.intervalMs(),
      });
      const { asks, left } = planAsks(tasks, {
        routes: this.#deps.routes(),
        credentials: this.#deps.credentials(),
        by: 'task_ids',
        idOf: (task) => task.id,
      });
      // What cannot be asked for makes room for others.
      if (left.length > 0) await this.#defer(left);
      await askAll(asks, (ask) => this.#tryAsk(ask));
    } catch (error) {
      onError('a poll failed', error);
    }
  }

  /** Asks for some, whatever became of others. */
  async #tryAsk(ask: Ask<OpenTask>): Promise<void> {
    if (this.#isStopped) return;
    try {
      await this.#ask(ask);
    } catch (error) {
      this.#deps.onError('a poll failed', error);
    }
  }

  async #ask(ask: Ask<OpenTask>): Promise<void> {
    const { upstream, clock, store, journal, publish, traces } = this.#deps;
    const trace = await traces.begin(
      'poll',
      ask.asked.map((task) => task.holdId),
    );
    const exchange = await upstream.exchange(
      { method: 'GET', path: ask.path, headers: ['accept', 'application/json'], body: null },
      {
        context: {
          requestId: newId('req', clock.now()),
          app: 'sidecar',
          tag: null,
          route: ask.route,
          holdId: null,
          origin: 'sidecar',
          overheadMs: 0,
        },
        trace,
      },
    );
    trace?.end();
    for (const call of exchange.calls) journal(call);
    const at = clock.now();
    const sightings = exchange.answer ? sightingsIn(ask, exchange.answer, this.#deps.price()) : [];
    if (sightings.length > 0) {
      const { facts } = await store.write(observeTasks, {
        sightings,
        source: 'poll',
        at,
        upstream: askedOf(exchange.line),
      });
      publish(facts);
    }
    await this.#defer(ask.asked);
  }

  /** Puts some off together, for as long as suits the youngest: the others come along in its batch. */
  async #defer(tasks: readonly OpenTask[]): Promise<void> {
    const { clock, store } = this.#deps;
    const at = clock.now();
    const youngest = Math.max(...tasks.map((task) => task.createdAt));
    const taskIds = tasks.map((task) => task.id);
    await store.write(deferPolls, { taskIds, until: at + this.#waitMs(at - youngest) });
  }

  #waitMs(ageMs: Ms): Ms {
    return Math.min(INTERVAL_MS_MAX, Math.max(this.#deps.intervalMs(), Math.round(ageMs * AGE_SHARE)));
  }
}
