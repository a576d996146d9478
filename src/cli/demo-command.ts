/** `demo`: emulator, sidecar and real traffic in one; everything of it is loaded only when it is asked for. */
import type { Command } from 'commander';
import type { Context } from './context.ts';

/** Adds the command. */
export function addDemo(program: Command, context: () => Context): void {
  program
    .command('demo')
    .description(
      'see it work: an emulator of Kling, the sidecar in front of it, and an app that makes videos',
    )
    .action(async () => {
      const run = context();
      const { demoCommand } = await import('./demo.ts');
      run.exit(await demoCommand(run.terminal));
    });
}
