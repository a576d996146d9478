/**
 * A claim's documents, composed from its evidence on the reading connection, so that no create waits.
 *
 * **Invariant**: the same evidence and settings give the same bytes: no document says when it was drafted. The
 * manifest lists every other file, by name.
 */
import { createHash } from 'node:crypto';
import type { Tx } from '../store/operation.ts';
import type { StoredMonthQuestion } from '../sla/month-table.ts';
import type { SlaMonth } from '../sla/month.ts';
import { buildCase, type ClaimCase, type ClaimLine, type ClaimSettings } from './claim-case.ts';
import { writeClaimHtml } from './claim-html.ts';
import { requestsCsv, windowsCsv } from './csv-files.ts';
import { gatherEvidence } from './evidence.ts';
import { letterEnglish } from './letter-en.ts';
import { letterChinese } from './letter-zh.ts';
import { writeMethod } from './method.ts';

/** What a claim is composed from. */
export interface ComposeArgs {
  question: StoredMonthQuestion;
  settings: ClaimSettings;
}

export const MANIFEST_NAME = 'manifest.sha256';

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

/** Composes a month's claim; `claim` is null where nothing is due, and `measured` says why. */
export async function composeDocuments(
  tx: Tx,
  args: ComposeArgs,
): Promise<{ measured: SlaMonth; claim: ComposedClaim | null }> {
  const evidence = await gatherEvidence(tx, args.question);
  const built = buildCase(evidence, args.question, args.settings);
  return { measured: evidence.measured, claim: built ? writeDocuments(built) : null };
}

/** Writes every document of a case. */
export function writeDocuments(claim: ClaimCase): ComposedClaim {
  const english = letterEnglish(claim);
  const documents: ClaimFile[] = [
    { name: 'claim.en.md', text: english },
    { name: 'claim.html', text: writeClaimHtml(claim, english) },
    { name: 'claim.zh.md', text: letterChinese(claim) },
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
  const { revision: _revision, live: _live, ...numbers } = measured;
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
          amount: claim.fee.amount / 1_000_000,
          paidByVoucher: claim.fee.paidByVoucher / 1_000_000,
          currency: claim.fee.currency,
          source: claim.fee.source,
          explanation: claim.fee.explanation,
        }
      : null,
    dates: claim.dates,
    errors: claim.errors,
    recorded: claim.recorded,
    clockOffset: claim.evidence.clockOffset,
    controlChecks: claim.evidence.checks.length,
    month: numbers,
  };
  return `${JSON.stringify(summary, null, 2)}\n`;
}

function lineSummary({ evidence }: ClaimCase, line: ClaimLine): object {
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
    asked: voucher ? voucher.asked / 1_000_000 : null,
    narrower: voucher ? voucher.narrower / 1_000_000 : null,
    capped: voucher?.isCapped ?? null,
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
