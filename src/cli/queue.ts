/** `queue`: the creates that wait for a slot. */
import type { Command } from 'commander';
import type { Context } from './context.ts';
import { addListOptions, printList, type ListOptions, type ListShape } from './lists.ts';

const QUEUE: ListShape = {
  path: '/v1/queue',
  rows: 'waiting',
  columns: [
    { field: 'position', title: 'place' },
    { field: 'app', title: 'app' },
    { field: 'operation', title: 'operation', drop: 2 },
    { field: 'pool', title: 'waits for' },
    { field: 'since', title: 'since', kind: 'time', drop: 1 },
    { field: 'waitedSeconds', title: 'seconds' },
    { field: 'estimatedWaitSeconds', title: 'seconds left' },
  ],
  empty: 'No create waits for a slot.',
};

/** Adds the command. */
export function addQueue(program: Command, context: () => Context): void {
  addListOptions(
    program
      .command('queue')
      .description('the creates that wait for a slot: who, since when, for what, and about how long still'),
  ).action((options: ListOptions) => printList(context(), QUEUE, {}, options));
}
