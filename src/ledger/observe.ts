/** Records the states of our tasks in Kling's answers: to the poller, to an app's own read, to a look-up. */
import { isShownBy, type UpstreamAsked } from '../budget/hold-upstream.ts';
import type { Fact } from '../facts.ts';
import { defineFactWrite } from '../outbox/outbox-table.ts';
import type { Tx } from '../store/operation.ts';
import type { SightingSource, TaskSighting } from '../tasks/task.ts';
import { readTask } from '../tasks/task-table.ts';
import type { Ms } from '../units.ts';
import { applySighting } from './sighting.ts';

export interface ObserveArgs {
  sightings: TaskSighting[];
  source: SightingSource;
  at: Ms;
  /** The upstream that answered; without it, the caller guarantees that they are of our tasks. */
  upstream?: UpstreamAsked;
}

/**
 * Applies sightings to our tasks. It ignores sightings of other tasks, of another upstream, and those older than the known state.
 */
export const observeTasks = defineFactWrite(
  'ledger.observeTasks',
  async (tx: Tx, args: ObserveArgs): Promise<{ facts: Fact[] }> => {
    const { sightings, source, at, upstream } = args;
    const facts: Fact[] = [];
    for (const sighting of sightings) {
      const task = await readTask(tx, sighting.taskId);
      if (task && isShownBy(task, upstream, sighting.externalTaskId))
        facts.push(...(await applySighting(tx, task, sighting, { source, at })));
    }
    return { facts };
  },
  { scope: 'own' },
);
