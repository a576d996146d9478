/**
 * Turns calls from the logs of other programs into lines of an import.
 *
 * **Invariant**: such logs hold more than calls to Kling. A record of another API is left out and counted as such, never
 * guessed. An id that another program made is not an id of Kling's.
 */
import type { FileRecord } from './records.ts';
import { BadLine, readMethod, readTarget } from './line-values.ts';

/** How calls of other programs are recognised. */
export interface ForeignOptions {
  /** Gives our template for a method and path, or `unmatched`. */
  routeOf(method: string, path: string): string;
  /** The prefix that a proxy puts before Kling's paths, such as `/kling`. */
  stripPrefixes: readonly string[];
}

/** The fields of a record; undefined if the record does not have them. */
export interface ForeignCall {
  time: unknown;
  /** Null if the program does not log it: then POST if Kling has such a route, else GET. */
  method: string | null;
  /** A path or a full URL. */
  target: unknown;
  status?: unknown;
  error?: string | undefined;
  outcome?: 'aborted' | undefined;
  latencyMs?: number | undefined;
  requestId?: string | undefined;
  app?: string | undefined;
  host?: string | undefined;
  date?: string | undefined;
  server?: string | undefined;
  via?: string | undefined;
}

/** Makes a record of what another program logged. */
export function foreignRecord(call: ForeignCall, line: number, options: ForeignOptions): FileRecord {
  try {
    return recordOf(call, line, options);
  } catch (error) {
    if (error instanceof BadLine) return { kind: 'bad', line, problem: error.message };
    throw error;
  }
}

function recordOf(call: ForeignCall, line: number, options: ForeignOptions): FileRecord {
  const { method: given, target, host: named, ...rest } = call;
  if (typeof target !== 'string') throw new BadLine('it names no path or URL');
  if (!/^(\/|https?:)/i.test(target)) return { kind: 'other', line, what: target.slice(0, 100) };
  const { path: whole, host } = readTarget({ path: target, host: named });
  const path = stripped(whole, options.stripPrefixes);
  const method = given === null ? methodFor(path, options) : readMethod({ method: given });
  if (options.routeOf(method, path) === 'unmatched') {
    return { kind: 'other', line, what: `${method} ${host ?? ''}${whole}`.slice(0, 100) };
  }
  // The program's request id is its own: without this it would count as Kling's.
  const own = rest.requestId === undefined ? {} : { klingRequestId: null };
  return { kind: 'line', line, text: JSON.stringify({ ...rest, method, path, host, ...own }) };
}

function stripped(path: string, prefixes: readonly string[]): string {
  const prefix = prefixes.find((one) => path.startsWith(`${one}/`));
  return prefix === undefined ? path : path.slice(prefix.length);
}

function methodFor(path: string, { routeOf }: ForeignOptions): string {
  return routeOf('POST', path) === 'unmatched' ? 'GET' : 'POST';
}

/** Gives seconds as milliseconds, to a thousandth; undefined for a value that is no number, such as nginx's `-`. */
export function secondsToMs(value: unknown): number | undefined {
  const seconds = typeof value === 'string' && value !== '' ? Number(value) : value;
  if (typeof seconds !== 'number' || !Number.isFinite(seconds) || seconds < 0) return undefined;
  return Math.round(seconds * 1_000_000) / 1000;
}
