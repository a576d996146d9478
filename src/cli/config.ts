/** `config check` and `config print`. */
import type { Command } from 'commander';
import { describeConfig } from '../config/describe-config.ts';
import { calendarProblems, checkFiles, folderProblems, type StartCheck } from '../config/start-check.ts';
import type { Context } from './context.ts';
import { addFormats, formatOf, printRows } from './lists.ts';
import type { Format } from './rows.ts';
import type { Column } from './table.ts';
import { paint } from './terminal.ts';

/** Adds the commands. */
export function addConfig(program: Command, context: () => Context): void {
  const config = program.command('config').description('check the config, or print it as it is in effect');
  config
    .command('check')
    .description(
      'say what a start would say: exit code 0 where config, secrets, files and folders are good, 2 with every problem otherwise',
    )
    .option(
      '--without-secrets',
      'leave secrets and folders out, on a machine that has none of them, such as CI',
    )
    .option('--json', 'print JSON')
    .action((options: CheckOptions) => checkConfig(context(), options));
  addFormats(
    config.command('print').description('every value and where it came from; secrets masked'),
  ).action((options: { format?: Format; json?: boolean }) => printConfig(context(), formatOf(options)));
}

interface CheckOptions {
  json?: boolean;
  withoutSecrets?: boolean;
}

async function checkConfig(context: Context, options: CheckOptions): Promise<void> {
  const { terminal } = context;
  const { config, path, warnings } = context.loaded();
  const found = await checkStart(context, options.withoutSecrets === true);
  const { credentials, problems } = found;
  const all = [...warnings, ...found.warnings];
  if (problems.length > 0) context.exit(2);
  if (options.json) {
    const answer = { ok: problems.length === 0, path, credentials, problems, warnings: all };
    terminal.out(`${JSON.stringify(answer, null, 2)}\n`);
    return;
  }
  for (const warning of all) terminal.err(`${paint(terminal, 'warn', 'warning')}: ${warning}\n`);
  for (const problem of problems) terminal.err(`${paint(terminal, 'bad', 'problem')}: ${problem}\n`);
  if (problems.length > 0) return;
  const note = config.auth.command && credentials === 'auth.command' ? ' (not run by this check)' : '';
  const origin = options.withoutSecrets ? 'not checked' : `${credentials ?? 'none'}${note}`;
  terminal.out(`The config is good: ${path ?? 'defaults, no file'}. Kling credentials: ${origin}.\n`);
}

async function checkStart({ terminal, loaded }: Context, withoutSecrets: boolean): Promise<StartCheck> {
  const { config } = loaded();
  if (withoutSecrets) return { credentials: null, problems: calendarProblems(config), warnings: [] };
  const found = checkFiles({ config, env: terminal.env, cwd: terminal.cwd });
  return { ...found, problems: [...found.problems, ...(await folderProblems(config))] };
}

function printConfig(context: Context, format: Format): void {
  const lines = describeConfig(context.loaded());
  const rows =
    format === 'table' ? lines.map((line) => ({ ...line, value: JSON.stringify(line.value) })) : [...lines];
  const columns: Column[] = [
    { field: 'key', title: 'key' },
    { field: 'value', title: 'value', cut: true },
    { field: 'origin', title: 'origin', drop: 1 },
  ];
  printRows(context, { rows: 'config', columns, empty: 'Nothing.' }, rows as never, { format });
}
