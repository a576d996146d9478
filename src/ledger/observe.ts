/** What answers of Kling's show of our tasks, whoever asked: the poller, an app's own read, a look-up. */
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
  /** Which upstream showed them; left out, the caller vouches that they are of our tasks. */
  upstream?: UpstreamAsked;
}

/**
 * Applies sightings to the tasks that are ours; others, those of another upstream, and what is older than known, are
 * ignored.
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
