/**
 * The command line: one program of commands, each in a file of its own.
 *
 * **Invariant**: exit codes are 0 done, 1 failed, 2 bad usage or bad config; errors go to standard error, one
 * sentence each, without a stack and without a secret.
 */
import { Command, CommanderError } from 'commander';
import { SidecarError, type ErrorCode } from '../errors.ts';
import { loadCommands, type AddCommand } from './commands.ts';
import { createContext, type Context } from './context.ts';
import { packageVersion } from './control-client.ts';
import { addExamples } from './examples.ts';
import { createProgress } from './progress.ts';
import { wrapMessage } from './table.ts';
import { paint, type Terminal } from './terminal.ts';

const USAGE_CODES: ReadonlySet<ErrorCode> = new Set(['config_invalid', 'secret_invalid', 'bad_usage']);

/** Runs one command line (without program and script) and gives the process's exit code. */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<number> {
  let code = 0;
  const progress = createProgress(terminal);
  const line = withCommand(args);
  const commands = await loadCommands(line.word);
  const program = makeProgram(progress.terminal, commands, (wanted) => void (code = wanted));
  program.hook('preAction', (_, command) => {
    const words = wordsOf(command);
    if (!WITHOUT_PROGRESS.has(words)) progress.begin(words);
  });
  try {
    await program.parseAsync(line.args, { from: 'user' });
    return code;
  } catch (error) {
    return report(error, progress.terminal);
  } finally {
    progress.end();
  }
}

/** Commands that run until they are ended, or that report their own progress. */
const WITHOUT_PROGRESS: ReadonlySet<string> = new Set(['start', 'demo', 'emulate', 'import', 'smoke']);

/** Gives the words that name a command, without the program's. */
function wordsOf(command: Command): string {
  const { parent } = command;
  return parent === null ? '' : `${wordsOf(parent)} ${command.name()}`.trim();
}

interface CommandLine {
  args: string[];
  /** The first word, which names a command unless it is mistyped; null if help or the version is asked for. */
  word: string | null;
}

/** Adds `start` if no command is named; a default of commander's would read a mistyped command as its argument. */
function withCommand(args: readonly string[]): CommandLine {
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? '';
    if (arg === '--config') at += 1;
    else if (/^(-h|--help|-V|--version)$/.test(arg)) return { args: [...args], word: null };
    else if (!arg.startsWith('-')) return { args: [...args], word: arg };
  }
  return { args: [...args, 'start'], word: 'start' };
}

/** Makes the program with these commands; it writes to the given terminal and never ends the process. */
export function makeProgram(
  terminal: Terminal,
  commands: readonly AddCommand[],
  exit: (code: number) => void = () => undefined,
): Command {
  const program = new Command('kling-sidecar');
  let made: Context | undefined;
  const context = (): Context => {
    made ??= createContext(terminal, { configPath: program.opts<{ config?: string }>().config, actor }, exit);
    return made;
  };
  let actor: string | undefined;
  // Before the commands are made: they take these settings over from the program.
  program
    .description(
      'A local sidecar for Kling AI’s API: signs, prices, holds against budgets, forwards, records.',
    )
    .version(packageVersion())
    .option('--config <path>', 'the config file (default: sidecar.config.json here, or KLING_SIDECAR_CONFIG)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.err(text),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .showHelpAfterError('(kling-sidecar --help lists the commands)');
  program.hook('preAction', (_, command) => {
    actor = command.opts<{ actor?: string }>().actor;
  });
  for (const add of commands) add(program, context);
  takeConfigAnywhere(program);
  addExamples(program);
  return program;
}

/** Allows `--config` after any command too: it is the program's own option. */
function takeConfigAnywhere(program: Command): void {
  const visit = (command: Command): void => {
    for (const child of command.commands) {
      child.option('--config <path>', 'the config file').on('option:config', (path: string) => {
        program.setOptionValue('config', path);
      });
      visit(child);
    }
  };
  visit(program);
}

function report(error: unknown, terminal: Terminal): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const name = paint({ isTerminal: terminal.isErrTerminal, env: terminal.env }, 'bad', 'kling-sidecar');
  if (error instanceof SidecarError) {
    terminal.err(`${wrapMessage(`${name}: ${error.message}`, terminal)}\n`);
    return USAGE_CODES.has(error.code) ? 2 : 1;
  }
  terminal.err(`${name}: an unexpected error: ${error instanceof Error ? error.stack : String(error)}\n`);
  return 1;
}
