/**
 * The evidence of a claim, read from the store in one transaction.
 *
 * **Invariant**: only calls to Kling's own hosts (and to the hosts of `claims.hosts`) are evidence. It holds no prompt,
 * no body, no secret and no result URL: the journal has none, and addresses and bearers are removed from free text.
 */
import { isCovered, WALLETS, type Pack } from '../account/account.ts';
import { selectPacks, selectRead, sumDeductions, type DeductionSum } from '../account/account-table.ts';
import { toCall, type CallColumns } from '../calls/call-table.ts';
import type { CallRecord } from '../calls/call.ts';
import { classOf, isAnswer, isError, type Blame } from '../calls/outcome.ts';
import { selectChecks, selectCorrections, type Correction } from '../sla/blame-table.ts';
import type { ControlCheck } from '../sla/blame.ts';
import type { BlameBasis } from '../sla/blame-table.ts';
import { answersIn, attemptsIn, serverErrorsIn, type WindowSlice } from '../sla/counts.ts';
import { isHostAmong, loadMonth, type StoredMonthQuestion } from '../sla/month-table.ts';
import { slicesIn, type SlaMonth } from '../sla/month.ts';
import { servicePeriod, type ServicePeriod } from '../sla/period.ts';
import { mergeSpans, spansHold, WINDOW_MS, type Span } from '../sla/window.ts';
import type { Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import type { SettledCredits } from './fee.ts';
import { selectLeftOut, type LeftOutHost } from './left-out.ts';

/** Kling's own API hosts (kling-api, base URLs, read 2026-09-20). */
export const KLING_HOSTS: readonly string[] = [
  'api-singapore.klingai.com',
  'api-beijing.klingai.com',
  'api.klingai.com',
];

/** Where an error counts: in both readings, in `contract` alone, left out by an exclusion, or in none. */
export type CountedIn = 'received+contract' | 'contract' | 'excluded' | 'none';

export interface ErrorRequest {
  call: CallRecord;
  blame: Blame | null;
  /** Where the blame comes from; null if there is no blame. */
  basis: BlameBasis | null;
  countedIn: CountedIn;
}

/** Kling's `Date` less our clock over the windows with errors, in milliseconds; null without such headers. */
export interface ClockOffset {
  answers: number;
  minMs: number | null;
  maxMs: number | null;
  meanMs: number | null;
}

export interface ClaimEvidence {
  measured: SlaMonth;
  period: ServicePeriod;
  slices: WindowSlice[];
  errors: ErrorRequest[];
  checks: ControlCheck[];
  corrections: Correction[];
  clockOffset: ClockOffset;
  /** What the ledger settled by instants within the period. */
  settled: SettledCredits;
  /** Whether the journal holds calls of the period that other programs recorded. */
  hasImported: boolean;
  /** Calls of the period to hosts that do not count. */
  leftOut: LeftOutHost[];
  /** What Kling deducted within the period by its own ledgers; null if they were not read whole. */
  deductions: { sums: DeductionSum[]; packs: Pack[] } | null;
}

/** Gathers the evidence of a month. `question.hosts` names the hosts that count. */
export async function gatherEvidence(tx: Tx, asked: StoredMonthQuestion): Promise<ClaimEvidence> {
  const { measured, records, question } = await loadMonth(tx, asked);
  const period = servicePeriod(question.month, question.timeZone, question.terms);
  const slices = slicesIn(records.slices, period.spans);
  const troubled = troubledSpans(slices);
  const whole = { start: period.spans[0]?.start ?? 0, end: period.spans.at(-1)?.end ?? 0 };
  return {
    measured,
    period,
    slices,
    errors: await selectErrors(tx, { spans: troubled, excluded: mergeSpans(records.exclusions), question }),
    checks: (await selectChecks(tx, whole)).filter((check) => spansHold(period.spans, check.at)),
    corrections: await selectCorrections(tx, whole),
    clockOffset: await readClockOffset(tx, troubled, question.hosts),
    settled: await sumSettled(tx, period.spans),
    hasImported: await readHasImported(tx, period.spans, question.hosts),
    leftOut: await selectLeftOut(tx, period.spans, question.hosts),
    deductions: await readDeductions(tx, period.spans),
  };
}

async function readDeductions(tx: Tx, spans: readonly Span[]): Promise<ClaimEvidence['deductions']> {
  const whole = { start: spans[0]?.start ?? 0, end: spans.at(-1)?.end ?? 0 };
  for (const wallet of WALLETS) if (!isCovered(await selectRead(tx, wallet), whole)) return null;
  return { sums: await sumDeductions(tx, spans), packs: await selectPacks(tx) };
}

/** Joins the windows that hold more than answers without error. */
function troubledSpans(slices: readonly WindowSlice[]): Span[] {
  const troubled = slices.filter(
    ({ counts }) => attemptsIn(counts) > answersIn(counts) - serverErrorsIn(counts),
  );
  return mergeSpans(troubled.map(({ windowStart: start }) => ({ start, end: start + WINDOW_MS })));
}

async function selectErrors(
  tx: Tx,
  scope: { spans: readonly Span[]; excluded: readonly Span[]; question: StoredMonthQuestion },
): Promise<ErrorRequest[]> {
  const errors: ErrorRequest[] = [];
  for (const span of scope.spans) {
    const rows = await tx.all<CallColumns & { blame: Blame | null; basis: BlameBasis | null }>(
      `SELECT c.*, u.blame, u.basis FROM calls c LEFT JOIN sla_unreachable u ON u.call_id = c.id
       WHERE c.at >= ? AND c.at < ? AND c.outcome IN ('server_error', 'unreachable', 'no_answer', 'aborted')
       ORDER BY c.at, c.id`,
      span.start,
      span.end,
    );
    for (const row of rows) {
      const call = toCall(row);
      const { hosts } = scope.question;
      if (hosts !== null && !isHostAmong(call.host, hosts)) continue;
      const isLost = call.outcome === 'unreachable';
      const blame = isLost ? (row.blame ?? 'unknown') : null;
      const basis = isLost ? (row.basis ?? 'none') : null;
      errors.push({
        call,
        blame,
        basis,
        countedIn: countedIn(call, blame, spansHold(scope.excluded, call.at)),
      });
    }
  }
  return errors;
}

function countedIn(call: CallRecord, blame: Blame | null, isExcluded: boolean): CountedIn {
  const name = classOf(call, blame ?? 'unknown');
  if (!isError(name)) return 'none';
  if (isExcluded) return 'excluded';
  return isAnswer(name) ? 'received+contract' : 'contract';
}

/** Compares clocks by the answers of the claim's hosts alone: other machines have clocks of their own. */
async function readClockOffset(
  tx: Tx,
  spans: readonly Span[],
  hosts: readonly string[] | null,
): Promise<ClockOffset> {
  const offset: ClockOffset = { answers: 0, minMs: null, maxMs: null, meanMs: null };
  let total = 0;
  for (const { start, end } of spans) {
    const rows = await tx.all<{ host: string; answers: number; total: number; low: number; high: number }>(
      'SELECT host, COUNT(*) AS answers, SUM(clock_offset_ms) AS total, MIN(clock_offset_ms) AS low, ' +
        'MAX(clock_offset_ms) AS high FROM calls WHERE at >= ? AND at < ? AND clock_offset_ms IS NOT NULL ' +
        'GROUP BY host ORDER BY host',
      start,
      end,
    );
    for (const row of rows.filter(({ host }) => hosts === null || isHostAmong(host, hosts))) {
      offset.answers += row.answers;
      total += row.total;
      offset.minMs = Math.min(offset.minMs ?? row.low, row.low);
      offset.maxMs = Math.max(offset.maxMs ?? row.high, row.high);
    }
  }
  if (offset.minMs === null || offset.maxMs === null) return offset;
  const [minMs, maxMs] = [Math.round(offset.minMs), Math.round(offset.maxMs)];
  return { answers: offset.answers, minMs, maxMs, meanMs: Math.round(total / offset.answers) };
}

/** Sums what was settled, and how much of it Kling reported: an adjustment is always Kling's report of the whole. */
async function sumSettled(tx: Tx, spans: readonly Span[]): Promise<SettledCredits> {
  const settled: SettledCredits = { total: 0, reported: 0 };
  for (const { start, end } of spans) {
    const row = await tx.get<{ total: number | null; reported: number | null }>(
      `SELECT SUM(credits) AS total, SUM(credits * is_reported) AS reported FROM (
         SELECT SUM(credits) AS credits, MAX(CASE WHEN basis = 'reported' THEN 1 ELSE 0 END) AS is_reported
         FROM entries WHERE kind IN ('settle', 'adjust') AND at >= ? AND at < ? GROUP BY hold_id) AS ended`,
      start,
      end,
    );
    settled.total += row?.total ?? 0;
    settled.reported += row?.reported ?? 0;
  }
  return settled;
}

/** What an imported call's id begins with, and the first text after all of those. */
const [IMPORTED_FROM, IMPORTED_TO] = ['imp_', 'imp`'];

/** Gives whether another program recorded an error. */
export function isImported({ call }: ErrorRequest): boolean {
  return call.id.startsWith(IMPORTED_FROM);
}

/** Searches the month's calls only if the audit has an import: the search reads all of them. */
async function readHasImported(
  tx: Tx,
  spans: readonly Span[],
  hosts: readonly string[] | null,
): Promise<boolean> {
  const imported = await tx.get("SELECT 1 AS found FROM audit WHERE action = 'sla.import' LIMIT 1");
  if (imported === undefined) return false;
  for (const { start, end } of spans) {
    const rows = await tx.all<{ host: string }>(
      'SELECT DISTINCT host FROM calls WHERE at >= ? AND at < ? AND id >= ? AND id < ? ORDER BY host',
      start,
      end,
      IMPORTED_FROM,
      IMPORTED_TO,
    );
    if (rows.some(({ host }) => hosts === null || isHostAmong(host, hosts))) return true;
  }
  return false;
}

/** Shifts an instant to a clock of UTC+8 and writes it so, `2026-10-03T20:05:00.000+08:00`. */
export function isoEast(at: Ms): string {
  return `${new Date(at + 8 * 3_600_000).toISOString().slice(0, -1)}+08:00`;
}
