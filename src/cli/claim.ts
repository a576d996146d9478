/** `claim draft`, `claim list`, `claim show`, `claim mark`. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type Command, Argument, InvalidArgumentError, Option } from 'commander';
import { MARKED_STATES, revisionOf } from '../claims/claim.ts';
import { LETTER_FILES as LETTERS } from '../claims/claim-folder.ts';
import { formatAmount } from '../claims/money.ts';
import type { ClaimAnswer, ClaimRow, DraftAnswer } from '../control/claim-schemas.ts';
import { SidecarError } from '../errors.ts';
import { actorOption, type Context } from './context.ts';
import { addFormats, formatOf, printRows, wholeNumber } from './lists.ts';
import type { Format } from './rows.ts';
import { monthArgument, slaOrder } from './sla-order.ts';
import { openSource } from './source.ts';
import { fieldsText, roomOf, type Column } from './table.ts';

const COLUMNS: readonly Column[] = [
  { field: 'month', title: 'month' },
  { field: 'revision', title: 'rev', drop: 4 },
  { field: 'state', title: 'state' },
  { field: 'filing', title: 'filing', drop: 5 },
  { field: 'earliest', title: 'from', drop: 3 },
  { field: 'latest', title: 'until' },
  { field: 'percent', title: '% of fee', drop: 2 },
  { field: 'asked', title: 'asked' },
  { field: 'currency', title: 'currency' },
  { field: 'ticket', title: 'ticket', drop: 6 },
  { field: 'granted', title: 'granted' },
  { field: 'folder', title: 'folder', drop: 1 },
];

/** Adds the commands. */
export function addClaim(program: Command, context: () => Context): void {
  const claim = program.command('claim').description('the monthly claim for a voucher, with its evidence');
  claim
    .command('draft')
    .description('close a month that is over and write its claim; says why where nothing is due')
    .argument('<month>', 'such as 2026-10')
    .option('--reason <text>', 'kept in the audit', 'asked for')
    .addOption(actorOption())
    .option('--json', 'print JSON')
    .action((month: string, options: { reason: string; json?: boolean }) => draft(context(), month, options));
  addFormats(
    claim.command('list').description('every claim: its state, and until when it may be filed'),
  ).action((options: { format?: Format; json?: boolean }) => list(context(), options));
  claim
    .command('show')
    .description('a month’s claim, its dates and documents')
    .argument('<month>', 'such as 2026-10')
    .addOption(new Option('--letter <language>', 'print the letter').choices(Object.keys(LETTERS)))
    .option('--json', 'print JSON')
    .action((month: string, options: ShowOptions) => show(context(), month, options));
  addMark(claim, context);
}

async function draft(
  context: Context,
  month: string,
  { reason, json }: { reason: string; json?: boolean },
): Promise<void> {
  const asked = monthArgument(context, month);
  const answer = (await slaOrder(context, {
    method: 'POST',
    path: `/v1/claims/${asked}/draft`,
    body: { reason },
  })) as DraftAnswer;
  const known = answer.due && !answer.isNew ? ' (This draft existed already.)' : '';
  if (json) {
    context.terminal.out(`${JSON.stringify(answer, null, 2)}\n`);
    return;
  }
  context.terminal.out(`${answer.message}${known}\n`);
  const blanks = Object.entries(context.loaded().config.claims.claimant).filter(
    ([, value]) => value === null,
  );
  if (answer.due && blanks.length > 0) {
    const names = blanks.map(([name]) => `claims.claimant.${name}`).join(', ');
    context.terminal.out(`The letter has blanks; these fill them in: ${names}.\n`);
  }
}

async function list(context: Context, options: { format?: Format; json?: boolean }): Promise<void> {
  const source = await openSource(context);
  try {
    const { claims } = (await source.get('/v1/claims')) as { claims: ClaimRow[] };
    const empty = 'No claim has been drafted: claim draft YYYY-MM does it for a month that is over.';
    printRows(context, { rows: 'claims', columns: COLUMNS, empty }, claims, { format: formatOf(options) });
  } finally {
    await source.close();
  }
}

interface ShowOptions {
  letter?: keyof typeof LETTERS;
  json?: boolean;
}

async function show(context: Context, month: string, { letter, json }: ShowOptions): Promise<void> {
  const asked = monthArgument(context, month);
  const source = await openSource(context);
  try {
    const answer = (await source.get(`/v1/claims/${asked}`)) as ClaimAnswer;
    if (letter !== undefined) context.terminal.out(await readLetter(answer, letter));
    else if (json) context.terminal.out(`${JSON.stringify(answer, null, 2)}\n`);
    else printClaim(context, answer);
  } finally {
    await source.close();
  }
}

/** The revision that counts: a granted one, else one that holds, else the last. */
function currentOf({ month, claims }: ClaimAnswer): ClaimRow {
  return revisionOf(claims, { month, revision: null });
}

async function readLetter(answer: ClaimAnswer, letter: keyof typeof LETTERS): Promise<string> {
  const file = path.join(currentOf(answer).folder, LETTERS[letter]);
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new SidecarError('not_found', `${file} cannot be read; claim draft ${answer.month} writes it.`, {
      cause,
    });
  }
}

function printClaim({ terminal }: Context, answer: ClaimAnswer): void {
  const claim = currentOf(answer);
  const { dates } = answer;
  const money = (amount: number | null): string =>
    amount === null ? '-' : formatAmount(amount, claim.currency);
  const when = { early: 'not yet', open: 'now', late: 'no longer', closed: 'no more' }[claim.filing];
  const sure = dates.isEstimated ? ', estimated' : '';
  const lines: [string, string][] = [
    ['claim', `${claim.month}, revision ${claim.revision}`],
    ['state', claim.note === null ? claim.state : `${claim.state}: ${claim.note}`],
    ['may be filed', `${when}: ${dates.earliest} to ${dates.latest} (calendar ${dates.calendar}${sure})`],
    ['asked', `${money(claim.asked)} (${claim.percent} % of the fee, reading ${claim.reading})`],
    ['ticket', claim.ticket ?? '-'],
    ['granted', `${money(claim.granted)}${claim.voucherCode === null ? '' : `, code ${claim.voucherCode}`}`],
    ['voucher ends', claim.voucherExpires ?? '-'],
    ['documents', claim.folder],
    ['other revisions', String(answer.claims.length - 1)],
  ];
  terminal.out(fieldsText(lines, roomOf(terminal).width));
}

interface MarkOptions {
  reason: string;
  revision?: number;
  ticket?: string;
  voucher?: string;
  amount?: string;
  expires?: string;
  json?: boolean;
}

function addMark(claim: Command, context: () => Context): void {
  claim
    .command('mark')
    .description('note what became of a claim: draft → filed → acknowledged → granted | rejected | expired')
    .argument('<month>', 'such as 2026-10')
    .addArgument(new Argument('<state>', 'what it is now').choices(MARKED_STATES))
    .option('--reason <text>', 'kept in the audit', 'noted by hand')
    .addOption(actorOption())
    .option('--revision <number>', 'default: the last one', wholeNumber(1, 1_000_000))
    .option('--ticket <text>', 'the vendor’s ticket or mail')
    .option('--voucher <code>', 'the voucher’s code')
    .option('--amount <amount>', 'what was granted, in the claim’s currency', amountArgument)
    .option('--expires <day>', 'the day on which the voucher ends, YYYY-MM-DD')
    .option('--json', 'print JSON')
    .action((month: string, state: string, options: MarkOptions) =>
      mark(context(), { month, state }, options),
    );
}

function amountArgument(text: string): string {
  if (/^\d{1,9}(\.\d{1,6})?$/.test(text)) return text;
  throw new InvalidArgumentError('An amount such as 120.50 is wanted.');
}

async function mark(
  context: Context,
  { month, state }: { month: string; state: string },
  options: MarkOptions,
): Promise<void> {
  const asked = monthArgument(context, month);
  const { reason, revision, ticket, voucher, amount, expires } = options;
  // What is undefined is left out of the JSON.
  const body = { state, reason, revision, ticket, voucherCode: voucher, amount, expires };
  const answer = (await slaOrder(context, {
    method: 'POST',
    path: `/v1/claims/${asked}/mark`,
    body,
  })) as ClaimAnswer;
  if (options.json) context.terminal.out(`${JSON.stringify(answer, null, 2)}\n`);
  else printClaim(context, answer);
}
