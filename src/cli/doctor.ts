/** `doctor`: what a team needs to know is right before it trusts the sidecar with money, a line for each thing. */
import type { Command } from 'commander';
import type { Context } from './context.ts';
import { packageVersion } from './control-client.ts';
import type { Check, Level } from './doctor-check.ts';
import { fieldsText, roomOf } from './table.ts';
import { padText, textWidth } from './text-width.ts';
import { plainText } from '../plain-text.ts';
import { paint, type Terminal, type Tone } from './terminal.ts';

/** Adds the command: 1 where something must not stay as it is, else 0. */
export function addDoctor(program: Command, context: () => Context): void {
  program
    .command('doctor')
    .description('look at everything that should be right; exit code 1 where something must not stay so')
    .option('--json', 'print JSON')
    .action((options: { json?: boolean }) => runDoctor(context(), options.json === true));
}

async function runDoctor(context: Context, wantsJson: boolean): Promise<void> {
  const { examine } = await import('./doctor-examination.ts');
  const { terminal } = context;
  const checks = await examine(context);
  const text = wantsJson
    ? `${JSON.stringify({ version: packageVersion(), checks }, null, 2)}\n`
    : linesOf(terminal, checks);
  terminal.out(text);
  context.exit(checks.some(({ level }) => level === 'fail') ? 1 : 0);
}

const MARKS: Readonly<Record<Level, { text: string; tone: Tone }>> = {
  ok: { text: 'ok', tone: 'good' },
  note: { text: 'note', tone: 'bold' },
  warn: { text: 'warn', tone: 'warn' },
  fail: { text: 'FAIL', tone: 'bad' },
};

function linesOf(terminal: Terminal, checks: readonly Check[]): string {
  const nameWidth = Math.max(...checks.map(({ name }) => textWidth(name)));
  const fields = checks.map(({ level, name, finding, advice }): [string, string] => {
    const { text, tone } = MARKS[level];
    const said = plainText(advice === null ? finding : `${finding} ${advice}`);
    return [`${paint(terminal, tone, text.padEnd(4))}  ${padText(name, nameWidth)}`, said];
  });
  return fieldsText(fields, roomOf(terminal).width);
}
