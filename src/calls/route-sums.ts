/**
 * Latency and errors of each route, summed from the journal.
 *
 * **Invariant**: at most {@link SUMMED_MAX} calls are read, the newest of the span; the answer says from when on if there are more.
 */
import { defineRead, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import type { CallOutcome } from '../words.ts';
import { isFailed } from './outcome.ts';

/** The most calls that one answer sums. */
export const SUMMED_MAX = 10_000;

export interface RouteSums {
  method: string;
  route: string;
  calls: number;
  /** Calls that Kling failed, did not answer or did not get (`FAILED_OUTCOMES`). */
  failed: number;
  /** Calls that Kling refused. */
  refused: number;
  throttled: number;
  /** Calls that we or the caller gave up. */
  aborted: number;
  /** The time at Kling of answered calls: half, 95 % and 99 % of them took at most this; null if none was answered. */
  durationMs: { p50: Ms; p95: Ms; p99: Ms } | null;
  /** The time in the sidecar of all calls. */
  overheadMs: { p50: Ms; p99: Ms };
}

export interface SummedRoutes {
  /** The most used first. */
  routes: RouteSums[];
  /** If there are more calls than were summed: the instant of the oldest one that was. */
  summedFrom: Ms | null;
}

interface SummedCall {
  at: Ms;
  method: string;
  route: string;
  status: number | null;
  outcome: CallOutcome;
  durationMs: Ms;
  overheadMs: Ms;
}

/** Sums the calls from an instant (inclusive) to another (exclusive) by method and route. */
export const sumRoutes = defineRead(
  'calls.sumRoutes',
  async (tx: Tx, { from, to }: { from: Ms; to: Ms }): Promise<SummedRoutes> => {
    // SQLite reads both parts of the view in their order only if the columns of that order are read, too.
    const rows = await tx.all<SummedCall>(
      `SELECT at, id, method, route, status, outcome, duration_ms AS "durationMs", overhead_ms AS "overheadMs" FROM calls
       WHERE at >= ? AND at < ? ORDER BY at DESC, id DESC LIMIT ?`,
      from,
      to,
      SUMMED_MAX + 1,
    );
    // Those of the oldest instant may be some of several: without them, all calls from an instant on are summed.
    const tooMany = rows[SUMMED_MAX];
    const summed = tooMany === undefined ? rows : rows.filter(({ at }) => at > tooMany.at);
    const groups = Map.groupBy(summed, ({ method, route }) => `${method} ${route}`);
    const routes = [...groups.values()].map(sumOf);
    routes.sort((a, b) => b.calls - a.calls || (a.route < b.route ? -1 : 1));
    return { routes, summedFrom: rows.length > SUMMED_MAX ? (summed.at(-1)?.at ?? null) : null };
  },
);

function sumOf(calls: readonly SummedCall[]): RouteSums {
  const { method = '', route = '' } = calls[0] ?? {};
  const count = (is: (outcome: CallOutcome) => boolean): number =>
    calls.filter(({ outcome }) => is(outcome)).length;
  const answered = sorted(calls.filter(({ status }) => status !== null).map((call) => call.durationMs));
  const overheads = sorted(calls.map((call) => call.overheadMs));
  return {
    method,
    route,
    calls: calls.length,
    failed: count(isFailed),
    refused: count((outcome) => outcome === 'client_error'),
    throttled: count((outcome) => outcome === 'throttled'),
    aborted: count((outcome) => outcome === 'aborted'),
    durationMs:
      answered.length === 0
        ? null
        : { p50: rank(answered, 0.5), p95: rank(answered, 0.95), p99: rank(answered, 0.99) },
    overheadMs: { p50: rank(overheads, 0.5), p99: rank(overheads, 0.99) },
  };
}

function sorted(values: readonly number[]): Float64Array {
  return Float64Array.from(values).sort();
}

/** Gives the nearest-rank percentile of sorted values, at least one: the smallest of them that so large a share does not exceed. */
function rank(values: Float64Array, share: number): Ms {
  return values[Math.max(0, Math.ceil(values.length * share) - 1)] ?? 0;
}
