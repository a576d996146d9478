/** `config check` and `config print`. */
import type { Command } from 'commander';
import { describeConfig, describeSecrets } from '../config/describe-config.ts';
import { checkSecrets } from '../config/secrets.ts';
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
    .description('exit code 0 when a start would take config and secrets, 2 with every problem otherwise')
    .option('--json', 'print JSON')
    .action((options: { json?: boolean }) => checkConfig(context(), options.json === true));
  addFormats(
    config.command('print').description('every value and where it came from; secrets masked'),
  ).action((options: { format?: Format; json?: boolean }) => printConfig(context(), formatOf(options)));
}

function checkConfig(context: Context, wantsJson: boolean): void {
  const { terminal } = context;
  const { config, path, warnings } = context.loaded();
  const secrets = checkSecrets({ config, env: terminal.env, cwd: terminal.cwd });
  const all = [...warnings, ...secrets.warnings];
  if (wantsJson) {
    const { credentials } = secrets;
    terminal.out(`${JSON.stringify({ ok: true, path, credentials, warnings: all }, null, 2)}\n`);
    return;
  }
  for (const warning of all) terminal.err(`${paint(terminal, 'warn', 'warning')}: ${warning}\n`);
  const credentials = secrets.credentials ?? 'none set here';
  terminal.out(`The config is good: ${path ?? 'defaults, no file'}. Kling credentials: ${credentials}.\n`);
}

function printConfig(context: Context, format: Format): void {
  const { terminal } = context;
  const loaded = context.loaded();
  const lines = [...describeConfig(loaded), ...describeSecrets(terminal.env)];
  const rows =
    format === 'table' ? lines.map((line) => ({ ...line, value: JSON.stringify(line.value) })) : [...lines];
  const columns: Column[] = [
    { field: 'key', title: 'key' },
    { field: 'value', title: 'value', cut: true },
    { field: 'origin', title: 'origin', drop: 1 },
  ];
  printRows(context, { rows: 'config', columns, empty: 'Nothing.' }, rows as never, { format });
}
