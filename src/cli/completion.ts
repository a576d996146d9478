/** `completion SHELL`: prints a script that completes commands, options and their values. */
import { Argument, type Command } from 'commander';
import { commandNodes } from './command-tree.ts';
import { completionScript, SHELLS, type Shell } from './completion-scripts.ts';
import type { Context } from './context.ts';

/** Adds the command. */
export function addCompletion(program: Command, context: () => Context): void {
  program
    .command('completion')
    .description('print a script that completes commands and options in a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .action((shell: Shell) => context().terminal.out(completionScript(shell, commandNodes(program))));
}
