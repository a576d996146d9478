/** `tasks`: generation tasks, or one of them with its life. */
import { type Command, Option } from 'commander';
import type { TaskAnswer } from '../control/schemas.ts';
import type { Context } from './context.ts';
import { addListOptions, printList, type ListOptions, type ListShape } from './lists.ts';
import { toTable } from './rows.ts';
import { openSource } from './source.ts';
import { plainText, type Terminal } from './terminal.ts';

const TASKS: ListShape = {
  path: '/v1/tasks',
  rows: 'tasks',
  columns: [
    { field: 'id', title: 'task' },
    { field: 'state', title: 'state' },
    { field: 'stuck', title: 'stuck' },
    { field: 'operation', title: 'operation' },
    { field: 'model', title: 'model' },
    { field: 'mode', title: 'mode' },
    { field: 'app', title: 'app' },
    { field: 'heldCredits', title: 'held' },
    { field: 'settledCredits', title: 'settled' },
    { field: 'createdAt', title: 'created' },
    { field: 'updatedAt', title: 'updated' },
  ],
  empty: 'No tasks.',
};

interface TasksOptions extends ListOptions {
  state?: string;
  app?: string;
  stuck?: boolean;
}

/** Adds the command. */
export function addTasks(program: Command, context: () => Context): void {
  addListOptions(
    program.command('tasks').description('generation tasks, newest first; with an id, one of them'),
  )
    .argument('[id]', 'a task’s id')
    .addOption(
      new Option('--state <state>', 'only these').choices(['submitted', 'processing', 'succeeded', 'failed']),
    )
    .option('--stuck', 'only open ones that are older than tasks.stuckAfterMs')
    .option('--app <name>', 'only of this app')
    .action((id: string | undefined, options: TasksOptions) => {
      if (id !== undefined) return showTask(context(), id, options);
      const { state, app, stuck } = options;
      return printList(context(), TASKS, { state, app, stuck: stuck ? 'true' : undefined }, options);
    });
}

async function showTask(context: Context, id: string, options: ListOptions): Promise<void> {
  const source = await openSource(context);
  try {
    const task = (await source.get(`/v1/tasks/${encodeURIComponent(id)}`)) as TaskAnswer;
    const wantsJson = options.json === true || (options.format ?? 'table') !== 'table';
    if (wantsJson)
      context.terminal.out(`${JSON.stringify(task, null, options.format === 'jsonl' ? 0 : 2)}\n`);
    else printTask(context.terminal, task);
  } finally {
    await source.close();
  }
}

function printTask(terminal: Terminal, { timeline, results, ...task }: TaskAnswer): void {
  const fields = Object.entries(task).filter(([, value]) => value !== null);
  const width = Math.max(...fields.map(([name]) => name.length));
  terminal.out(
    fields.map(([name, value]) => `${name.padEnd(width)}  ${plainText(String(value))}\n`).join(''),
  );
  const columns = ['at', 'state', 'source', 'message'].map((field) => ({ field, title: field }));
  if (timeline.length > 0) terminal.out(`\n${toTable(timeline, columns)}`);
  const outputs = ['kind', 'id', 'durationSeconds', 'url'].map((field) => ({ field, title: field }));
  if (results.length > 0) terminal.out(`\n${toTable(results, outputs)}`);
}
