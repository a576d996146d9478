/** `doctor`: what a team needs to know is right before it trusts the sidecar with money, a line for each thing. */
import type { Command } from 'commander';
import type { Context } from './context.ts';
import { packageVersion } from './control-client.ts';
import { checkLines } from './doctor-lines.ts';

/** Adds the command: 1 where something must not stay as it is, else 0. */
export function addDoctor(program: Command, context: () => Context): void {
  program
    .command('doctor')
    .description('look at everything that should be right; exit code 1 where something must not stay so')
    .option('--json', 'print JSON')
    .action((options: { json?: boolean }) => runDoctor(context(), options.json === true));
}

async function runDoctor(context: Context, wantsJson: boolean): Promise<void> {
  const { examine } = await import('./doctor-examination.ts');
  const { terminal } = context;
  const checks = await examine(context);
  const text = wantsJson
    ? `${JSON.stringify({ version: packageVersion(), checks }, null, 2)}\n`
    : checkLines(terminal, checks);
  terminal.out(text);
  context.exit(checks.some(({ level }) => level === 'fail') ? 1 : 0);
}
