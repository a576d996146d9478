/**
 * The counts that a claim's sentences use: errors, requests that never arrived, who recorded.
 *
 * **Invariant**: a total comes from the windows' counts, which are kept; the details of single requests come from the
 * journal, which is kept for a limited time. If the two differ, the difference is a number of its own.
 */
import type { BlameBasis } from '../sla/blame-table.ts';
import { READINGS } from '../sla/reading.ts';
import { spansHold } from '../sla/window.ts';
import { isImported, type ClaimEvidence, type ErrorRequest } from './evidence.ts';

export interface CountedErrors {
  windows: number;
  /** Answered with 5xx and listed one by one: with Kling's request id, and without. */
  withRequestId: number;
  withoutRequestId: number;
  /** Never arrived and listed; 0 if the reading leaves them out. */
  unreached: number;
  /** Errors of which only the windows' counts are left. */
  unlisted: number;
  /** Answers of code 5001. */
  maintenance: number;
  /** Recorded elsewhere and imported; also counted among those with an id. */
  imported: number;
  importedWithRequestId: number;
  /** With any of the headers that a proxy or Kling itself puts on an answer. */
  withHeaders: number;
}

/** Requests that never arrived, by how it is known that Kling is to blame. */
export interface LostRequests {
  total: number;
  byCheck: number;
  byRecorder: number;
  byOperator: number;
  /** Of which only the windows' counts are left. */
  unlisted: number;
}

/** Windows by who recorded them: a sidecar, other programs alone (imported), nobody. */
export interface RecordedWindows {
  bySidecar: number;
  byOthers: number;
  byNobody: number;
}

type ClaimReading = 'received' | 'contract';

/** Counts the errors of a reading; `windows` is how many windows have any. */
export function countErrors(evidence: ClaimEvidence, reading: ClaimReading, windows: number): CountedErrors {
  const counted = evidence.errors.filter(
    ({ countedIn }) =>
      countedIn === 'received+contract' || (reading === 'contract' && countedIn === 'contract'),
  );
  const answered = counted.filter(({ call }) => call.outcome === 'server_error');
  const withRequestId = answered.filter(hasRequestId).length;
  const imported = counted.filter(isImported);
  return {
    windows,
    withRequestId,
    withoutRequestId: answered.length - withRequestId,
    unreached: counted.length - answered.length,
    unlisted: Math.max(0, evidence.measured.readings[reading].errors - counted.length),
    maintenance: sumSlices(evidence, ({ excluded, counts }) => (excluded ? 0 : counts.maintenance)),
    imported: imported.length,
    importedWithRequestId: imported.filter(hasRequestId).length,
    withHeaders: answered.filter(hasHeaders).length,
  };
}

/** Counts the requests that never arrived through Kling's fault, as the reading `contract` does. */
export function countLost(evidence: ClaimEvidence): LostRequests {
  const { received, contract } = READINGS;
  const total = sumSlices(evidence, (slice) => contract.errors(slice) - received.errors(slice));
  const listed = evidence.errors.filter(({ countedIn }) => countedIn === 'contract');
  const by = (basis: BlameBasis): number => listed.filter((one) => one.basis === basis).length;
  const known = { byCheck: by('check'), byRecorder: by('recorder'), byOperator: by('operator') };
  const unlisted = Math.max(0, total - known.byCheck - known.byRecorder - known.byOperator);
  return { total, ...known, unlisted };
}

/** Counts windows by who recorded them. */
export function countRecorded({ measured, slices }: ClaimEvidence): RecordedWindows {
  const gaps = measured.gaps.map(({ start, end }) => ({ start: Date.parse(start), end: Date.parse(end) }));
  const imported = new Set(
    slices.map((slice) => slice.windowStart).filter((start) => spansHold(gaps, start)),
  );
  const { total, notObserved } = measured.windows;
  return {
    bySidecar: total - notObserved,
    byOthers: imported.size,
    byNobody: notObserved - imported.size,
  };
}

function sumSlices(
  { slices }: ClaimEvidence,
  countOf: (slice: ClaimEvidence['slices'][number]) => number,
): number {
  return slices.reduce((sum, slice) => sum + countOf(slice), 0);
}

const hasRequestId = ({ call }: ErrorRequest): boolean => call.klingRequestId !== null;

const hasHeaders = ({ call: { evidence } }: ErrorRequest): boolean =>
  evidence !== null && (evidence.date !== null || evidence.server !== null || evidence.via !== null);
