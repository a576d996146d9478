/**
 * How often each app asked for each of its open tasks: an app in a loop is slow, uses up the rate limit and gets no earlier result.
 *
 * **Invariant**: at most {@link TASKS_MAX} tasks are remembered, those first asked for latest; a task that has ended is
 * forgotten. Counting is one look-up in a map, and nothing is kept over a restart.
 */
import type { Clock } from '../clock.ts';
import { isTerminal } from '../tasks/task-state.ts';
import type { TaskSighting } from '../tasks/task.ts';
import type { Ms } from '../units.ts';

export interface PolledTask {
  app: string;
  taskId: string;
  /** Answers that showed it as open. */
  reads: number;
  /** The first of them. */
  since: Ms;
}

const TASKS_MAX = 10_000;
/** The most tasks that are listed: those asked for most. */
const LISTED_MAX = 100;
/** An app that has not asked for a task for this time no longer polls it. */
const LEFT_MS: Ms = 600_000;

export class PolledTasks {
  readonly #clock: Clock;
  readonly #tasks = new Map<string, PolledTask & { lastTick: Ms }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts one answer to an app's question for tasks of its own choice; not one that lists all there are. */
  note(app: string, sightings: readonly Pick<TaskSighting, 'taskId' | 'state'>[]): void {
    for (const { taskId, state } of sightings) {
      const key = `${taskId} ${app}`;
      if (isTerminal(state)) this.#tasks.delete(key);
      else this.#count(key, { app, taskId });
    }
  }

  /** Lists the open tasks that an app asked for at least so often and still asks for, most often first; at most 100. */
  often(readsMin: number): PolledTask[] {
    const asksNo = this.#clock.monotonic() - LEFT_MS;
    return [...this.#tasks.values()]
      .filter(({ reads, lastTick }) => reads >= readsMin && lastTick >= asksNo)
      .toSorted((a, b) => b.reads - a.reads)
      .slice(0, LISTED_MAX)
      .map(({ app, taskId, reads, since }) => ({ app, taskId, reads, since }));
  }

  #count(key: string, task: Pick<PolledTask, 'app' | 'taskId'>): void {
    const lastTick = this.#clock.monotonic();
    const known = this.#tasks.get(key);
    if (known) {
      known.reads += 1;
      known.lastTick = lastTick;
      return;
    }
    if (this.#tasks.size >= TASKS_MAX) this.#forgetOldest();
    this.#tasks.set(key, { ...task, reads: 1, since: this.#clock.now(), lastTick });
  }

  #forgetOldest(): void {
    for (const key of this.#tasks.keys()) {
      this.#tasks.delete(key);
      return;
    }
  }
}
