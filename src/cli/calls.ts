/** `calls list` and `calls export`: the journal of attempts at Kling. */
import { type Command, Option } from 'commander';
import { BLAMES } from '../calls/outcome.ts';
import type { ExportAnswer } from '../control/sla-schemas.ts';
import { COUNTED } from '../sla/counted-calls.ts';
import { READING_NAMES } from '../sla/reading.ts';
import type { Context } from './context.ts';
import { addListOptions, printList, withQuery, type ListOptions, type ListShape } from './lists.ts';
import { monthArgument } from './sla-order.ts';
import { openSource } from './source.ts';

const CALLS: ListShape = {
  path: '/v1/calls',
  rows: 'calls',
  columns: [
    { field: 'at', title: 'time', kind: 'time' },
    { field: 'method', title: 'method', drop: 4 },
    { field: 'route', title: 'route', cut: true, drop: 7 },
    { field: 'status', title: 'status' },
    { field: 'code', title: 'code', drop: 5 },
    { field: 'outcome', title: 'outcome' },
    { field: 'attempt', title: 'attempt', drop: 1 },
    { field: 'durationMs', title: 'ms', drop: 6 },
    { field: 'app', title: 'app', drop: 3 },
    { field: 'taskId', title: 'task', drop: 2 },
  ],
  empty: 'No calls.',
};
const REFUSED: ListShape = {
  ...CALLS,
  columns: [
    { field: 'at', title: 'time', kind: 'time' },
    { field: 'status', title: 'status' },
    { field: 'word', title: 'word' },
    { field: 'route', title: 'route', cut: true, drop: 7 },
    { field: 'app', title: 'app', drop: 3 },
    { field: 'message', title: 'message', cut: true },
  ],
  empty: 'No refusals.',
};

interface CallsOptions extends ListOptions {
  from?: string;
  to?: string;
  app?: string;
  tag?: string;
  route?: string;
  outcome?: string;
  failed?: boolean;
  task?: string;
  counted?: string;
  reading?: string;
  blame?: string;
  month?: string;
  kind: string;
}

/** Adds the commands. */
export function addCalls(program: Command, context: () => Context): void {
  const calls = program.command('calls').description('attempts at Kling, one record each');
  addListOptions(calls.command('list').description('calls, newest first'))
    .option('--from <time>', 'inclusive: ISO 8601 with a zone, or a UTC day')
    .option('--to <time>', 'exclusive')
    .addOption(
      new Option('--kind <kind>', 'attempts, or our own refusals')
        .choices(['sent', 'refused', 'would-refuse'])
        .default('sent'),
    )
    .option('--app <name>', 'only of this app')
    .option('--tag <tag>', 'only with this tag; - is those without one')
    .option('--route <route>', 'only of this route, such as /v1/videos/text2video')
    .option('--outcome <outcomes>', 'only with these outcomes, separated by commas')
    .option('--failed', 'only those that Kling failed, did not answer or did not get')
    .option('--task <id>', 'only the sends and look-ups of this task’s create')
    .addOption(
      new Option(
        '--counted <as>',
        'only those that availability counts so: excluded are errors that an exclusion leaves out',
      ).choices(COUNTED),
    )
    .addOption(
      new Option('--reading <name>', 'the reading of --counted (default: contract)').choices(READING_NAMES),
    )
    .addOption(
      new Option('--blame <whose>', 'only those that never arrived through this one’s fault').choices(BLAMES),
    )
    .option('--month <month>', 'only those of the service period of a month, such as 2026-10')
    .action((options: CallsOptions) => {
      const { from, to, kind, app, tag, route, outcome, failed, task, counted, reading, blame, month } =
        options;
      const wanted = { from, to, kind, app, tag, route, outcome, task, counted, reading, blame, month };
      const query = { ...wanted, failed: failed ? 'true' : undefined };
      return printList(context(), kind === 'sent' ? CALLS : REFUSED, query, options);
    });
  calls
    .command('export')
    .description('a month’s calls as lines that import reads, so that the records of several sidecars merge')
    .requiredOption('--month <month>', 'such as 2026-10, in the zone of sla.timeZone')
    .action((options: { month: string }) => exportMonth(context(), options.month));
}

async function exportMonth(context: Context, month: string): Promise<void> {
  const path = `/v1/sla/${monthArgument(context, month)}/calls`;
  const source = await openSource(context);
  try {
    for (let cursor: string | undefined; ;) {
      const page = (await source.get(withQuery(path, { cursor }))) as ExportAnswer;
      if (page.lines.length > 0) context.terminal.out(`${page.lines.join('\n')}\n`);
      if (page.nextCursor === null) return;
      cursor = page.nextCursor;
    }
  } finally {
    await source.close();
  }
}
