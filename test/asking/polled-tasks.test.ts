import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { PolledTasks } from '../../src/asking/polled-tasks.ts';
import type { TaskState } from '../../src/words.ts';

const START = Date.UTC(2026, 10, 21, 12);

function rig() {
  const clock = createManualClock(START);
  const polled = new PolledTasks(clock);
  const read = (app: string, taskId: string, state: TaskState = 'processing'): void =>
    polled.note(app, [{ taskId, state }]);
  return { clock, polled, read };
}

describe('how often apps ask for their open tasks', () => {
  it('is counted for each app and task from the first read on', async () => {
    const { clock, polled, read } = rig();
    read('web', 't1');
    await clock.advance(1_000);
    read('web', 't1');
    read('web', 't2');
    read('batch', 't1');
    expect(polled.often(1)).toEqual([
      { app: 'web', taskId: 't1', reads: 2, since: START },
      { app: 'web', taskId: 't2', reads: 1, since: START + 1_000 },
      { app: 'batch', taskId: 't1', reads: 1, since: START + 1_000 },
    ]);
    expect(polled.often(2).map(({ reads }) => reads)).toEqual([2]);
    expect(polled.often(3)).toEqual([]);
  });

  it('is forgotten once the task has ended, and is not listed of an app that stopped asking', async () => {
    const { clock, polled, read } = rig();
    read('web', 't1');
    read('web', 't2');
    read('web', 't1', 'succeeded');
    expect(polled.often(1).map(({ taskId }) => taskId)).toEqual(['t2']);
    await clock.advance(600_000);
    expect(polled.often(1)).toHaveLength(1);
    await clock.advance(1);
    expect(polled.often(1)).toEqual([]);
  });

  it('is remembered of the 10,000 tasks that were first asked for latest', () => {
    const { polled, read } = rig();
    for (let task = 0; task <= 10_000; task += 1) read('web', `t${task}`);
    for (const task of ['t0', 't1', 't10000']) read('web', task);
    // t0 made room before and begins again, which takes the place of t1.
    expect(polled.often(2).map(({ taskId }) => taskId)).toEqual(['t10000']);
  });

  it('agrees with a count by hand for any reads', () => {
    const step = fc.record({
      app: fc.constantFrom('web', 'batch'),
      taskId: fc.constantFrom('1', '2', '3'),
      state: fc.constantFrom<TaskState>('submitted', 'processing', 'succeeded', 'failed'),
    });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const { polled } = rig();
        const counts = new Map<string, number>();
        for (const { app, taskId, state } of steps) {
          polled.note(app, [{ taskId, state }]);
          const key = `${app}/${taskId}`;
          if (state === 'succeeded' || state === 'failed') counts.delete(key);
          else counts.set(key, (counts.get(key) ?? 0) + 1);
        }
        const seen = polled
          .often(1)
          .map(({ app, taskId, reads }) => [`${app}/${taskId}`, reads] as [string, number]);
        expect(new Map(seen)).toEqual(counts);
      }),
    );
  });
});
