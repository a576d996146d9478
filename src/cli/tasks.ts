/** `tasks`: generation tasks, or one of them with its life. */
import { type Command, Option } from 'commander';
import type { TaskAnswer } from '../control/task-schemas.ts';
import type { Context } from './context.ts';
import { addListOptions, printList, type ListOptions, type ListShape } from './lists.ts';
import { openSource } from './source.ts';
import { fieldsText, roomOf, toTable, zoneOf, type Column } from './table.ts';
import { plainText } from '../plain-text.ts';
import { addTasksWait } from './tasks-wait.ts';
import type { Terminal } from './terminal.ts';

type KeptFile = NonNullable<TaskAnswer['results'][number]['file']>;

const TASKS: ListShape = {
  path: '/v1/tasks',
  rows: 'tasks',
  columns: [
    { field: 'id', title: 'task' },
    { field: 'state', title: 'state' },
    { field: 'stuck', title: 'stuck', drop: 3 },
    { field: 'operation', title: 'operation', drop: 7 },
    { field: 'model', title: 'model', drop: 6 },
    { field: 'mode', title: 'mode', drop: 2 },
    { field: 'app', title: 'app', drop: 4 },
    { field: 'heldCredits', title: 'held', drop: 5 },
    { field: 'settledCredits', title: 'settled' },
    { field: 'createdAt', title: 'created', kind: 'time' },
    { field: 'updatedAt', title: 'updated', kind: 'time', drop: 1 },
  ],
  empty: 'No tasks.',
};

interface TasksOptions extends ListOptions {
  state?: string;
  app?: string;
  tag?: string;
  operation?: string;
  model?: string;
  mode?: string;
  search?: string;
  stuck?: boolean;
  from?: string;
  to?: string;
}

/** Adds the command. */
export function addTasks(program: Command, context: () => Context): void {
  const tasks = addListOptions(
    program.command('tasks').description('generation tasks, newest first; with an id, one of them'),
  )
    .argument('[id]', 'a task’s id')
    .addOption(
      new Option('--state <state>', 'only these').choices([
        'submitted',
        'processing',
        'succeeded',
        'failed',
        'lost',
      ]),
    )
    .option('--stuck', 'only open ones that are older than is usual, or than tasks.stuckAfterMs')
    .option('--app <name>', 'only of this app')
    .option('--tag <tag>', 'only with this tag; - is those without one')
    .option('--operation <operation>', 'only of this operation, such as text-to-video')
    .option('--model <model>', 'only of this model; - is those without one')
    .option('--mode <mode>', 'only of this mode: std, pro, 4k; - is those without one')
    .option('--search <text>', 'a whole id, app or tag, or a part of the prompt preview')
    .option('--from <time>', 'created then or later: ISO 8601 with a zone, or a UTC day')
    .option('--to <time>', 'created before')
    .action((id: string | undefined, options: TasksOptions) => {
      if (id !== undefined) return showTask(context(), id, options);
      const { state, app, tag, operation, model, mode, search, stuck, from, to } = options;
      const wanted = { state, app, tag, operation, model, mode, search, from, to };
      const query = { ...wanted, stuck: stuck ? 'true' : undefined };
      return printList(context(), TASKS, query, options);
    });
  addTasksWait(tasks, context);
}

async function showTask(context: Context, id: string, options: ListOptions): Promise<void> {
  const source = await openSource(context);
  try {
    const task = (await source.get(`/v1/tasks/${encodeURIComponent(id)}`)) as TaskAnswer;
    const wantsJson = options.json === true || (options.format ?? 'table') !== 'table';
    if (wantsJson)
      context.terminal.out(`${JSON.stringify(task, null, options.format === 'jsonl' ? 0 : 2)}\n`);
    else printTask(context.terminal, zoneOf(context.loaded().config), task);
  } finally {
    await source.close();
  }
}

const LIFE: readonly Column[] = [
  { field: 'at', title: 'at', kind: 'time' },
  { field: 'step', title: 'step' },
  { field: 'text', title: 'what', cut: true },
];

function printTask(
  terminal: Terminal,
  zone: string,
  {
    life,
    timeline: _states,
    joined: _joins,
    contradictions: _contradictions,
    retriedBy: _retries,
    retryChain: _chain,
    price,
    deduction: _deduction,
    ledgerRows: _rows,
    results,
    ...task
  }: TaskAnswer,
): void {
  const fields = Object.entries(task).filter(([, value]) => value !== null);
  fields.push(['price', priceText(price)]);
  const room = roomOf(terminal, zone);
  terminal.out(
    fieldsText(
      fields.map(([name, value]) => [name, plainText(String(value))]),
      room.width,
    ),
  );
  if (life.length > 0) terminal.out(`\n${toTable(life, LIFE, room)}`);
  // Addresses of results are there to be copied: they are never cut.
  for (const { kind, id, durationSeconds, url, expiresAt, file } of results) {
    const length = durationSeconds === null ? '' : `, ${durationSeconds} s`;
    terminal.out(`\n${kind}${id === null ? '' : ` ${plainText(id)}`}${length}\n${plainText(url ?? '-')}\n`);
    if (kind === 'voice' || kind === 'element') terminal.out(`can be used until ${expiresAt}\n`);
    if (file) terminal.out(fileText(file));
  }
}

/** Says what was held for a task, how sure that was, and why. */
function priceText({ credits, basis, rule, notes }: TaskAnswer['price']): string {
  const why = [rule, ...notes].filter((part) => part !== null);
  return [`${credits} credits, ${basis}`, ...why].join('; ');
}

/** Says what became of a result's file: its size, hash and our address once it is saved. */
function fileText({ state, bytes, sha256, url, reason, expiresAt }: KeptFile): string {
  if (state === 'saved') return `saved: ${bytes} bytes, sha256 ${sha256}\n${url === null ? '' : `${url}\n`}`;
  const why = reason === null ? '' : ` (${reason})`;
  return state === 'waiting'
    ? `waiting${why}; Kling’s address works until ${expiresAt}\n`
    : `${state}${why}\n`;
}
