/** Gives the task states in apps' own reads to the ledger, each state of a task once. */
import type { UpstreamAsked } from '../budget/hold-upstream.ts';
import type { Clock } from '../clock.ts';
import type { Ledger } from '../outbox/ledger.ts';
import type { TaskSighting } from '../tasks/task.ts';
import { observeTasks } from './observe.ts';

/** The number of recent task states that are remembered: polls of an app show the same state many times. */
const SEEN_TASKS_MAX = 10_000;

export interface ObserverDeps {
  ledger: Pick<Ledger, 'run'>;
  clock: Clock;
  /** The states in a read could not be recorded; the poller reads them again. */
  onUnrecorded: (error: unknown) => void;
}

export class Observer {
  readonly #deps: ObserverDeps;
  readonly #seen = new Map<string, string>();

  constructor(deps: ObserverDeps) {
    this.#deps = deps;
  }

  /** Records the new states in some sightings; never rejects. */
  async observe(sightings: readonly TaskSighting[], upstream: UpstreamAsked): Promise<void> {
    const { ledger, clock, onUnrecorded } = this.#deps;
    const { host, account, fingerprint } = upstream;
    const fresh = sightings.filter((sighting) => this.#isNew(`${host} ${account}`, sighting));
    if (fresh.length === 0) return;
    try {
      await ledger.run(observeTasks, {
        sightings: fresh,
        source: 'app_read',
        at: clock.now(),
        upstream: { host, account, fingerprint },
      });
    } catch (error) {
      for (const sighting of fresh) this.#seen.delete(sighting.taskId);
      onUnrecorded(error);
    }
  }

  #isNew(upstream: string, sighting: TaskSighting): boolean {
    const state = `${upstream} ${sighting.state} ${sighting.deduction?.credits ?? ''}`;
    if (this.#seen.get(sighting.taskId) === state) return false;
    if (this.#seen.size >= SEEN_TASKS_MAX) this.#seen.clear();
    this.#seen.set(sighting.taskId, state);
    return true;
  }
}
