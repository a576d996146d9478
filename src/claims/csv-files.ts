/**
 * The tables that a claim is checked with: every window with traffic, every error.
 *
 * **Invariant**: RFC 4180; rates with nine places, rounded down, beside the integers they come from. A cell that a
 * spreadsheet would take for a formula begins with an apostrophe.
 */
import { CALL_CLASSES } from '../calls/outcome.ts';
import { csvLines, type CsvCell } from '../csv.ts';
import type { WindowSlice } from '../sla/counts.ts';
import { toDecimal } from '../sla/fraction.ts';
import { ratesOf, READINGS, type WindowRate } from '../sla/reading.ts';
import { excludedIn, sumCounts } from '../sla/window-view.ts';
import { windowStart } from '../sla/window.ts';
import { isoEast, type ErrorRequest } from './evidence.ts';

const RATE_PLACES = 9;

/** Writes every window in which anything was attempted, in order of time. */
export function windowsCsv(slices: readonly WindowSlice[]): string {
  const received = byWindow(ratesOf(slices, READINGS.received));
  const contract = byWindow(ratesOf(slices, READINGS.contract));
  const groups = Map.groupBy(slices, (slice) => slice.windowStart);
  const head = [
    'start_utc',
    'start_utc8',
    'received_requests',
    'received_errors',
    'received_error_rate',
    'contract_valid',
    'contract_errors',
    'contract_error_rate',
    'errors_excluded',
    ...CALL_CLASSES.map((name) => (name === 'maintenance' ? 'server_error_5001' : name)),
  ];
  const rows = [...groups]
    .sort(([a], [b]) => a - b)
    .map(([start, group]) => {
      const counts = sumCounts(group);
      return [
        new Date(start).toISOString(),
        isoEast(start),
        ...rateCells(received.get(start)),
        ...rateCells(contract.get(start)),
        excludedIn(group),
        ...CALL_CLASSES.map((name) => counts[name]),
      ];
    });
  return csvLines([head, ...rows]);
}

function byWindow(rates: readonly WindowRate[]): Map<number, WindowRate> {
  return new Map(rates.map((rate) => [rate.windowStart, rate]));
}

function rateCells(rate: WindowRate | undefined): CsvCell[] {
  const { errors, valid } = rate ?? { errors: 0, valid: 0 };
  const value = valid === 0 ? { num: 0n, den: 1n } : { num: BigInt(errors), den: BigInt(valid) };
  return [valid, errors, toDecimal(value, RATE_PLACES)];
}

/** Writes every error, counted or not, in order of time. */
export function requestsCsv(errors: readonly ErrorRequest[]): string {
  const head = [
    'time_utc',
    'time_utc8',
    'window_start_utc',
    'counted_in',
    'method',
    'route',
    'host',
    'status',
    'code',
    'kling_request_id',
    'date_header',
    'server_header',
    'via_header',
    'task_id',
    'our_request_id',
    'attempt',
    'made_by',
    'latency_ms',
    'outcome',
    'blame',
    'cause',
  ];
  const rows = errors.map(({ call, blame, countedIn }): CsvCell[] => [
    new Date(call.at).toISOString(),
    isoEast(call.at),
    new Date(windowStart(call.at)).toISOString(),
    countedIn,
    call.method,
    call.route,
    call.host,
    call.status,
    call.code,
    call.klingRequestId,
    call.evidence?.date ?? null,
    call.evidence?.server ?? null,
    call.evidence?.via ?? null,
    call.taskId,
    call.requestId,
    call.attempt,
    call.origin,
    Math.round(call.durationMs),
    call.outcome,
    blame,
    withoutAddresses(call.evidence?.cause ?? call.errorClass),
  ]);
  return csvLines([head, ...rows]);
}

/** Removes links and bearers from a failure's text: another program may have recorded it, with less care. */
function withoutAddresses(text: string | null): string | null {
  if (text === null) return null;
  return text.replaceAll(/[a-z][a-z0-9+.-]*:\/\/\S+/gi, '[address]').replaceAll(/bearer\s+\S+/gi, '[token]');
}
