/** `holds list`, `holds release` and `holds write-off`. */
import { type Command, Option } from 'commander';
import { actorOption, type Context } from './context.ts';
import { addListOptions, printList, type ListOptions, type ListShape } from './lists.ts';
import { order } from './source.ts';

const HOLDS: ListShape = {
  path: '/v1/holds',
  rows: 'holds',
  columns: [
    { field: 'id', title: 'hold' },
    { field: 'state', title: 'state' },
    { field: 'inDoubt', title: 'in doubt' },
    { field: 'waitsForOperator', title: 'waits for you', drop: 7 },
    { field: 'credits', title: 'credits' },
    { field: 'settledCredits', title: 'settled', drop: 4 },
    { field: 'operation', title: 'operation', drop: 3 },
    { field: 'slots', title: 'slots', drop: 0 },
    { field: 'app', title: 'app', drop: 2 },
    { field: 'taskId', title: 'task', drop: 5 },
    { field: 'externalTaskId', title: 'external task id', drop: 1 },
    { field: 'createdAt', title: 'created', kind: 'time', drop: 6 },
  ],
  empty: 'No holds.',
};

interface HoldsOptions extends ListOptions {
  state?: string;
  inDoubt?: boolean;
  app?: string;
  tag?: string;
  operation?: string;
  model?: string;
  pool?: string;
  counter?: string;
  from?: string;
  to?: string;
}

/** Adds the commands. */
export function addHolds(program: Command, context: () => Context): void {
  const holds = program.command('holds').description('credits kept back for creates');
  const states = ['held', 'settled', 'released', 'written_off'];
  addListOptions(holds.command('list').description('holds, newest first'))
    .addOption(new Option('--state <state>', 'only these').choices(states))
    .option('--in-doubt', 'only those of which nobody knows whether Kling took the create')
    .option('--app <name>', 'only of this app')
    .option('--tag <tag>', 'only with this tag; - is those without one')
    .option('--operation <operation>', 'only of this operation, such as text-to-video')
    .option('--model <model>', 'only of this model; - is those without one')
    .option('--pool <name>', 'only those that have slots of it now: video, image or a model')
    .option('--counter <id>', 'only those that count on it: the counterId of a budget, of budget list --json')
    .option('--from <time>', 'made then or later: ISO 8601 with a zone, or a UTC day')
    .option('--to <time>', 'made before')
    .action((options: HoldsOptions) => {
      const { state, inDoubt, app, tag, operation, model, pool, counter, from, to } = options;
      const wanted = { state, app, tag, operation, model, pool, counter, from, to };
      const query = { ...wanted, inDoubt: inDoubt ? 'true' : undefined };
      return printList(context(), HOLDS, query, options);
    });
  addResolve(holds, context, {
    action: 'release',
    description: 'give a hold’s credits back to the budgets: you know that Kling made no task',
    what: 'Releasing a hold',
  });
  addResolve(holds, context, {
    action: 'write-off',
    description: 'count a hold as spent: nobody can find out any more',
    what: 'Writing a hold off',
  });
}

interface Resolution {
  action: 'release' | 'write-off';
  description: string;
  what: string;
}

function addResolve(holds: Command, context: () => Context, { action, description, what }: Resolution): void {
  holds
    .command(action)
    .description(`${description} (needs the running sidecar)`)
    .argument('<id>', 'the hold')
    .requiredOption('--reason <text>', 'kept in the audit')
    .addOption(actorOption())
    .option('--json', 'print JSON')
    .action(async (id: string, options: { reason: string; json?: boolean }) => {
      const run = context();
      const body = { reason: options.reason };
      const path = `/v1/holds/${encodeURIComponent(id)}/${action}`;
      const answer = (await order(run, what, { method: 'POST', path, body })) as {
        hold: { id: string; state: string; credits: number };
      };
      const { hold } = answer;
      if (options.json) run.terminal.out(`${JSON.stringify(answer, null, 2)}\n`);
      else
        run.terminal.out(
          `${hold.id} is ${hold.state.replace('_', ' ')} (${hold.credits} credits were held).\n`,
        );
    });
}
