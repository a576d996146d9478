/** `doctor`: the checks that a team needs before it trusts the sidecar with money, one line each. */
import { type Command, Option } from 'commander';
import { SidecarError } from '../errors.ts';
import type { Context } from './context.ts';
import { packageVersion } from './control-client.ts';
import { checkLines } from './doctor-lines.ts';

type DoctorFormat = 'text' | 'json' | 'markdown';

interface DoctorOptions {
  checklist?: boolean;
  compare?: string[];
  /** False with `--without-kling`. */
  withoutKling?: boolean;
  format: DoctorFormat;
  json?: boolean;
}

/** Adds the command: exit code 1 if a check fails, else 0. */
export function addDoctor(program: Command, context: () => Context): void {
  program
    .command('doctor')
    .description('look at everything that should be right; exit code 1 where something must not stay so')
    .option('--checklist', 'judge every line of the production checklist; asks Kling by one free read')
    .option('--compare <config...>', 'with --checklist: configs or key fingerprints of other environments')
    .option('--without-kling', 'with --checklist: ask Kling nothing')
    .addOption(
      new Option('--format <format>', 'how to print; markdown is for a pull request')
        .choices(['text', 'json', 'markdown'])
        .default('text'),
    )
    .option('--json', 'the same as --format json')
    .action((options: DoctorOptions) => {
      const format = options.json === true ? 'json' : options.format;
      return options.checklist === true
        ? runChecklist(context(), options, format)
        : runDoctor(context(), options, format);
    });
}

async function runDoctor(context: Context, options: DoctorOptions, format: DoctorFormat): Promise<void> {
  const only = options.compare
    ? '--compare'
    : options.withoutKling
      ? '--without-kling'
      : format === 'markdown'
        ? '--format markdown'
        : null;
  if (only !== null) throw new SidecarError('bad_usage', `${only} is for the checklist: add --checklist.`);
  const { examine } = await import('./doctor-examination.ts');
  const { terminal } = context;
  const checks = await examine(context);
  const text =
    format === 'json'
      ? `${JSON.stringify({ version: packageVersion(), checks }, null, 2)}\n`
      : checkLines(terminal, checks);
  terminal.out(text);
  context.exit(checks.some(({ level }) => level === 'fail') ? 1 : 0);
}

async function runChecklist(context: Context, options: DoctorOptions, format: DoctorFormat): Promise<void> {
  const [{ judge }, print] = await Promise.all([import('./checklist.ts'), import('./checklist-print.ts')]);
  const judged = await judge(context, {
    mayAsk: options.withoutKling !== true,
    compare: options.compare ?? [],
  });
  const text = {
    text: () => print.checklistText(context.terminal, judged),
    json: () => print.checklistJson(judged),
    markdown: () => print.checklistMarkdown(judged),
  }[format]();
  context.terminal.out(text);
  context.exit(judged.lines.some(({ level }) => level === 'fail') ? 1 : 0);
}
