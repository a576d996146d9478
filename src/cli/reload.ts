/** `reload`: the running sidecar reads its config and secrets again, and the command prints the result. */
import type { Command } from 'commander';
import type { ReloadAnswer } from '../control/schemas.ts';
import { actorOption, type Context } from './context.ts';
import { orderRunning } from './stop.ts';

interface ReloadOptions {
  reason?: string;
  json?: boolean;
}

/** Adds the command. */
export function addReload(program: Command, context: () => Context): void {
  program
    .command('reload')
    .description('make the running sidecar read config and secrets again; what is invalid changes nothing')
    .option('--reason <text>', 'kept in the audit')
    .addOption(actorOption())
    .option('--json', 'print JSON')
    .action((options: ReloadOptions) => reload(context(), options));
}

async function reload(context: Context, { reason, json }: ReloadOptions): Promise<void> {
  const answer = (await orderRunning(context, { path: '/v1/reload', reason })) as ReloadAnswer;
  const { terminal } = context;
  if (json) {
    terminal.out(`${JSON.stringify(answer, null, 2)}\n`);
    return;
  }
  const { changed, needRestart } = answer;
  terminal.out(
    changed.length === 0
      ? 'Config and secrets were read again; no value of the config differs.\n'
      : `Config and secrets were read again. Changed: ${changed.join(', ')}.\n`,
  );
  if (needRestart.length > 0) terminal.out(`These wait for a restart: ${needRestart.join(', ')}.\n`);
}
