/** `status`: how the sidecar stands, and what `protect` would have refused. */
import type { Command } from 'commander';
import type { StatusAnswer } from '../control/schemas.ts';
import { SidecarError } from '../errors.ts';
import type { Context } from './context.ts';
import { BUDGET_COLUMNS, type BudgetRow, budgetRows } from './budget.ts';
import { openSource } from './source.ts';
import { fieldsText, roomOf, toTable } from './table.ts';
import { paint, type Terminal } from './terminal.ts';

/** Adds the command. */
export function addStatus(program: Command, context: () => Context): void {
  program
    .command('status')
    .description('how the sidecar stands: budgets, pools, holds in doubt')
    .option('--would-have', 'what mode protect would have refused or edited since the start')
    .option('--json', 'print JSON')
    .action((options: { json?: boolean; wouldHave?: boolean }) => showStatus(context(), options));
}

async function showStatus(context: Context, options: { json?: boolean; wouldHave?: boolean }): Promise<void> {
  const { terminal } = context;
  const source = await openSource(context);
  try {
    const isRunning = source.kind === 'daemon';
    if (options.wouldHave && !isRunning) {
      const message = 'What protect would have refused is counted by the running sidecar, and none runs.';
      throw new SidecarError('daemon_required', message);
    }
    const status = (await source.get('/v1/status')) as StatusAnswer;
    if (options.json) terminal.out(`${JSON.stringify({ running: isRunning, ...status }, null, 2)}\n`);
    else if (options.wouldHave) printWouldHave(terminal, status);
    else printStatus(terminal, status, isRunning);
  } finally {
    await source.close();
  }
}

function printStatus(terminal: Terminal, status: StatusAnswer, isRunning: boolean): void {
  const state = isRunning
    ? paint(terminal, 'good', `running for ${duration(status.uptimeSeconds)}, process ${status.pid}`)
    : paint(terminal, 'warn', 'not running (read from the store)');
  const frozen = status.freeze
    ? paint(
        terminal,
        'bad',
        `frozen since ${status.freeze.since} by ${status.freeze.actor}: ${status.freeze.reason}`,
      )
    : 'no';
  const lines: [string, string][] = [
    ['kling-sidecar', `${status.version}, ${state}`],
    ['mode', status.mode],
    ['environment', status.environment],
    ['upstream', status.upstream],
    ['frozen', frozen],
    ['holds in doubt', String(status.inDoubtHolds)],
    ['store', `${status.store.path} (${mebibytes(status.store.bytes)})`],
  ];
  if (status.clockOffsetMs !== null)
    lines.push(['Kling’s clock', `${Math.round(status.clockOffsetMs)} ms from ours`]);
  for (const { name, inUse, limit, queued } of status.pools) {
    lines.push([`pool ${name}`, `${inUse} of ${limit ?? 'any number'} in use, ${queued} queued`]);
  }
  terminal.out(fieldsText(lines, roomOf(terminal).width));
  if (status.budgets.length > 0) {
    terminal.out(`\n${toTable(budgetRows(status.budgets as BudgetRow[]), BUDGET_COLUMNS, roomOf(terminal))}`);
  }
  if (status.mode === 'observe') terminal.out('\nMode observe: see status --would-have.\n');
}

function printWouldHave(terminal: Terminal, { mode, wouldHave }: StatusAnswer): void {
  if (wouldHave.length === 0) {
    const why = mode === 'observe' ? '' : ' (the mode is protect: what is refused is in the calls)';
    terminal.out(`Nothing would have been refused or edited since the start${why}.\n`);
    return;
  }
  terminal.out(
    toTable(wouldHave, [
      { field: 'word', title: 'would have' },
      { field: 'count', title: 'times' },
    ]),
  );
}

function duration(seconds: number): string {
  const [days, hours, minutes] = [seconds / 86_400, (seconds / 3600) % 24, (seconds / 60) % 60].map(
    Math.floor,
  );
  if (days) return `${days} d ${hours} h`;
  if (hours) return `${hours} h ${minutes} min`;
  return minutes ? `${minutes} min` : `${Math.floor(seconds)} s`;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}
