/**
 * The counts of a window: attempts by class, in slices from which every reading can be computed.
 *
 * **Invariant**: every journalled attempt is in exactly one class of exactly one slice. Our own refusals are not
 * attempts and are never here. Counts are integers; only `availability.ts` computes rates.
 */
import type { CallRecord } from '../calls/call.ts';
import { CALL_CLASSES, isAnswer, isError, type CallClass } from '../calls/outcome.ts';
import type { Ms } from '../units.ts';
import { windowStart } from './window.ts';

export type ClassCounts = Record<CallClass, number>;

/** Who made the attempt: an app, the sidecar for its own work, or its probe of a window without requests. */
export type CountOrigin = 'app' | 'sidecar' | 'probe';

/** The `tag` of the sidecar's own reads in windows that would otherwise be idle. */
export const PROBE_TAG = 'sla-probe';

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

/** Makes counts of 0. */
export function emptyCounts(): ClassCounts {
  return Object.fromEntries(CALL_CLASSES.map((name) => [name, 0])) as ClassCounts;
}

/** Gives the origin of an attempt. */
export function originOf(call: Pick<CallRecord, 'origin' | 'tag'>): CountOrigin {
  return call.origin === 'sidecar' && call.tag === PROBE_TAG ? 'probe' : call.origin;
}

/** Gives the slice of an attempt, with counts of 0. */
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

/** Gives a slice's key among all windows, for maps. */
export function sliceKey(slice: Omit<WindowSlice, 'counts'>): string {
  return `${slice.windowStart}|${slice.origin}|${Number(slice.retry)}|${Number(slice.excluded)}|${slice.host}`;
}

/** Adds counts in place. */
export function addCounts(into: ClassCounts, more: ClassCounts): void {
  for (const name of CALL_CLASSES) into[name] += more[name];
}

/** A month has some ten thousand slices, each counted in every reading: the classes of a sum are found once. */
const ANSWERS = CALL_CLASSES.filter((name) => isAnswer(name));
const SERVER_ERRORS = CALL_CLASSES.filter((name) => isAnswer(name) && isError(name));
const LOST = CALL_CLASSES.filter((name) => !isAnswer(name) && isError(name));

/** Sums the attempts of all classes. */
export function attemptsIn(counts: ClassCounts): number {
  return sumOf(counts, CALL_CLASSES);
}

/** Counts the answers of Kling: the requests that its servers certainly received (SLA, 1.3). */
export function answersIn(counts: ClassCounts): number {
  return sumOf(counts, ANSWERS);
}

/** Counts the answers that are errors. */
export function serverErrorsIn(counts: ClassCounts): number {
  return sumOf(counts, SERVER_ERRORS);
}

/** Counts the attempts that never arrived through Kling's fault. */
export function lostIn(counts: ClassCounts): number {
  return sumOf(counts, LOST);
}

/** Counts the attempts that never arrived, with any blame. */
export function unreachableIn(counts: ClassCounts): number {
  return counts.unreachable_upstream + counts.unreachable_local + counts.unreachable_unknown;
}

function sumOf(counts: ClassCounts, classes: readonly CallClass[]): number {
  let sum = 0;
  for (const name of classes) sum += counts[name];
  return sum;
}
