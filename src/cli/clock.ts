/** `clock accept`: go on spending though our clock and Kling's differ by more than five minutes. */
import type { Command } from 'commander';
import type { Context } from './context.ts';
import { order } from './source.ts';

/** Adds the command. */
export function addClock(program: Command, context: () => Context): void {
  program
    .command('clock')
    .description('our clock and Kling’s')
    .command('accept')
    .description('accept the difference as it stands, so that creates go on (needs the running sidecar)')
    .requiredOption('--reason <text>', 'kept in the audit')
    .option('--json', 'print JSON')
    .action(async (options: { reason: string; json?: boolean }) => {
      const run = context();
      const body = { reason: options.reason, actor: 'cli' };
      const answer = (await order(run, 'Accepting', { method: 'POST', path: '/v1/clock/accept', body })) as {
        clockOffsetMs: number;
      };
      const words = `A difference of ${answer.clockOffsetMs} ms is accepted; creates go on.`;
      run.terminal.out(options.json ? `${JSON.stringify(answer, null, 2)}\n` : `${words}\n`);
    });
}
