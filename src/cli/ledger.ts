/** `ledger verify`: every counter, hold, entry and task against each other. */
import type { Command } from 'commander';
import type { Context } from './context.ts';
import { paint } from './terminal.ts';

/** Adds the command: 0 if everything agrees, 1 if something does not. */
export function addLedger(program: Command, context: () => Context): void {
  program
    .command('ledger')
    .description('the books')
    .command('verify')
    .description('recompute the ledger from its entries and compare; changes nothing')
    .option('--json', 'print JSON')
    .action((options: { json?: boolean }) => verify(context(), options.json === true));
}

async function verify(context: Context, wantsJson: boolean): Promise<void> {
  const { terminal } = context;
  const { config } = context.loaded();
  const [{ openStoreReadOnly }, { verifyLedger }] = await Promise.all([
    import('../store/sqlite/read-only-store.ts'),
    import('../ledger/verify.ts'),
  ]);
  // Reading beside a running sidecar is harmless: one read is one instant of the store.
  const reader = new URL('../app/store-reader.ts', import.meta.url);
  const store = await openStoreReadOnly(config.store.path, { reader, clock: terminal.clock });
  try {
    const result = await store.read(verifyLedger, {});
    const { ok, counters, holds, entries, problems } = result;
    if (wantsJson) {
      terminal.out(`${JSON.stringify(result, null, 2)}\n`);
    } else {
      const verdict = ok ? paint(terminal, 'good', 'agree') : paint(terminal, 'bad', 'do not agree');
      terminal.out(`${holds} holds, ${entries} entries and ${counters} counters ${verdict}.\n`);
      terminal.out(problems.map((problem) => `  ${problem}\n`).join(''));
    }
    context.exit(ok ? 0 : 1);
  } finally {
    await store.close();
  }
}
