/** `health`: the exit code that a container's health check wants. */
import type { Command } from 'commander';
import type { Context } from './context.ts';
import { askDaemon, controlAddress } from './control-client.ts';

/** Adds the command: 0 if the sidecar is ready, 1 if it is not or does not run. */
export function addHealth(program: Command, context: () => Context): void {
  program
    .command('health')
    .description('exit code 0 when the sidecar is ready, 1 otherwise')
    .option('--json', 'print JSON')
    .action((options: { json?: boolean }) => checkHealth(context(), options.json === true));
}

async function checkHealth(context: Context, wantsJson: boolean): Promise<void> {
  const reply = await askDaemon(context, { method: 'GET', path: '/readyz' });
  const { host, port } = controlAddress(context.loaded().config.control);
  const silent = { ready: false, reasons: [`no sidecar answers at ${host}:${port}`] };
  const { ready = false, reasons = [] } = (reply?.body ?? silent) as { ready?: boolean; reasons?: string[] };
  const isReady = ready && (reply?.status ?? 0) === 200;
  const line = isReady ? 'ready' : `not ready: ${reasons.join('; ') || 'no reason given'}`;
  context.terminal.out(wantsJson ? `${JSON.stringify({ ready: isReady, reasons })}\n` : `${line}\n`);
  context.exit(isReady ? 0 : 1);
}
