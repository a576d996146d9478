/** `estimate FILE|-`: the price of a batch of creates, whether it fits the budgets, and what to do if not. */
import { createReadStream } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { ESTIMATE_BYTES_MAX, ESTIMATE_REQUESTS_MAX } from '../control/estimate.ts';
import type { EstimateAnswer } from '../control/schemas.ts';
import { SidecarError } from '../errors.ts';
import type { Context } from './context.ts';
import { readBatch, type BatchLine } from './batch.ts';
import { addFormats, formatOf } from './lists.ts';
import { toCsv, toJsonLines, type Format, type RowValues } from './rows.ts';
import { roomOf, toTable, type Column } from './table.ts';
import { openSource } from './source.ts';
import { paint, readAll, type Terminal } from './terminal.ts';

/** A batch file may hold as much; what is asked of the plane is far smaller. */
const BATCH_BYTES_MAX = 512 * 1024 * 1024;

/** What a question has beside its requests, in bytes: names of app and tag. */
const QUESTION_BYTES_SPARE = 2_000;

interface EstimateOptions {
  path?: string;
  app?: string;
  tag?: string;
  format?: Format;
  json?: boolean;
}

/** Adds the command: exit code 0 if the whole batch fits, 1 if it does not. */
export function addEstimate(program: Command, context: () => Context): void {
  addFormats(
    program
      .command('estimate')
      .description('what a batch of creates would cost, and whether the budgets hold it; changes nothing'),
  )
    .argument(
      '<file>',
      'JSON lines of {"path": …, "body": …}, or of bare bodies with --path; - reads standard input',
    )
    .option('--path <path>', 'the path of bare bodies, such as /v1/videos/text2video')
    .option('--app <name>', 'count against the budgets of this app')
    .option('--tag <tag>', 'count against the budgets of this tag')
    .action((file: string, options: EstimateOptions) => estimate(context(), file, options));
}

async function estimate(context: Context, file: string, options: EstimateOptions): Promise<void> {
  const { terminal } = context;
  const lines = readBatch(await readInput(terminal, file), options.path);
  const answer = await ask(context, lines, options);
  print(terminal, { lines, answer, format: formatOf(options) });
  context.exit(answer.fits ? 0 : 1);
}

async function ask(
  context: Context,
  lines: readonly BatchLine[],
  { app, tag }: EstimateOptions,
): Promise<EstimateAnswer> {
  const requests = lines.map(({ path: target, body }) => ({ path: target, body }));
  const labels = { ...(app === undefined ? {} : { app }), ...(tag === undefined ? {} : { tag }) };
  const bytes = Buffer.byteLength(JSON.stringify(requests)) + QUESTION_BYTES_SPARE;
  if (requests.length > ESTIMATE_REQUESTS_MAX || bytes > ESTIMATE_BYTES_MAX) {
    // The store may be read beside a running sidecar, and sets no limit to a question.
    const { openOffline } = await import('./offline.ts');
    const offline = await openOffline(context.loaded().config, context.terminal.clock);
    const question = { requests, app: app ?? 'default', tag: tag ?? null };
    return offline.estimate(question).finally(() => offline.close());
  }
  const source = await openSource(context);
  const answer = source.post('/v1/estimate', { requests, ...labels });
  return (await answer.finally(() => source.close())) as EstimateAnswer;
}

async function readInput(terminal: Terminal, file: string): Promise<string> {
  const stream = file === '-' ? terminal.stdin : createReadStream(path.resolve(terminal.cwd, file));
  let text: string | undefined;
  try {
    text = await readAll(stream, BATCH_BYTES_MAX);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'an error';
    throw new SidecarError(
      'bad_usage',
      `${file} cannot be read (${code}): name a file of JSON lines, or -.`,
      { cause },
    );
  }
  if (text !== undefined) return text;
  throw new SidecarError('bad_usage', `${file} has more than ${BATCH_BYTES_MAX} bytes: split it.`);
}

interface Printed {
  lines: readonly BatchLine[];
  answer: EstimateAnswer;
  format: Format;
}

function print(terminal: Terminal, { lines, answer, format }: Printed): void {
  const rows = answer.requests.map((request, index): RowValues => {
    const { line = 0, path: target = '' } = lines[index] ?? {};
    const { credits, heldCredits, basis, refusal, notes } = request;
    return { line, path: target, credits, heldCredits, basis, refusal, notes: notes.join('; ') };
  });
  if (format === 'json') terminal.out(`${JSON.stringify(answer, null, 2)}\n`);
  else if (format === 'jsonl') terminal.out(toJsonLines(rows));
  else if (format === 'csv')
    terminal.out(toCsv(rows, ['line', 'path', 'credits', 'heldCredits', 'basis', 'refusal', 'notes']));
  else printTable(terminal, rows, answer);
}

/** Rows of the table; a larger batch shows the first ones and the unusual ones. */
const TABLE_ROWS_MAX = 50;

const COLUMNS: readonly Column[] = [
  { field: 'line', title: 'line' },
  { field: 'path', title: 'path', cut: true, drop: 1 },
  { field: 'credits', title: 'credits' },
  { field: 'basis', title: 'basis' },
  { field: 'note', title: 'note', cut: true },
];

function printTable(terminal: Terminal, rows: readonly RowValues[], answer: EstimateAnswer): void {
  const noted = rows.map((row, index) => ({ ...row, note: noteOf(row, index < answer.fitsCount) }));
  terminal.out(toTable(noted.slice(0, TABLE_ROWS_MAX), COLUMNS, roomOf(terminal)));
  if (rows.length > TABLE_ROWS_MAX) terminal.out(`… and ${rows.length - TABLE_ROWS_MAX} more.\n`);
  printNotes(terminal, rows);
  if (answer.budgets.length > 0) {
    const budgets = [
      { field: 'name', title: 'budget' },
      { field: 'remainingCredits', title: 'remaining' },
      { field: 'neededCredits', title: 'needed' },
      { field: 'fits', title: 'fits' },
    ];
    terminal.out(`\n${toTable(answer.budgets, budgets, roomOf(terminal))}`);
  }
  terminal.out(`\n${summaryOf(terminal, rows.length, answer)}`);
}

/** Lines of notes; more are counted. */
const NOTES_MAX = 20;

/** Prints what is unsure about the prices, once for all lines with the same note. */
function printNotes(terminal: Terminal, rows: readonly RowValues[]): void {
  const lines = new Map<string, string[]>();
  for (const { notes, basis, line } of rows) {
    if (basis !== 'assumed') continue;
    lines.set(String(notes), [...(lines.get(String(notes)) ?? []), String(line)]);
  }
  if (lines.size === 0) return;
  terminal.out('\nNot sure:\n');
  for (const [notes, of] of [...lines].slice(0, NOTES_MAX)) {
    const more = of.length > 3 ? ` and ${of.length - 3} more` : '';
    terminal.out(`  line ${of.slice(0, 3).join(', ')}${more}: ${notes}.\n`);
  }
  if (lines.size > NOTES_MAX)
    terminal.out(`  … and ${lines.size - NOTES_MAX} more: --format jsonl has all.\n`);
}

function noteOf(row: RowValues, fits: boolean): string {
  if (row['refusal'] !== null) return String(row['refusal']);
  if (!fits) return 'does not fit';
  if (row['basis'] !== 'unknown') return 'fits';
  return row['heldCredits'] === 0 ? 'no price: nothing is held' : `no price: held at ${row['heldCredits']}`;
}

function summaryOf(terminal: Terminal, count: number, answer: EstimateAnswer): string {
  const { totalCredits, fits, fitsCount, fitsIfStandard, totalCreditsIfStandard } = answer;
  const tasks = count === 1 ? '1 task' : `${count} tasks`;
  const verdict = fits
    ? paint(terminal, 'good', 'it fits')
    : paint(terminal, 'bad', `it does not fit: the first ${fitsCount} would`);
  const lines = [`${tasks}, ${totalCredits} credits: ${verdict}.`];
  const saved = Math.round((totalCredits - totalCreditsIfStandard) * 1000) / 1000;
  if (saved > 0) {
    const outcome = fitsIfStandard ? 'fits' : 'does not fit either';
    lines.push(`In mode std: ${totalCreditsIfStandard} credits (${saved} less), which ${outcome}.`);
  }
  if (!fits) lines.push('Send fewer, use a cheaper mode, or raise a budget: kling-sidecar budget raise.');
  return lines.map((line) => `${line}\n`).join('');
}
