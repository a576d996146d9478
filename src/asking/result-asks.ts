/**
 * Asks Kling again for tasks whose results cannot be saved: a success without addresses, or with addresses that are refused.
 *
 * It works only while results are kept. Which tasks wait is in the store (`tasks/result-ask-table.ts`), so that a restart forgets none.
 *
 * **Invariant**: money and states move by the ledger alone, as with every answer.
 */
import type { Clock } from '../clock.ts';
import type { Fact } from '../facts.ts';
import type { CashPrice } from '../account/row-credits.ts';
import type { RouteTable } from '../kling/routes.ts';
import type { Credentials } from '../kling/token.ts';
import { observeTasks } from '../ledger/observe.ts';
import type { Ledger } from '../outbox/ledger.ts';
import { Repeating } from '../repeating.ts';
import type { Store } from '../store/store.ts';
import { dueResultAsks, noteResultAsked, renewResults } from '../tasks/result-ask-table.ts';
import type { OpenTask } from '../tasks/task-table.ts';
import type { TaskSighting } from '../tasks/task.ts';
import type { Ms } from '../units.ts';
import type { AskKling } from '../upstream/ask.ts';
import { askAll, askedOf, planAsks, sightingsIn, type Ask } from './plan.ts';

/** How often it looks at the latest. */
const LOOK_MS: Ms = 60_000;
/** A success without addresses is due a few seconds after its end. */
const AFTER_END_MS: Ms = 5_100;
const TASKS_AT_ONCE = 100;

export interface ResultAsksDeps {
  store: Pick<Store, 'read' | 'write'>;
  ledger: Pick<Ledger, 'run'>;
  ask: AskKling;
  clock: Clock;
  /** Whether results are kept. */
  isOn: () => boolean;
  routes: () => RouteTable;
  price: () => CashPrice;
  credentials: () => Credentials['kind'];
  /** Files have new addresses. */
  onRenewed: () => void;
  onError: (message: string, error: unknown) => void;
}

export class ResultAsks {
  readonly #deps: ResultAsksDeps;
  readonly #passes: Repeating;

  constructor(deps: ResultAsksDeps) {
    this.#deps = deps;
    this.#passes = new Repeating({
      clock: deps.clock,
      pass: () => (deps.isOn() ? this.#pass() : null),
      onError: (error) => deps.onError('tasks could not be asked for their results', error),
      errorWaitMs: LOOK_MS,
    });
  }

  start(): void {
    this.#passes.wake();
  }

  stop(): Promise<void> {
    return this.#passes.stop();
  }

  /** Learns from facts that a task succeeded. */
  follow(facts: readonly Fact[]): void {
    if (!this.#deps.isOn()) return;
    if (facts.some((fact) => fact.kind === 'task_changed' && fact.to === 'succeeded'))
      this.#passes.wake(AFTER_END_MS);
  }

  /** Asks for every task that is due; resolves when the pass is over. */
  runDue(): Promise<void> {
    return this.#passes.run();
  }

  async #pass(): Promise<Ms> {
    const { store, clock, routes, credentials } = this.#deps;
    const { tasks, nextAt } = await store.read(dueResultAsks, { at: clock.now(), limit: TASKS_AT_ONCE });
    const { asks } = planAsks(tasks, {
      routes: routes(),
      credentials: credentials(),
      by: 'task_ids',
      idOf: (task) => task.id,
    });
    await askAll(asks, (ask) => this.#tryAsk(ask));
    for (const { holdId } of tasks) await this.#deps.ledger.run(noteResultAsked, { holdId, at: clock.now() });
    if (tasks.length === TASKS_AT_ONCE) return 0;
    return nextAt === null ? LOOK_MS : Math.min(LOOK_MS, Math.max(0, nextAt - clock.now()));
  }

  async #tryAsk(ask: Ask<OpenTask>): Promise<void> {
    if (this.#passes.isStopped) return;
    try {
      await this.#ask(ask);
    } catch (error) {
      this.#deps.onError('a task could not be asked for its results', error);
    }
  }

  async #ask(ask: Ask<OpenTask>): Promise<void> {
    const { clock, ledger, price, store, onRenewed } = this.#deps;
    const { answer, line } = await this.#deps.ask({
      path: ask.path,
      route: ask.route,
      trace: { name: 'poll', holdIds: ask.asked.map(({ holdId }) => holdId) },
    });
    const sightings = answer ? sightingsIn(ask, answer, price()) : [];
    if (sightings.length === 0) return;
    const at = clock.now();
    await ledger.run(observeTasks, { sightings, source: 'poll', at, upstream: askedOf(line) });
    for (const { task, sighting } of pairsOf(ask, sightings)) {
      const { results, updatedAt } = sighting;
      const args = { holdId: task.holdId, results, madeAt: Math.min(updatedAt ?? at, at), at };
      const { renewed } = await store.write(renewResults, args);
      if (renewed > 0) onRenewed();
    }
  }
}

/** Gives the asked tasks that succeeded with results, each with its sighting. */
function pairsOf(
  { asked }: Ask<OpenTask>,
  sightings: readonly TaskSighting[],
): { task: OpenTask; sighting: TaskSighting }[] {
  const byId = new Map(asked.map((task) => [task.id, task]));
  return sightings.flatMap((sighting) => {
    const task = byId.get(sighting.taskId);
    const hasResults = sighting.state === 'succeeded' && sighting.results.length > 0;
    return task && hasResults ? [{ task, sighting }] : [];
  });
}
