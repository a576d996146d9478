/** `backup` and `restore`: copies of the store, while a sidecar runs and while none does. */
import path from 'node:path';
import type { Command } from 'commander';
import type { Context } from './context.ts';

/** Adds both commands. */
export function addBackup(program: Command, context: () => Context): void {
  program
    .command('backup')
    .description('copy the store to a new file, while the sidecar runs or not')
    .argument('<file>', 'must not exist yet')
    .action(async (file: string) => {
      const { terminal, loaded } = context();
      const { backupStore } = await import('../store/sqlite/backup.ts');
      const target = path.resolve(terminal.cwd, file);
      await backupStore(loaded().config.store.path, target);
      terminal.out(`The store was copied to ${target}.\n`);
    });
  program
    .command('restore')
    .description('put a backup in the place of the store; the sidecar must be stopped')
    .argument('<file>', 'what backup made')
    .action(async (file: string) => {
      const { terminal, loaded } = context();
      const { restoreStore } = await import('../store/sqlite/backup.ts');
      const source = path.resolve(terminal.cwd, file);
      const { store } = loaded().config;
      const { keptAs } = await restoreStore(source, store.path, terminal.clock);
      const kept = keptAs === null ? 'There was none before.' : `What was there is kept as ${keptAs}.`;
      terminal.out(`${store.path} is now the backup ${source}. ${kept}\n`);
    });
}
