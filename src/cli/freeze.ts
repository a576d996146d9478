/** `freeze` and `unfreeze`: stop and resume all spending. */
import type { Command } from 'commander';
import type { FreezeAnswer } from '../control/schemas.ts';
import { actorOption, type Context } from './context.ts';
import { order } from './source.ts';

/** Adds both commands. */
export function addFreeze(program: Command, context: () => Context): void {
  const orders = [
    { name: 'freeze', method: 'POST', description: 'stop all spending at once; reads go on' },
    { name: 'unfreeze', method: 'DELETE', description: 'resume spending' },
  ] as const;
  for (const { name, method, description } of orders) {
    program
      .command(name)
      .description(`${description} (needs the running sidecar)`)
      .requiredOption('--reason <text>', 'kept in the audit')
      .addOption(actorOption())
      .option('--json', 'print JSON')
      .action(async (options: { reason: string; json?: boolean }) => {
        const run = context();
        const body = { reason: options.reason };
        const what = name === 'freeze' ? 'Freezing' : 'Resuming';
        const answer = (await order(run, what, { method, path: '/v1/freeze', body })) as FreezeAnswer;
        const words = answer.frozen ? 'Spending is frozen.' : 'Spending goes on.';
        run.terminal.out(options.json ? `${JSON.stringify(answer, null, 2)}\n` : `${words}\n`);
      });
  }
}
