/** Claims: what may be filed until when, drafting, and what became of it. */
import { claimFiling, revisionOf, type Claim } from '../claims/claim.ts';
import { listDocuments, readLetter } from '../claims/claim-folder.ts';
import { listClaims } from '../claims/claim-table.ts';
import { filingState, showDates } from '../claims/deadlines.ts';
import type { DraftResult } from '../claims/draft.ts';
import { leftOutText } from '../claims/left-out.ts';
import { formatMoney, toAmount, toMicros } from '../claims/money.ts';
import { z } from '@hono/zod-openapi';
import { daysBetween } from '../sla/period.ts';
import { iso } from './answers/shape.ts';
import { problem } from './schemas.ts';
import type { ControlCommands } from './commands.ts';
import { addOrder, addQuestion, describeOrder, describeQuestion, type App } from './route-parts.ts';
import {
  claimAnswer,
  claimsAnswer,
  draftAnswer,
  draftBody,
  lettersAnswer,
  markBody,
  revisionQuery,
  type ClaimAnswer,
  type ClaimRow,
  type DraftAnswer,
  type LettersAnswer,
  type MarkBody,
} from './claim-schemas.ts';
import { monthParams } from './sla-schemas.ts';

const MICROS = 1_000_000;

const list = describeQuestion({
  path: '/v1/claims',
  summary: 'Every claim with its state, and until when it may be filed',
  answer: claimsAnswer,
  says: 'The claims.',
});
const show = describeQuestion({
  path: '/v1/claims/{month}',
  summary: 'A month’s filing dates and the revisions of its claim',
  params: monthParams,
  answer: claimAnswer,
  says: 'The month.',
});
const letters = describeQuestion({
  path: '/v1/claims/{month}/letters',
  summary: 'A claim’s letter in English and Chinese, as it is in its folder, and the folder’s files',
  params: monthParams,
  query: revisionQuery,
  answer: lettersAnswer,
  says: 'The letters.',
});
const draft = describeOrder({
  method: 'post',
  path: '/v1/claims/{month}/draft',
  summary:
    'Closes a month that is over and writes its claim’s documents; says why where nothing is due or all is granted',
  params: monthParams,
  body: draftBody,
  answer: draftAnswer,
  says: 'The draft, or why there is none.',
});
const mark = describeOrder({
  method: 'post',
  path: '/v1/claims/{month}/mark',
  summary: 'Notes what became of a claim: filed, acknowledged, granted, rejected, expired',
  params: monthParams,
  body: markBody,
  answer: claimAnswer,
  says: 'The month as it is now.',
});

/** Adds the routes of claims. */
export function addClaimRoutes(app: App, commands: ControlCommands): void {
  const { reader, claims } = commands;
  addQuestion(app, list, async () => {
    const rows = await reader.read(listClaims, { month: null });
    return { claims: rows.map((row) => toRow(row, claims.today())) };
  });
  addQuestion(app, show, ({ params: { month } }) => answerClaim(commands, month));
  addQuestion(app, letters, ({ params: { month }, query: { revision = null } }) =>
    answerLetters(commands, { month, revision }),
  );
  describeArchive(app);
  addOrder(app, draft, async (ordered, { month }) => {
    const drafted = await claims.draft(month, ordered);
    return await answerDraft(commands, month, drafted);
  });
  addOrder(app, mark, async (ordered, { month }) => {
    await claims.mark({ month, ...toMark(ordered) });
    return await answerClaim(commands, month);
  });
}

function toRow(claim: Claim, today: string): ClaimRow {
  const { asked, granted, draftedAt, updatedAt, ...same } = claim;
  const { currency } = claim;
  return {
    ...same,
    filing: claimFiling(claim.state, filingState(claim, today)),
    daysLeft: daysBetween(today, claim.latest),
    asked: asked === null ? null : toAmount(asked, currency),
    granted: granted === null ? null : granted / MICROS,
    draftedAt: iso(draftedAt),
    updatedAt: iso(updatedAt),
  };
}

async function answerClaim({ reader, claims }: ControlCommands, month: string): Promise<ClaimAnswer> {
  const dates = claims.dates(month);
  const today = claims.today();
  const rows = await reader.read(listClaims, { month });
  return {
    month,
    filing: filingState(dates, today),
    dates: { ...showDates(dates), calendarSourceZh: dates.calendarSource.zh },
    claims: rows.map((row) => toRow(row, today)),
  };
}

async function answerLetters(
  { reader }: ControlCommands,
  asked: { month: string; revision: number | null },
): Promise<LettersAnswer> {
  const claim = revisionOf(await reader.read(listClaims, { month: asked.month }), asked);
  const [documents, en, zh] = await Promise.all([
    listDocuments(claim),
    readLetter(claim, 'en'),
    readLetter(claim, 'zh'),
  ]);
  const { month, revision, state, folder } = claim;
  return { month, revision, state, folder, documents, letters: { en, zh } };
}

/** Describes the route of the archive in /openapi.json; it is answered without Hono (`claim-archive.ts`). */
function describeArchive(app: App): void {
  app.openAPIRegistry.registerPath({
    method: 'get',
    path: '/v1/claims/{month}/folder.zip',
    summary: 'A claim’s folder as a zip archive: the files that its manifest lists',
    request: { params: monthParams, query: revisionQuery },
    responses: {
      200: {
        description: 'The archive.',
        content: { 'application/zip': { schema: z.string().openapi({ format: 'binary' }) } },
      },
      default: { description: 'The problem.', content: { 'application/problem+json': { schema: problem } } },
    },
  });
}

async function answerDraft(
  { reader, claims }: ControlCommands,
  month: string,
  drafted: DraftResult,
): Promise<DraftAnswer> {
  const { readings, commitment } = drafted.measured;
  const availability = {
    received: readings.received.availability,
    contract: readings.contract.availability,
    commitment,
  };
  if (drafted.kind === 'nothing_due') {
    return { due: false, message: drafted.message, isNew: false, claim: null, availability };
  }
  const rows = await reader.read(listClaims, { month });
  const row = rows.find(({ revision }) => revision === drafted.revision);
  if (drafted.kind === 'granted') {
    const claim = row ? toRow(row, claims.today()) : null;
    return { due: false, message: drafted.message, isNew: false, claim, availability };
  }
  const message = dueMessage(drafted);
  const { isNew } = drafted;
  return { due: true, message, isNew, claim: row ? toRow(row, claims.today()) : null, availability };
}

function dueMessage(drafted: Extract<DraftResult, { kind: 'drafted' }>): string {
  const { claim, measured, folder, leftOut } = drafted;
  const { asked, currency, percent, reading, earliest, latest } = claim;
  const share = `${percent} % of the monthly service fee`;
  const amount =
    asked === null || currency === null
      ? `${share} (the fee is not known: enter it as claims.fees["${measured.month}"])`
      : `${formatMoney(asked, currency)}, ${share}`;
  return (
    `Availability in ${measured.month} was ${measured.readings[reading].availability ?? '-'} %, below the committed ` +
    `${measured.commitment} %: a voucher of ${amount} may be claimed from ${earliest} to ${latest}. ` +
    `The documents are in ${folder}. ${leftOutText(leftOut)}`.trimEnd()
  );
}

function toMark(
  body: MarkBody & { actor: string },
): Omit<Parameters<ControlCommands['claims']['mark']>[0], 'month'> {
  const { state, revision = null, ticket = null, voucherCode = null, amount, expires = null } = body;
  const granted = amount === undefined ? null : (toMicros(amount) ?? null);
  const details = { ticket, voucherCode, granted, voucherExpires: expires };
  return { state, revision, details, actor: body.actor, reason: body.reason };
}
