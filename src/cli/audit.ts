/** `audit`: what operators changed, when and why. */
import type { Command } from 'commander';
import type { Context } from './context.ts';
import { addListOptions, printList, type ListOptions, type ListShape } from './lists.ts';

const AUDIT: ListShape = {
  path: '/v1/audit',
  rows: 'audit',
  columns: [
    { field: 'at', title: 'time', kind: 'time' },
    { field: 'actor', title: 'who' },
    { field: 'action', title: 'action', drop: 4 },
    { field: 'subject', title: 'what', cut: true, drop: 3 },
    { field: 'reason', title: 'why', cut: true },
    { field: 'before', title: 'before', cut: true, drop: 1 },
    { field: 'after', title: 'after', cut: true, drop: 2 },
  ],
  empty: 'Nobody has changed anything.',
};

interface AuditOptions extends ListOptions {
  actor?: string;
  action?: string;
  subject?: string;
  from?: string;
  to?: string;
}

/** Adds the command. */
export function addAudit(program: Command, context: () => Context): void {
  addListOptions(program.command('audit').description('who changed what, and why; newest first'))
    .option('--actor <name>', 'only orders of this person or program')
    .option('--action <action>', 'only these, such as budget.raise')
    .option('--subject <name>', 'only about this, such as a budget or a hold')
    .option('--from <time>', 'inclusive: ISO 8601 with a zone, or a UTC day')
    .option('--to <time>', 'exclusive')
    .action((options: AuditOptions) => {
      const { actor, action, subject, from, to } = options;
      return printList(context(), AUDIT, { actor, action, subject, from, to }, options);
    });
}
