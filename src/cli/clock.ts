/** `clock accept` and `clock reset`: an operator's orders about a clock that was or is wrong. */
import type { Command } from 'commander';
import type { ClockResetAnswer } from '../control/schemas.ts';
import { actorOption, type Context } from './context.ts';
import { order } from './source.ts';

interface ClockOptions {
  reason: string;
  json?: boolean;
}

/** Future holds that are printed one by one. */
const SHOWN_HOLDS_MAX = 10;

/** Adds both commands. */
export function addClock(program: Command, context: () => Context): void {
  const clock = program.command('clock').description('our clock and Kling’s');
  addOrder(
    clock,
    'accept',
    'accept the difference as it is, so that creates go on',
  )(async (options) => {
    const answer = (await give(context(), 'Accepting', '/v1/clock/accept', options)) as {
      clockOffsetMs: number | null;
    };
    const what =
      answer.clockOffsetMs === null
        ? 'That Kling’s answers show no time'
        : `A difference of ${answer.clockOffsetMs} ms`;
    print(context(), options, answer, `${what} is accepted; creates go on.`);
  });
  addOrder(
    clock,
    'reset',
    'date new holds by the present again, after a wrong clock dated some into the future',
  )(async (options) => {
    const answer = (await give(
      context(),
      'Setting dates back',
      '/v1/clock/reset',
      options,
    )) as ClockResetAnswer;
    print(context(), options, answer, resetWords(answer));
  });
}

function addOrder(clock: Command, name: string, description: string) {
  const command = clock
    .command(name)
    .description(`${description} (needs the running sidecar)`)
    .requiredOption('--reason <text>', 'kept in the audit')
    .addOption(actorOption())
    .option('--json', 'print JSON');
  return (run: (options: ClockOptions) => Promise<void>) => void command.action(run);
}

function give(context: Context, what: string, path: string, { reason }: ClockOptions): Promise<unknown> {
  return order(context, what, { method: 'POST', path, body: { reason } });
}

function print(context: Context, options: ClockOptions, answer: unknown, words: string): void {
  context.terminal.out(options.json ? `${JSON.stringify(answer, null, 2)}\n` : `${words}\n`);
}

function resetWords({ wasReset, datedFrom, wasDatedTo, futureHolds }: ClockResetAnswer): string {
  if (!wasReset) return `No hold is dated later than now (${datedFrom}); nothing was changed.`;
  const { count, credits, holds } = futureHolds;
  const lines = [
    `New holds are dated from ${datedFrom} again; they were dated to ${wasDatedTo}.`,
    `${count} hold${count === 1 ? '' : 's'} with ${credits} credits stay${count === 1 ? 's' : ''} in the future and ` +
      'count in the windows of their own dates:',
    ...holds
      .slice(0, SHOWN_HOLDS_MAX)
      .map(({ id, createdAt, credits: own, state }) => `  ${id}  ${createdAt}  ${own} credits, ${state}`),
  ];
  if (count > SHOWN_HOLDS_MAX) lines.push(`  … and ${count - SHOWN_HOLDS_MAX} more (--json, holds list)`);
  return lines.join('\n');
}
