/** `status`: the present state of the sidecar, and what `protect` would have refused. */
import type { Command } from 'commander';
import type { StatusAnswer } from '../control/schemas.ts';
import type { Context } from './context.ts';
import { budgetsText } from './budget.ts';
import { adoptionLines } from './adoption-status.ts';
import { deliveryLines } from './delivery-status.ts';
import { klingOf } from './kling-status.ts';
import { alertLines } from './alert-status.ts';
import { poolLines, stopLines } from './pacing-status.ts';
import { openSource } from './source.ts';
import { fieldsText, minuteText, roomOf, toTable, zoneOf, type Column } from './table.ts';
import { plainText } from '../plain-text.ts';
import { paint } from './terminal.ts';
import { wrapText } from './text-width.ts';

/** Adds the command. */
export function addStatus(program: Command, context: () => Context): void {
  program
    .command('status')
    .description('the present state: budgets, pools, holds in doubt')
    .option('--would-have', 'what mode protect would have refused or edited since the mode is observe')
    .option('--json', 'print JSON')
    .action((options: { json?: boolean; wouldHave?: boolean }) => showStatus(context(), options));
}

async function showStatus(context: Context, options: { json?: boolean; wouldHave?: boolean }): Promise<void> {
  const { terminal } = context;
  const source = await openSource(context);
  try {
    const isRunning = source.kind === 'daemon';
    const status = (await source.get('/v1/status')) as StatusAnswer;
    if (options.json) terminal.out(`${JSON.stringify({ running: isRunning, ...status }, null, 2)}\n`);
    else if (options.wouldHave) printWouldHave(context, status);
    else printStatus(context, status, isRunning);
  } finally {
    await source.close();
  }
}

function printStatus(context: Context, status: StatusAnswer, isRunning: boolean): void {
  const { terminal } = context;
  const state = isRunning
    ? paint(terminal, 'good', `running for ${duration(status.uptimeSeconds)}, process ${status.pid}`)
    : paint(terminal, 'warn', 'not running (read from the store)');
  const frozen = status.freeze
    ? paint(
        terminal,
        'bad',
        `frozen since ${timeText(context, status.freeze.since)} by ${status.freeze.actor}: ${status.freeze.reason}`,
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
  lines.push(...klingLines(context, status), ...alertLines(context, status));
  if (status.clockOffsetMs !== null)
    lines.push(['Kling’s clock', `${Math.round(status.clockOffsetMs)} ms from ours`]);
  const { waiting, nextAt } = status.taskRetries;
  if (nextAt !== null)
    lines.push(['task retries', `${waiting} wait, the first until ${timeText(context, nextAt)}`]);
  lines.push(...adoptionLines(terminal, status));
  lines.push(...deliveryLines(terminal, status, (at) => timeText(context, at)));
  for (const { upstream, holds, credits } of status.heldElsewhere) {
    lines.push(['held elsewhere', `${holds} of ${credits} credits at ${upstream}: they wait for you`]);
  }
  const when = (at: string): string => timeText(context, at);
  for (const [name, text] of stopLines(status, when)) lines.push([name, paint(terminal, 'bad', text)]);
  lines.push(...poolLines(status.pools, when));
  terminal.out(fieldsText(lines, roomOf(terminal).width));
  if (status.budgets.length > 0) {
    terminal.out(`\n${budgetsText(context, status.budgets)}`);
  }
  if (status.mode === 'observe') terminal.out('\nMode observe: see status --would-have.\n');
}

/** The problems between the sidecar and Kling; empty without any. */
function klingLines(context: Context, status: StatusAnswer): [string, string][] {
  const { terminal } = context;
  const { refusal, unreachable } = klingOf(status);
  const lines: [string, string][] = [];
  if (refusal) {
    const text = `Kling refuses the key since ${timeText(context, refusal.since)}: code ${refusal.code} (${plainText(refusal.message)})`;
    lines.push(['credentials', paint(terminal, 'bad', text)]);
  }
  if (unreachable) {
    const text = `Kling cannot be reached since ${timeText(context, unreachable.since)}: ${plainText(unreachable.cause)}`;
    lines.push(['connection', paint(terminal, 'bad', text)]);
  }
  return lines;
}

const WOULD_HAVE: readonly Column[] = [
  { field: 'word', title: 'would have' },
  { field: 'budget', title: 'budget' },
  { field: 'app', title: 'app' },
  { field: 'count', title: 'times' },
  { field: 'credits', title: 'credits' },
];

function printWouldHave(context: Context, { mode, wouldHaveSince, wouldHaveBy }: StatusAnswer): void {
  const { terminal } = context;
  if (wouldHaveSince === null) {
    terminal.out(`Nothing is counted in mode ${mode}: what is refused is in calls list --kind refused.\n`);
    return;
  }
  const since = `since ${timeText(context, wouldHaveSince)}, when the mode became observe`;
  if (wouldHaveBy.length === 0) {
    terminal.out(`Nothing would have been refused or edited ${since}.\n`);
    return;
  }
  const room = roomOf(terminal);
  terminal.out(toTable(wouldHaveBy, WOULD_HAVE, room));
  const note =
    `Counted ${since}. One refusal would often have prevented the next, so that protect would refuse fewer; ` +
    'each one is in calls list --kind would-refuse.';
  terminal.out(`\n${wrapText(note, room.width).join('\n')}\n`);
}

/** Gives an instant as people read it: on a terminal to the minute in the budgets' zone. */
function timeText({ terminal, loaded }: Context, at: string): string {
  if (!terminal.isTerminal) return at;
  const zone = zoneOf(loaded().config);
  return `${minuteText(zone, at)} (${zone})`;
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
