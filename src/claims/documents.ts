/**
 * A claim's documents, composed from its evidence on the read-only connection, so that no create waits.
 *
 * **Invariant**: the same evidence and settings give the same bytes: no document says when it was drafted. The
 * manifest lists every other file, by name.
 */
import { createHash } from 'node:crypto';
import { plainTextOf, toMarkdown } from '../markup.ts';
import type { Tx } from '../store/operation.ts';
import type { StoredMonthQuestion } from '../sla/month-table.ts';
import type { SlaMonth } from '../sla/month.ts';
import {
  buildCase,
  type ClaimCase,
  type ClaimLine,
  type ClaimSettings,
  type NothingDue,
} from './claim-case.ts';
import { LETTER_FILES, MANIFEST_NAME } from './claim-folder.ts';
import { writeClaimHtml } from './claim-html.ts';
import { requestsCsv, windowsCsv } from './csv-files.ts';
import { gatherEvidence } from './evidence.ts';
import { showDates } from './deadlines.ts';
import { ENGLISH } from './letter-en.ts';
import { sourceText } from './letter-fee.ts';
import type { LeftOutHost } from './left-out.ts';
import { CHINESE } from './letter-zh.ts';
import { composeLetter } from './letter.ts';
import { toAmount } from './money.ts';
import { writeMethod } from './method.ts';

/** What a claim is composed from. */
export interface ComposeArgs {
  question: StoredMonthQuestion;
  settings: ClaimSettings;
}

/** A file of the claim's folder. */
export interface ClaimFile {
  name: string;
  text: string;
}

/** A claim that is due, ready to be written. */
export interface ComposedClaim {
  files: ClaimFile[];
  /** SHA-256 of the manifest: equal for equal documents. */
  manifest: string;
  reading: ClaimLine['reading'];
  percent: number;
  asked: number | null;
  currency: string | null;
  earliest: string;
  latest: string;
}

/** A month as it was measured, with its claim, or why there is none. */
export type Composed = {
  measured: SlaMonth;
  /** Calls that were left out by their host. */
  leftOut: readonly LeftOutHost[];
} & ({ claim: ComposedClaim } | { claim: null; nothingDue: NothingDue });

/** Composes a month's claim. */
export async function composeDocuments(tx: Tx, args: ComposeArgs): Promise<Composed> {
  const evidence = await gatherEvidence(tx, args.question);
  const { measured, leftOut } = evidence;
  const built = buildCase(evidence, args.question, args.settings);
  return built.kind === 'due'
    ? { measured, leftOut, claim: writeDocuments(built) }
    : { measured, leftOut, claim: null, nothingDue: built };
}

/** Writes every document of a case. */
export function writeDocuments(claim: ClaimCase): ComposedClaim {
  const english = composeLetter(claim, ENGLISH);
  const chinese = composeLetter(claim, CHINESE);
  const documents: ClaimFile[] = [
    { name: LETTER_FILES.en, text: toMarkdown(english) },
    { name: 'claim.html', text: writeClaimHtml(claim, english, ENGLISH) },
    { name: 'claim.zh.html', text: writeClaimHtml(claim, chinese, CHINESE) },
    { name: LETTER_FILES.zh, text: toMarkdown(chinese) },
    { name: 'method.md', text: writeMethod(claim) },
    { name: 'requests.csv', text: requestsCsv(claim.evidence.errors) },
    { name: 'summary.json', text: writeSummary(claim) },
    { name: 'windows.csv', text: windowsCsv(claim.evidence.slices) },
  ];
  const manifest = documents.map(({ name, text }) => `${sha256(text)}  ${name}\n`).join('');
  return {
    files: [...documents, { name: MANIFEST_NAME, text: manifest }],
    manifest: sha256(manifest),
    reading: claim.principal.reading,
    percent: claim.principal.percent,
    asked: claim.principal.voucher?.asked ?? null,
    currency: claim.fee?.currency ?? null,
    earliest: claim.dates.earliest,
    latest: claim.dates.latest,
  };
}

function writeSummary(claim: ClaimCase): string {
  const { measured } = claim.evidence;
  // The letter says what it takes of the allowance; a summary has its numbers alone.
  const { revision: _revision, live: _live, budget: _budget, ...numbers } = measured;
  const summary = {
    reference: claim.reference,
    claimant: claim.settings.claimant,
    baseUrl: claim.baseUrl,
    hosts: claim.hosts,
    principal: lineSummary(claim, claim.principal),
    outage: claim.outage && {
      ...claim.outage,
      start: new Date(claim.outage.start).toISOString(),
      end: new Date(claim.outage.end).toISOString(),
    },
    withoutMaintenance: claim.withoutMaintenance,
    alternative: claim.alternative ? lineSummary(claim, claim.alternative) : null,
    fee: claim.fee
      ? {
          amount: toAmount(claim.fee.amount, claim.fee.currency),
          paidByVoucher: toAmount(claim.fee.paidByVoucher, claim.fee.currency),
          currency: claim.fee.currency,
          source: claim.fee.source.kind,
          explanation: plainTextOf(sourceText(claim.fee, ENGLISH)),
        }
      : null,
    dates: showDates(claim.dates),
    errors: claim.errors,
    recorded: claim.recorded,
    clockOffset: claim.evidence.clockOffset,
    controlChecks: claim.evidence.checks.length,
    month: numbers,
  };
  return `${JSON.stringify(summary, null, 2)}\n`;
}

function lineSummary({ evidence, fee }: ClaimCase, line: ClaimLine): object {
  const { reading, availability, percent, voucher } = line;
  const { errors, valid, windows, sumErrorRates } = evidence.measured.readings[reading];
  return {
    reading,
    availability,
    windows,
    valid,
    errors,
    sumErrorRates,
    compensationPercent: percent,
    asked: voucher && fee ? toAmount(voucher.asked, fee.currency) : null,
    narrower: voucher && fee ? toAmount(voucher.narrower, fee.currency) : null,
    capped: voucher?.isCapped ?? null,
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
