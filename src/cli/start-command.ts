/** `start`: the daemon, loaded only when it is asked for: other commands need none of it. */
import type { Command } from 'commander';
import { loadStoreThreads } from '../app/store-threads.ts';
import type { Context } from './context.ts';

/** Adds the command. */
export function addStart(program: Command, context: () => Context): void {
  program
    .command('start')
    .description('run the sidecar (default)')
    .action(async () => {
      // First, so that both threads load their code while this one loads the rest.
      const storeThreads = loadStoreThreads();
      const { runDaemon } = await import('./start.ts');
      await runDaemon(context(), storeThreads);
    });
}
