/** `audit`: what operators changed, when and why. */
import type { Command } from 'commander';
import type { Context } from './context.ts';
import { addListOptions, printList, type ListOptions, type ListShape } from './lists.ts';

const AUDIT: ListShape = {
  path: '/v1/audit',
  rows: 'audit',
  columns: [
    { field: 'at', title: 'time' },
    { field: 'actor', title: 'who' },
    { field: 'action', title: 'action' },
    { field: 'subject', title: 'what' },
    { field: 'reason', title: 'why' },
    { field: 'before', title: 'before' },
    { field: 'after', title: 'after' },
  ],
  empty: 'Nobody has changed anything.',
};

/** Adds the command. */
export function addAudit(program: Command, context: () => Context): void {
  addListOptions(program.command('audit').description('who changed what, and why; newest first')).action(
    (options: ListOptions) => printList(context(), AUDIT, {}, options),
  );
}
