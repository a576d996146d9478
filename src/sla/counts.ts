/**
 * What is counted in a window: attempts by class, in slices that let every reading be computed from counts alone.
 *
 * **Invariant**: every journalled attempt is in exactly one class of exactly one slice. Our own refusals are no
 * attempts and are never here. Counts are integers; a rate is computed only in `availability.ts`.
 */
import type { CallRecord } from '../calls/call.ts';
import type { Ms } from '../units.ts';
import { windowStart } from './window.ts';

/** Whose fault an attempt that never reached Kling was. */
export type Blame = 'upstream' | 'local' | 'unknown';

/**
 * The classes. `maintenance` is a 5xx with Kling's code 5001 (kling-api, error codes, read 2026-09-20), kept apart
 * from the other `server_error`s; `no_answer` was sent and then reset or timed out; `aborted` was given up by us.
 */
export const CALL_CLASSES = [
  'ok',
  'client_error',
  'throttled',
  'server_error',
  'maintenance',
  'unreachable_upstream',
  'unreachable_local',
  'unreachable_unknown',
  'no_answer',
  'aborted',
] as const;
export type CallClass = (typeof CALL_CLASSES)[number];
export type ClassCounts = Record<CallClass, number>;

/** Who asked: an app, the sidecar for its own work, or its probe of a window that saw no request. */
export type CountOrigin = 'app' | 'sidecar' | 'probe';

/** The `tag` of the sidecar's own reads in windows that would otherwise be idle. */
export const PROBE_TAG = 'sla-probe';

/** Kling's code for announced maintenance. */
export const MAINTENANCE_CODE = 5001;

/** The part of a window whose attempts share host, origin, retry and exclusion. */
export interface WindowSlice {
  windowStart: Ms;
  host: string;
  origin: CountOrigin;
  /** Whether the attempts were second or later ones of their request. */
  retry: boolean;
  /** Whether they lie in an exclusion. */
  excluded: boolean;
  counts: ClassCounts;
}

/** Makes counts of nothing. */
export function emptyCounts(): ClassCounts {
  return {
    ok: 0,
    client_error: 0,
    throttled: 0,
    server_error: 0,
    maintenance: 0,
    unreachable_upstream: 0,
    unreachable_local: 0,
    unreachable_unknown: 0,
    no_answer: 0,
    aborted: 0,
  };
}

/** Gives the class of an attempt; `blame` matters only for one that never arrived. */
export function classOf(call: Pick<CallRecord, 'outcome' | 'code'>, blame: Blame): CallClass {
  if (call.outcome === 'unreachable') return `unreachable_${blame}`;
  if (call.outcome === 'server_error' && call.code === MAINTENANCE_CODE) return 'maintenance';
  return call.outcome;
}

/** Tells who an attempt is counted for. */
export function originOf(call: Pick<CallRecord, 'origin' | 'tag'>): CountOrigin {
  return call.origin === 'sidecar' && call.tag === PROBE_TAG ? 'probe' : call.origin;
}

/** Gives the slice an attempt belongs to, with counts of nothing. */
export function sliceOf(
  call: Pick<CallRecord, 'at' | 'host' | 'origin' | 'tag' | 'attempt'>,
  excluded: boolean,
): WindowSlice {
  return {
    windowStart: windowStart(call.at),
    host: call.host,
    origin: originOf(call),
    retry: call.attempt > 1,
    excluded,
    counts: emptyCounts(),
  };
}

/** Names a slice within all windows, for maps. */
export function sliceKey(slice: Omit<WindowSlice, 'counts'>): string {
  return `${slice.windowStart}|${slice.origin}|${Number(slice.retry)}|${Number(slice.excluded)}|${slice.host}`;
}

/** Adds counts in place. */
export function addCounts(into: ClassCounts, more: ClassCounts): void {
  for (const name of CALL_CLASSES) into[name] += more[name];
}

/** Sums the attempts of all classes. */
export function attemptsIn(counts: ClassCounts): number {
  let sum = 0;
  for (const name of CALL_CLASSES) sum += counts[name];
  return sum;
}

/** Counts what Kling answered: the requests its servers received for certain (SLA, 1.3). */
export function answersIn(counts: ClassCounts): number {
  return counts.ok + counts.client_error + counts.throttled + counts.server_error + counts.maintenance;
}

/** Counts the attempts that never arrived, whatever the blame. */
export function unreachableIn(counts: ClassCounts): number {
  return counts.unreachable_upstream + counts.unreachable_local + counts.unreachable_unknown;
}
