/**
 * Gives up open tasks at the age of 30 days, once Kling has answered about them without an end.
 *
 * A task that the poller asks for is lost after such an answer, so that a start after a long stop asks first, and an outage of
 * Kling's loses none. A task that nobody asks for, since polls are off or it is at another host, is lost by its age alone.
 *
 * **Invariant**: it moves no money, and the state of a lost task is unchanged: Kling's answer to an app still ends it.
 */
import type { Clock } from '../clock.ts';
import { loseTasks } from '../ledger/lose-tasks.ts';
import type { Ledger } from '../outbox/ledger.ts';
import { Repeating } from '../repeating.ts';
import type { Store } from '../store/store.ts';
import { listOldUnasked, LOST_AFTER_MS, type Unasked } from '../tasks/lost-table.ts';
import type { Ms } from '../units.ts';

/** How often the tasks that nobody asks for are looked at. */
const LOOK_MS: Ms = 600_000;
/** Tasks marked in one transaction, so that no create waits long for it. */
const TASKS_AT_ONCE = 100;

export interface LostTasksDeps {
  store: Pick<Store, 'read'>;
  ledger: Pick<Ledger, 'run'>;
  clock: Clock;
  /** Whether the poller asks; if not, each old task is lost by its age. */
  isOn: () => boolean;
  onError: (message: string, error: unknown) => void;
}

/** Returns whether a task of an age is given up once Kling has answered about it. */
export function isTooOld(ageMs: Ms): boolean {
  return ageMs >= LOST_AFTER_MS;
}

export class LostTasks {
  readonly #deps: LostTasksDeps;
  readonly #looks: Repeating;

  constructor(deps: LostTasksDeps) {
    this.#deps = deps;
    this.#looks = new Repeating({
      clock: deps.clock,
      pass: async () => {
        await this.#loseUnasked(deps.isOn() ? 'elsewhere' : 'all');
        return LOOK_MS;
      },
      onError: (error) => deps.onError('lost tasks could not be marked', error),
      errorWaitMs: LOOK_MS,
    });
  }

  /** Looks at the tasks that no poll asks for, now and then. */
  start(): void {
    this.#looks.wake();
  }

  stop(): Promise<void> {
    return this.#looks.stop();
  }

  /** Marks those of some tasks that are still open. */
  async lose(taskIds: readonly string[]): Promise<void> {
    const { ledger, clock } = this.#deps;
    for (let from = 0; from < taskIds.length; from += TASKS_AT_ONCE) {
      await ledger.run(loseTasks, {
        taskIds: taskIds.slice(from, from + TASKS_AT_ONCE),
        at: clock.now(),
      });
    }
  }

  /** Marks the old open tasks that no poll asks for. */
  async #loseUnasked(unasked: Unasked): Promise<void> {
    const { store, clock } = this.#deps;
    while (!this.#looks.isStopped) {
      const until = clock.now() - LOST_AFTER_MS;
      const taskIds = await store.read(listOldUnasked, { unasked, until, limit: TASKS_AT_ONCE });
      if (taskIds.length === 0) return;
      await this.lose(taskIds);
    }
  }
}
